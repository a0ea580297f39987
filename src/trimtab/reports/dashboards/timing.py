"""Which range a widget shows, and in which periods.

CloudWatch's rules: the widget's own `start` and `end` win over the dashboard's range; `periodOverride: inherit` keeps
the periods as written, `auto` (the default) fits them to the range; no panel gets more points than it has pixels.
"""

import re

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms

STEPS_S = (1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000)
"""Periods that CloudWatch's own menu offers, and the steps of dashboards that fit themselves to their range."""
_AUTO_S = ((900, 10), (15 * 3600, 60), (5 * 86_400, 300), (63 * 86_400, 3600))
"""Ranges up to so many seconds get this period where none is asked for, longer ones a day: the steps at which
CloudWatch keeps metrics, and the agent's own for the first minutes."""
_DURATION = re.compile(r"P0D|-P(?:(\d+)W)?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS_S = (604_800, 31_536_000, 2_592_000, 86_400, 3600, 60, 1)
"""Weeks, years (365 days), months (30 days), days, hours, minutes, seconds."""


class Span(Struct, frozen=True):
    """`[start_ms, end_ms)`; `moving` says that the end is now."""

    start_ms: int
    end_ms: int
    moving: bool = True

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end_ms - self.start_ms) / 1000


def moment_ms(text: str, now_ms: int) -> int:
    """An ISO 8601 time, or one relative to now such as -PT3H or P0D, now itself. Raises InvalidInput."""
    match = _DURATION.fullmatch(text)
    if match is not None:
        parts = zip(match.groups(), _UNITS_S, strict=True)
        return now_ms - 1000 * sum(int(found) * size for found, size in parts if found)
    return parse_instant_ms(text, now_ms)


def span_of(start: str, end: str, now_ms: int, usual: Span) -> Span:
    """The range that a body or a widget names; `usual` where it names none."""
    if not start:
        return usual
    first = moment_ms(start, now_ms)
    last = moment_ms(end, now_ms) if end else now_ms
    if last <= first:
        raise InvalidInput(f"cannot show {start} to {end or 'now'}: expected a start before the end")
    return Span(first, last, last == now_ms)


def fitting_period(span: Span, asked_s: int | None, *, inherit: bool, points: int) -> int:
    """The period of a line: as asked where it is obeyed, fitted to the range otherwise; at most `points` a line.

    A period is lengthened by whole steps, so that what is drawn stays what was asked for, only coarser.
    """
    least = span.seconds / points
    natural = next((period for longest, period in _AUTO_S if span.seconds <= longest), 86_400)
    if asked_s is None:
        wanted = natural
    elif inherit or asked_s < 60:  # a period below a minute is always meant
        wanted = asked_s
    else:
        wanted = max(asked_s, natural)
    return wanted if wanted >= least else _at_least(least, wanted)


def _at_least(seconds: float, multiple: int) -> int:
    step = next((step for step in STEPS_S if step >= seconds and step % multiple == 0), None)
    return step if step is not None else multiple * -(-int(seconds) // multiple)
