"""What a widget shows: named lines with their points, and what is drawn over them."""

from msgspec import Struct

from trimtab.metrics.expressions.model import Times, Values
from trimtab.metrics.statistics import Statistic, parse_statistic
from trimtab.reports.dashboards.annotations import Annotations
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AlarmView
from trimtab.reports.dashboards.timing import Span

AVERAGE = parse_statistic("Average")


class Line(Struct, frozen=True):
    """One line: a name, its points (ms, ascending), and how it is to be drawn. `edge` names the band it is an edge of.

    `unit` is the series' own (CloudWatch's or UCUM), with the metric's name and statistic for those who word it.
    """

    key: str
    label: str
    times: Times
    values: Values
    period_s: int
    color: str = ""
    right: bool = False
    unit: str = "None"
    metric: str = ""
    statistic: Statistic = AVERAGE
    edge: str = ""


class WidgetData(Struct, frozen=True):
    """What a widget shows. `period_s` is the shortest period of its lines; `asked_s` what they asked for."""

    widget: Widget
    span: Span
    lines: tuple[Line, ...]
    annotations: Annotations
    period_s: int
    note: str = ""
    alarms: tuple[AlarmView, ...] = ()
