"""A finding as it stands: since when it is found, and what was decided of it; and what filters may ask for."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from trimtab.advice.finding import Finding

CHANGED = "advice.changed"
"""The kind of event in the outbox when a recomputation found or lost findings; its subject is what was computed."""
DECIDED = "advice.decided"
"""The kind of event in the outbox when a finding is accepted, dismissed, suppressed or reopened."""
DIGEST = "advice.digest"
"""The kind of event in the outbox once a month: what advice saved, and what it would."""


class State(StrEnum):
    """Whether the last run of its check still found it."""

    ACTIVE = "active"
    RESOLVED = "resolved"


class Decision(StrEnum):
    """What a person said."""

    NONE = ""
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    SUPPRESSED = "suppressed"


class Standing(Struct, frozen=True):
    """A finding with its history in short. `until_ms` ends a suppression; 0 is for good."""

    finding: Finding
    state: State
    first_ms: int
    last_ms: int
    changed_ms: int
    decision: Decision = Decision.NONE
    decided_by: str = ""
    decided_ms: int = 0
    reason: str = ""
    until_ms: int = 0

    def hidden(self, now_ms: int) -> bool:
        """Whether it is dismissed, or suppressed for now."""
        if self.decision is Decision.DISMISSED:
            return True
        return self.decision is Decision.SUPPRESSED and (not self.until_ms or now_ms < self.until_ms)


class Wanted(Struct, frozen=True):
    """Which findings to list; what is empty asks for nothing. `hidden` takes dismissed and suppressed ones too."""

    check: str = ""
    pillar: str = ""
    owner: str = ""
    kind: str = ""
    effort: str = ""
    decision: str = ""
    text: str = ""
    state: str = State.ACTIVE
    hidden: bool = False


def best_first(found: Iterable[Standing]) -> list[Standing]:
    """The most worth doing first: cash weighed by confidence, then GPU-hours, how bad it is, and the least work."""
    return sorted(found, key=_rank)


def _rank(one: Standing) -> tuple[Decimal, float, int, int, str]:
    finding = one.finding
    sure = Decimal(str(finding.confidence))
    effort = _EFFORTS.index(finding.effort.value)
    bad = 0 if finding.status.value == "error" else 1
    return -(finding.cash or Decimal(0)) * sure, -finding.gpu_hours * finding.confidence, bad, effort, finding.id


_EFFORTS = ("VeryLow", "Low", "Medium", "High", "VeryHigh")


class CheckRun(Struct, frozen=True):
    """How a check went the last time."""

    check: str
    ran_ms: int = 0
    asked_ms: int = 0
    looked_at: int = 0
    flagged: int = 0
    undecided: tuple[tuple[str, str], ...] = ()
    problem: str = ""


class Changes(Struct, frozen=True):
    """What a recomputation changed: ids of findings, and the cash a month (by currency) of what came and went."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)

    def plus(self, other: "Changes") -> "Changes":
        """Both."""
        return Changes(self.new + other.new, self.gone + other.gone, self.changed + other.changed)


class RunRecord(Struct, frozen=True):
    """One recomputation: of what ("all", or the id of a check), when, and what changed."""

    position: int
    at_ms: int
    took_ms: int
    what: str
    changes: Changes
