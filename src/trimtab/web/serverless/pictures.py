"""A function over time, and how long its invocations took, as columns for a wide and for a narrow screen."""

from collections.abc import Sequence

from trimtab.base.viewer_zone import current, local
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.logs.serverless.model import Course
from trimtab.web import format as words
from trimtab.web.logs.pictures import Drawing
from trimtab.web.window import Window

_WIDE, _NARROW = (520, 190), (340, 170)
_DAY_MS = 86_400_000
COLORS = (PAGE_INK.slot(1), PAGE_INK.slot(2), PAGE_INK.slot(7))
"""Of warm, cold and failed invocations."""


def over_time(window: Window, course: Course) -> Drawing:
    """Invocations in equal parts of the range: warm ones that went well, cold ones that did, and those that failed."""
    span = window.end_ms - window.start_ms
    step = max(-(-span // max(len(course.invocations), 1)), 1)
    form = "%m-%d %H:%M" if span > 2 * _DAY_MS else "%H:%M"
    columns = []
    for at, (number, failed, cold) in enumerate(zip(course.invocations, course.failed, course.colds, strict=True)):
        first = window.start_ms + at * step
        when = local(first).strftime(form)
        cold = min(cold, number - failed)
        said = f"from {when} {current()}: {number:,} invocations, {course.colds[at]:,} cold, {failed:,} failed"
        parts = [float(number - failed - cold), float(cold), float(failed)]
        columns.append(Column(when, said, parts, span=(first, first + step)))
    return _drawn(columns, f"{sum(course.invocations):,} invocations over time", len(COLORS))


def durations(course: Course) -> Drawing:
    """How many invocations took how long, cold ones apart; each column is a quarter longer than the one before."""
    columns = []
    for one in course.buckets:
        low, high = (words.value(edge / 1000, words.SECONDS) for edge in (one.from_ms, one.to_ms))
        said = f"{low} to {high}: {one.invocations:,} invocations, {one.colds:,} cold"
        columns.append(Column(low, said, [float(one.invocations - one.colds), float(one.colds)]))
    return _drawn(columns, "Invocations by duration", 2)


def _drawn(columns: Sequence[Column], label: str, parts: int) -> Drawing:
    wide, narrow = (
        draw_columns(Columns(columns, COLORS[:parts], "invocations", label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    )
    return Drawing(wide, narrow)
