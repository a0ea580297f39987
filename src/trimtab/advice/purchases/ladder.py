"""Start dates of purchases, so that what is committed to does not end all at once.

A *rung* is a part of a purchase with a start of its own: it is queued (`purchaseTime` of CreateSavingsPlan) and ends a
term after it began. Which rungs may be bought follows from three things: today; the dates on which something that is
held ends, since what replaces it begins then; and, where only a share may end together, the same day of each of the
coming months. How much each gets is the planner's to say: `Ladder.share` is a row of its program.
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import timedelta

from msgspec import Struct, field

from trimtab.advice.purchases.answer import Bought, Expiry, Held, Wanted
from trimtab.advice.purchases.apply import term_hours
from trimtab.advice.purchases.model import HOUR_MS, Holdings, Plan, Reservation
from trimtab.base.clock import to_datetime

_DAY_MS = 24 * HOUR_MS
_MOST_ENDS = 6
"""Dates on which something held ends that get a start of their own: those of most money."""
_MOST_RUNGS = 12


class Ladder(Struct, frozen=True):
    """Starts that a purchase may have (UTC ms, ascending; none: as options say), and the share that may end together.

    `share` of all that is bought, dollars an hour: in one calendar month (`by_month`), or at one date. 1: no limit.
    """

    starts_ms: tuple[int, ...] = field(default_factory=tuple)
    share: float = 1.0
    by_month: bool = True

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self.share < 1.0

    def together(self, end_ms: int) -> Hashable:
        """What ends alike: rungs of one value count together."""
        return month_of(end_ms) if self.by_month else end_ms


def month_of(at_ms: int) -> str:
    """The calendar month, UTC, such as `2027-03`."""
    return f"{to_datetime(at_ms):%Y-%m}"


def later(at_ms: int, months: int) -> int:
    """The same day and time some months later; the last day of a month that is too short for it."""
    when = to_datetime(at_ms)
    first = when.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return round(first.replace(day=min(when.day, last.day)).timestamp() * 1000)


def ladder_of(wanted: Wanted, held: Holdings, start_ms: int, until_ms: int) -> Ladder:
    """The ladder of a plan over `[start_ms, until_ms)`."""
    starts = {start_ms, *_ends(held, start_ms, until_ms)}
    share, by_month = 1.0, True
    if wanted.most_expiring < 1:
        share = wanted.most_expiring
        starts |= {later(start_ms, month) for month in range(_MOST_RUNGS)}
    elif wanted.tranches > 1:
        share, by_month = 1.0 / wanted.tranches, False
        starts |= {start_ms + part * wanted.tranche_days * _DAY_MS for part in range(wanted.tranches)}
    terms = [term_hours(years) * HOUR_MS for years in wanted.years]
    starts |= {one + term for one in tuple(starts) for term in terms}
    return Ladder(tuple(sorted(one for one in starts if one < until_ms)), share, by_month)


def _ends(held: Holdings, start_ms: int, until_ms: int) -> list[int]:
    """When most of what is held ends."""
    sums: dict[int, float] = {}
    for one in held.every:
        if start_ms < one.end_ms < until_ms:
            sums[one.end_ms] = sums.get(one.end_ms, 0.0) + _hourly(one)
    return sorted(sums, key=lambda at: -sums[at])[:_MOST_ENDS]


def _hourly(one: Plan | Reservation) -> float:
    return float(one.commitment) if isinstance(one, Plan) else float(one.hourly) * one.count


def end_of(one: Plan | Reservation, start_ms: int) -> int:
    """When a purchase that begins then ends."""
    return start_ms + term_hours(one.years) * HOUR_MS


def expiries(held: Iterable[Held], bought: Sequence[Bought]) -> tuple[Expiry, ...]:
    """What ends in each month, dollars an hour; `share` of what is bought (of a month in which nothing bought ends, 0).

    Commitments whose end is not known are in no month.
    """
    months: dict[str, list[float]] = {}
    for one in held:
        if one.end_ms is not None:
            months.setdefault(month_of(one.end_ms), [0.0, 0.0])[0] += float(one.hourly)
    for each in bought:
        months.setdefault(month_of(each.end_ms), [0.0, 0.0])[1] += float(each.hourly)
    whole = sum(float(each.hourly) for each in bought)
    return tuple(
        Expiry(month, round(sums[0], 6), round(sums[1], 6), sums[1] / whole if whole else 0.0)
        for month, sums in sorted(months.items())
    )
