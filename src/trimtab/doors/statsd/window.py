"""`Windows`: what StatsD lines say is put together over ten seconds, as StatsD servers do.

    c           the sum, each value divided by its sample rate           EVENTS, unit Count
    g           the last value; +n and -n change it                      GAUGE
    ms, h, d    every value, with how many events it stands for          EVENTS, unit Milliseconds for ms
    s           how many different members were seen                     GAUGE, unit Count

A window's points carry the time of its start, so that windows never straddle a minute. What carries a time of its own
(DogStatsD 1.3) is not put together.
"""

from collections.abc import Iterator

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags
from trimtab.doors.statsd.line import Line, Type, read_number
from trimtab.metrics.model import Kind

WINDOW_MS = 10_000
"""Length of a window: the flush interval of StatsD and of the Datadog agent."""
MOST_ENTRIES = 200_000
"""Sums, gauges, distinct values and members of one window; some 30 MB."""
MOST_SERIES = 20_000
"""Series of one window: what the server turns into points in a fraction of a second."""
_MOST_GAUGES = 100_000  # gauges whose last value is remembered for +n and -n

FULL = f"a window holds {MOST_ENTRIES} different values of {MOST_SERIES} series at most"
NO_TIME = f"a time is given with a metric that is neither {Type.COUNTER} nor {Type.GAUGE}"

Key = tuple[str, Type, Tags]


class Points(Struct, frozen=True):
    """The points of one series at one time: (value, how often it was seen), or for a GAUGE one value."""

    name: str
    tags: Tags
    kind: Kind
    unit: str
    time_ms: int
    values: list[tuple[float, float]]


class _Window(Struct):
    start_ms: int
    entries: int = 0
    series: set[Key] = field(default_factory=set)
    sums: dict[Key, float] = field(default_factory=dict)
    gauges: set[Key] = field(default_factory=set)
    values: dict[Key, dict[float, float]] = field(default_factory=dict)
    members: dict[Key, set[str]] = field(default_factory=dict)


class Windows:
    """The window that fills, and the last values of gauges."""

    def __init__(self) -> None:
        self._window = _Window(0)
        self._gauges: dict[Key, float] = {}

    def add(self, line: Line) -> list[Points]:
        """Take a line; gives points only for one with a time of its own. Raises InvalidInput. Roll first."""
        key = (line.name, line.type, line.tags)
        if line.type is Type.SET:
            self._members(key, line)
            return []
        numbers = [read_number(text) for text in line.values]
        if line.time_s is not None:
            return [_timed(line, numbers)]
        if line.type is Type.COUNTER:
            self._make_room(key, key in self._window.sums)
            self._window.sums[key] = self._window.sums.get(key, 0.0) + sum(numbers) / line.rate
        elif line.type is Type.GAUGE:
            self._gauge(key, line, numbers)
        else:
            self._timings(key, numbers, 1 / line.rate)
        return []

    def roll(self, now_ms: int) -> list[Points]:
        """The points of the window, if it is over at `now_ms`; another begins then."""
        start = now_ms // WINDOW_MS * WINDOW_MS
        if start == self._window.start_ms:
            return []
        done, self._window = self._window, _Window(start)
        return list(self._points(done))

    def end(self) -> list[Points]:
        """The points of the window, though it is not over."""
        done, self._window = self._window, _Window(0)
        return list(self._points(done))

    def clear(self) -> None:
        """Forget everything."""
        self._window = _Window(0)
        self._gauges.clear()

    def _points(self, window: _Window) -> Iterator[Points]:
        found = [(key, [(total, 1.0)]) for key, total in window.sums.items()]
        found += [(key, [(self._gauges.get(key, 0.0), 1.0)]) for key in window.gauges]
        found += [(key, list(values.items())) for key, values in window.values.items()]
        found += [(key, [(float(len(members)), 1.0)]) for key, members in window.members.items()]
        return (Points(name, tags, *_kind(type_), window.start_ms, values) for (name, type_, tags), values in found)

    def _gauge(self, key: Key, line: Line, numbers: list[float]) -> None:
        self._make_room(key, key in self._window.gauges)
        if len(self._gauges) >= _MOST_GAUGES and key not in self._gauges:
            kept = self._window.gauges  # those of this window are still to be written
            self._gauges = {name: value for name, value in self._gauges.items() if name in kept}
        for text, number in zip(line.values, numbers, strict=True):
            relative = text.startswith(("+", "-"))
            self._gauges[key] = (self._gauges.get(key, 0.0) if relative else 0.0) + number
        self._window.gauges.add(key)

    def _timings(self, key: Key, numbers: list[float], count: float) -> None:
        values = self._window.values.get(key, {})
        for number in numbers:
            self._make_room(key, number in values)
            values[number] = values.get(number, 0.0) + count
            self._window.values[key] = values

    def _members(self, key: Key, line: Line) -> None:
        members = self._window.members.get(key, set())
        for member in line.values:
            self._make_room(key, member in members)
            members.add(member)
            self._window.members[key] = members

    def _make_room(self, key: Key, known: bool) -> None:
        if known:
            return
        window = self._window
        if window.entries >= MOST_ENTRIES or (key not in window.series and len(window.series) >= MOST_SERIES):
            raise InvalidInput(FULL)
        window.entries += 1
        window.series.add(key)


def _timed(line: Line, numbers: list[float]) -> Points:
    if line.type not in (Type.COUNTER, Type.GAUGE):
        raise InvalidInput(NO_TIME)
    divisor = line.rate if line.type is Type.COUNTER else 1.0
    values = [(number / divisor, 1.0) for number in numbers]
    return Points(line.name, line.tags, *_kind(line.type), (line.time_s or 0) * 1000, values)


def _kind(type_: Type) -> tuple[Kind, str]:
    if type_ is Type.COUNTER:
        return Kind.EVENTS, "Count"
    if type_ in (Type.GAUGE, Type.SET):
        return Kind.GAUGE, "Count" if type_ is Type.SET else "None"
    return Kind.EVENTS, "Milliseconds" if type_ is Type.TIMER else "None"
