"""PutAnomalyDetector, DescribeAnomalyDetectors and DeleteAnomalyDetector."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.aws.cloudwatch.anomaly_forms import described, pairs_of, settings_of, target_of
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

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
        after=_after(request.get("NextToken")),
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


def _after(token: str | None) -> str:
    if not token:
        return ""
    try:
        position = decode_token(token)
    except InvalidInput:
        position = None
    if not isinstance(position, str):
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    return position
