"""Operations on pipelines and their executions: what is defined here runs here; others are the event rules' own."""

import json
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.partitions import partition_of
from trimtab.batch.model_pipelines.definition import read
from trimtab.batch.model_pipelines.executions import EXECUTING, STOPPING, execution_arn
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import (
    SageMakerRooms,
    by_time,
    form_of,
    listed,
    operations,
    page_of,
    place,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import EXECUTION, PIPELINE, Served, arn_of

ACTUATOR = "start_pipeline"
_ID_LENGTH = 12  # of an execution, as the service's are
_HIDDEN = ("ClientRequestToken", "PipelineDefinitionS3Location")
_KINDS = {"Training": "TrainingJob", "Processing": "ProcessingJob", "Transform": "TransformJob"}


@operations.add("CreatePipeline", needs=Role.ADMIN, job=True)
async def create_pipeline(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Keep a pipeline; its steps run as jobs of the local pool when it is started."""
    form = _read(form_of(request))
    name = request["PipelineName"]
    made = await rooms.served.create(place(context), PIPELINE, name, form, "Active", tags_of(request))
    return {"PipelineArn": made.arn}


@operations.add("UpdatePipeline", needs=Role.ADMIN, job=True)
async def update_pipeline(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Change a pipeline; executions that are under way go on as they began."""
    found = await _pipeline(rooms, request, context)
    await rooms.served.change(found, form=_read({**found.form, **form_of(request)}))
    return {"PipelineArn": found.arn}


@operations.add("DescribePipeline", job=True)
async def describe_pipeline(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One pipeline, with its definition."""
    found = await _pipeline(rooms, request, context)
    shown = {name: value for name, value in found.form.items() if name not in _HIDDEN}
    about = {**_row(found), "PipelineStatus": found.status}
    last = [one for one in await _executions(rooms, context, found) if one.created_ms >= found.created_ms][-1:]
    return {**shown, **about, **({"LastRunTime": last[0].created_ms} if last else {})}


@operations.add("ListPipelines", job=True)
async def list_pipelines(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Pipelines, by the beginning of their name or by time."""
    prefix = request.get("PipelineNamePrefix") or ""
    asked = _listing(request)
    found, more = await listed(rooms, PIPELINE, asked, context, lambda one: one.name.startswith(prefix))
    return {"PipelineSummaries": [_row(one) for one in found], **more}


@operations.add("DeletePipeline", needs=Role.ADMIN, job=True)
async def delete_pipeline(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a pipeline; its executions stay on record, and those that are under way go on."""
    found = await _pipeline(rooms, request, context)
    await rooms.served.delete(place(context), PIPELINE, found.name)
    return {"PipelineArn": found.arn}


@operations.add("StartPipelineExecution", needs=Role.WRITE, job=True)
async def start_pipeline_execution(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Start a pipeline: one that was created here, else one of the event rules', which may join a run in cool-down."""
    name = str(request["PipelineName"]).rpartition("/")[2]
    parameters = {one["Name"]: one["Value"] for one in request.get("PipelineParameters") or ()}
    said, token = request.get("PipelineExecutionDescription") or "", request.get("ClientRequestToken") or ""
    shown = request.get("PipelineExecutionDisplayName") or ""
    try:
        made = await rooms.batch.pipelines.start(place(context), name, parameters, token, said, shown)
        return {"PipelineExecutionArn": execution_arn(made)}
    except NotFound:
        pass
    wish: dict[str, Any] = {"reason": said or "StartPipelineExecution", "input": json.dumps(parameters)}
    if token:
        wish["request"] = token
    target = f"{context.account}/{context.region}/{name}"
    try:
        done = await rooms.actuators.run(ACTUATOR, target, wish, requested_by=context.principal.name, dry_run=False)
    except NotFound:
        raise AwsError("ResourceNotFound", f"Pipeline '{_arn(context, name)}' does not exist.") from None
    return {"PipelineExecutionArn": f"{_arn(context, name)}/execution/{_execution_id(done.outcome)}"}


@operations.add("DescribePipelineExecution", job=True)
async def describe_pipeline_execution(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One execution."""
    found = await _execution(rooms, request, context)
    answer = {
        "PipelineArn": arn_of(*place(context), PIPELINE, found.form["PipelineName"]),
        "PipelineExecutionArn": execution_arn(found),
        "PipelineExecutionDisplayName": found.form["DisplayName"],
        "PipelineExecutionStatus": found.status,
        "CreationTime": found.created_ms,
        "LastModifiedTime": found.updated_ms,
    }
    if found.form.get("Description"):
        answer["PipelineExecutionDescription"] = found.form["Description"]
    return answer | ({"FailureReason": found.state["problem"]} if found.state.get("problem") else {})


@operations.add("ListPipelineExecutions", job=True)
async def list_pipeline_executions(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Executions of a pipeline, the last begun first."""
    found = await _pipeline(rooms, request, context)
    rows, more = await listed(
        rooms, EXECUTION, _listing(request), context, lambda one: one.form["PipelineName"] == found.name
    )
    return {"PipelineExecutionSummaries": [_execution_row(one) for one in rows], **more}


@operations.add("ListPipelineExecutionSteps", job=True)
async def list_pipeline_execution_steps(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The steps of an execution that have begun, the last first, with the jobs that they are."""
    found = await _execution(rooms, request, context)
    types = {one.name: one.type for one in read(found.form["PipelineDefinition"]).steps}
    steps = [
        _step(place(context), name, types[name], step)
        for name, step in (found.state.get("steps") or {}).items()
        if step["status"] != "Skipped"
    ]
    steps.sort(key=lambda step: step["StartTime"], reverse=request.get("SortOrder", "Descending") == "Descending")
    page, more = page_of(steps, request)
    return {"PipelineExecutionSteps": page, **more}


@operations.add("ListPipelineParametersForExecution", job=True)
async def list_pipeline_parameters_for_execution(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """The parameters of an execution, with what it was given."""
    found = await _execution(rooms, request, context)
    given = [{"Name": name, "Value": str(value)} for name, value in found.form["Parameters"].items()]
    page, more = page_of(given, request)
    return {"PipelineParameters": page, **more}


@operations.add("DescribePipelineDefinitionForExecution", job=True)
async def describe_pipeline_definition_for_execution(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """The definition that an execution began with."""
    found = await _execution(rooms, request, context)
    return {"PipelineDefinition": found.form["PipelineDefinition"], "CreationTime": found.created_ms}


@operations.add("StopPipelineExecution", needs=Role.ADMIN, job=True)
async def stop_pipeline_execution(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End an execution: the jobs that run for it are stopped, and no other step begins."""
    found = await _execution(rooms, request, context)
    if not await rooms.served.change(found, status=STOPPING, only_from=(EXECUTING,)):
        raise InvalidInput(f"Pipeline execution {execution_arn(found)} is in status {found.status}.")
    return {"PipelineExecutionArn": execution_arn(found)}


def _read(form: dict[str, Any]) -> dict[str, Any]:
    """A form whose definition can be read. Raises InvalidInput."""
    if not form.get("PipelineDefinition"):
        raise InvalidInput("a pipeline needs a PipelineDefinition: one that lies in a bucket is not read here")
    read(form["PipelineDefinition"])
    return form


def _listing(request: Request) -> dict[str, Any]:
    """A request for a list that is sorted as others are."""
    sort = {"PipelineExecutionArn": "Name"}.get(request.get("SortBy", ""), request.get("SortBy"))
    return {**by_time(request), **({"SortBy": sort} if sort else {})}


async def _pipeline(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    name = str(request["PipelineName"]).rpartition("/")[2]
    try:
        return await rooms.served.get(place(context), PIPELINE, name)
    except NotFound:
        raise AwsError("ResourceNotFound", f"Pipeline '{_arn(context, name)}' does not exist.") from None


async def _execution(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    arn = str(request.get("PipelineExecutionArn") or "")  # the model lets some operations leave it out
    found = await rooms.batch.pipelines.look(place(context), arn)
    if found is None:
        raise AwsError("ResourceNotFound", f"Pipeline execution with ARN {arn} does not exist.")
    return found


async def _executions(rooms: SageMakerRooms, context: CallContext, pipeline: Served) -> list[Served]:
    every = await rooms.served.listed(context.scope, EXECUTION)
    return [one for one in every if one.form["PipelineName"] == pipeline.name and one.region == pipeline.region]


def _row(one: Served) -> dict[str, Any]:
    shape = {
        "PipelineArn": one.arn,
        "PipelineName": one.name,
        "PipelineDisplayName": one.form.get("PipelineDisplayName") or one.name,
        "RoleArn": one.form["RoleArn"],
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
    }
    said = one.form.get("PipelineDescription")
    return shape | ({"PipelineDescription": said} if said else {})


def _execution_row(one: Served) -> dict[str, Any]:
    shape = {
        "PipelineExecutionArn": execution_arn(one),
        "StartTime": one.created_ms,
        "PipelineExecutionStatus": one.status,
        "PipelineExecutionDisplayName": one.form["DisplayName"],
    }
    if one.form.get("Description"):
        shape["PipelineExecutionDescription"] = one.form["Description"]
    return shape | ({"PipelineExecutionFailureReason": one.state["problem"]} if one.state.get("problem") else {})


def _step(at: tuple[str, str], name: str, type_: str, step: dict[str, Any]) -> dict[str, Any]:
    shape = {"StepName": name, "StartTime": step["began_ms"], "StepStatus": step["status"], "AttemptCount": 1}
    if step.get("ended_ms"):
        shape["EndTime"] = step["ended_ms"]
    if step.get("problem"):
        shape["FailureReason"] = step["problem"]
    metadata: dict[str, Any] = {}
    if step.get("job"):
        kind = {"Training": "training-job", "Processing": "processing-job", "Transform": "transform-job"}[type_]
        metadata[_KINDS[type_]] = {"Arn": arn_of(*at, kind, step["job"])}
    elif step.get("made"):
        kind = "model-package" if type_ == "RegisterModel" else "model"
        metadata[type_] = {"Arn": arn_of(*at, kind, step["made"])}
    elif "outcome" in step:
        metadata["Condition"] = {"Outcome": "True" if step["outcome"] else "False"}
    return shape | {"Metadata": metadata}


def _arn(context: CallContext, name: str) -> str:
    return f"arn:{partition_of(context.region)}:sagemaker:{context.region}:{context.account}:pipeline/{name.lower()}"


def _execution_id(outcome: str) -> str:
    """The id of the run that an outcome names last."""
    kept = "".join(one for one in outcome.rpartition(" ")[2].lower() if one.isalnum())
    return kept[:_ID_LENGTH] or "none"
