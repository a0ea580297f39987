"""Operations on cost anomalies, their monitors and subscriptions."""

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
from trimtab.doors.aws.cost_explorer.anomaly_shapes import (
    anomaly_shape,
    monitor_shape,
    page,
    room_of,
    subscription_shape,
    whose,
    worded,
)
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of

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


@operations.add("CreateAnomalyMonitor", needs=Role.WRITE)
async def create_anomaly_monitor(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Watch something more; it is judged within seconds."""
    with worded():
        made = await room_of(rooms).monitors.create(
            *whose(context), request["AnomalyMonitor"], tags_of(request, "ResourceTags")
        )
    return {"MonitorArn": made.arn}


@operations.add("GetAnomalyMonitors", bound=True)
async def get_anomaly_monitors(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The monitors, or those named."""
    with worded():
        found = await room_of(rooms).monitors.listed(whose(context)[0], request.get("MonitorArnList") or ())
    shown, more = page(found, request, context, lambda one: one.arn)
    return {"AnomalyMonitors": [monitor_shape(one) for one in shown], **more}


@operations.add("UpdateAnomalyMonitor", needs=Role.WRITE)
async def update_anomaly_monitor(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Rename a monitor: nothing else of one can change."""
    with worded():
        known = await room_of(rooms).monitors.rename(
            whose(context)[0], request["MonitorArn"], request.get("MonitorName")
        )
    return {"MonitorArn": known.arn}


@operations.add("DeleteAnomalyMonitor", needs=Role.WRITE)
async def delete_anomaly_monitor(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a monitor with what it found."""
    with worded():
        await room_of(rooms).monitors.delete(whose(context)[0], request["MonitorArn"])
    return {}


@operations.add("CreateAnomalySubscription", needs=Role.WRITE)
async def create_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Have somebody told of anomalies from a size on."""
    given = request["AnomalySubscription"]
    with worded():
        made = await room_of(rooms).subscriptions.create(*whose(context), given, tags_of(request, "ResourceTags"))
    return {"SubscriptionArn": made.arn}


@operations.add("GetAnomalySubscriptions", bound=True)
async def get_anomaly_subscriptions(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The subscriptions, those named, or those of a monitor."""
    arns, monitor = request.get("SubscriptionArnList") or (), request.get("MonitorArn") or ""
    with worded():
        found = await room_of(rooms).subscriptions.listed(whose(context)[0], arns, monitor)
    shown, more = page(found, request, context, lambda one: one.arn)
    return {"AnomalySubscriptions": [subscription_shape(one) for one in shown], **more}


@operations.add("UpdateAnomalySubscription", needs=Role.WRITE)
async def update_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Change parts of a subscription."""
    changes = {name: value for name, value in request.items() if name != "SubscriptionArn"}
    with worded():
        known = await room_of(rooms).subscriptions.update(whose(context)[0], request["SubscriptionArn"], changes)
    return {"SubscriptionArn": known.arn}


@operations.add("DeleteAnomalySubscription", needs=Role.WRITE)
async def delete_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Tell nobody any more."""
    with worded():
        await room_of(rooms).subscriptions.delete(whose(context)[0], request["SubscriptionArn"])
    return {}
