"""Monitoring schedules of endpoints: kept as asked for. trimtab captures no invocations, and carries none out."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import MONITORING, Served


@operations.add("CreateMonitoringSchedule", needs=Role.WRITE, job=True)
async def create_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep a schedule."""
    name = request["MonitoringScheduleName"]
    made = await rooms.served.create(place(context), MONITORING, name, form_of(request), "Scheduled", tags_of(request))
    return {"MonitoringScheduleArn": made.arn}


@operations.add("DescribeMonitoringSchedule", job=True)
async def describe_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One schedule."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    shown = {name: value for name, value in _summary(found).items() if name != "MonitoringJobDefinitionName"}
    return {**shown, "MonitoringScheduleConfig": found.form["MonitoringScheduleConfig"]}


@operations.add("ListMonitoringSchedules", job=True)
async def list_monitoring_schedules(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Schedules, by endpoint, kind, definition, time or name."""
    found, more = await listed(rooms, MONITORING, request, context)
    wanted = {
        "EndpointName": request.get("EndpointName"),
        "MonitoringType": request.get("MonitoringTypeEquals"),
        "MonitoringJobDefinitionName": request.get("MonitoringJobDefinitionName"),
    }
    rows = [_summary(one) for one in found]
    kept = [row for row in rows if all(value is None or row.get(key) == value for key, value in wanted.items())]
    return {"MonitoringScheduleSummaries": kept, **more}


@operations.add("DeleteMonitoringSchedule", needs=Role.WRITE, job=True)
async def delete_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a schedule."""
    await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    await rooms.served.delete(place(context), MONITORING, request["MonitoringScheduleName"])
    return {}


@operations.add("ListMonitoringExecutions")
async def list_monitoring_executions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """There are none: no invocation is captured that could be compared with a baseline."""
    return {"MonitoringExecutionSummaries": []}


def _summary(one: Served) -> dict[str, Any]:
    config = one.form["MonitoringScheduleConfig"]
    definition = config.get("MonitoringJobDefinition") or {}
    shown = {
        "MonitoringScheduleName": one.name,
        "MonitoringScheduleArn": one.arn,
        "MonitoringScheduleStatus": one.status,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
        "MonitoringType": config.get("MonitoringType", "DataQuality"),
    }
    for source in definition.get("MonitoringInputs") or ():
        if source.get("EndpointInput"):
            shown["EndpointName"] = source["EndpointInput"]["EndpointName"]
    if config.get("MonitoringJobDefinitionName"):
        shown["MonitoringJobDefinitionName"] = config["MonitoringJobDefinitionName"]
    return shown
