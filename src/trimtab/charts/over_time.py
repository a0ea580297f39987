"""Series over periods as stacked columns or as lines, with the period before, a forecast, what is usual, and limits.

A period is a slot on the axis; each can be a link, and each part of a column too.
"""

import math
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import Frame, Legend, frame_of
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.shades import accent_of, label_at, linked
from trimtab.charts.svg import Attributes, Svg, element, number
from trimtab.charts.ticks import short, value_ticks

_TICK_EVERY_PX, _LABEL_PX, _SHARE, _WIDEST_PX = 40, 72, 0.76, 56
_HATCH = "over-time-hatch"
Numbers = Sequence[float | None]


class Slot(Struct, frozen=True):
    """A period: what stands below it, what the pointer reads, where it leads, and whether it is not over."""

    label: str
    title: str
    href: str = ""
    partial: bool = False


class Line(Struct, frozen=True):
    """A series: a value for each slot, and where its part of each slot leads."""

    name: str
    values: Numbers
    color: str
    links: Sequence[str] = ()


class OverTime(Struct, frozen=True):
    """The chart. `before`, `ahead` (mean, low, high) and `usual` (low, high) by slot; `marked` slots are unusual."""

    slots: Sequence[Slot]
    lines: Sequence[Line]
    unit: str
    label: str
    columns: bool = True
    width: int = 1080
    height: int = 280
    ink: Ink = PAGE_INK
    title: str = ""
    before: Numbers = ()
    before_name: str = ""
    ahead: Sequence[tuple[float, float, float] | None] = ()
    usual: Sequence[tuple[float, float] | None] = ()
    marked: frozenset[int] = frozenset()
    limits: Sequence[tuple[float, str]] = field(default_factory=tuple)


class _Plot(Struct, frozen=True):
    chart: OverTime
    frame: Frame
    y: LinearScale
    ticks: Sequence[float]

    @property
    def step(self) -> float:
        return (self.frame.right - self.frame.left) / max(len(self.chart.slots), 1)

    def middle(self, at: int) -> float:
        return self.frame.left + self.step * (at + 0.5)


def draw_over_time(chart: OverTime) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    plot = _plot(chart)
    parts = [element("rect", {"width": chart.width, "height": chart.height, "fill": chart.ink.panel}), *_grid(plot)]
    parts += _usual(plot)
    if chart.columns:
        parts += _hits(plot)
        parts += _columns(plot)
    else:
        parts += [one for line in chart.lines for one in _path(plot, line.values, line.color)]
    parts += _path(plot, chart.before, chart.ink.muted, dashes="2 2")
    parts += [*_ahead(plot), *_marked(plot), *_limits(plot)]
    if not chart.columns:
        parts += _hits(plot)
    names = _names(chart)
    parts += [*plot.frame.head(chart.ink), *plot.frame.names(names, chart.ink)]
    if not any(value is not None for line in chart.lines for value in line.values):
        parts.append(plot.frame.note("No data in this range", chart.ink))
    return picture(chart.width, chart.height, parts, {"role": "img", "aria-label": chart.label})


def _names(chart: OverTime) -> list[tuple[str, str]]:
    found = [(one.name, one.color) for one in chart.lines if one.name]
    if chart.before_name:
        found.append((chart.before_name, chart.ink.muted))
    if any(chart.ahead):
        found.append(("forecast", accent_of(chart.ink)))
    return found if len(found) > 1 or chart.before_name or any(chart.ahead) else []


def _plot(chart: OverTime) -> _Plot:
    frame = frame_of(
        chart.width, chart.height, chart.title, [name for name, _ in _names(chart)], Legend.BOTTOM, two_axes=False
    )
    values: list[float | None] = [*chart.before, *(value for value, _ in chart.limits)]
    values += [one for triple in chart.ahead if triple for one in triple]
    values += [one for pair in chart.usual if pair for one in pair]
    if chart.columns:
        for at in range(len(chart.slots)):
            parts = [line.values[at] or 0.0 for line in chart.lines]
            values += [sum(one for one in parts if one > 0), sum(one for one in parts if one < 0)]
    else:
        values += [value for line in chart.lines for value in line.values]
    ticks = value_ticks(*extent_from_zero(values), max(int((frame.bottom - frame.top) / _TICK_EVERY_PX), 1))
    return _Plot(chart, frame, LinearScale(ticks[0], ticks[-1], frame.bottom, frame.top), ticks)


