"""What a panel is on the page: a chart that loads itself, text that is there at once, or values drawn by Python."""

from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.base.errors import TrimtabError
from trimtab.charts.gauge import Dial, gauge
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.palette import slots
from trimtab.charts.pie import Part, ring
from trimtab.charts.sparkline import sparkline
from trimtab.charts.svg import Svg
from trimtab.reports.dashboards.image import last_value
from trimtab.reports.dashboards.lines import Line, WidgetData
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AlarmView
from trimtab.web.dashboards.markdown import markdown
from trimtab.web.dashboards.series import unit_for
from trimtab.web.format import split_value, value

MOST_ROWS = 100
_PARTS = 12
_SUMMARY = ("MIN", "MAX", "SUM", "AVG")


class Frame(Struct, frozen=True):
    """A panel's frame. `kind` is series, text or values; `legend` bottom, right or hidden."""

    widget: Widget
    kind: str
    title: str
    stacked: bool
    legend: str
    text: Svg | None = None


class Figure(Struct, frozen=True):
    """One value with its name: a row, a bar, a tile."""

    label: str
    number: str
    unit: str
    share: float
    color: str
    slot: int
    change: str = ""
    trend: Svg | None = None
    cells: tuple[str, ...] = ()


class Values(Struct, frozen=True):
    """What a panel of values shows. `view` is one of the template's forms; `problem` is why it shows nothing.

    `more` are left out since they are too many, `gone` alarms that are named and not there.
    """

    index: int
    view: str
    figures: tuple[Figure, ...] = ()
    drawing: Svg | None = None
    heads: tuple[str, ...] = ()
    more: int = 0
    gone: int = 0
    note: str = ""
    problem: str = ""
    alarms: tuple[AlarmView, ...] = field(default=())


def frame_of(widget: Widget) -> Frame:
    """The frame of a widget."""
    properties = widget.properties
    view = properties.get("view", "timeSeries")
    series = widget.kind in ("metric", "chart", "explorer") and view == "timeSeries"
    kind = "series" if series else "text" if widget.kind == "text" else "values"
    legend = properties.get("legend", {}).get("position", "bottom")
    text = markdown(str(properties["markdown"])) if kind == "text" else None
    title = widget.title or ("Alarms" if widget.kind == "alarm" else "")
    return Frame(widget, kind, title, bool(properties.get("stacked")), legend, text)


def values_of(widget: Widget, answer: WidgetData | TrimtabError) -> Values:
    """What a panel of values shows of an answer."""
    if isinstance(answer, TrimtabError):
        return Values(widget.index, "problem", problem=str(answer))
    if widget.kind == "alarm":
        return _alarms(widget, answer)
    if widget.kind == "log":
        return Values(
            widget.index, "later", problem="Logs are not connected yet: this panel is drawn once they arrive."
        )
    if widget.kind == "custom":
        return Values(widget.index, "later", problem="Custom widgets run code in AWS Lambda, which trimtab does not.")
    view = widget.properties.get("view", "timeSeries")
    shown = [line for line in answer.lines if len(line.values)]
    if not shown:
        return Values(widget.index, "later", problem="No data in this range.")
    if view == "gauge":
        return _gauge(widget, shown)
    figures = _figures(shown, widget, answer)
    more = max(len(figures) - MOST_ROWS, 0)
    if view == "pie":
        return _pie(widget, figures, shown)
    heads = _heads(widget) if view == "table" else ()
    return Values(widget.index, view, tuple(figures[:MOST_ROWS]), None, heads, more, note=answer.note)


