"""Operations on model packages and their groups: versions of a model, and which of them are approved."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.batch.model_pipelines.registry import PENDING
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import GROUP, PACKAGE, Served

_HIDDEN = ("Containers", "Group", "Version", "ClientToken")
_EDITED = ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard",
           "ModelLifeCycle")  # fmt: skip


@operations.add("CreateModelPackageGroup", needs=Role.WRITE)
async def create_model_package_group(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a group, whose packages are versions of one model."""
    name = request["ModelPackageGroupName"]
    try:
        made = await rooms.served.create(place(context), GROUP, name, form_of(request), "Completed", tags_of(request))
    except Conflict:
        raise InvalidInput(f"Model Package Group already exists: {name}") from None
    return {"ModelPackageGroupArn": made.arn}


@operations.add("DescribeModelPackageGroup")
async def describe_model_package_group(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One group."""
    return {**_group_row(await _group(rooms, request, context)), "CreatedBy": {}}


@operations.add("ListModelPackageGroups")
async def list_model_package_groups(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Groups."""
    found, more = await listed(rooms, GROUP, request, context)
    return {"ModelPackageGroupSummaryList": [_group_row(one) for one in found], **more}


@operations.add("DeleteModelPackageGroup", needs=Role.WRITE, job=True)
async def delete_model_package_group(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a group that has no versions."""
    found = await _group(rooms, request, context)
    if await rooms.batch.registry.versions(place(context), found.name):
        raise AwsError("ConflictException", f"Model Package Group {found.name} has model packages: delete those first.")
    await rooms.served.delete(place(context), GROUP, found.name)
    return {}


@operations.add("CreateModelPackage", needs=Role.WRITE)
async def create_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a model package: named, or the next version of its group."""
    group = request.get("ModelPackageGroupName")
    name = request.get("ModelPackageName")
    if bool(group) == bool(name):
        raise InvalidInput("Exactly one of ModelPackageName and ModelPackageGroupName must be given.")
    made = await rooms.batch.registry.register(place(context), form_of(request), tags_of(request))
    return {"ModelPackageArn": made.arn}


@operations.add("DescribeModelPackage")
async def describe_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One model package, by its name or ARN."""
    found = await _package(rooms, request["ModelPackageName"], context)
    return {
        **{key: value for key, value in found.form.items() if key not in _HIDDEN},
        **_row(found),
        "ModelPackageName": found.name,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "LastModifiedTime": found.updated_ms,
    }


@operations.add("ListModelPackages")
async def list_model_packages(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Packages: those that are in no group, or the versions of a group, by approval, time or name."""
    group = str(request.get("ModelPackageGroupName") or "").rpartition("/")[2]
    approval, type_ = request.get("ModelApprovalStatus"), request.get("ModelPackageType") or "Unversioned"

    def takes(one: Served) -> bool:
        own = one.form.get("Group", "")
        kind = own == group if group else type_ == "Both" or bool(own) == (type_ == "Versioned")
        return kind and (not approval or one.form.get("ModelApprovalStatus") == approval)

    found, more = await listed(rooms, PACKAGE, request, context, takes)
    return {"ModelPackageSummaryList": [_row(one) for one in found], **more}


@operations.add("UpdateModelPackage", needs=Role.WRITE, job=True)
async def update_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Approve or reject a version, or change what is said of it; the change is an event."""
    found = await _package(rooms, request["ModelPackageArn"], context)
    edited = {name: request[name] for name in _EDITED if request.get(name) is not None}
    gone = {*(request.get("CustomerMetadataPropertiesToRemove") or ())}
    about = {
        **(found.form.get("CustomerMetadataProperties") or {}),
        **(request.get("CustomerMetadataProperties") or {}),
    }
    kept = {key: value for key, value in about.items() if key not in gone} or None
    await rooms.batch.registry.edit(found, {**edited, "CustomerMetadataProperties": kept})
    return {"ModelPackageArn": found.arn}


@operations.add("DeleteModelPackage", needs=Role.WRITE)
async def delete_model_package(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a package; its version is not given again while a later one is there."""
    found = await _package(rooms, request["ModelPackageName"], context)
    await rooms.served.delete(place(context), PACKAGE, found.name)
    return {}


async def _group(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    name = str(request["ModelPackageGroupName"]).rpartition("/")[2]
    try:
        return await rooms.served.get(place(context), GROUP, name)
    except NotFound:
        raise InvalidInput(f"ModelPackageGroup {name} does not exist.") from None


async def _package(rooms: SageMakerRooms, asked: str, context: CallContext) -> Served:
    name = asked.partition(":model-package/")[2] if asked.startswith("arn:") else asked
    try:
        return await rooms.served.get(place(context), PACKAGE, name.lower())
    except NotFound:
        raise InvalidInput(f"ModelPackage {asked} does not exist.") from None


def _group_row(one: Served) -> dict[str, Any]:
    shape = {
        "ModelPackageGroupName": one.name,
        "ModelPackageGroupArn": one.arn,
        "CreationTime": one.created_ms,
        "ModelPackageGroupStatus": one.status,
    }
    said = one.form.get("ModelPackageGroupDescription")
    return shape | ({"ModelPackageGroupDescription": said} if said else {})


def _row(one: Served) -> dict[str, Any]:
    shape = {
        "ModelPackageArn": one.arn,
        "CreationTime": one.created_ms,
        "ModelPackageStatus": one.status,
        "ModelApprovalStatus": one.form.get("ModelApprovalStatus", PENDING),
    }
    if "Group" in one.form:
        shape |= {"ModelPackageGroupName": one.form["Group"], "ModelPackageVersion": one.form["Version"]}
    else:
        shape["ModelPackageName"] = one.name
    said = one.form.get("ModelPackageDescription")
    return shape | ({"ModelPackageDescription": said} if said else {})
