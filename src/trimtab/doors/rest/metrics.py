"""`GET /rest/v1/metrics…`: which series there are, statistics of them over time, and their stored points."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from msgspec import Meta, Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.tags import Tags, format_tags, make_tags
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Dimension, Duration, Instant, dimension_filters, period_s, time_range
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import RawSeries
from trimtab.metrics.statistics import parse_statistic

SERIES_LIMIT = 500
"""Series that one query may read: a chart of more lines tells nothing, and it bounds the engine's work."""
POINT_LIMIT = 500_000
"""Points that one answer may hold: about 10 MB of JSON."""
MERGE_ALL = "none"
_IDS = 2**64

SeriesId = Annotated[str, Meta(min_length=1, max_length=20, pattern="^[0-9]+$", description="A series id, as listed.")]
NamespaceFilter = Annotated[str, Meta(min_length=1, max_length=255, description="The namespace, exactly.")]
NameFilter = Annotated[str, Meta(min_length=1, max_length=255, description="The metric's name, exactly.")]


_STATISTIC_FORMS = {
    "pattern": r"^(SampleCount|Sum|Average|Minimum|Maximum|Last|Rate|IQM|(p|tm|tc|ts|wm)(100|[1-9]?[0-9])(\.0)?"
    r"|(TM|TC|TS|WM)\([1-4]?[0-9]%:([5-9][0-9]|100)%\)|(TM|TC|TS|WM|PR)\(:[1-9][0-9]{0,8}\))$"
}
StatisticName = Annotated[
    str,
    Meta(
        max_length=64,
        description="Sum, Average, p99, tm90, TM(10%:90%), PR(:300), Rate, Last and the other forms of CloudWatch.",
        extra_json_schema=_STATISTIC_FORMS,
    ),
]


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The filters of a listing; all that are given must hold."""

    namespace: NamespaceFilter | None = None
    name: NameFilter | None = None
    text: Annotated[str, Meta(max_length=200, description="Words to find in names, dimensions and values.")] = ""
    dimension: Annotated[list[Dimension], Meta(max_length=10, description="name=value; may be repeated.")] = field(
        default_factory=list
    )
    limit: Annotated[int, Meta(ge=1, le=SERIES_LIMIT, description="Series a page.")] = 100
    after: Annotated[SeriesId, Meta(description="`next` of the page before.")] | None = None


class StatisticsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to read: one metric, one statistic, a range."""

    namespace: NamespaceFilter
    name: NameFilter
    dimension: Annotated[list[Dimension], Meta(max_length=10, description="name=value; may be repeated.")] = field(
        default_factory=list
    )
    statistic: StatisticName = "Average"
    period: Duration | None = None
    start: Instant = "-3h"
    end: Instant = "now"
    group_by: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=255)]],
        Meta(max_length=10, description="Dimension to merge series by; `none` merges all; without it none is merged."),
    ] = field(default_factory=list)
    fresh: Annotated[bool, Meta(description="Wait (a second at most) until what was just stored can be read.")] = False


class RawQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """One series and a range."""

    series: SeriesId
    start: Instant = "-3h"
    end: Instant = "now"
    fresh: Annotated[bool, Meta(description="Wait (a second at most) until what was just stored can be read.")] = False


