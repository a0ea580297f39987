"""The dynamic values inside labels, as GetMetricData and dashboards have them.

`${LABEL}`, `${PROP('Stat')}`, `${MAX}`, `${LAST_TIME_RELATIVE}` … Source: CloudWatch user guide, "Use dynamic labels".
A backslash before `${` keeps it as it is. How numbers and times are printed is not documented; here a number has up to
6 significant digits, a time is `2026-11-25 10:00:00 UTC` and a span `1d 2h 3m 4s`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta, timezone

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.clock import to_datetime

DYNAMIC = re.compile(r"(\\?)\$\{([A-Z_]+|PROP\('([^'}]*)'\))\}")
"""One dynamic value: a backslash that keeps it as it is, its name, the property that it names."""
_ZONE = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)")


class Labelled(Struct, frozen=True):
    """What a label can speak of: the series' properties by name, its points (times in ms, ascending), and now."""

    default: str
    properties: Mapping[str, str]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    now_ms: int
    zone: timezone


def read_zone(text: str | None) -> timezone | None:
    """`+0130` as a time zone; UTC for None; None for text of another form."""
    if text is None:
        return timezone.utc  # noqa: UP017  # the value has the type `timezone`, which an offset below needs too
    match = _ZONE.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset)


def render(label: str, of: Labelled) -> str:
    """`label` with its dynamic values filled in; an unknown one stays as it is."""

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[3] is not None:
            return of.properties.get(match[3], "" if match[3].startswith("Dim.") else match[0])
        if match[2] == "LABEL":
            return of.default
        if match[2] == "DATAPOINT_COUNT":
            return str(len(of.values))
        value = _LIVE.get(match[2])
        if value is None:
            return match[0]
        return value(of) if len(of.values) else "--"

    return DYNAMIC.sub(fill, label)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _time(of: Labelled, at: int) -> str:
    when = to_datetime(int(of.times[at])).astimezone(of.zone)
    return when.strftime("%Y-%m-%d %H:%M:%S ") + (when.tzname() or "")


def _span(ms: int) -> str:
    seconds = abs(ms) // 1000
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def _since(of: Labelled, at: int) -> str:
    return _span(of.now_ms - int(of.times[at]))


def _between(of: Labelled, first: int, second: int) -> str:
    return _span(int(of.times[first]) - int(of.times[second]))


def _peak(of: Labelled) -> int:
    return int(np.argmax(of.values))


def _trough(of: Labelled) -> int:
    return int(np.argmin(of.values))


_LIVE: Mapping[str, Callable[[Labelled], str]] = {
    "AVG": lambda of: _number(float(of.values.mean())),
    "FIRST": lambda of: _number(float(of.values[0])),
    "FIRST_LAST_RANGE": lambda of: _number(float(of.values[-1] - of.values[0])),
    "FIRST_LAST_TIME_RANGE": lambda of: _between(of, -1, 0),
    "FIRST_TIME": lambda of: _time(of, 0),
    "FIRST_TIME_RELATIVE": lambda of: _since(of, 0),
    "LAST": lambda of: _number(float(of.values[-1])),
    "LAST_TIME": lambda of: _time(of, -1),
    "LAST_TIME_RELATIVE": lambda of: _since(of, -1),
    "MAX": lambda of: _number(float(of.values.max())),
    "MAX_TIME": lambda of: _time(of, _peak(of)),
    "MAX_TIME_RELATIVE": lambda of: _since(of, _peak(of)),
    "MIN": lambda of: _number(float(of.values.min())),
    "MIN_MAX_RANGE": lambda of: _number(float(of.values.max() - of.values.min())),
    "MIN_MAX_TIME_RANGE": lambda of: _between(of, _peak(of), _trough(of)),
    "MIN_TIME": lambda of: _time(of, _trough(of)),
    "MIN_TIME_RELATIVE": lambda of: _since(of, _trough(of)),
    "SUM": lambda of: _number(float(of.values.sum())),
}
"""By name: a value that is shown as `--` while there is no point."""
