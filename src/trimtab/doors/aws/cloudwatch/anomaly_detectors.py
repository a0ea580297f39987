"""Operations on anomaly detectors, and how the API describes them."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.base.paging import encode_token
from trimtab.base.tags import Tags, make_tags
from trimtab.detectors.model import Adaptation, Detector, Filtering, Settings, Target
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.aws.cloudwatch.complaints import INVALID, Complaints, bad_value, exclusive
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name, check_namespace
from trimtab.doors.aws.cloudwatch.queries import ExpressionQuery, read_queries
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import last_name
from trimtab.doors.aws.service import Answer, CallContext, Request

_SINGLE, _MATH = "SingleMetricAnomalyDetector", "MetricMathAnomalyDetector"
_FLAT = ("Namespace", "MetricName", "Dimensions", "Stat")


def target_of(request: Request) -> Target:
    """What the request's detector watches: named in one of three ways. Raises AwsError."""
    complaints = Complaints()
    flat = [name for name in _FLAT if name in request]
    if _SINGLE in request and _MATH in request:
        complaints.combination(exclusive(_SINGLE, _MATH))
    for name in (_SINGLE, _MATH):
        if name in request and flat:
            complaints.combination(exclusive(flat[0], name))
    complaints.raise_any()
    if _MATH in request:
        return Target(queries=_queries(request[_MATH].get("MetricDataQueries", [])))
    path = f"{_SINGLE}." if _SINGLE in request else ""
    return _single(request.get(_SINGLE, request), path)


def settings_of(request: Request) -> Settings:
    """How the request's detector learns. Raises AwsError."""
    configuration = request.get("Configuration", {})
    complaints = Complaints()
    ranges = [(one["StartTime"], one["EndTime"]) for one in configuration.get("ExcludedTimeRanges", ())]
    for number, (start_ms, end_ms) in enumerate(ranges, 1):
        if start_ms >= end_ms:
            path = f"Configuration.ExcludedTimeRanges.member.{number}"
            complaints.invalid(f"The parameter {path}.StartTime must be less than {path}.EndTime.")
    zone = configuration.get("MetricTimezone", "")
    if zone and not _is_zone(zone):
        complaints.invalid(bad_value(zone, "Configuration.MetricTimezone"))
    complaints.raise_any()
    adaptation, filtering = configuration.get("AdaptationSpeed"), configuration.get("OutlierFilteringStrength")
    return Settings(
        tuple(ranges),
        zone,
        request.get("MetricCharacteristics", {}).get("PeriodicSpikes"),
        Adaptation(adaptation) if adaptation else None,
        Filtering(filtering) if filtering else None,
    )


def described(detector: Detector) -> dict[str, Any]:
    """A detector as DescribeAnomalyDetectors tells it."""
    target, settings = detector.target, detector.settings
    answer: dict[str, Any] = {"AnomalyDetectorId": detector.id, "StateValue": detector.state.value}
    if target.queries:
        answer[_MATH] = {"MetricDataQueries": list(target.queries)}
    else:
        own = {
            "Namespace": target.namespace,
            "MetricName": target.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in target.dimensions],
            "Stat": target.stat,
        }
        answer |= own
        answer[_SINGLE] = own | ({"AccountId": target.account} if target.account else {})
    configuration: dict[str, Any] = {
        "ExcludedTimeRanges": [{"StartTime": start, "EndTime": end} for start, end in settings.excluded]
    }
    optional = {
        "MetricTimezone": settings.zone,
        "AdaptationSpeed": settings.adaptation,
        "OutlierFilteringStrength": settings.filtering,
    }
    answer["Configuration"] = configuration | {name: value for name, value in optional.items() if value}
    if settings.spikes is not None:
        answer["MetricCharacteristics"] = {"PeriodicSpikes": settings.spikes}
    return answer


def pairs_of(dimensions: Iterable[dict[str, str]]) -> Tags:
    """Dimensions of the wire as sorted pairs."""
    return make_tags((one["Name"], one["Value"]) for one in dimensions)


