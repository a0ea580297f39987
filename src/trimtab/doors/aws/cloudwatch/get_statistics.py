"""GetMetricStatistics: up to 1,440 points of one metric, one a period and unit."""

from collections.abc import Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.doors.aws.cloudwatch.complaints import Complaints, exclusive, must_be_in
from trimtab.doors.aws.cloudwatch.datum import UNITS
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name, check_namespace
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.times import is_period, rounded_start
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.read import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic, parse_statistic

MAX_POINTS = 1440
"""Points an answer may have, as documented."""
STATISTICS = ("Sum", "Maximum", "Minimum", "SampleCount", "Average")
MAX_EXTENDED = 10

Points = dict[tuple[int, str], dict[str, Any]]


@operations.add("GetMetricStatistics", checks_itself=True, bound=True)
async def get_metric_statistics(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The statistics asked for, by period and unit."""
    now_ms = rooms.clock.now_ms()
    statistics = _check(request)
    start_ms = rounded_start(request["StartTime"], request["Period"], now_ms)
    await rooms.reader.fresh()
    by_unit = _series_by_unit(rooms, request, context)
    period = request["Period"]
    requests = [StatRequest(ids, statistic, period, start_ms) for ids in by_unit.values() for statistic in statistics]
    found = await rooms.reader.statistics(context.scope, requests, start_ms, request["EndTime"])
    points: Points = {}
    for at, series in enumerate(found):
        unit = list(by_unit)[at // len(statistics)]
        _place(points, unit, statistics[at % len(statistics)], series)
    return {"Label": request["MetricName"], "Datapoints": [points[key] for key in sorted(points)]}


def _series_by_unit(rooms: CloudWatchRooms, request: Request, context: CallContext) -> dict[str, tuple[int, ...]]:
    query = SeriesQuery(
        namespace=request["Namespace"],
        name=request["MetricName"],
        dimensions=make_tags((item["Name"], item["Value"]) for item in request.get("Dimensions", ())),
        exact=True,
        unit=request.get("Unit"),
    )
    by_unit: dict[str, tuple[int, ...]] = {}
    for series in rooms.registry.find(context.scope, query):
        unit = series.identity.unit if series.identity.unit in UNITS else "None"  # OTLP's units are UCUM
        by_unit[unit] = (*by_unit.get(unit, ()), series.id)
    return by_unit


def _place(points: Points, unit: str, statistic: Statistic, series: StatSeries) -> None:
    for time, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
        point = points.setdefault((time, unit), {"Timestamp": time, "Unit": unit})
        if statistic.text in STATISTICS:
            point[statistic.text] = value
        else:
            point.setdefault("ExtendedStatistics", {})[statistic.text] = value


def _check(request: Request) -> Sequence[Statistic]:
    """The statistics asked for. Raises AwsError for anything wrong with the request."""
    complaints = Complaints()
    check_namespace(request.get("Namespace"), complaints, writing=False)
    check_metric_name(request.get("MetricName"), "MetricName", complaints)
    pairs = [(item.get("Name"), item.get("Value")) for item in request.get("Dimensions", ())]
    check_dimensions(pairs, "Dimensions", complaints)
    for name in ("StartTime", "EndTime", "Period"):
        if name not in request:
            complaints.missing(name)
    if "Unit" in request and request["Unit"] not in UNITS:
        complaints.invalid(must_be_in("Unit", UNITS))
    statistics = _statistics(request, complaints)
    complaints.raise_any()
    _check_range(request, complaints)
    complaints.raise_any()
    return statistics


def _statistics(request: Request, complaints: Complaints) -> list[Statistic]:
    plain: list[str] = request.get("Statistics", [])
    extended: list[str] = request.get("ExtendedStatistics", [])
    if plain and extended:
        complaints.combination(exclusive("Statistics", "ExtendedStatistics"))
    if not plain and not extended:
        complaints.combination("Must specify either Statistics or ExtendedStatistics")
    if len(extended) > MAX_EXTENDED:
        complaints.invalid(f"The collection ExtendedStatistics must not have a size greater than {MAX_EXTENDED}.")
    for number, name in enumerate(plain, 1):
        if name not in STATISTICS:
            complaints.invalid(must_be_in(f"Statistics.member.{number}", STATISTICS))
    found = []
    for number, name in enumerate(extended, 1):
        try:
            found.append(parse_statistic(name, f"ExtendedStatistics.member.{number}"))
        except InvalidInput as problem:
            complaints.invalid(str(problem))
    return [parse_statistic(name) for name in dict.fromkeys(plain) if name in STATISTICS] + found


def _check_range(request: Request, complaints: Complaints) -> None:
    start_ms, end_ms, period = request["StartTime"], request["EndTime"], request["Period"]
    if not is_period(period):
        complaints.invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
        return
    if start_ms // 1000 >= end_ms // 1000:  # of whole seconds; both alike, as recorded; GetMetricData tells them apart
        complaints.invalid("The parameter StartTime must be less than the parameter EndTime.")
        return
    points = -(-(end_ms - start_ms) // (period * 1000))  # of the range as asked: the first minute may be a part of one
    if points > MAX_POINTS:
        complaints.combination(
            f"You have requested up to {points} datapoints, which exceeds the limit of {MAX_POINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