def _grid(plot: _Plot) -> list[Svg]:
    ink, frame, parts = plot.chart.ink, plot.frame, []
    for tick in plot.ticks:
        line: Attributes = {"x1": frame.left, "x2": frame.right, "y1": plot.y(tick), "y2": plot.y(tick)}
        parts.append(element("line", {**line, "stroke": ink.muted if tick == 0 else ink.grid, "stroke-width": 1}))
        parts.append(label_at(short(tick), frame.left - 6, plot.y(tick) + 4, ink.muted, "end"))
    parts.append(label_at(plot.chart.unit, 4, frame.top - 8, ink.muted))
    every = max(-(-_LABEL_PX // max(int(plot.step), 1)), 1)
    for at in range(0, len(plot.chart.slots), every):
        if plot.middle(at) + _LABEL_PX / 3 < frame.right + 14:
            spot = plot.middle(at), frame.bottom + 16
            parts.append(label_at(plot.chart.slots[at].label, *spot, ink.muted, "middle"))
    return parts


def _columns(plot: _Plot) -> list[Svg]:
    chart, parts = plot.chart, []
    thick = min(plot.step * _SHARE, _WIDEST_PX)
    if any(slot.partial for slot in chart.slots):
        parts.append(_hatch(chart.ink))
    for at, slot in enumerate(chart.slots):
        high = low = 0.0
        for line in chart.lines:
            value = line.values[at]
            if value is None or value == 0 or not math.isfinite(value):
                continue
            first = high if value > 0 else low
            upper, lower = sorted((plot.y(first), plot.y(first + value)))
            high, low = (high + value, low) if value > 0 else (high, low + value)
            box: Attributes = {"x": plot.middle(at) - thick / 2, "y": upper, "width": thick, "height": lower - upper}
            words = element("title", {}, f"{line.name or chart.unit}\n{slot.title}")
            drawn = element("rect", {**box, "fill": line.color}, words)
            parts.append(linked(line.links[at] if at < len(line.links) else "", drawn))
        if slot.partial:
            edges: Attributes = {"x": plot.middle(at) - thick / 2, "y": plot.y(high), "width": thick}
            area: Attributes = {**edges, "height": max(plot.y(low) - plot.y(high), 0.0), "fill": f"url(#{_HATCH})"}
            parts.append(element("rect", {**area, "pointer-events": "none"}))
    return parts


def _hatch(ink: Ink) -> Svg:
    line = element("path", {"d": "M-1 1 1 -1M0 6 6 0M5 7 7 5", "stroke": ink.panel, "stroke-width": 1.6})
    return element("pattern", {"id": _HATCH, "width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}, line)


def _path(plot: _Plot, values: Numbers, color: str, dashes: str = "") -> list[Svg]:
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None or not math.isfinite(value):
            runs.append([])
        else:
            runs[-1].append((plot.middle(at), plot.y(value)))
    found = []
    for run in runs:
        if len(run) == 1:
            found.append(element("circle", {"cx": run[0][0], "cy": run[0][1], "r": 2.5, "fill": color}))
        elif run:
            points = " ".join(f"{number(x)},{number(y)}" for x, y in run)
            stroke: Attributes = {"points": points, "fill": "none", "stroke": color, "stroke-width": 1.8}
            found.append(
                element("polyline", {**stroke, "stroke-linejoin": "round", "stroke-dasharray": dashes or None})
            )
    return found


def _area(plot: _Plot, ends: Sequence[tuple[int, float, float]], color: str, opacity: float) -> list[Svg]:
    if len(ends) < 2:
        return []
    over = [f"{number(plot.middle(at))},{number(plot.y(high))}" for at, _, high in ends]
    under = [f"{number(plot.middle(at))},{number(plot.y(low))}" for at, low, _ in reversed(ends)]
    return [element("polygon", {"points": " ".join(over + under), "fill": color, "fill-opacity": opacity})]


def _usual(plot: _Plot) -> list[Svg]:
    ends = [(at, *pair) for at, pair in enumerate(plot.chart.usual) if pair]
    return _area(plot, ends, plot.chart.ink.muted, 0.18)


def _ahead(plot: _Plot) -> list[Svg]:
    accent = accent_of(plot.chart.ink)
    ends = [(at, one[1], one[2]) for at, one in enumerate(plot.chart.ahead) if one]
    means = [one[0] if one else None for one in plot.chart.ahead]
    return [*_area(plot, ends, accent, 0.2), *_path(plot, means, accent, dashes="5 4")]


def _marked(plot: _Plot) -> list[Svg]:
    """A triangle at the top of every slot that is unusual."""
    found = []
    for at in sorted(plot.chart.marked):
        x, y = number(plot.middle(at)), number(plot.frame.top + 2)
        words = element("title", {}, f"Unusual: {plot.chart.slots[at].title}")
        found.append(element("path", {"d": f"M{x} {y}m-4.5 -8h9l-4.5 8z", "fill": plot.chart.ink.mark}, words))
    return found


def _limits(plot: _Plot) -> list[Svg]:
    frame, ink, found = plot.frame, plot.chart.ink, []
    for value, text in plot.chart.limits:
        line: Attributes = {"x1": frame.left, "x2": frame.right, "y1": plot.y(value), "y2": plot.y(value)}
        found.append(element("line", {**line, "stroke": ink.mark, "stroke-width": 1.3, "stroke-dasharray": "2 4"}))
        found.append(label_at(text, frame.right - 4, plot.y(value) - 4, ink.text, "end"))
    return found


def _hits(plot: _Plot) -> list[Svg]:
    """What the pointer reads of each slot, and where a click leads."""
    found = []
    for at, slot in enumerate(plot.chart.slots):
        area: Attributes = {"x": plot.frame.left + plot.step * at, "y": plot.frame.top, "width": plot.step}
        box: Attributes = {**area, "height": plot.frame.bottom - plot.frame.top, "fill": "transparent"}
        drawn = element("rect", {"class": "column-area", **box}, element("title", {}, slot.title))
        found.append(linked(slot.href, drawn))
    return found
