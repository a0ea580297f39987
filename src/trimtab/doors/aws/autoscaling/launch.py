"""Launch configurations."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, NotFound
from trimtab.doors.aws.autoscaling.rooms import arn_of, operations, page, place, without
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.room import GroupsRoom, LaunchConfiguration


@operations.add("CreateLaunchConfiguration", needs=Role.WRITE)
async def create(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Make a launch configuration."""
    name = request["LaunchConfigurationName"]
    if not request.get("InstanceId") and not (request.get("ImageId") and request.get("InstanceType")):
        raise AwsError("ValidationError", "Valid requests must contain either the InstanceID parameter or both the "
                       "ImageId and InstanceType parameters.")  # fmt: skip
    arn = arn_of(context, "launchConfiguration", f"launchConfigurationName/{name}")
    made = LaunchConfiguration(arn, rooms.clock.now_ms(), without(request, "LaunchConfigurationName", "InstanceId"))
    try:
        await rooms.launches.create(place(context), name, made)
    except Conflict:
        raise AwsError("AlreadyExists", "Launch Configuration by this name already exists - A launch configuration "
                       f"already exists with the name {name}") from None  # fmt: skip
    return {}


@operations.add("DescribeLaunchConfigurations")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Launch configurations."""
    names = set(request.get("LaunchConfigurationNames") or ())
    found = [
        _shape(name, one)
        for _, name, one in await rooms.launches.listed(context.scope, place(context))
        if not names or name in names
    ]
    shown, more = page(found, request)
    return {"LaunchConfigurations": shown, **more}


@operations.add("DeleteLaunchConfiguration", needs=Role.WRITE)
async def delete(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Delete one that no group launches from."""
    name = request["LaunchConfigurationName"]
    for group in await rooms.listed(context.scope, place(context)):
        if group.form.get("LaunchConfigurationName") == name:
            raise AwsError("ResourceInUse", f"Cannot delete launch configuration {name} because it is attached to "
                           f"AutoScalingGroup {group.name}")  # fmt: skip
    try:
        await rooms.launches.delete(place(context), name)
    except NotFound:
        raise AwsError("ValidationError", "Launch configuration name not found - Launch configuration "
                       f"{name} not found") from None  # fmt: skip
    return {}


def _shape(name: str, one: LaunchConfiguration) -> dict[str, Any]:
    usual = {"ImageId": "", "InstanceType": "", "KeyName": "", "SecurityGroups": [], "UserData": "", "KernelId": "",
             "RamdiskId": "", "BlockDeviceMappings": [], "InstanceMonitoring": {"Enabled": True},
             "EbsOptimized": False}  # fmt: skip
    told = {"LaunchConfigurationName": name, "LaunchConfigurationARN": one.arn, "CreatedTime": one.created_ms}
    return {**usual, **one.form, **told}
