"""Models and model packages: made, described, listed, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.served.model import MODEL, PACKAGE, URL_KEY, arn_of, containers


@operations.add("CreateModel", needs=Role.WRITE)
async def create_model(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a model; its container's environment says where it listens."""
    await _admit_urls(rooms, request, f"model {request['ModelName']}")
    try:
        made = await rooms.served.create(
            place(context), MODEL, request["ModelName"], form_of(request), "InService", tags_of(request)
        )
    except Conflict:
        arn = arn_of(*place(context), MODEL, request["ModelName"])
        raise InvalidInput(f'Cannot create already existing model "{arn}".') from None
    return {"ModelArn": made.arn}


@operations.add("DescribeModel")
async def describe_model(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One model."""
    found = await _model(rooms, request, context)
    return {**found.form, "ModelArn": found.arn, "CreationTime": found.created_ms}


@operations.add("ListModels")
async def list_models(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Models."""
    found, more = await listed(rooms, MODEL, request, context)
    rows = [{"ModelName": one.name, "ModelArn": one.arn, "CreationTime": one.created_ms} for one in found]
    return {"Models": rows, **more}


@operations.add("DeleteModel", needs=Role.WRITE)
async def delete_model(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a model; endpoints that use it answer no more."""
    await _model(rooms, request, context)
    await rooms.served.delete(place(context), MODEL, request["ModelName"])
    return {}


@operations.add("CreateModelPackage", needs=Role.WRITE)
async def create_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a model package: named, or the next version of its group."""
    group = request.get("ModelPackageGroupName")
    name = request.get("ModelPackageName")
    if bool(group) == bool(name):
        raise InvalidInput("Exactly one of ModelPackageName and ModelPackageGroupName must be given.")
    form = form_of(request)
    specified = (request.get("InferenceSpecification") or {}).get("Containers") or ()
    form["Containers"] = list(specified)  # a package is listened to where its container says, as a model is
    await _admit_urls(rooms, form, f"model package {group or name}")
    if group:
        group = str(group).rpartition("/")[2]
        known = [one for one in await rooms.served.listed(context.scope, PACKAGE) if one.form.get("Group") == group]
        version = 1 + max((int(one.form["Version"]) for one in known), default=0)
        form |= {"Group": group, "Version": version}
        name = f"{group}/{version}"
    made = await rooms.served.create(place(context), PACKAGE, str(name).lower(), form, "Completed", tags_of(request))
    return {"ModelPackageArn": made.arn}


@operations.add("DescribeModelPackage")
async def describe_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One model package, by its name or ARN."""
    asked = str(request["ModelPackageName"])
    name = asked.partition(":model-package/")[2] if asked.startswith("arn:") else asked
    try:
        found = await rooms.served.get(place(context), PACKAGE, name.lower())
    except NotFound:
        raise InvalidInput(f"ModelPackage {asked} does not exist.") from None
    form: dict[str, Any] = {
        key: value for key, value in found.form.items() if key not in ("Containers", "Group", "Version")
    }
    if "Group" in found.form:
        form |= {"ModelPackageGroupName": found.form["Group"], "ModelPackageVersion": found.form["Version"]}
    form.setdefault("ModelPackageName", found.name)
    return {
        **form,
        "ModelPackageArn": found.arn,
        "CreationTime": found.created_ms,
        "ModelPackageStatus": found.status,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "ModelApprovalStatus": form.get("ModelApprovalStatus", "PendingManualApproval"),
    }


async def _model(rooms: SageMakerRooms, request: Request, context: CallContext) -> Any:
    try:
        return await rooms.served.get(place(context), MODEL, request["ModelName"])
    except NotFound:
        arn = arn_of(*place(context), MODEL, request["ModelName"])
        raise InvalidInput(f'Could not find model "{arn}".') from None


async def _admit_urls(rooms: SageMakerRooms, form: Request, what: str) -> None:
    """Whether a model may listen where its containers say. Raises InvalidInput."""
    for one in containers(form):
        for key, value in (one.get("Environment") or {}).items():
            if key.startswith(URL_KEY):
                await rooms.invoker.gate.admit(str(value), what)