def _figures(lines: Sequence[Line], widget: Widget, answer: WidgetData) -> list[Figure]:
    latest = [last_value(line) or 0.0 for line in lines]
    largest = max((abs(one) for one in latest), default=0.0) or 1.0
    colours = slots([line.label for line in lines])
    view, properties = widget.properties.get("view"), widget.properties
    found = []
    for line, number, slot in zip(lines, latest, colours, strict=True):
        unit = unit_for(line)
        text, suffix = split_value(number, unit)
        found.append(
            Figure(
                label=line.label,
                number=text,
                unit=suffix,
                share=abs(number) / largest,
                color=line.color or PAGE_INK.slot(slot),
                slot=slot,
                change=_change(line) if properties.get("trend") else "",
                trend=_trend(line, answer) if view == "singleValue" and properties.get("sparkline") else None,
                cells=_cells(line, widget) if view == "table" else (),
            )
        )
    # The rows of a metric widget stand in its own order; PromQL has none, so its table is ranked as bars are.
    ranked = view == "bar" or (view == "table" and widget.kind == "chart")
    return sorted(found, key=lambda one: -one.share) if ranked else found


def _trend(line: Line, answer: WidgetData) -> Svg:
    step = max(line.period_s, 1) * 1000
    count = max((answer.span.end_ms - answer.span.start_ms) // step, 1)
    return sparkline([float(one) for one in line.values[-min(count, 200) :]])


def _change(line: Line) -> str:
    """The newest value beside the one before."""
    if len(line.values) < 2:
        return ""
    before, now = float(line.values[-2]), float(line.values[-1])
    sign = "+" if now >= before else "−"
    share = f" ({sign}{abs(now - before) / abs(before):.1%})" if before else ""
    return f"{sign}{value(abs(now - before), unit_for(line))}{share}"


def _heads(widget: Widget) -> tuple[str, ...]:
    return tuple(one.capitalize() for one in _columns(widget))


def _columns(widget: Widget) -> list[str]:
    chosen = widget.properties.get("table", {}).get("summaryColumns", [])
    return [one for one in _SUMMARY if one in chosen]


def _cells(line: Line, widget: Widget) -> tuple[str, ...]:
    values = line.values
    made = {"MIN": values.min(), "MAX": values.max(), "SUM": values.sum(), "AVG": values.mean()}
    return tuple(value(float(made[one]), unit_for(line)) for one in _columns(widget))


def _gauge(widget: Widget, lines: Sequence[Line]) -> Values:
    axis = widget.properties.get("yAxis", {}).get("left", {})
    line = lines[0]
    number = last_value(line)
    color = line.color or PAGE_INK.slot(slots([line.label])[0])
    text = value(number, unit_for(line))
    label = f"{widget.title or line.label}: {text}"
    low, high = float(axis.get("min", 0)), float(axis.get("max", 100))
    ends = value(low, unit_for(line)), value(high, unit_for(line))
    dial = Dial(number, low, high, text, label, color, ends=ends)
    return Values(widget.index, "gauge", drawing=gauge(dial), note=line.label)


def _pie(widget: Widget, figures: list[Figure], lines: Sequence[Line]) -> Values:
    numbers = {line.label: last_value(line) or 0.0 for line in lines}
    ranked = sorted(figures, key=lambda one: -numbers[one.label])
    shown, rest = ranked[:_PARTS], ranked[_PARTS:]
    parts = [Part(one.label, numbers[one.label], one.color, f"{one.number} {one.unit}".strip()) for one in shown]
    if rest:
        left = sum(numbers[one.label] for one in rest)
        parts.append(Part(f"{len(rest)} more", left, PAGE_INK.slot(8), value(left)))
    return Values(widget.index, "pie", tuple(shown), ring(parts, widget.title or "Shares"), more=len(rest))


def _alarms(widget: Widget, answer: WidgetData) -> Values:
    states = widget.properties.get("states")
    alarms = [one for one in answer.alarms if not states or one.state in states]
    if widget.properties.get("sortBy") in ("stateUpdatedTimestamp", "timestamp"):
        alarms.sort(key=lambda one: -one.since_ms)
    asked = len(widget.properties["alarms"])
    if not alarms:
        told = "None of its alarms exists here." if asked else "It names no alarms."
        return Values(widget.index, "later", problem=told)
    return Values(widget.index, "alarms", alarms=tuple(alarms), gone=asked - len(answer.alarms))