def _single(given: dict[str, Any], path: str) -> Target:
    complaints = Complaints()
    pairs = [(one.get("Name"), one.get("Value")) for one in given.get("Dimensions", ())]
    check_namespace(given.get("Namespace"), complaints, writing=False, path=f"{path}Namespace")
    check_metric_name(given.get("MetricName"), f"{path}MetricName", complaints)
    check_dimensions(pairs, f"{path}Dimensions", complaints)
    if not given.get("Stat"):
        complaints.missing(f"{path}Stat")
    complaints.raise_any()
    return Target(
        given["Namespace"],
        given["MetricName"],
        pairs_of(given.get("Dimensions", ())),
        given["Stat"],
        given.get("AccountId", ""),
    )


def _queries(items: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The queries of a metric math detector: one of them returns data, and it is an expression or a metric."""
    try:
        found = read_queries(items)
    except AwsError as problem:
        raise AwsError(INVALID, str(problem)) from None
    complaints = Complaints()
    returned = [one for one in found if one.returned]
    if len(returned) != 1:
        complaints.invalid("Exactly one element of the MetricDataQueries list must return data.")
    if not any(isinstance(one, ExpressionQuery) for one in found):
        complaints.invalid("At least one element of the MetricDataQueries list must be an expression.")
    for one in found:
        if isinstance(one, ExpressionQuery) and "ANOMALY_DETECTION_BAND" in one.expression:
            complaints.invalid("ANOMALY_DETECTION_BAND cannot be used in an anomaly detector.")
    complaints.raise_any()
    return tuple(items)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a directory of the database
        return False
    return True


PAGE = 100
"""Detectors an answer has unless MaxResults says otherwise."""
SINGLE, MATH = "SINGLE_METRIC", "METRIC_MATH"


@operations.add("PutAnomalyDetector", needs=Role.WRITE)
async def put_anomaly_detector(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Add a detector, or change how an existing one learns."""
    room = _room(rooms)
    target = target_of(request)
    settings = settings_of(request)
    detector = await room.store.put(context.account, context.region, target, settings)
    room.book.forget()
    return {"AnomalyDetectorId": detector.id}


@operations.add("DescribeAnomalyDetectors", bound=True)
async def describe_anomaly_detectors(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of detectors by id; those of single metrics only, unless AnomalyDetectorTypes asks for others."""
    limit = request.get("MaxResults", PAGE)
    ids = set(request.get("AnomalyDetectorIds", ()))
    types = set(request.get("AnomalyDetectorTypes") or ((SINGLE, MATH) if ids else (SINGLE,)))
    wanted = pairs_of(request.get("Dimensions", ()))
    found = await _room(rooms).store.listed(
        context.account,
        context.region,
        namespace=request.get("Namespace", ""),
        name=request.get("MetricName", ""),
        after=last_name(request.get("NextToken"), AwsError("InvalidNextToken", "The next token specified is invalid.")),
    )
    kept = [
        one
        for one in found
        if (MATH if one.target.queries else SINGLE) in types
        and set(wanted) <= set(one.target.dimensions)
        and (not ids or one.id in ids)
        and one.seen_by(context.scope)
    ]
    answer: dict[str, Any] = {"AnomalyDetectors": [described(one) for one in kept[:limit]]}
    if len(kept) > limit:
        answer["NextToken"] = encode_token(kept[limit - 1].id)
    return answer


@operations.add("DeleteAnomalyDetector", needs=Role.WRITE)
async def delete_anomaly_detector(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Forget a detector, named by its id or by what it watches."""
    room = _room(rooms)
    given: str | None = request.get("AnomalyDetectorId")
    if given is not None and len(request) > 1:
        raise AwsError("InvalidParameterCombination", "AnomalyDetectorId cannot be used with other parameters.")
    detector_id = given if given is not None else target_of(request).id()
    try:
        await room.store.delete(context.account, context.region, detector_id)
    except NotFound:
        raise AwsError("ResourceNotFoundException", "Anomaly detector not found.") from None
    room.book.forget()
    return {}


def _room(rooms: CloudWatchRooms) -> DetectorRoom:
    if rooms.detectors is None:
        raise AwsError("InternalServiceError", "This server keeps no anomaly detectors.")
    return rooms.detectors
