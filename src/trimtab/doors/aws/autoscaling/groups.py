"""Groups: created, updated, described, sized, suspended, measured, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.doors.aws.autoscaling.hooks import hook_of
from trimtab.doors.aws.autoscaling.rooms import (
    activity_shape,
    arn_of,
    changed,
    filtered,
    group_shape,
    missing,
    name_of,
    operations,
    page,
    place,
    without,
)
from trimtab.doors.aws.autoscaling.tags import tag_form
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.model import METRICS, PROCESSES, Group
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import begin_ending, set_desired

_OWN = (
    "AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity", "LifecycleHookSpecificationList", "Tags",
    "InstanceId", "SkipZonalShiftValidation",
)  # fmt: skip
_FROM = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "InstanceId")


@operations.add("CreateAutoScalingGroup", needs=Role.WRITE)
async def create(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Make a group, with its hooks and tags."""
    given = [name for name in _FROM if request.get(name)]
    if len(given) != 1:
        raise AwsError(
            "ValidationError",
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter.",
        )
    if not (request.get("AvailabilityZones") or request.get("VPCZoneIdentifier") or request.get("AvailabilityZoneIds")):
        raise AwsError("ValidationError", "At least one Availability Zone or VPC Subnet is required.")
    least, most = request["MinSize"], request["MaxSize"]
    desired = least if request.get("DesiredCapacity") is None else int(request["DesiredCapacity"])
    _sizes(least, most, desired)
    name, now_ms = request["AutoScalingGroupName"], rooms.clock.now_ms()
    form = without(request, *_OWN)
    form["_InstanceType"] = await instance_type(rooms, form, context)
    arn = arn_of(context, "autoScalingGroup", f"autoScalingGroupName/{name}")
    group = Group(name, arn, *place(context), now_ms, least, most, 0, form)
    group.hooks = [hook_of(one) for one in request.get("LifecycleHookSpecificationList") or ()]
    group.tags = dict(tag_form(one) for one in request.get("Tags") or ())
    set_desired(group, desired, "a user request created an AutoScalingGroup", now_ms)
    try:
        await rooms.create(place(context), group)
    except Conflict:
        raise AwsError("AlreadyExists", f"AutoScalingGroup by this name already exists - {name}") from None
    return {}


