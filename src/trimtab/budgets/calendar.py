"""A budget's periods: calendar days, months, quarters and years in UTC, cut at the budget's start and end."""

from trimtab.base.clock import to_datetime
from trimtab.budgets.model import Budget, TimeUnit
from trimtab.costs.periods import Period, day_ms, month_start, next_month
from trimtab.costs.read_sql import DAY_MS

FOREVER_MS = 3_706_473_600_000
"""The end of a budget that was given none: 2087-06-15, as the Budgets API documents."""
_MONTHS = {TimeUnit.MONTHLY: 1, TimeUnit.QUARTERLY: 3, TimeUnit.ANNUALLY: 12}


def first_start(time_unit: TimeUnit, at_ms: int) -> int:
    """The start of the calendar period that `at_ms` is in: the start of a budget that was given none."""
    if time_unit in (TimeUnit.DAILY, TimeUnit.CUSTOM):
        return at_ms // DAY_MS * DAY_MS
    when = to_datetime(at_ms)
    length = _MONTHS[time_unit]
    return day_ms(when.date().replace(month=(when.month - 1) // length * length + 1, day=1))


def after(time_unit: TimeUnit, start_ms: int) -> int:
    """The end of the calendar period that begins at `start_ms`."""
    if time_unit in (TimeUnit.DAILY, TimeUnit.CUSTOM):
        return start_ms + DAY_MS
    for _ in range(_MONTHS[time_unit]):
        start_ms = next_month(start_ms)
    return start_ms


def before(time_unit: TimeUnit, start_ms: int) -> int:
    """The start of the calendar period before the one that begins at `start_ms`."""
    return first_start(time_unit, start_ms - 1)


def period_at(budget: Budget, at_ms: int) -> Period | None:
    """The period of `budget` that `at_ms` is in; None before its start and from its end on."""
    if not budget.start_ms <= at_ms < budget.end_ms:
        return None
    if budget.time_unit is TimeUnit.CUSTOM:
        return budget.start_ms, budget.end_ms
    start = first_start(budget.time_unit, at_ms)
    return max(start, _whole(budget.start_ms)), min(after(budget.time_unit, start), _whole_end(budget.end_ms))


def periods_until(budget: Budget, at_ms: int, most: int) -> list[Period]:
    """The last `most` periods of `budget` up to the one that `at_ms` is in, the newest first."""
    found: list[Period] = []
    at = min(at_ms, budget.end_ms - 1)
    while len(found) < most and (period := period_at(budget, at)) is not None:
        found.append(period)
        at = period[0] - 1
    return found


def lookback(time_unit: TimeUnit, at_ms: int, count: int) -> list[Period]:
    """The `count` whole calendar periods before the one that `at_ms` is in, the oldest first."""
    found: list[Period] = []
    end = first_start(time_unit, at_ms)
    for _ in range(count):
        start = before(time_unit, end)
        found.append((start, end))
        end = start
    return found[::-1]


def months_of(start_ms: int, count: int) -> list[int]:
    """The starts of `count` months from the one that `start_ms` is in."""
    found = [month_start(start_ms)]
    while len(found) < count:
        found.append(next_month(found[-1]))
    return found


def _whole(ms: int) -> int:
    return ms // DAY_MS * DAY_MS


def _whole_end(ms: int) -> int:
    return -(-ms // DAY_MS) * DAY_MS
