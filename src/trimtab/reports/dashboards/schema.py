"""What a dashboard body may hold, as a table: types, ranges and choices of every property.

Source: CloudWatch's "Dashboard body structure and syntax".
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Rule(Struct, frozen=True):
    """What a value must be. `type` is a JSON type; `item` is the rule of an array's items.

    `members` are those of an object; `open` objects may hold anything beside their members.
    """

    type: str
    choices: tuple[object, ...] = ()
    low: float | None = None
    high: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    item: "Rule | None" = None
    members: "Mapping[str, Rule] | None" = None
    required: tuple[str, ...] = ()
    open: bool = False


TEXT: Final = Rule("string")
FLAG: Final = Rule("boolean")
NUMBER: Final = Rule("number")
COLOR: Final = Rule("string", pattern=r"^#[0-9a-fA-F]{6}$|^#[0-9a-fA-F]{3}$")
PERIOD: Final = Rule("integer", low=1)
ACCOUNT: Final = Rule("string")

_AXIS = Rule("object", members={"label": TEXT, "min": NUMBER, "max": NUMBER, "showUnits": FLAG})
_Y_AXIS = Rule("object", members={"left": _AXIS, "right": _AXIS})
_LEGEND = Rule("object", members={"position": Rule("string", ("right", "bottom", "hidden"))})
# A band is an array of two; a line is an object. Both are walked by `annotations.py`, which words what is wrong.
_ANNOTATIONS = Rule(
    "object",
    members={
        "horizontal": Rule("array"),
        "vertical": Rule("array"),
        "alarms": Rule("array", item=TEXT, shortest=1, longest=1),
    },
)
VIEWS: Final = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
_TABLE = Rule(
    "object",
    members={
        "layout": Rule("string", ("horizontal", "vertical")),
        "showTimeSeriesData": FLAG,
        "stickySummary": FLAG,
        "summaryColumns": Rule("array", item=Rule("string", ("MIN", "MAX", "SUM", "AVG"))),
    },
)

METRIC: Final = Rule(
    "object",
    members={
        "metrics": Rule("array", longest=500),
        "annotations": _ANNOTATIONS,
        "accountId": ACCOUNT,
        "region": TEXT,
        "title": TEXT,
        "view": Rule("string", VIEWS),
        "stacked": FLAG,
        "stat": TEXT,
        "period": PERIOD,
        "start": TEXT,
        "end": TEXT,
        "yAxis": _Y_AXIS,
        "legend": _LEGEND,
        "liveData": FLAG,
        "sparkline": FLAG,
        "trend": FLAG,
        "setPeriodToTimeRange": FLAG,
        "singleValueFullPrecision": FLAG,
        "timezone": TEXT,
        "labels": Rule("object", members={"visible": FLAG}),
        "table": _TABLE,
    },
)
TEXT_WIDGET: Final = Rule(
    "object",
    members={"markdown": TEXT, "background": Rule("string", ("solid", "transparent"))},
    required=("markdown",),
)
LOG: Final = Rule(
    "object",
    members={
        "query": TEXT,
        "region": TEXT,
        "accountId": ACCOUNT,
        "title": TEXT,
        "view": Rule("string", ("table", "timeSeries", "bar", "pie")),
        "stacked": FLAG,
        "queryLanguage": TEXT,
        "logGroups": Rule("array"),
        "queryBy": TEXT,
        "start": TEXT,
        "end": TEXT,
    },
    required=("query",),
)
ALARM: Final = Rule(
    "object",
    members={
        "alarms": Rule("array", item=TEXT, longest=100),
        "title": TEXT,
        "sortBy": Rule("string", ("default", "stateUpdatedTimestamp", "timestamp")),
        "states": Rule("array", item=Rule("string", ("ALARM", "INSUFFICIENT_DATA", "OK"))),
    },
    required=("alarms",),
)
EXPLORER: Final = Rule(
    "object",
    members={
        "metrics": Rule(
            "array",
            item=Rule(
                "object",
                members={"metricName": TEXT, "resourceType": TEXT, "stat": TEXT},
                required=("metricName", "resourceType", "stat"),
            ),
        ),
        "aggregateBy": Rule("object", members={"key": TEXT, "func": TEXT}),
        "labels": Rule("array", item=Rule("object", members={"key": TEXT, "value": TEXT}, required=("key",))),
        "widgetOptions": Rule("object", open=True, members={}),
        "period": PERIOD,
        "splitBy": TEXT,
        "region": TEXT,
        "title": TEXT,
    },
    required=("metrics",),
)
CHART: Final = Rule(
    "object",
    members={
        "data": Rule(
            "object",
            open=True,
            members={"queries": Rule("array", longest=100, item=Rule("object", open=True, members={"query": TEXT}))},
            required=("queries",),
        ),
        "title": TEXT,
        "view": Rule("string", VIEWS),
        "stacked": FLAG,
        "region": TEXT,
        "accountId": ACCOUNT,
        "period": PERIOD,
        "yAxis": _Y_AXIS,
        "legend": _LEGEND,
        "annotations": _ANNOTATIONS,
        "sparkline": FLAG,
        "table": _TABLE,
        "start": TEXT,
        "end": TEXT,
    },
    required=("data",),
)
CUSTOM: Final = Rule("object", open=True, members={})

PROPERTIES: Final[Mapping[str, Rule]] = {
    "metric": METRIC,
    "text": TEXT_WIDGET,
    "log": LOG,
    "alarm": ALARM,
    "explorer": EXPLORER,
    "chart": CHART,
    "custom": CUSTOM,
}
"""The properties of each type of widget."""

WIDGET: Final[Mapping[str, Rule]] = {
    "type": TEXT,
    "x": Rule("integer", low=0, high=23),
    "y": Rule("integer", low=0),
    "width": Rule("integer", low=1, high=24),
    "height": Rule("integer", low=1, high=1000),
    "properties": Rule("object", open=True, members={}),
}
RENDERING: Final[Mapping[str, Rule]] = {
    "id": Rule("string", pattern=r"^[a-z][a-zA-Z0-9_]*$"),
    "expression": TEXT,
    "label": TEXT,
    "color": COLOR,
    "period": PERIOD,
    "stat": TEXT,
    "visible": FLAG,
    "yAxis": Rule("string", ("left", "right")),
    "region": TEXT,
    "accountId": ACCOUNT,
    "unit": TEXT,
}
"""The rendering properties that may end a row of `metrics`."""
_CHOICE = Rule("object", members={"value": TEXT, "label": TEXT}, required=("value",))
VARIABLE: Final[Mapping[str, Rule]] = {
    "type": Rule("string", ("pattern", "property")),
    "property": TEXT,
    "pattern": TEXT,
    "inputType": Rule("string", ("input", "radio", "select")),
    "id": TEXT,
    "label": TEXT,
    "defaultValue": TEXT,
    "visible": FLAG,
    "search": TEXT,
    "populateFrom": TEXT,
    "values": Rule("array", item=_CHOICE),
}
BODY: Final[Mapping[str, Rule]] = {
    "widgets": Rule("array", longest=500),
    "variables": Rule("array", longest=25),
    "start": TEXT,
    "end": TEXT,
    "periodOverride": Rule("string", ("auto", "inherit")),
}
LINE: Final[Mapping[str, Rule]] = {
    "value": NUMBER,
    "label": TEXT,
    "color": COLOR,
    "fill": Rule("string", ("above", "below", "none", "between")),
    "visible": FLAG,
    "yAxis": Rule("string", ("left", "right")),
}
"""A horizontal annotation, or an edge of a band."""
MOMENT: Final[Mapping[str, Rule]] = {
    "value": TEXT,
    "label": TEXT,
    "color": COLOR,
    "fill": Rule("string", ("before", "after", "none", "between")),
    "visible": FLAG,
}
"""A vertical annotation, or an edge of a band."""
