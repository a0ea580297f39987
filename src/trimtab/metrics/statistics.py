"""CloudWatch's statistics by name: what each one is, and which names are valid.

    SampleCount Sum Average Minimum Maximum     case-sensitive, as the service has them
    p99  p99.9                                  percentile, 0 to 100, up to 10 decimals
    tm90 tc90 ts90 wm90                         trimmed mean, count, sum, winsorised mean below one percentage
    TM(10%:90%) TC(:90%) TS(80%:) WM(2%:98%)    the same between two percentages; either side may be open
    TM(150:1000) TC(:5) TS(0.5:) WM(1:9)        the same between absolute values, low exclusive, high inclusive
    PR(100:300) PR(:300)                        percentage of values between two absolute values
    IQM                                         TM(25%:75%)
    Last Rate                                   trimtab's own: the last raw value; the increase per second

Letters are case-sensitive: lower case before one number, upper case before parentheses. `PutMetricAlarm`'s text allows
percentages from 10 to 90 only, while the page of definitions uses TM(2%:98%) and tm99: the wider rule is taken.
"""

import re
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Family(StrEnum):
    """What is computed; the bounds, where there are any, are in `Statistic`."""

    SAMPLE_COUNT = "SampleCount"
    SUM = "Sum"
    AVERAGE = "Average"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    PERCENTILE = "p"
    TRIMMED_MEAN = "TM"
    TRIMMED_COUNT = "TC"
    TRIMMED_SUM = "TS"
    WINSORIZED_MEAN = "WM"
    PERCENTILE_RANK = "PR"
    LAST = "Last"
    RATE = "Rate"


_BARE = {
    family.value: family
    for family in (
        Family.SAMPLE_COUNT,
        Family.SUM,
        Family.AVERAGE,
        Family.MINIMUM,
        Family.MAXIMUM,
        Family.LAST,
        Family.RATE,
    )
}

SIMPLE = frozenset(_BARE.values())
"""Families that need only count, sum, extremes and last value of a period, so that the engine aggregates them."""

_PERCENT = r"100(?:\.0{1,10})?|\d{1,2}(?:\.\d{1,10})?"
_NUMBER = r"\d{1,30}(?:\.\d{1,10})?"  # No sign: these statistics do not exist where values are negative.
_ONE = re.compile(rf"(p|tm|tc|ts|wm)({_PERCENT})", re.ASCII)
_BETWEEN_PERCENT = re.compile(rf"(TM|TC|TS|WM)\((?:({_PERCENT})%)?:(?:({_PERCENT})%)?\)", re.ASCII)
_BETWEEN_VALUES = re.compile(rf"(TM|TC|TS|WM|PR)\(({_NUMBER})?:({_NUMBER})?\)", re.ASCII)


class Statistic(Struct, frozen=True):
    """A parsed statistic.

    `low` and `high` are fractions of the samples (0 to 1) where `percent`, else values of the metric; None is an
    open side. They are exact, because floor(0.29 * 100) in floating point is 28. A percentile has its rank in `high`.
    """

    text: str
    family: Family
    low: Fraction | None = None
    high: Fraction | None = None
    percent: bool = False

    @property
    def simple(self) -> bool:
        """Whether count, sum, minimum, maximum and last value are enough to compute it."""
        return self.family in SIMPLE

    @property
    def non_negative_only(self) -> bool:
        """Whether a period that holds a negative value has no such statistic.

        The documentation says so of the trimmed family and of percentile rank. It says it of percentiles too; they
        are well defined for negative values all the same, so trimtab answers them (temperatures, drifts).
        """
        return self.family in (
            Family.TRIMMED_MEAN,
            Family.TRIMMED_COUNT,
            Family.TRIMMED_SUM,
            Family.WINSORIZED_MEAN,
            Family.PERCENTILE_RANK,
        )


def parse_statistic(text: str, parameter: str = "ExtendedStatistic") -> Statistic:
    """The statistic that `text` names.

    Raises InvalidInput, with CloudWatch's own message about `parameter` (the path of the wrong field), for a name that
    is not documented, a percentage outside 0 to 100, bounds of two sorts, or a low bound not below the high one.
    """
    statistic = _parse(text)
    if statistic is None:
        # GetMetricData and the alarm and statistics operations word it differently.
        complaint = "is not a valid statistic." if parameter.endswith(".Stat") else "is not supported."
        raise InvalidInput(f"The value {text} for parameter {parameter} {complaint}", field=parameter)
    return statistic


@lru_cache(maxsize=4096)  # Callers repeat a handful of names; user input must not grow it without bound.
def _parse(text: str) -> Statistic | None:
    if text in _BARE:
        return Statistic(text, _BARE[text])
    if text == "IQM":
        return Statistic(text, Family.TRIMMED_MEAN, Fraction(1, 4), Fraction(3, 4), percent=True)
    if match := _ONE.fullmatch(text):
        family = Family.PERCENTILE if match[1] == "p" else Family(match[1].upper())
        return Statistic(text, family, None, Fraction(match[2]) / 100, percent=True)
    if match := _BETWEEN_PERCENT.fullmatch(text):
        return _between(text, Family(match[1]), _share(match[2]), _share(match[3]), percent=True)
    if match := _BETWEEN_VALUES.fullmatch(text):
        return _between(text, Family(match[1]), _value(match[2]), _value(match[3]), percent=False)
    return None


def _share(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text) / 100


def _value(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _between(
    text: str, family: Family, low: Fraction | None, high: Fraction | None, *, percent: bool
) -> Statistic | None:
    if low is None and high is None:
        return None
    if low is not None and high is not None and low >= high:
        return None
    return Statistic(text, family, low, high, percent)
