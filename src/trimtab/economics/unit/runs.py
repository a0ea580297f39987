"""What training costs: a run, its epochs, and tries of one piece of work, failed, retried and preempted apart. Pure.

Runs of one name (without what numbers them), user and cluster are tries of one piece of work while each begins within
a day of one before it that failed: the last is the try that counts, those before are what it cost to get there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.model import ZERO, Ledger, Slice
from trimtab.inventory.runs.model import Run, RunState

RETRY_WITHIN_MS = 86_400_000
_CENT = Decimal("0.000001")


class Outcome(StrEnum):
    """What a try came to."""

    COMPLETED = "completed"
    RUNNING = "running"
    FAILED = "failed"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"


_OUTCOMES = {
    RunState.COMPLETED: Outcome.COMPLETED,
    RunState.PREEMPTED: Outcome.PREEMPTED,
    RunState.CANCELLED: Outcome.CANCELLED,
    RunState.PENDING: Outcome.RUNNING,
    RunState.RUNNING: Outcome.RUNNING,
    RunState.SUSPENDED: Outcome.RUNNING,
}
"""Every other state is a failure."""


class RunCost(Struct, frozen=True):
    """A run within a range. `active`, `idle` and `held` (use unknown) are parts of `cost`; `tries` are the runs of the
    same piece of work before it that did not complete, and what they cost in the range by how they ended.
    """

    holder: str
    run: Run
    outcome: Outcome
    currency: str
    gpu_hours: float
    cost: Decimal
    active: Decimal
    idle: Decimal
    held: Decimal
    estimated: Decimal
    tries: tuple[str, ...]
    retried: bool
    lost: Mapping[Outcome, Decimal]
    epochs: float | None

    @property
    def per_epoch(self) -> Decimal | None:
        """The cost of an epoch, tries that came to nothing included; None where nobody tells epochs."""
        if not self.epochs:
            return None
        return ((self.cost + sum(self.lost.values(), ZERO)) / Decimal(f"{self.epochs:.6f}")).quantize(_CENT)


def runs_of(ledger: Ledger, epochs: Mapping[str, float]) -> list[RunCost]:
    """The training runs of a ledger, the dearest first."""
    mine: dict[str, list[Slice]] = defaultdict(list)
    for one in ledger.slices:
        if one.holder in ledger.holders and ledger.holders[one.holder].is_training:
            mine[one.holder].append(one)
    before = tries_of([(name, ledger.holders[name]) for name in mine])
    found = [_run(name, ledger.holders[name], slices, before, mine, epochs, ledger) for name, slices in mine.items()]
    return sorted(found, key=lambda one: (-one.cost, one.holder))


def tries_of(runs: Sequence[tuple[str, Run]]) -> dict[str, tuple[str, ...]]:
    """Of each run the tries of the same work before it, the first one first."""
    families: dict[tuple[str, str, str, str], list[tuple[str, Run]]] = defaultdict(list)
    for name, run in runs:
        families[run.key.account, run.key.cluster, run.user or run.team, family(run.name or run.key.job)].append(
            (name, run)
        )
    found: dict[str, tuple[str, ...]] = {}
    for members in families.values():
        members.sort(key=lambda one: (one[1].start_ms or one[1].submit_ms, one[0]))
        chain: tuple[str, ...] = ()
        ended = None
        for name, run in members:
            begun = run.start_ms or run.submit_ms
            if ended is None or begun - ended > RETRY_WITHIN_MS or begun < ended:
                chain = ()
            found[name] = chain
            outcome = outcome_of(run)
            if outcome in (Outcome.FAILED, Outcome.PREEMPTED) and run.end_ms is not None:
                chain, ended = (*chain, name), run.end_ms
            else:
                chain, ended = (), None
    return found


def outcome_of(run: Run) -> Outcome:
    """What a run came to, or comes to so far."""
    return _OUTCOMES.get(run.state, Outcome.FAILED)


def family(name: str) -> str:
    """A name without the numbers, hashes and tries at its end: `ranker-ft-r13` is one of `ranker-ft`."""
    parts = name.replace("_", "-").split("-")
    while len(parts) > 1 and _numbers(parts[-1]):
        parts.pop()
    return "-".join(parts)


def _numbers(part: str) -> bool:
    bare = part.removeprefix("r").removeprefix("try").removeprefix("v")
    return bare.isdecimal() or (len(part) >= 5 and any(c.isdigit() for c in part) and part.isalnum())


def _run(
    name: str,
    run: Run,
    slices: Sequence[Slice],
    before: Mapping[str, tuple[str, ...]],
    every: Mapping[str, Sequence[Slice]],
    epochs: Mapping[str, float],
    ledger: Ledger,
) -> RunCost:
    lost: dict[Outcome, Decimal] = defaultdict(Decimal)
    for other in before[name]:
        lost[outcome_of(ledger.holders[other])] += sum((one.cost for one in every[other]), ZERO)
    return RunCost(
        holder=name,
        run=run,
        outcome=outcome_of(run),
        currency=slices[0].currency,
        gpu_hours=sum(one.gpu_hours for one in slices),
        cost=sum((one.cost for one in slices), ZERO),
        active=_sum(slices, Use.ACTIVE),
        idle=_sum(slices, Use.IDLE),
        held=_sum(slices, Use.HELD),
        estimated=sum((one.cost for one in slices if one.estimated), ZERO),
        tries=before[name],
        retried=any(name in others for others in before.values()),
        lost=dict(lost),
        epochs=epochs.get(name),
    )


def _sum(slices: Sequence[Slice], use: Use) -> Decimal:
    return sum((one.cost for one in slices if one.use is use), ZERO)
