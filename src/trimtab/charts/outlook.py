"""Amounts by day and where they are going: columns of what is known, a dashed line and a band of what is expected.

Days that are estimated (over, and not billed yet) are hatched columns between the two.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.shades import time_of
from trimtab.charts.svg import Attributes, Svg, element, number
from trimtab.charts.ticks import short, value_ticks

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 52, 8, 22, 24
_TICK_EVERY_PX, _LABEL_PX, _SHARE = 40, 64, 0.72


class OutlookDay(Struct, frozen=True):
    """A day: what is known of it, whether that is an estimate, and else what is expected, from `low` to `high`.

    `span` is its time where it is not still to come: a click leads to what happened then.
    """

    label: str
    title: str
    known: float | None = None
    estimated: bool = False
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    span: tuple[int, int] | None = None


class OutlookChart(Struct, frozen=True):
    """The chart; `unit` stands at the value axis, `label` says what it shows to those who do not see it."""

    days: Sequence[OutlookDay]
    unit: str
    label: str
    width: int = 1080
    height: int = 220
    ink: Ink = PAGE_INK


def draw_outlook(chart: OutlookChart) -> Svg:
    """The chart."""
    ends = [value for day in chart.days for value in (day.known, day.mean, day.low, day.high) if value is not None]
    left, right = float(_LEFT_PX), float(chart.width - _RIGHT_PX)
    top, bottom = float(_TOP_PX), float(chart.height - _BOTTOM_PX)
    ticks = value_ticks(*extent_from_zero(ends or [1.0]), max(int((bottom - top) / _TICK_EVERY_PX), 1))
    y = LinearScale(ticks[0], ticks[-1], bottom, top)
    step = (right - left) / max(len(chart.days), 1)
    parts = [*_grid(chart, ticks, y, left, right)]
    parts += _expected(chart, y, left, step)
    for at, day in enumerate(chart.days):
        start = left + step * (at + (1 - _SHARE) / 2)
        if day.known is not None:
            upper, lower = sorted((y(day.known), y(0.0)))
            box: Attributes = {"x": start, "y": upper, "width": step * _SHARE, "height": max(lower - upper, 0.5)}
            fill = chart.ink.slot(1)
            parts.append(element("rect", {**box, "fill": fill, "fill-opacity": 0.45 if day.estimated else 1}))
        hit: Attributes = {
            "x": left + step * at,
            "y": top,
            "width": step,
            "height": bottom - top,
            "fill": "transparent",
            **time_of(day.span),
        }
        parts.append(element("rect", hit, element("title", {}, day.title)))
    every = max(int(_LABEL_PX / max(step, 1e-9)) + 1, 1)
    for at in range(0, len(chart.days), every):
        spot: Attributes = {"x": left + step * (at + 0.5), "y": chart.height - 6, "text-anchor": "middle"}
        parts.append(element("text", {**spot, "fill": chart.ink.muted}, chart.days[at].label))
    return picture(chart.width, chart.height, parts, {"class": "columns", "role": "img", "aria-label": chart.label})


def _grid(chart: OutlookChart, ticks: Sequence[float], y: LinearScale, left: float, right: float) -> list[Svg]:
    parts = []
    for tick in ticks:
        line: Attributes = {"x1": left, "x2": right, "y1": y(tick), "y2": y(tick), "stroke-width": 1}
        parts.append(element("line", {**line, "stroke": chart.ink.muted if tick == 0 else chart.ink.grid}))
        spot: Attributes = {"x": left - 8, "y": y(tick) + 4, "fill": chart.ink.muted, "text-anchor": "end"}
        parts.append(element("text", spot, short(tick)))
    parts.append(element("text", {"x": 4, "y": 12, "fill": chart.ink.muted}, chart.unit))
    return parts


def _expected(chart: OutlookChart, y: LinearScale, left: float, step: float) -> list[Svg]:
    """The band at a fifth of its colour, and the dashed line in it."""
    ahead = [(left + step * (at + 0.5), day) for at, day in enumerate(chart.days) if day.mean is not None]
    if not ahead:
        return []
    color = "var(--accent)"
    over = [f"{number(x)},{number(y(day.high or 0.0))}" for x, day in ahead]
    under = [f"{number(x)},{number(y(day.low or 0.0))}" for x, day in reversed(ahead)]
    middle = [f"{number(x)},{number(y(day.mean or 0.0))}" for x, day in ahead]
    return [
        element("polygon", {"points": " ".join(over + under), "fill": color, "fill-opacity": 0.2}),
        element(
            "polyline",
            {
                "points": " ".join(middle),
                "fill": "none",
                "stroke": color,
                "stroke-width": 2,
                "stroke-dasharray": "5 4",
            },
        ),
    ]
