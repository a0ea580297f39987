"""When events were, as columns for a wide and for a narrow screen: reads, changes, and what failed."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.audit.read import Step
from trimtab.base.viewer_zone import current, local
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.svg import Svg
from trimtab.web.window import Window

_STEPS_MS = (
    60_000, 300_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000,
    2_592_000_000, 7_776_000_000, 31_536_000_000,
)  # fmt: skip
_MOST = 90  # columns
_WIDE, _NARROW = (1080, 140), (340, 120)
_DAY_MS = 86_400_000


class Drawing(Struct, frozen=True):
    """The same picture twice."""

    wide: Svg
    narrow: Svg


def step_of(window: Window) -> int:
    """The length of a column, ms."""
    span = window.end_ms - window.start_ms
    return next((step for step in _STEPS_MS if span / step <= _MOST), _STEPS_MS[-1])


def timeline(window: Window, steps: Sequence[Step]) -> Drawing:
    """The columns of a range."""
    step = step_of(window)
    by_start = {one.at_ms: one for one in steps}
    form = "%Y-%m-%d" if step >= _DAY_MS else "%m-%d %H:%M" if window.end_ms - window.start_ms > _DAY_MS else "%H:%M"
    columns = []
    for at in range(window.start_ms // step * step, window.end_ms, step):
        one = by_start.get(at, Step(at, 0, 0, 0))
        words = local(at).strftime(form)
        title = f"from {words} {current()}: {one.changes:,} changes, {one.reads:,} reads, {one.errors:,} failed"
        parts = [float(one.changes), float(one.reads), float(one.errors)]
        columns.append(Column(words, title, parts, span=(at, at + step)))
    label = f"{sum(one.changes for one in steps):,} changes, {sum(one.reads for one in steps):,} reads over time"
    colors = [PAGE_INK.slot(1), PAGE_INK.slot(8), PAGE_INK.mark]
    wide, narrow = (
        draw_columns(Columns(columns, colors, "events", label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    )
    return Drawing(wide, narrow)
