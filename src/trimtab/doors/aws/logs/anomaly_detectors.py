"""Log anomaly detectors and the anomalies that are listed under them. Groups are watched in any case: a detector says
whose anomalies a caller of this API wants to see."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, invalid, operations, place_of
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.filters.parser import parse
from trimtab.logs.patterns.anomalies import LogAnomaly, LogDetector, Suppression
from trimtab.logs.patterns.anomaly_store import AnomalyFilter

_PAGE = 50
_DAY_MS = 86_400_000
_SECONDS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}
_LONGEST_DAYS = 90
_PATTERN_ID = 32
_DYNAMIC = re.compile(r"<[^<>\s]*>|\*")


@operations.add("CreateLogAnomalyDetector", needs=Role.WRITE)
async def create_log_anomaly_detector(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Name groups whose anomalies are listed."""
    places = [place_of(context, arn) for arn in request["logGroupArnList"]]
    arns = [(await rooms.reader.group(context.scope, *place)).arn for place in places]
    if not arns:
        raise invalid("logGroupArnList must name at least one log group.")
    _check_pattern(request)
    members = {
        "frequency": request.get("evaluationFrequency") or "FIVE_MIN",
        "filter_pattern": request.get("filterPattern") or "",
        "visible_days": request.get("anomalyVisibilityTime") or 21,
        "kms_key": request.get("kmsKeyId") or "",
    }
    create = rooms.anomalies.detectors.create
    try:
        made = await create(context.account, context.region, request.get("detectorName") or "", arns, **members)
    except Conflict as problem:
        raise AwsError("OperationAbortedException", str(problem)) from None
    return {"anomalyDetectorArn": made.arn}


