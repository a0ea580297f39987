"""StartPipelineExecution: starts the pipeline of that name, with its cool-down and its record."""

import json
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

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
    return {"PipelineExecutionArn": f"{_arn(context, name)}/execution/{_execution(done.outcome)}"}


def _arn(context: CallContext, name: str) -> str:
    return f"arn:aws:sagemaker:{context.region}:{context.account}:pipeline/{name.lower()}"


def _execution(outcome: str) -> str:
    """The id of the run that an outcome names last."""
    kept = "".join(one for one in outcome.rpartition(" ")[2].lower() if one.isalnum())
    return kept[:_ID_LENGTH] or "none"
