"""Where the marks of an axis lie and what they say."""

import math

from trimtab.base.viewer_zone import local, offset_ms

_DECIMAL = ("", "k", "M", "G", "T", "P")
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_DAYS = (1, 2, 7, 14, 30, 90, 180, 365)
DAY_MS = 86_400_000


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers that cover `low` to `high`; the first and the last are the axis' ends."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        high = low + 1 if math.isfinite(low) else 1.0
        low = low if math.isfinite(low) else 0.0
    raw = (high - low) / max(most, 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


def time_ticks(start_ms: int, end_ms: int, most: int) -> list[tuple[int, str]]:
    """At most about `most` moments on round times of the viewer's zone, each with its text: a clock, or a day where it
    is midnight there. Where its clocks change within the range, marks keep their distance."""
    seconds = max((end_ms - start_ms) / 1000, 1)
    steps = (*_SECONDS, *(days * 86_400 for days in _DAYS))
    step = next((step for step in steps if seconds / step <= most), steps[-1]) * 1000
    ahead = offset_ms(start_ms)
    first = -(-(start_ms + ahead) // step) * step - ahead
    return [(at, _clock(at, step)) for at in range(first, end_ms + 1, step)]


def short(value: float) -> str:
    """A number of three digits or so: 1.5k, 20M, 0.25."""
    size, index = abs(value), 0
    while size >= 1000 and index < len(_DECIMAL) - 1:
        size, index = size / 1000, index + 1
    text = f"{size:.3g}" if size >= 0.001 or size == 0 else f"{size:.1e}"
    return ("-" if value < 0 else "") + text + _DECIMAL[index]


def _clock(ms: int, step_ms: int) -> str:
    when = local(ms)
    if step_ms >= DAY_MS or (when.hour, when.minute, when.second, when.microsecond) == (0, 0, 0, 0):
        return when.strftime("%m-%d")
    return when.strftime("%H:%M:%S" if step_ms < 60_000 else "%H:%M")
