"""What travels over `/rest/v1/metrics/expressions`."""

from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis, Point

_TIMES = "now, -3h (before now), ISO 8601, epoch seconds or epoch milliseconds."
Period = Annotated[int, Meta(ge=1, le=31_536_000, description="Seconds: 1, 5, 10, 20, 30 or a multiple of 60.")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]


class DataQuery(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A metric (`namespace`, `name` …), or an `expression`: metric math, SEARCH or Metrics Insights SQL."""

    id: Annotated[str, Meta(min_length=1, max_length=255, pattern="^[a-z][a-zA-Z0-9_]*$")]
    expression: Annotated[str, Meta(min_length=1, max_length=2048)] | None = None
    namespace: Name | None = None
    name: Name | None = None
    dimensions: Annotated[dict[Name, Annotated[str, Meta(max_length=1024)]], Meta(max_length=30)] = field(
        default_factory=dict
    )
    statistic: Annotated[str, Meta(min_length=1, max_length=64)] = "Average"
    period: Annotated[Period | None, Meta(description="That of the request where none is given.")] = None
    unit: Name | None = None
    label: Annotated[str, Meta(max_length=2048, description="May have dynamic values: ${LABEL}, ${MAX} …")] | None = (
        None
    )
    returned: Annotated[bool, Meta(description="False: it only feeds other expressions.")] = True
    account: Name | None = None


class Evaluate(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Queries that may read each other by id, and a range."""

    queries: Annotated[list[DataQuery], Meta(min_length=1, max_length=500)]
    start: Annotated[str, Meta(min_length=1, max_length=64, description=_TIMES)] = "-3h"
    end: Annotated[str, Meta(min_length=1, max_length=64, description=_TIMES)] = "now"
    period: Annotated[Period | None, Meta(description="Of queries that name none; what suits the range.")] = None
    fresh: Annotated[bool, Meta(description="Wait (a second at most) until what was just stored can be read.")] = False


class EvaluatedLine(Struct, frozen=True):
    """One time series that a query gave. `messages` say what was left out and why."""

    id: str
    label: str
    period_s: int
    properties: dict[str, str]
    points: list[Point]
    messages: list[str]


class Evaluated(Struct, frozen=True):
    """The lines of all queries that are returned, in their order, over `[start_ms, end_ms)`."""

    start_ms: Millis
    end_ms: Millis
    lines: list[EvaluatedLine]
