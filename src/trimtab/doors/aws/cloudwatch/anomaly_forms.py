"""Anomaly detectors between the wire and `detectors.model`, with the documented checks."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trimtab.base.tags import Tags, make_tags
from trimtab.detectors.model import Adaptation, Detector, Filtering, Settings, Target
from trimtab.doors.aws.cloudwatch.complaints import INVALID, Complaints, bad_value, exclusive
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name, check_namespace
from trimtab.doors.aws.cloudwatch.queries import ExpressionQuery, read_queries
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Request

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
