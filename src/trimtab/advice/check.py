"""The contract of a check: one small file in `checks/` that declares `CHECK`, and nothing else to register.

    CHECK = Check(
        id="DAvU99Dc4C", name="Underutilized Amazon EBS Volumes", pillar=Pillar.COST,
        about="…", alert="…", source="https://docs.aws.amazon.com/…",
        settings=(Setting("days", 7, "days", "…", "…"),),
        judge=each("ec2:volume", judge), kinds=("ec2:volume",), asks=(READS, WRITES), wants=frozenset({Want.BILL}),
        action=Action.DELETE, effort=Effort.LOW, fix="aws ec2 delete-volume --volume-id {id} --region {region}",
        examples=Examples(positive, negative, undecided),
    )

`judge` is pure: it looks at `Facts` and `Knobs` and yields a `Found`, an `Unsure` (with its reason) or a `Fine` for
each thing that it judged. What a finding saves, whose it is and its fix in full are added by `complete.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Evidence, Pillar, Status

Knobs = Mapping[str, float]
"""The settings of a check by name."""


class Want(StrEnum):
    """Facts beside resources and metrics that a check may ask for."""

    BILL = "what the resource cost"
    COMMITMENTS = "commitments and their use"
    TRANSFERS = "transfer between zones in the bill"
    WATCHES = "alarms"
    GPUS = "activity, memory, queue and cache of every GPU"
    LOSSES = "GPU-hours lost to errors and drains"
    FABRIC = "counters of InfiniBand and RoCE ports"
    LINES = "what training programs logged of trouble"
    PHASES = "what the GPUs of runs did"
    PRICES = "prices of instance types"
    HABITS = "how callers use models of vendors"
    USES = "hours in which machines that only a scheduler or telemetry knows were used"
    ACTIONS = "what is to be done with machines and GPUs after faults, and what it would have saved"


class Setting(Struct, frozen=True):
    """A threshold: its default, unit, what it means and who says so."""

    name: str
    default: float
    unit: str
    meaning: str
    source: str


class Found(Struct, frozen=True):
    """What a judge has to say against a thing.

    `share` is how much of the resource's cost the fix saves (0 where it saves no money); `money` says the amount a
    month itself where the bill of the resource does not, with `money_note`. A resource that the bill has as one of
    `parts` equal ones (a GPU of a machine) saves its part. `kwh` is the electricity that it saves a month, where that
    is measured. `hours` are the hours of the week (0: Monday 00:00 UTC) in which alone the fix takes it away. `lost`
    says that it moves to spot, and what share more interruptions and checkpoints make it compute. `words` are further
    words of the fix.
    """

    thing: Thing
    summary: str
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    status: Status | None = None
    share: float = 0.0
    money: Decimal | None = None
    currency: str = "USD"
    money_note: str = ""
    gpu_hours: float = 0.0
    words: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    current: str = ""
    advised: str = ""
    parts: int = 1
    kwh: float | None = None
    hours: tuple[int, ...] = ()
    lost: float | None = None


class Unsure(Struct, frozen=True):
    """A thing that could not be judged, and why."""

    thing: Thing
    reason: str


class Fine(Struct, frozen=True):
    """A thing in order."""

    thing: Thing


Outcome = Found | Unsure | Fine
Judge = Callable[[Facts, Knobs], Iterable[Outcome]]
JudgeOne = Callable[[Thing, Facts, Knobs], Found | Unsure | None]


def each(kind: str, judge: JudgeOne) -> Judge:
    """The judge of a check that looks at the resources of a kind one by one; None from `judge` is fine."""

    def judge_all(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
        for thing in facts.of(kind):
            yield judge(thing, facts, knobs) or Fine(thing)

    return judge_all


class Example(Struct, frozen=True):
    """Facts with a known outcome. `finds` are the ids of the things found, `unsure` of those that cannot be judged."""

    says: str
    facts: Facts
    finds: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    cash: Decimal | None = None
    """The cash of the one finding, where the example shows it."""


class Examples(Struct, frozen=True):
    """What is found, what is not, and what cannot be judged. All three run as tests and are in the documentation."""

    positive: Example
    negative: Example
    undecided: Example


def every(thing: Thing) -> bool:
    """Takes any thing."""
    del thing
    return True


@dataclass(frozen=True)
class Check:
    """A check. `id` is Trusted Advisor's where it has the check; ours begin with `trimtab-`.

    Metrics that it `asks` are read of the things of its kinds that it `picks`.
    """

    id: str
    name: str
    pillar: Pillar
    about: str
    alert: str
    source: str
    judge: Judge
    examples: Examples
    fix: str
    kinds: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    wants: frozenset[Want] = frozenset()
    settings: tuple[Setting, ...] = ()
    action: Action = Action.OTHER
    effort: Effort = Effort.LOW
    status: Status = Status.WARNING
    restart: bool = False
    rollback: bool = True
    picks: Callable[[Thing], bool] = every

    @property
    def defaults(self) -> dict[str, float]:
        """Its settings as they are unless somebody says otherwise."""
        return {one.name: one.default for one in self.settings}
