"""Realised savings: the cost of a resource before, moved by the trend of comparable ones, less its cost since. Pure.

Comparable are resources that the bill has under the same service and that nobody touched; without any the trend is 1.
Days around the change count on neither side: a bill's day holds both.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from trimtab.advice.facts import DAY_MS
from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.ledger.model import Counterfactual

LEAST_DAYS = 7
"""Days of bill after a change from which it is measured: a week's rhythm."""
BEFORE_DAYS = 28
_STEADY = (0.2, 5.0)
"""Changes of a comparable resource beyond these are a start or an end, not a trend."""
_CENT = Decimal("0.01")
Days = Mapping[int, Decimal]
"""Cost by the start of the day (ms)."""


def counterfactual(mine: Days, peers: Sequence[Days], applied_ms: int, bill_end_ms: int) -> Counterfactual | None:
    """What a resource's days cost before and since; None where the bill has too few days on a side."""
    change = applied_ms // DAY_MS * DAY_MS
    before = [change - DAY_MS * at for at in range(1, BEFORE_DAYS + 1)]
    first = min(mine, default=change)
    before = [day for day in before if day >= first]
    after = list(range(change + DAY_MS, bill_end_ms, DAY_MS))
    if len(before) < LEAST_DAYS or len(after) < LEAST_DAYS:
        return None
    ratios = [ratio for one in peers if (ratio := _ratio(one, before, after)) is not None]
    trend = median(ratios) if ratios else 1.0
    return Counterfactual(_mean(mine, before), _mean(mine, after), trend, len(ratios), len(before), len(after))


def realised_a_month(found: Counterfactual) -> Decimal:
    """What is saved a month at the rate of the days since."""
    return (found.saved_a_day * HOURS_A_MONTH / 24).quantize(_CENT, ROUND_HALF_UP)


def realised_so_far(found: Counterfactual) -> Decimal:
    """What was saved on all days since."""
    return (found.saved_a_day * found.days_after).quantize(_CENT, ROUND_HALF_UP)


def _ratio(one: Days, before: Sequence[int], after: Sequence[int]) -> float | None:
    earlier, later = _mean(one, before), _mean(one, after)
    if earlier <= 0:
        return None
    ratio = float(later / earlier)
    return ratio if _STEADY[0] <= ratio <= _STEADY[1] else None


def _mean(days: Days, wanted: Sequence[int]) -> Decimal:
    return sum((days.get(day, Decimal(0)) for day in wanted), Decimal(0)) / len(wanted)
