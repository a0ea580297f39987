"""How many events there are over time, as columns for a wide and for a narrow screen."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.viewer_zone import current, local
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.svg import Svg
from trimtab.web.window import Window

PARTS = 60
"""Columns of the histogram."""
_WIDE, _NARROW = (1080, 150), (340, 130)
_DAY_MS, _MINUTE_MS = 86_400_000, 60_000


class Drawing(Struct, frozen=True):
    """The same picture twice."""

    wide: Svg
    narrow: Svg


def histogram(window: Window, counts: Sequence[int]) -> Drawing:
    """The columns of a range that was cut into as many equal parts."""
    span = window.end_ms - window.start_ms
    step = max(-(-span // len(counts)), 1)
    form = "%m-%d %H:%M" if span > 2 * _DAY_MS else "%H:%M" if step >= _MINUTE_MS // 2 else "%H:%M:%S"
    columns = []
    for at, count in enumerate(counts):
        first = window.start_ms + at * step
        words = local(first).strftime(form)
        title = f"from {words} {current()}: {count:,} events"
        columns.append(Column(words, title, [float(count)], span=(first, first + step)))
    label = f"{sum(counts):,} events over time, in {len(counts)} columns"
    wide, narrow = (
        draw_columns(Columns(columns, [PAGE_INK.slot(1)], "events", label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    )
    return Drawing(wide, narrow)
