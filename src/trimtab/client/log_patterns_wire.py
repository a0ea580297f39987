"""What travels over `/rest/v1/logs/patterns`."""

from typing import Literal

from msgspec import Struct

from trimtab.client.wire import Millis


class LogPattern(Struct, frozen=True):
    """A pattern: `<*>` stands for what changes. `before` counts the period before; `counts` are over the range.

    `severity` is error, warn, info, debug or "": what senders said, else a guess.
    """

    pattern: str
    severity: str
    change: Literal["new", "gone", "more", "less", ""]
    events: int
    before: int
    counts: list[int]
    example: str


class LogPatterns(Struct, frozen=True):
    """Patterns of a range, new ones first. Counts are estimates where only one line in `one_in` was looked at."""

    start_ms: Millis
    end_ms: Millis
    lines: int
    one_in: int
    patterns: list[LogPattern]
