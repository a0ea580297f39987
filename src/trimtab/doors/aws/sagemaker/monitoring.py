"""Operations on monitoring schedules and their executions."""

from contextlib import suppress
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.batch.monitor.executions import SCHEDULED, Execution
from trimtab.batch.monitor.schedule import check
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, page_of, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import MONITORING, Served

_SORTS = {
    "CreationTime": "CreationTime",
    "ScheduledTime": "ScheduledTime",
    "Status": "MonitoringExecutionStatus",
}


@operations.add("CreateMonitoringSchedule", needs=Role.WRITE, job=True)
async def create_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep a schedule."""
    name = request["MonitoringScheduleName"]
    check(request["MonitoringScheduleConfig"])
    made = await rooms.served.create(place(context), MONITORING, name, form_of(request), SCHEDULED, tags_of(request))
    return {"MonitoringScheduleArn": made.arn}


@operations.add("DescribeMonitoringSchedule", job=True)
async def describe_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One schedule."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    summary = await _summary(rooms, found)
    shown = {name: value for name, value in summary.items() if name != "MonitoringJobDefinitionName"}
    answer = {**shown, "MonitoringScheduleConfig": found.form["MonitoringScheduleConfig"]}
    last = [one for one in await rooms.batch.monitors.executions(context.scope) if _of(found, one)][-1:]
    return answer | ({"LastMonitoringExecutionSummary": _execution(summary, last[0])} if last else {})


@operations.add("ListMonitoringSchedules", job=True)
async def list_monitoring_schedules(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Schedules, by endpoint, kind, definition, time or name."""
    found, more = await listed(rooms, MONITORING, request, context)
    wanted = {
        "EndpointName": request.get("EndpointName"),
        "MonitoringType": request.get("MonitoringTypeEquals"),
        "MonitoringJobDefinitionName": request.get("MonitoringJobDefinitionName"),
    }
    rows = [await _summary(rooms, one) for one in found]
    kept = [row for row in rows if all(value is None or row.get(key) == value for key, value in wanted.items())]
    return {"MonitoringScheduleSummaries": kept, **more}


@operations.add("UpdateMonitoringSchedule", needs=Role.WRITE, job=True)
async def update_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Change what a schedule watches, or when."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    config = request["MonitoringScheduleConfig"]
    check(config)
    now_ms = rooms.inference.clock.now_ms()

    def update(kept: Served) -> Served:  # what was due before it was changed is over
        return replace(kept, form={**kept.form, "MonitoringScheduleConfig": config}, state={"last_ms": now_ms})

    await rooms.served.edit(found, update)
    return {"MonitoringScheduleArn": found.arn}


@operations.add("StopMonitoringSchedule", needs=Role.WRITE, job=True)
async def stop_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin no execution until it is started again."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    await rooms.served.change(found, status="Stopped")
    return {}


@operations.add("StartMonitoringSchedule", needs=Role.WRITE, job=True)
async def start_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Go on from now: what was due while it was stopped is not made up for."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    if found.status != SCHEDULED:
        state = {**found.state, "last_ms": rooms.inference.clock.now_ms()}
        await rooms.served.change(found, status=SCHEDULED, state=state)
    return {}


@operations.add("DeleteMonitoringSchedule", needs=Role.WRITE, job=True)
async def delete_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a schedule; the processing jobs of its executions stay."""
    await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    await rooms.served.delete(place(context), MONITORING, request["MonitoringScheduleName"])
    return {}


@operations.add("ListMonitoringExecutions")
async def list_monitoring_executions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Executions of schedules: whether data passed, violated constraints, or was missing."""
    made = await rooms.served.listed(context.scope, MONITORING)
    every = await rooms.batch.monitors.executions(context.scope)
    about = [(one, await _summary(rooms, one)) for one in made]
    rows = [_execution(summary, each) for one, summary in about for each in every if _of(one, each)]
    key = _SORTS[request.get("SortBy", "CreationTime")]
    kept = sorted(
        (row for row in rows if _wanted(row, request)), key=lambda row: (row[key], row["MonitoringScheduleName"])
    )
    if request.get("SortOrder", "Descending") == "Descending":
        kept.reverse()
    page, more = page_of(kept, request)
    return {"MonitoringExecutionSummaries": page, **more}


def _of(schedule: Served, one: Execution) -> bool:
    """Whether an execution is of this schedule, and not of an earlier one of its name."""
    place_ = one.job.account, one.job.region
    same = one.schedule == schedule.name and place_ == (schedule.account, schedule.region)
    return same and one.job.created_ms >= schedule.created_ms


def _execution(about: dict[str, Any], one: Execution) -> dict[str, Any]:
    names = ("MonitoringScheduleName", "EndpointName", "MonitoringJobDefinitionName", "MonitoringType")
    known = {name: about[name] for name in names if name in about}
    times = {"ScheduledTime": one.at_ms, "CreationTime": one.job.created_ms, "LastModifiedTime": one.job.updated_ms}
    shape = {**known, **times, "MonitoringExecutionStatus": one.status, "ProcessingJobArn": one.job.arn}
    return shape | ({"FailureReason": one.reason} if one.reason else {})


def _wanted(row: dict[str, Any], request: Request) -> bool:
    """Whether an execution passes the filters of a request."""
    equal = {
        "MonitoringScheduleName": "MonitoringScheduleName",
        "EndpointName": "EndpointName",
        "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
        "MonitoringTypeEquals": "MonitoringType",
        "StatusEquals": "MonitoringExecutionStatus",
    }
    if any(request.get(asked) and row.get(name) != request[asked] for asked, name in equal.items()):
        return False
    for name in ("ScheduledTime", "CreationTime", "LastModifiedTime"):
        after, before = request.get(f"{name}After"), request.get(f"{name}Before")
        if (after is not None and row[name] < after) or (before is not None and row[name] > before):
            return False
    return True


async def _summary(rooms: SageMakerRooms, one: Served) -> dict[str, Any]:
    config = one.form["MonitoringScheduleConfig"]
    shown = {
        "MonitoringScheduleName": one.name,
        "MonitoringScheduleArn": one.arn,
        "MonitoringScheduleStatus": one.status,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
        "MonitoringType": config.get("MonitoringType", "DataQuality"),
    }
    with suppress(NotFound, InvalidInput):  # a definition may be gone, and others are not done here
        shown["EndpointName"] = (await rooms.batch.monitors.watched(one)).endpoint
    if config.get("MonitoringJobDefinitionName"):
        shown["MonitoringJobDefinitionName"] = config["MonitoringJobDefinitionName"]
    return {name: value for name, value in shown.items() if value != ""}
