"""Operations on monitoring schedules and pipelines."""

import json
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, page_of, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inference.monitoring import Execution, check, executions
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
    made = await rooms.served.create(place(context), MONITORING, name, form_of(request), "Scheduled", tags_of(request))
    return {"MonitoringScheduleArn": made.arn}


@operations.add("DescribeMonitoringSchedule", job=True)
async def describe_monitoring_schedule(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One schedule."""
    found = await rooms.served.get(place(context), MONITORING, request["MonitoringScheduleName"])
    shown = {name: value for name, value in _summary(found).items() if name != "MonitoringJobDefinitionName"}
    answer = {**shown, "MonitoringScheduleConfig": found.form["MonitoringScheduleConfig"]}
    last = executions(found, rooms.inference.clock.now_ms())[-1:]
    return answer | ({"LastMonitoringExecutionSummary": _execution(last[0])} if last else {})


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
    """Executions of schedules: each failed, since no invocation is captured that could be compared with a baseline."""
    now_ms = rooms.inference.clock.now_ms()
    made = await rooms.served.listed(context.scope, MONITORING)
    rows = [_execution(each) for one in made for each in executions(one, now_ms)]
    key = _SORTS[request.get("SortBy", "CreationTime")]
    kept = sorted(
        (row for row in rows if _wanted(row, request)), key=lambda row: (row[key], row["MonitoringScheduleName"])
    )
    if request.get("SortOrder", "Descending") == "Descending":
        kept.reverse()
    page, more = page_of(kept, request)
    return {"MonitoringExecutionSummaries": page, **more}


def _execution(one: Execution) -> dict[str, Any]:
    about = _summary(one.schedule)
    names = ("MonitoringScheduleName", "EndpointName", "MonitoringJobDefinitionName", "MonitoringType")
    times = dict.fromkeys(("ScheduledTime", "CreationTime", "LastModifiedTime"), one.at_ms)
    known = {name: about[name] for name in names if name in about}
    return {**known, **times, "MonitoringExecutionStatus": one.status, "FailureReason": one.reason}


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


ACTUATOR = "start_pipeline"
_ID_LENGTH = 12  # of an execution, as the service's are


@operations.add("StartPipelineExecution", needs=Role.WRITE, job=True)
async def start_pipeline_execution(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Start a pipeline; one that comes within its cool-down joins the run that began it."""
    name = str(request["PipelineName"]).rpartition("/")[2]
    parameters = {one["Name"]: one["Value"] for one in request.get("PipelineParameters") or ()}
    wish: dict[str, Any] = {
        "reason": request.get("PipelineExecutionDescription") or "StartPipelineExecution",
        "input": json.dumps(parameters),
    }
    if request.get("ClientRequestToken"):
        wish["request"] = request["ClientRequestToken"]
    target = f"{context.account}/{context.region}/{name}"
    try:
        done = await rooms.actuators.run(ACTUATOR, target, wish, requested_by=context.principal.name, dry_run=False)
    except NotFound:
        raise AwsError("ResourceNotFound", f"Pipeline '{_arn(context, name)}' does not exist.") from None
    return {"PipelineExecutionArn": f"{_arn(context, name)}/execution/{_execution_id(done.outcome)}"}


def _arn(context: CallContext, name: str) -> str:
    return f"arn:{partition_of(context.region)}:sagemaker:{context.region}:{context.account}:pipeline/{name.lower()}"


def _execution_id(outcome: str) -> str:
    """The id of the run that an outcome names last."""
    kept = "".join(one for one in outcome.rpartition(" ")[2].lower() if one.isalnum())
    return kept[:_ID_LENGTH] or "none"
