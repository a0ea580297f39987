"""Create, Get, Update and DeleteAnomalyMonitor(s)."""

from trimtab.access.principal import Role
from trimtab.doors.aws.cost_explorer.anomaly_shapes import monitor_shape, page, room_of, tags_of, whose, worded
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, operations
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("CreateAnomalyMonitor", needs=Role.WRITE)
async def create_anomaly_monitor(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Watch something more; it is judged within seconds."""
    with worded():
        made = await room_of(rooms).monitors.create(*whose(context), request["AnomalyMonitor"], tags_of(request))
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
