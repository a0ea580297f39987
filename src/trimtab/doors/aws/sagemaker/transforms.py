"""Transform jobs: begun, described, listed, stopped."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import MODEL, TRANSFORM, Served, arn_of


@operations.add("CreateTransformJob", needs=Role.WRITE, job=True)
async def create_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a job: every record of the input through the model, once."""
    form = form_of(request)
    rooms.transforms.check(form)
    try:
        await rooms.served.get(place(context), MODEL, request["ModelName"])
    except NotFound:
        arn = arn_of(*place(context), MODEL, request["ModelName"])
        raise InvalidInput(f'Could not find model "{arn}".') from None
    name = request["TransformJobName"]
    made = await rooms.served.create(place(context), TRANSFORM, name, form, "InProgress", tags_of(request))
    return {"TransformJobArn": made.arn}


@operations.add("DescribeTransformJob", job=True)
async def describe_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job."""
    found = await rooms.served.get(place(context), TRANSFORM, request["TransformJobName"])
    return {**found.form, **_summary(found), **_times(found)}


@operations.add("ListTransformJobs")
async def list_transform_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, TRANSFORM, request, context)
    rows = [
        {
            **_summary(one),
            "LastModifiedTime": one.updated_ms,
            **({"TransformEndTime": one.state["ended_ms"]} if one.state.get("ended_ms") else {}),
        }
        for one in found
    ]
    return {"TransformJobSummaries": rows, **more}


@operations.add("StopTransformJob", needs=Role.WRITE, job=True)
async def stop_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a job; it keeps the pieces that are finished."""
    found = await rooms.served.get(place(context), TRANSFORM, request["TransformJobName"])
    if not await rooms.served.change(found, status="Stopping", only_from=("InProgress",)):
        raise InvalidInput(f"The request was rejected because the transform job is in status {found.status}.")
    return {}


def _summary(one: Served) -> dict[str, Any]:
    shape = {
        "TransformJobName": one.name,
        "TransformJobArn": one.arn,
        "TransformJobStatus": one.status,
        "CreationTime": one.created_ms,
    }
    if one.state.get("problem"):
        shape["FailureReason"] = one.state["problem"]
    return shape


def _times(one: Served) -> dict[str, Any]:
    names = (("TransformStartTime", "began_ms"), ("TransformEndTime", "ended_ms"))
    return {name: one.state[key] for name, key in names if one.state.get(key)}
