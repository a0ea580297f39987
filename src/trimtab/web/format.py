"""Numbers, sizes and ages for people: the same rules as `frontend/elements/format.js`."""

import math

from msgspec import Struct

from trimtab.base import viewer_zone
from trimtab.base.clock import iso
from trimtab.metrics.statistics import Family, Statistic

NONE = "–"
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("", "k", "M", "G", "T", "P")


class Unit(Struct, frozen=True):
    """How values of a metric are written: `format` picks the rule, `suffix` follows a plain number."""

    format: str
    suffix: str = ""


FRACTION, PERCENT, BYTES, BYTE_RATE, SECONDS, NUMBER = (
    Unit("fraction"), Unit("percent"), Unit("bytes"), Unit("bytes/s"), Unit("seconds"), Unit("number")
)  # fmt: skip
_PREFIXED = frozenset({"ms", "µs", "ns", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "MHz", "GHz"})
"""Units that have a prefix take no second one: 76,900 MB and not 76.9 k MB."""
_UNITS = {
    "By": BYTES, "Bytes": BYTES, "By/s": BYTE_RATE, "Bytes/Second": BYTE_RATE,
    "s": SECONDS, "Seconds": SECONDS, "ms": Unit("number", "ms"), "Milliseconds": Unit("number", "ms"),
    "us": Unit("number", "µs"), "Microseconds": Unit("number", "µs"), "%": PERCENT, "Percent": PERCENT,
    "None": NUMBER, "": NUMBER, "1": NUMBER, "Count": NUMBER, "Count/Second": Unit("number", "/s"),
}  # fmt: skip


def unit_of(unit: str, name: str, statistic: Statistic) -> Unit:
    """How `statistic` of metric `name`, whose values are in `unit` (CloudWatch's or UCUM), is written."""
    if statistic.family in (Family.SAMPLE_COUNT, Family.TRIMMED_COUNT):
        return NUMBER
    if statistic.family is Family.PERCENTILE_RANK:
        return PERCENT
    if unit == "1" and name.endswith(("utilization", "ratio")):
        plain = FRACTION
    else:
        plain = _UNITS.get(unit) or (NUMBER if unit.startswith("{") else Unit("number", unit))
    if statistic.family is not Family.RATE:
        return plain
    return BYTE_RATE if plain == BYTES else Unit("number", f"{plain.suffix}/s")


def value(number: float | None, unit: Unit = NUMBER) -> str:
    """`number` with its unit, three significant digits or so; a dash for None and NaN."""
    if number is None or math.isnan(number):
        return NONE
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if unit.format in ("fraction", "percent"):
        return f"{_digits(number * 100 if unit.format == 'fraction' else number)} %"
    if unit.format == "seconds":
        return _seconds(number)
    if unit.format == "bytes":
        size, name = _scaled(number, 1024, _BINARY)
        return f"{_digits(size)} {name}"
    if unit.suffix in _PREFIXED:
        return f"{f'{number:,.0f}' if abs(number) >= 1000 else _digits(number)} {unit.suffix}"
    size, name = _scaled(number, 1000, _DECIMAL)
    if unit.format == "bytes/s":
        return f"{_digits(size)} {name}B/s"
    apart = " " if name and unit.suffix and not _joins(unit.suffix) else ""
    return f"{_digits(size)} {name}{apart}{unit.suffix}".rstrip()


def split_value(number: float | None, unit: Unit = NUMBER) -> tuple[str, str]:
    """`value` as number and unit apart, for a tile that sets the unit smaller."""
    size, _, name = value(number, unit).partition(" ")
    return size, name


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def duration(ms: float) -> str:
    """A length of time in its largest unit: `3 s`, `4 min`, `2 h`, `5 d`."""
    seconds = max(ms, 0) / 1000
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{_trim(f'{seconds / 3600:.1f}')} h"
    return f"{_trim(f'{seconds / 86_400:.1f}')} d"


def age(then_ms: int, now_ms: int) -> str:
    """How long ago `then_ms` was; `never` for 0."""
    return "never" if then_ms <= 0 else f"{duration(now_ms - then_ms)} ago"


def instant(ms: int) -> str:
    """`2026-11-25 10:00:00`, as the viewer reads it: in `zone()`."""
    return f"{viewer_zone.local(ms):%Y-%m-%d %H:%M:%S}"


def moment(ms: int) -> str:
    """The same with milliseconds, where it has some."""
    return instant(ms) + (f".{ms % 1000:03d}" if ms % 1000 else "")


def utc(ms: int) -> str:
    """The same in UTC: for fields whose values an address takes."""
    return iso(ms // 1000 * 1000).replace("T", " ").rstrip("Z")


def zone() -> str:
    """The name of the zone in which the viewer reads times."""
    return viewer_zone.current()


def _joins(suffix: str) -> bool:
    """Whether a prefix is written to a unit: kW, k/s, but k GPUs."""
    return len(suffix) == 1 or suffix == "Hz" or suffix.startswith("/")


def _seconds(number: float) -> str:
    size = abs(number)
    if size >= 86_400:
        return f"{_digits(number / 86_400)} d"
    if size >= 3600:
        return f"{_digits(number / 3600)} h"
    if size >= 1 or size == 0:
        return f"{_digits(number)} s"
    return f"{_digits(number * 1e3)} ms" if size >= 1e-3 else f"{_digits(number * 1e6)} µs"


def _scaled(number: float, base: int, names: tuple[str, ...]) -> tuple[float, str]:
    index, size = 0, abs(number)
    while size >= base and index < len(names) - 1:
        size /= base
        index += 1
    return math.copysign(size, number), names[index]


def _digits(number: float) -> str:
    size = abs(number)
    if size == 0 or size >= 100:
        return f"{number:.0f}"
    if size >= 10:
        return _trim(f"{number:.1f}")
    if size >= 0.01:
        return _trim(f"{number:.2f}")
    return f"{number:.2g}"


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
