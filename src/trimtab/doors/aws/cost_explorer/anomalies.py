"""GetAnomalies and ProvideAnomalyFeedback."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import to_ms
from trimtab.base.errors import NotFound
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import UnknownMonitor
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.aws.cost_explorer.anomaly_shapes import anomaly_shape, page, room_of, whose, worded
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_DAY = len("2026-11-28")


@operations.add("GetAnomalies", bound=True)
async def get_anomalies(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The anomalies whose last day is in an interval, the last to begin first."""
    scope, _ = whose(context)
    room, monitor = room_of(rooms), request.get("MonitorArn") or ""
    if monitor:
        try:
            await room.monitors.get(scope, monitor)
        except UnknownMonitor as problem:
            raise invalid(str(problem)) from None
    start, end = _interval(request["DateInterval"])
    with worded():
        found = await room.found.listed(scope, Wanted(start, end, monitor, request.get("Feedback") or ""))
    if request.get("TotalImpact"):
        found = [one for one in found if _meets(request["TotalImpact"], one.finding.impact.total)]
    shown, more = page(found, request, context, lambda one: one.id)
    return {"Anomalies": [anomaly_shape(one) for one in shown], **more}


@operations.add("ProvideAnomalyFeedback", needs=Role.WRITE)
async def provide_anomaly_feedback(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Say whether it was one."""
    scope, _ = whose(context)
    try:
        said = await room_of(rooms).found.say(scope, request["AnomalyId"], request["Feedback"], context.principal.name)
    except NotFound as problem:
        raise invalid(str(problem)) from None
    return {"AnomalyId": said.id}


def _interval(given: Mapping[str, Any]) -> tuple[int, int | None]:
    """From the first day on, up to and with the last."""
    start = _day(given["StartDate"], "StartDate")
    end = _day(given["EndDate"], "EndDate") + DAY_MS if given.get("EndDate") else None
    if end is not None and end <= start:
        raise invalid("EndDate must not be before StartDate")
    return start, end


def _day(text: str, name: str) -> int:
    try:
        return to_ms(datetime.strptime(text[:_DAY], "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        raise invalid(f"{name} must be a date such as 2026-11-28, got {text!r}") from None


def _meets(wanted: Mapping[str, Any], total: Decimal) -> bool:
    start, end = Decimal(str(wanted["StartValue"])), wanted.get("EndValue")
    match wanted["NumericOperator"]:
        case "EQUAL":
            return round(total, 2) == round(start, 2)
        case "GREATER_THAN_OR_EQUAL":
            return total >= start
        case "LESS_THAN_OR_EQUAL":
            return total <= start
        case "GREATER_THAN":
            return total > start
        case "LESS_THAN":
            return total < start
        case _:
            if end is None:
                raise invalid("EndValue is required for BETWEEN")
            return start <= total <= Decimal(str(end))
