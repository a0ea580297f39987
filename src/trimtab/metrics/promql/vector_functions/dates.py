"""Parts of dates (UTC) of times in seconds."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trimtab.metrics.promql.values import Floats, Vector

_DAY = np.timedelta64(1, "D")
Days = npt.NDArray[np.datetime64]
_LARGEST_S = 2.0**52  # years beyond 100 million: no date is meant


def _day_of_month(seconds: Days) -> Floats:
    return _in_days(_days(seconds) - _months(seconds).astype("datetime64[D]")) + 1


def _day_of_week(seconds: Days) -> Floats:
    return ((_days(seconds).astype(np.int64) + 4) % 7).astype(np.float64)  # 1970-01-01 was a Thursday


def _day_of_year(seconds: Days) -> Floats:
    return _in_days(_days(seconds) - seconds.astype("datetime64[Y]").astype("datetime64[D]")) + 1


def _days_in_month(seconds: Days) -> Floats:
    month = _months(seconds)
    return _in_days((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]"))


def _hour(seconds: Days) -> Floats:
    return (seconds.astype(np.int64) // 3600 % 24).astype(np.float64)


def _minute(seconds: Days) -> Floats:
    return (seconds.astype(np.int64) // 60 % 60).astype(np.float64)


def _month(seconds: Days) -> Floats:
    return (_months(seconds).astype(np.int64) % 12 + 1).astype(np.float64)


def _year(seconds: Days) -> Floats:
    return (seconds.astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.float64)


def _in_days(span: npt.NDArray[np.timedelta64]) -> Floats:
    days: Floats = span / _DAY
    return days


def _days(seconds: Days) -> Days:
    return seconds.astype("datetime64[D]")


def _months(seconds: Days) -> Days:
    return seconds.astype("datetime64[M]")


FUNCTIONS: dict[str, Callable[[Days], Floats]] = {
    "day_of_month": _day_of_month,
    "day_of_week": _day_of_week,
    "day_of_year": _day_of_year,
    "days_in_month": _days_in_month,
    "hour": _hour,
    "minute": _minute,
    "month": _month,
    "year": _year,
}


def apply(name: str, vector: Vector) -> Vector:
    """The part `name` of every time; NaN of what is no time."""
    usable = np.isfinite(vector.values) & (np.abs(vector.values) < _LARGEST_S)
    seconds = np.trunc(np.where(usable, vector.values, 0.0)).astype(np.int64).astype("datetime64[s]")
    return vector.floats_only(np.where(usable, FUNCTIONS[name](seconds), np.nan))
