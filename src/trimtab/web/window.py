"""The time range of a view: from the URL's `range`, or `from` and `to`, to milliseconds."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.base.timerange import TimeRange, parse_instant_ms
from trimtab.web.format import duration, instant

RANGES = {"1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000}
AUTO = "auto"
_AUTO_LEAST_MS = 120_000
"""A minute after the first start a chart over two minutes shows the machine move; one over an hour shows a dot."""


class Window(Struct, frozen=True):
    """`choice` is a key of RANGES, `auto` or `custom`; `moving` says that the end is now."""

    start_ms: int
    end_ms: int
    choice: str
    moving: bool
    words: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def span(self) -> TimeRange:
        """The range itself."""
        return TimeRange(self.start_ms, self.end_ms)


def read_window(parameters: Mapping[str, str], now_ms: int, first_ms: int | None, default: str = AUTO) -> Window:
    """The range that the URL asks for.

    `auto` is the last hour, or since `first_ms` (when the data began) where that is less. Raises InvalidInput for a
    range or an instant that cannot be read.
    """
    if parameters.get("from"):
        return _custom(parameters["from"], parameters.get("to", "now"), now_ms)
    choice = parameters.get("range", default)
    if choice in RANGES:
        return Window(now_ms - RANGES[choice], now_ms, choice, True, f"last {choice}", (("range", choice),))
    if choice == AUTO:
        hour = now_ms - RANGES["1h"]
        begun = hour if first_ms is None else min(max(hour, first_ms), now_ms - _AUTO_LEAST_MS)
        whole = begun in (hour, now_ms - _AUTO_LEAST_MS)
        words = f"last {duration(now_ms - begun)}" if whole else f"since start, {duration(now_ms - begun)}"
        return Window(begun, now_ms, AUTO, True, words, (("range", AUTO),))
    return _custom(f"-{choice}", "now", now_ms)


def _custom(start: str, end: str, now_ms: int) -> Window:
    first, last = parse_instant_ms(start, now_ms), parse_instant_ms(end, now_ms)
    span = TimeRange(first, last)
    moving = end in ("", "now")
    relative = moving and start.startswith("-")
    words = f"last {start[1:]}" if relative else f"{instant(span.start_ms)} to {instant(span.end_ms)}"
    kept = (("from", start if relative else iso(first)), ("to", "now" if moving else iso(last)))
    return Window(first, last, "custom", moving, words, kept)
