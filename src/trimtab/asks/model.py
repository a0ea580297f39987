"""What owners are asked: a subject (a finding, an idle run, a budget), the ask about it, and what they answer."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct, field

ASKED = "owner.asked"
"""The kind of event in the outbox when an owner is asked about a subject."""
DIGEST = "owner.digest"
"""The kind of event once a week: what is open of an owner."""
DISOWNED = "owner.disowned"
"""The kind of event when somebody says that a subject is not theirs."""
STOP_ASKED = "owner.stop_asked"
"""The kind of event when an owner asks to stop a subject: somebody has to approve it."""
DAY_MS = 86_400_000
LINK_DAYS = 30
"""Days for which the links of a message may be used."""
SNOOZE_DAYS = 7


class Kind(StrEnum):
    """What is asked about."""

    FINDING = "finding"
    RUN = "idle run"
    BUDGET = "budget"


class Answer(StrEnum):
    """What an owner says; each is a button."""

    NONE = ""
    SNOOZE = "snooze"
    DONE = "done"
    NOT_MINE = "not mine"
    STOP = "stop it"


LABELS: Mapping[Answer, str] = {
    Answer.SNOOZE: "Snooze for a week",
    Answer.DONE: "Done",
    Answer.NOT_MINE: "Not mine",
    Answer.STOP: "Stop it",
}


class Stop(StrEnum):
    """Where a stop that was asked for is."""

    NONE = ""
    WAITS = "waits for approval"
    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class Subject(Struct, frozen=True, kw_only=True):
    """Something to ask an owner about. `id` is the same as long as it is the same thing.

    `worth` is what it costs a month (or did, of a run), in `currency`; None where that is not known. `link` is a page
    of ours. `facts` tell the pipeline that stops it what it is; a subject without any cannot be stopped.
    """

    kind: Kind
    id: str
    owner: str
    account: str
    title: str
    text: str = ""
    link: str = ""
    worth: Decimal | None = None
    currency: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The id of what its owner is asked about it."""
        return key_of(self.kind.value, self.id, self.owner)


class Ask(Struct, frozen=True, kw_only=True):
    """What an owner was asked, and what came of it. `round` counts how often: a snooze that ends is asked again.

    `until_ms` ends a snooze; `closed_ms` is when the subject was gone, 0 while it is there.
    """

    id: str
    subject: Subject
    asked_ms: int
    round: int = 1
    answer: Answer = Answer.NONE
    answered_by: str = ""
    answered_ms: int = 0
    until_ms: int = 0
    stop: Stop = Stop.NONE
    stop_by: str = ""
    outcome: str = ""
    closed_ms: int = 0

    @property
    def open(self) -> bool:
        """Whether nobody has answered it yet, or has only put it off."""
        return not self.closed_ms and self.answer in (Answer.NONE, Answer.SNOOZE)

    def signs(self, answer: Answer) -> str:
        """What the link of an answer is signed for: of this time of asking only."""
        return f"{self.id} {self.round} {answer.value}"

    def buttons(self) -> list[Answer]:
        """The answers that it offers."""
        return [one for one in LABELS if one is not Answer.STOP or self.subject.facts]


def key_of(*parts: str) -> str:
    """A short id of what these parts name."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