@operations.add("UpdateAutoScalingGroup", needs=Role.WRITE)
async def update(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Change a group; instances follow its new sizes."""
    form = without(request, *_OWN)
    sort = await instance_type(rooms, form, context) if any(name in form for name in _FROM) else None

    def work(group: Group, now_ms: int) -> None:
        least = request.get("MinSize", group.least)
        most = request.get("MaxSize", group.most)
        desired = request.get("DesiredCapacity", min(max(group.desired, least), most))
        _sizes(least, most, desired)
        if any(name in form for name in _FROM):
            for name in _FROM:
                group.form.pop(name, None)
            group.form["_InstanceType"], group.version = sort, group.version + 1
        group.form.update(form)
        group.least, group.most = least, most
        set_desired(group, desired, "a user request update of AutoScalingGroup constraints to "
                    f"min: {least}, max: {most}, desired: {desired}", now_ms)  # fmt: skip

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


async def instance_type(rooms: GroupsRoom, form: dict[str, Any], context: CallContext) -> str:
    """The type that a group launches, as far as it is told. Raises AwsError for a launch configuration that is none."""
    named = form.get("LaunchConfigurationName")
    if named:
        try:
            return str((await rooms.launches.get(place(context), named)).form.get("InstanceType", ""))
        except NotFound:
            raise AwsError("ValidationError", f"Launch configuration name not found - A launch configuration with the "
                           f"name: {named} does not exist") from None  # fmt: skip
    overrides = (form.get("MixedInstancesPolicy") or {}).get("LaunchTemplate", {}).get("Overrides") or []
    return next((str(one["InstanceType"]) for one in overrides if one.get("InstanceType")), "")


@operations.add("DescribeAutoScalingGroups")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Groups, by name and by filter."""
    names = {name_of(one) for one in request.get("AutoScalingGroupNames") or ()}
    found = [one for one in await rooms.listed(context.scope, place(context)) if not names or one.name in names]
    found = filtered(found, request.get("Filters") or (), {
        "tag-key": lambda one: list(one.tags),
        "tag-value": lambda one: [value for value, _ in one.tags.values()],
        "tag:*": lambda one: [f"{key}={value}" for key, (value, _) in one.tags.items()],
    })  # fmt: skip
    shown, more = page(found, request)
    instances = request.get("IncludeInstances", True)
    return {"AutoScalingGroups": [group_shape(one, instances=instances) for one in shown], **more}


@operations.add("DeleteAutoScalingGroup", needs=Role.WRITE)
async def delete(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Delete a group; with ForceDelete also its instances."""
    name, force = name_of(request["AutoScalingGroupName"]), bool(request.get("ForceDelete"))

    def check(group: Group) -> None:
        if force:
            return
        if any(one.leaving or one.hook for one in group.instances):
            raise AwsError("ScalingActivityInProgress", "You cannot delete an AutoScalingGroup while there are scaling "
                           "activities in progress for that group.")  # fmt: skip
        if group.instances:
            raise AwsError("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or "
                           "pending Spot instance request(s) still in the group.")  # fmt: skip
        if group.form.get("DeletionProtection") == "prevent-all-deletion":
            raise AwsError("ResourceInUse", f"The group {name} is protected from deletion.")

    try:
        gone = await rooms.store.delete(place(context), name, check)
    except NotFound:
        raise missing(name) from None
    gone.desired, gone.deleting = 0, True
    await rooms.tell(gone)
    return {}


@operations.add("SetDesiredCapacity", needs=Role.WRITE)
async def desired_capacity(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Another desired number."""
    wanted = request["DesiredCapacity"]

    def work(group: Group, now_ms: int) -> None:
        if wanted > group.most:
            raise InvalidInput(
                f"New SetDesiredCapacity value {wanted} is above max value {group.most} for the AutoScalingGroup."
            )
        if wanted < group.least:
            raise InvalidInput(
                f"New SetDesiredCapacity value {wanted} is below min value {group.least} for the AutoScalingGroup."
            )
        cooled(group, request, now_ms)
        set_desired(group, wanted, "a user request explicitly set group desired capacity", now_ms)

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


def cooled(group: Group, request: Request, now_ms: int) -> None:
    """Raises AwsError where a cooldown is to be honoured and is not over."""
    if request.get("HonorCooldown") and now_ms < group.cooldown_ms:
        raise AwsError("ScalingActivityInProgress", f"Scaling activity is in progress: the cooldown of {group.name} is "
                       "not over.")  # fmt: skip


@operations.add("SuspendProcesses", needs=Role.WRITE)
async def suspend(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Suspend processes of a group, all without names."""
    named = _processes(request)

    def work(group: Group, now_ms: int) -> None:
        group.suspended = sorted({*group.suspended, *named})

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("ResumeProcesses", needs=Role.WRITE)
async def resume(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Let processes go on; what they missed is done."""
    named = _processes(request)

    def work(group: Group, now_ms: int) -> None:
        group.suspended = [one for one in group.suspended if one not in named]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("EnableMetricsCollection", needs=Role.WRITE)
async def enable_metrics(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Which of a group's metrics are kept."""
    if request["Granularity"] != "1Minute":
        raise InvalidInput("The only valid value for Granularity is 1Minute.")
    named = _metrics(request)

    def work(group: Group, now_ms: int) -> None:
        group.metrics = [one for one in METRICS if one in {*group.metrics, *named}]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DisableMetricsCollection", needs=Role.WRITE)
async def disable_metrics(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Which are not."""
    named = _metrics(request)

    def work(group: Group, now_ms: int) -> None:
        group.metrics = [one for one in group.metrics if one not in named]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DescribeAccountLimits")
async def limits(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """How many there may be (AWS's own numbers, of which none is enforced here) and are."""
    groups = await rooms.store.listed(context.scope, place(context))
    launches = await rooms.launches.listed(context.scope, place(context))
    return {
        "MaxNumberOfAutoScalingGroups": 500,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(groups),
        "NumberOfLaunchConfigurations": len(launches),
    }


@operations.add("TerminateInstanceInAutoScalingGroup", needs=Role.WRITE)
async def terminate(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """End an instance; another takes its place unless the desired number is lowered with it."""
    id_ = request.get("InstanceId") or next(iter(request.get("InstanceIds") or ()), "")
    if not id_:
        raise InvalidInput("InstanceId is required.")
    found = await rooms.of_instance(context.scope, place(context), id_)
    lower = request["ShouldDecrementDesiredCapacity"]

    def work(group: Group, now_ms: int) -> dict[str, Any]:
        one = next((known for known in group.instances if known.id == id_), None)
        if one is None or one.leaving:
            raise InvalidInput(f"Instance Id not found - No managed instance found for instance ID: {id_}")
        if lower:
            if group.desired - 1 < group.least:
                raise InvalidInput(f"Currently, desiredSize equals minSize ({group.least}). Terminating instance "
                                   "without replacement will violate group's min size constraint. Either set "
                                   "shouldDecrementDesiredCapacity flag to false or lower its min size.")  # fmt: skip
            group.desired -= 1
        cause = f"At {iso(now_ms)[:19]}Z instance {id_} was taken out of service in response to a user request."
        return activity_shape(group, begin_ending(group, one, cause, now_ms))

    return {"Activity": await changed(rooms, found.name, context, work)}


def _processes(request: Request) -> list[str]:
    named = list(request.get("ScalingProcesses") or PROCESSES)
    wrong = [one for one in named if one not in PROCESSES]
    if wrong:
        raise InvalidInput(f"{', '.join(wrong)} is not one of the processes: {', '.join(PROCESSES)}")
    return named


def _metrics(request: Request) -> list[str]:
    named = list(request.get("Metrics") or METRICS)
    wrong = [one for one in named if one not in METRICS]
    if wrong:
        raise InvalidInput(f"{', '.join(wrong)} is not one of the metrics: {', '.join(METRICS)}")
    return named


def _sizes(least: int, most: int, desired: int) -> None:
    if least > most:
        raise InvalidInput("Min size must be lesser than or equal to max size")
    if not least <= desired <= most:
        raise InvalidInput(
            f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
        )
