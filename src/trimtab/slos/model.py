"""Objectives as they are defined: what is measured, what counts as good, over which interval. Nothing here changes.

Periods     every period of a metric is good or bad: its value against a threshold
Requests    good or bad requests are counted against all of them
Operations  what came to a service, of spans: failed requests or slow ones, by period or by request
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of
from trimtab.metrics.expressions.model import Query


class SloKey(Struct, frozen=True):
    """Which objective: names are unique in an account and region."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:application-signals:{self.region}:{self.account}:slo/{self.name}"


class Unit(StrEnum):
    """Units of intervals and of exclusion windows."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"


def read_unit(text: Any) -> Unit:
    """The unit of that name. Raises InvalidInput."""
    if text not in tuple(Unit):
        raise InvalidInput(f"cannot read DurationUnit {text!r:.40}: expected {', '.join(Unit)}")
    return Unit(text)


_SPANS = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1)}


def moved(at_ms: int, unit: Unit, count: int) -> int:
    """The time `count` units after `at_ms` (before it where negative); a day that a month lacks is its last one."""
    moment = to_datetime(at_ms)
    if unit is not Unit.MONTH:
        return to_ms(moment + _SPANS[unit] * count)
    month = moment.year * 12 + moment.month - 1 + count
    year, month = month // 12, month % 12 + 1
    for day in range(moment.day, moment.day - 4, -1):
        try:
            return to_ms(moment.replace(year=year, month=month, day=day))
        except ValueError:  # that month is shorter
            continue
    raise AssertionError("every month has 28 days")


class Interval(Struct, frozen=True):
    """Over which time the objective holds: the last `duration` units, or, with `start_ms`, one calendar span after the
    other from there."""

    unit: Unit
    duration: int
    start_ms: int | None = None

    def bounds(self, now_ms: int) -> tuple[int, int]:
        """The interval that `now_ms` is in; a rolling one ends there."""
        if self.start_ms is None:
            return moved(now_ms, self.unit, -self.duration), now_ms
        if now_ms < self.start_ms:
            return self.start_ms, moved(self.start_ms, self.unit, self.duration)
        low, high = 0, 1
        while self._edge(high) <= now_ms:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._edge(middle) <= now_ms else (low, middle)
        return self._edge(low), self._edge(high)

    def _edge(self, number: int) -> int:
        return moved(self.start_ms or 0, self.unit, self.duration * number)


class Goal(Struct, frozen=True):
    """What is promised: `attainment` percent; `warning` is the percentage of the budget below which it warns."""

    interval: Interval
    attainment: float
    warning: float

    @property
    def objective(self) -> float:
        """The share that is promised (0.999)."""
        return self.attainment / 100


class Comparison(StrEnum):
    """How a value is compared with the threshold to be good."""

    GREATER_OR_EQUAL = "GreaterThanOrEqualTo"
    GREATER = "GreaterThan"
    LESS = "LessThan"
    LESS_OR_EQUAL = "LessThanOrEqualTo"


def read_comparison(text: Any) -> Comparison:
    """The comparison of that name. Raises InvalidInput."""
    if text not in tuple(Comparison):
        raise InvalidInput(f"cannot read ComparisonOperator {text!r:.40}: expected {', '.join(Comparison)}")
    return Comparison(text)


COMPARED: Mapping[Comparison, Callable[[Any, float], Any]] = {
    Comparison.GREATER_OR_EQUAL: lambda value, threshold: value >= threshold,
    Comparison.GREATER: lambda value, threshold: value > threshold,
    Comparison.LESS: lambda value, threshold: value < threshold,
    Comparison.LESS_OR_EQUAL: lambda value, threshold: value <= threshold,
}
"""Of a number, or of each of an array."""


class Periods(Struct, frozen=True):
    """A period of `period_s` is good where what the queries return compares with `threshold`."""

    queries: tuple[Query, ...]
    period_s: int
    comparison: Comparison
    threshold: float


class Requests(Struct, frozen=True):
    """What `total` returns are all requests, what `counted` returns are good ones, or bad ones unless `good`.

    Both are read by `period_s`.
    """

    total: tuple[Query, ...]
    counted: tuple[Query, ...]
    good: bool
    period_s: int


class Operations(Struct, frozen=True):
    """Requests to a service (to one operation where it is named), as spans tell.

    By request, one is good that did not fail (`latency` False) or was answered as the comparison with `threshold`
    (ms) says. With `period_s`, each period is judged: the percentage that did not fail, or the `quantile` of latency.
    """

    service: str
    operation: str
    environment: str
    latency: bool
    comparison: Comparison
    threshold: float
    period_s: int = 0
    quantile: float = 0.0
    """0 is the average."""


Indicator = Periods | Requests | Operations


class Slo(Struct, frozen=True):
    """An objective. `burn_minutes` are windows over which its burn rate is published."""

    key: SloKey
    indicator: Indicator
    goal: Goal
    description: str = ""
    burn_minutes: tuple[int, ...] = ()

    @property
    def by_period(self) -> bool:
        """Whether periods are counted, else requests."""
        return isinstance(self.indicator, Periods) or (
            isinstance(self.indicator, Operations) and self.indicator.period_s > 0
        )

    @property
    def step_s(self) -> int:
        """The seconds that one count covers."""
        return self.indicator.period_s or MINUTE_S


MINUTE_S = 60
MAX_EXCLUSIONS = 10
"""Exclusion windows of an objective (API reference, ListServiceLevelObjectiveExclusionWindows)."""


class Exclusion(Struct, frozen=True):
    """A time that does not count: once from `start_ms`, or, with `schedule`, each time that it says, from then on."""

    unit: Unit
    duration: int
    start_ms: int | None = None
    schedule: str = ""
    reason: str = ""


class StoredSlo(Struct, frozen=True):
    """An objective as it is kept: the form it was put in, what it means, and the times that do not count."""

    slo: Slo
    form: Mapping[str, Any]
    exclusions: tuple[Exclusion, ...]
    created_ms: int
    updated_ms: int