@operations.add("GetLogAnomalyDetector")
async def get_log_anomaly_detector(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """One detector."""
    shown = _shown(await _find(rooms, request, context))
    del shown["anomalyDetectorArn"]
    return shown


@operations.add("ListLogAnomalyDetectors")
async def list_log_anomaly_detectors(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Detectors, those of one group where it is named."""
    group = (request.get("filterLogGroupArn") or "").removesuffix(":*")
    found = [_shown(one) for one in await rooms.anomalies.detectors.listed(context.account, context.region, group)]
    page, more = _page(found, request)
    return {"anomalyDetectors": page, **more}


@operations.add("UpdateLogAnomalyDetector", needs=Role.WRITE)
async def update_log_anomaly_detector(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Change a detector, pause it, or go on."""
    _check_pattern(request)
    given = {
        "frequency": request.get("evaluationFrequency"),
        "filter_pattern": request.get("filterPattern"),
        "visible_days": request.get("anomalyVisibilityTime"),
        "paused": not request["enabled"],
    }
    values = {name: value for name, value in given.items() if value is not None}
    await rooms.anomalies.detectors.change(context.account, context.region, _id(request), values)
    return {}


@operations.add("DeleteLogAnomalyDetector", needs=Role.WRITE)
async def delete_log_anomaly_detector(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forget a detector; anomalies stay."""
    await rooms.anomalies.detectors.delete(context.account, context.region, _id(request))
    return {}


@operations.add("ListAnomalies")
async def list_anomalies(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Anomalies of the groups of a detector, or of all detectors, the last begun first."""
    if request.get("anomalyDetectorArn"):
        detectors = [await _find(rooms, request, context)]
    else:
        detectors = await rooms.anomalies.detectors.listed(context.account, context.region)
    state = request.get("suppressionState")
    suppressed = None if state is None else state == "SUPPRESSED"
    found: dict[str, dict[str, Any]] = {}
    for detector in detectors:
        for one in await _anomalies(rooms, context.scope, context, detector, suppressed):
            found.setdefault(one.id, _told(one, detector))
    page, more = _page(list(found.values()), request)
    return {"anomalies": page, **more}


@operations.add("UpdateAnomaly", needs=Role.WRITE)
async def update_anomaly(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Suppress an anomaly, or all of a pattern, for a while or for ever; or end that."""
    await _find(rooms, request, context)
    anomaly, pattern = request.get("anomalyId") or "", request.get("patternId") or ""
    if bool(anomaly) == bool(pattern):
        raise invalid("Exactly one of anomalyId and patternId must be specified.")
    state, until_ms = Suppression.ACTIVE, None
    if request.get("baseline"):
        state = Suppression.BASELINE
    elif kind := request.get("suppressionType"):
        state = Suppression.SUPPRESSED
        if kind == "LIMITED":
            until_ms = rooms.clock.now_ms() + _period_ms(request.get("suppressionPeriod") or {})
    await rooms.anomalies.store.suppress(
        context.account, context.region, anomaly=anomaly, pattern=pattern.rstrip("-"), state=state, until_ms=until_ms
    )
    return {}


async def _anomalies(
    rooms: LogRooms, scope: Scope, context: CallContext, detector: LogDetector, suppressed: bool | None
) -> list[LogAnomaly]:
    since_ms = rooms.clock.now_ms() - detector.visible_days * _DAY_MS
    groups = frozenset(place_of(context, arn) for arn in detector.groups)
    return await rooms.anomalies.store.listed(scope, AnomalyFilter(since_ms, groups=groups, suppressed=suppressed))


async def _find(rooms: LogRooms, request: Request, context: CallContext) -> LogDetector:
    return await rooms.anomalies.detectors.get(context.account, context.region, _id(request))


def _id(request: Request) -> str:
    return str(request["anomalyDetectorArn"]).rpartition(":anomaly-detector:")[2]


def _check_pattern(request: Request) -> None:
    try:
        parse(request.get("filterPattern") or "")
    except InvalidInput as problem:
        raise invalid(str(problem)) from None


def _period_ms(period: dict[str, Any]) -> int:
    value, unit = period.get("value"), period.get("suppressionUnit")
    if not value or value < 0 or unit not in _SECONDS:
        raise invalid("suppressionPeriod must have a positive value and a suppressionUnit.")
    return min(1000 * int(value) * _SECONDS[unit], _LONGEST_DAYS * _DAY_MS)


_page = Pages(
    _PAGE, lambda: invalid("The specified nextToken is invalid."), begin="nextToken", next="nextToken", size="limit"
)


def _shown(detector: LogDetector) -> dict[str, Any]:
    return {
        "anomalyDetectorArn": detector.arn,
        "detectorName": detector.name or None,
        "logGroupArnList": list(detector.groups),
        "evaluationFrequency": detector.frequency,
        "filterPattern": detector.filter_pattern or None,
        "anomalyDetectorStatus": "PAUSED" if detector.paused else "ANALYZING",
        "kmsKeyId": detector.kms_key or None,
        "creationTimeStamp": detector.created_ms,
        "lastModifiedTimeStamp": detector.modified_ms,
        "anomalyVisibilityTime": detector.visible_days,
    }


def _told(anomaly: LogAnomaly, detector: LogDetector) -> dict[str, Any]:
    tokens = [token for token in re.split(r"(\s+)", anomaly.template) if token]
    suppressed = anomaly.state is not Suppression.ACTIVE
    return {
        "anomalyId": anomaly.id,
        "patternId": anomaly.pattern.ljust(_PATTERN_ID, "-"),
        "anomalyDetectorArn": detector.arn,
        "patternString": anomaly.template,
        "patternRegex": "".join(_regex(token) for token in tokens),
        "priority": str(anomaly.priority),
        "firstSeen": anomaly.first_ms,
        "lastSeen": anomaly.last_ms,
        "description": anomaly.description,
        "active": anomaly.active,
        "state": str(anomaly.state),
        "histogram": {str(at): count for at, count in anomaly.counts.items()},
        "logSamples": [{"timestamp": anomaly.last_ms, "message": anomaly.example}],
        "patternTokens": [_token(place, token) for place, token in enumerate(tokens)],
        "logGroupArnList": [
            f"arn:{partition_of(anomaly.region)}:logs:{anomaly.region}:{anomaly.account}:log-group:{anomaly.log_group}"
        ],
        "suppressed": suppressed,
        "suppressedDate": anomaly.suppressed_ms if suppressed else None,
        "suppressedUntil": anomaly.suppressed_until_ms if suppressed else None,
        "isPatternLevelSuppression": False,
    }


def _token(place: int, token: str) -> dict[str, Any]:
    dynamic = _DYNAMIC.search(token) is not None
    return {"dynamicTokenPosition": place, "isDynamic": dynamic, "tokenString": token}


def _regex(token: str) -> str:
    parts = _DYNAMIC.split(token)
    return r"\S*".join(re.escape(part) for part in parts)