class Finder(Protocol):
    """What this door asks of `metrics.registry.SeriesRegistry` to read."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...

    def readable(self, scope: Scope, series_id: int) -> Series | None:
        """One series, if the scope covers it."""
        ...


class Reader(Protocol):
    """What this door asks of `metrics.read.MetricReader`."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """Statistics, one result for each request."""
        ...

    async def raw(self, scope: Scope, series_id: int, start_ms: int, end_ms: int) -> RawSeries:
        """The stored points of a series."""
        ...

    async def fresh(self, timeout_s: float = ...) -> bool:
        """Wait for what was just written."""
        ...


class Reading(Struct, frozen=True):
    """What reading needs."""

    finder: Finder
    reader: Reader
    clock: Clock


class _Group(Struct, frozen=True):
    """Series that make one line."""

    label: str
    dimensions: Tags
    series: tuple[Series, ...]


def operations(reading: Reading) -> list[Operation]:
    """The operations that read metrics."""

    async def listed(call: Call[ListQuery, None]) -> wire.SeriesPage:
        return _page(reading.finder, call.principal.scope, call.query)

    async def query(call: Call[StatisticsQuery, None]) -> wire.QueryAnswer:
        return await _statistics(reading, call.principal.scope, call.query)

    async def raw(call: Call[RawQuery, None]) -> wire.RawAnswer:
        return await _raw(reading, call.principal.scope, call.query)

    base = "/rest/v1/metrics"
    return [
        Operation(
            "GET",
            base,
            "list metrics",
            "The series that match, in a stable order.",
            listed,
            wire.SeriesPage,
            query=ListQuery,
            errors=(404,),
            bound=True,
        ),
        Operation(
            "GET",
            f"{base}/query",
            "query metrics",
            "A statistic of one metric over time, one line for each series or group.",
            query,
            wire.QueryAnswer,
            query=StatisticsQuery,
            errors=(504,),
            bound=True,
        ),
        Operation(
            "GET",
            f"{base}/raw",
            "read raw points",
            "The stored points of one series, unaggregated.",
            raw,
            wire.RawAnswer,
            query=RawQuery,
            errors=(404, 504),
            bound=True,
        ),
    ]


def _page(finder: Finder, scope: Scope, query: ListQuery) -> wire.SeriesPage:
    after = None if query.after is None else int(query.after)
    if after is not None and _readable(finder, scope, after) is None:
        raise NotFound(f"cannot continue the listing after {query.after}: there is no such series; start it again")
    found = finder.find(
        scope,
        SeriesQuery(
            namespace=query.namespace,
            name=query.name,
            dimensions=dimension_filters(query.dimension),
            text=query.text,
            limit=query.limit + 1,
            after=after,
        ),
    )
    more = len(found) > query.limit
    page = found[: query.limit]
    return wire.SeriesPage([_series(series) for series in page], str(page[-1].id) if more else None)


async def _statistics(reading: Reading, scope: Scope, query: StatisticsQuery) -> wire.QueryAnswer:
    range_ = time_range(query.start, query.end, reading.clock.now_ms())
    statistic = parse_statistic(query.statistic, "statistic")
    period = period_s(query.period, range_)
    wanted = SeriesQuery(
        namespace=query.namespace,
        name=query.name,
        dimensions=dimension_filters(query.dimension),
        limit=SERIES_LIMIT + 1,
    )
    found = reading.finder.find(scope, wanted)
    if len(found) > SERIES_LIMIT:
        raise LimitExceeded(f"cannot read more than {SERIES_LIMIT} series at once; add dimensions", field="dimension")
    groups = _groups(found, query.group_by)
    if query.fresh:
        await reading.reader.fresh()
    requests = [StatRequest(tuple(series.id for series in group.series), statistic, period) for group in groups]
    results = await reading.reader.statistics(scope, requests, range_.start_ms, range_.end_ms) if requests else []
    points = sum(len(result.times) for result in results)
    if points > POINT_LIMIT:
        raise LimitExceeded(
            f"cannot answer more than {POINT_LIMIT} points: got {points} on {len(results)} lines; "
            "try a longer period or a shorter range",
            field="period",
        )
    lines = [_line(group, result) for group, result in zip(groups, results, strict=True)]
    return wire.QueryAnswer(query.namespace, query.name, statistic.text, period, range_.start_ms, range_.end_ms, lines)


async def _raw(reading: Reading, scope: Scope, query: RawQuery) -> wire.RawAnswer:
    range_ = time_range(query.start, query.end, reading.clock.now_ms())
    id_ = int(query.series)
    series = _readable(reading.finder, scope, id_)
    if series is None:
        raise NotFound(f"cannot read series {query.series}: there is none; `trimtab metrics list` shows the known ones")
    if query.fresh:
        await reading.reader.fresh()
    found = await reading.reader.raw(scope, id_, range_.start_ms, range_.end_ms)
    if len(found.times) > POINT_LIMIT:
        raise LimitExceeded(f"cannot answer more than {POINT_LIMIT} points; try a shorter range", field="start")
    columns = (found.times.tolist(), found.values.tolist(), found.counts.tolist())
    return wire.RawAnswer(_series(series), range_.start_ms, range_.end_ms, *columns)


def _readable(finder: Finder, scope: Scope, id_: int) -> Series | None:
    return finder.readable(scope, id_) if id_ < _IDS else None


def _groups(found: Sequence[Series], group_by: Sequence[str]) -> list[_Group]:
    if not group_by:
        return [
            _Group(_label(one.identity.dimensions, one.identity.name), one.identity.dimensions, (one,)) for one in found
        ]
    names = [name for name in group_by if name != MERGE_ALL]
    merged: dict[Tags, list[Series]] = {}
    for series in found:
        pairs = {name: series.dimensions[name] for name in names if name in series.dimensions}
        merged.setdefault(make_tags(pairs), []).append(series)
    return [
        _Group(_label(tags, members[0].identity.name), tags, tuple(members)) for tags, members in sorted(merged.items())
    ]


def _label(tags: Tags, name: str) -> str:
    return format_tags(tags) if tags else name


def _line(group: _Group, result: StatSeries) -> wire.Line:
    units = {series.identity.unit for series in group.series}
    points = list(zip(result.times.tolist(), result.values.tolist(), strict=True))
    unit = units.pop() if len(units) == 1 else "mixed"
    return wire.Line(group.label, dict(group.dimensions), unit, len(group.series), points)


def _series(series: Series) -> wire.Series:
    known = series.identity
    return wire.Series(
        id=str(series.id),
        account=known.account,
        region=known.region,
        namespace=known.namespace,
        name=known.name,
        unit=known.unit,
        kind=known.kind.value,
        resource=known.resource,
        dimensions=series.dimensions,
        first_seen_ms=series.first_seen_ms,
        last_seen_ms=series.last_seen_ms,
    )
