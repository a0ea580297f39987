"""Words of the savings ledger: advice that was taken, how that was seen, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

_CENT = Decimal("0.01")


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


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What realised savings were measured against, a day.

    `before` is the mean cost of a day before the change, `trend` by how much comparable resources that nobody touched
    changed since (1: not at all; their number in `peers`), `after` the mean cost of a day since.
    """

    before: Decimal
    after: Decimal
    trend: float = 1.0
    peers: int = 0
    days_before: int = 0
    days_after: int = 0

    @property
    def saved_a_day(self) -> Decimal:
        """What a day would have cost, less what it cost."""
        return self.before * Decimal(str(round(self.trend, 6))) - self.after


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. `predicted` and `realised` are cash a month; `realised_total` since it was applied."""

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


@dataclass(frozen=True, slots=True)
class CheckGrade:
    """How the advice of a check (or strategy) came out: how many were measured, predicted against actual a month."""

    check: str
    applied: int
    measured: int
    predicted: Decimal
    realised: Decimal
    currency: str
    mean_error: float | None
    """Mean of |actual − predicted| ÷ predicted over what was measured; None where nothing was predicted."""


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


def grades(entries: Sequence[Entry]) -> list[CheckGrade]:
    """Predicted against actual, by check and currency; the most saved first."""
    by_check: dict[tuple[str, str], list[Entry]] = {}
    for one in entries:
        if one.state is not EntryState.ACCEPTED:
            by_check.setdefault((one.check, one.currency), []).append(one)
    found = []
    for (check, currency), mine in by_check.items():
        measured = [one for one in mine if one.realised is not None]
        errors = [
            abs(one.realised - one.predicted) / one.predicted
            for one in measured
            if one.predicted and one.realised is not None
        ]
        found.append(
            CheckGrade(
                check,
                len(mine),
                len(measured),
                _sum(one.predicted for one in measured),
                _sum(one.realised for one in measured),
                currency,
                float(sum(errors) / len(errors)) if errors else None,
            )
        )
    return sorted(found, key=lambda one: (-one.realised, one.check))


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((one or Decimal(0) for one in amounts), Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
