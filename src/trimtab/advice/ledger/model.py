"""Words of the savings ledger: advice that was taken, how that was seen, and what came of it."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class EntryState(StrEnum):
    """How far a piece of advice came: accepted by somebody, applied (seen), measured (a week of bill after it)."""

    ACCEPTED = "accepted"
    APPLIED = "applied"
    MEASURED = "measured"


class Grade(StrEnum):
    """How well the saving was predicted: within a quarter, more, less, or nothing came of it."""

    NONE = ""
    AS_PREDICTED = "as predicted"
    MORE = "more than predicted"
    LESS = "less than predicted"
    NOTHING = "nothing saved"


class Counterfactual(Struct, frozen=True):
    """What realised savings were measured against, a day.

    `before` is the mean cost of a day before the change, `trend` by how much comparable resources that nobody touched
    changed since (1: not at all; their number in `peers`), `after` the mean cost of a day since. `replayed`: these are
    at list prices, and what was saved is the invoice of these days replayed with what the machine used before.
    """

    before: Decimal
    after: Decimal
    trend: float = 1.0
    peers: int = 0
    days_before: int = 0
    days_after: int = 0
    replayed: bool = False

    @property
    def saved_a_day(self) -> Decimal:
        """What a day would have cost, less what it cost."""
        return self.before * Decimal(str(round(self.trend, 6))) - self.after


class Entry(Struct, frozen=True):
    """A line of the ledger. `predicted` and `realised` are cash a month; `realised_total` since it was applied.

    `predicted` is what it added in the plan of `planned_ms` by its `verb` when it was taken; where no plan had it
    (`planned_ms` 0), what its check estimated. `billed_as` is its machine as the bill names it.
    """

    finding: str
    check: str
    resource: str
    account: str
    region: str
    owner: str
    state: EntryState
    accepted_ms: int = 0
    applied_ms: int = 0
    proof: str = ""
    predicted: Decimal | None = None
    predicted_gpu_hours: float = 0.0
    realised: Decimal | None = None
    realised_total: Decimal | None = None
    currency: str = "USD"
    measured_ms: int = 0
    counterfactual: Counterfactual | None = None
    grade: Grade = Grade.NONE
    verb: str = ""
    planned_ms: int = 0
    billed_as: str = ""

    @property
    def taken_ms(self) -> int:
        """When it was taken from the plan: accepted, else seen applied."""
        return self.accepted_ms or self.applied_ms

    @property
    def case(self) -> str:
        """What is changed, once: GPUs of one machine are one case."""
        return self.billed_as or self.resource


def grade_of(predicted: Decimal | None, realised: Decimal) -> Grade:
    """The grade of a measured saving."""
    if realised <= 0:
        return Grade.AS_PREDICTED if predicted is not None and predicted == 0 else Grade.NOTHING
    if not predicted:
        return Grade.MORE
    ratio = realised / predicted
    if ratio < Decimal("0.75"):
        return Grade.LESS
    return Grade.MORE if ratio > Decimal("1.25") else Grade.AS_PREDICTED
