"""The registry that the operations of EC2 Auto Scaling join, what they are given and share, and its shapes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Function, Operations, Request
from trimtab.scaling.groups.model import Activity, Group, Instance
from trimtab.scaling.groups.room import GroupsRoom

T = TypeVar("T")
_PAGE, _MOST = 50, 100
Operation = Function[GroupsRoom]


operations: Operations[GroupsRoom] = Operations(
    "autoscaling",
    codes=((NotFound, "ValidationError"), (InvalidInput, "ValidationError"), (Conflict, "ResourceContention")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def place(context: CallContext) -> tuple[str, str]:
    """Account and region of a call."""
    return context.account, context.region


_pages = Pages(_PAGE, lambda: AwsError("InvalidNextToken", "The token was not valid."), size="MaxRecords")


def page(found: Sequence[T], request: Request, size: int = _PAGE, most: int = _MOST) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    asked = request.get("MaxRecords")
    if asked is not None and not 1 <= asked <= most:
        raise AwsError("ValidationError", f"The MaxRecords value {asked} is not between 1 and {most}.")
    return _pages(found, request, size)


async def group_of(rooms: GroupsRoom, name: str, context: CallContext) -> Group:
    """A group. Raises AwsError."""
    try:
        return await rooms.get(place(context), name_of(name))
    except NotFound:
        raise missing(name) from None


async def changed(rooms: GroupsRoom, name: str, context: CallContext, work: Callable[[Group, int], T]) -> T:
    """What `work(group, now_ms)` gives, which changes the group. Raises AwsError."""
    try:
        return await rooms.change(place(context), name_of(name), work)
    except NotFound:
        raise missing(name) from None


def name_of(text: str) -> str:
    """A group's name, given by it or by its ARN."""
    return text.rpartition("autoScalingGroupName/")[2] if text.startswith("arn:") else text


def missing(name: str) -> AwsError:
    """The error of a group that is not there."""
    return AwsError("ValidationError", f"AutoScalingGroup name not found - no such group: {name}")


def arn_of(context: CallContext, kind: str, rest: str) -> str:
    """A new ARN of Auto Scaling's form."""
    return f"arn:{partition_of(context.region)}:autoscaling:{context.region}:{context.account}:{kind}:{new_id()}:{rest}"


def without(request: Request, *names: str) -> dict[str, Any]:
    """What a request gives, but for some members."""
    return {key: value for key, value in request.items() if key not in names and value is not None}


def filtered(found: Sequence[T], filters: Sequence[Any], told: Mapping[str, Callable[[T], Sequence[str]]]) -> list[T]:
    """Those that pass every filter. Raises AwsError for a name that is none."""
    kept = list(found)
    for one in filters or ():
        name, values = one.get("Name", ""), set(one.get("Values") or ())
        read = told.get(name)
        if read is None and name.startswith("tag:") and "tag:*" in told:
            key = name.partition(":")[2]
            kept = [item for item in kept if any(f"{key}={value}" in told["tag:*"](item) for value in values)]
        elif read is None:
            raise AwsError("ValidationError", f"Filter type {name} is not correct. Allowed: {', '.join(sorted(told))}")
        else:
            kept = [item for item in kept if values & set(read(item))]
    return kept


_FORM = (
    "LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "LoadBalancerNames", "TargetGroupARNs",
    "PlacementGroup", "VPCZoneIdentifier", "ServiceLinkedRoleARN", "MaxInstanceLifetime", "CapacityRebalance",
    "Context", "DesiredCapacityType", "DefaultInstanceWarmup", "TrafficSources", "InstanceMaintenancePolicy",
    "DeletionProtection", "AvailabilityZoneDistribution", "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification", "InstanceLifecyclePolicy", "Operator", "AvailabilityZoneIds",
)  # fmt: skip


def group_shape(group: Group, *, instances: bool = True) -> dict[str, Any]:
    """A group as DescribeAutoScalingGroups has it."""
    form = group.form
    told: dict[str, Any] = {name: form[name] for name in _FORM if form.get(name) is not None}
    shape = {
        **told,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "MinSize": group.least,
        "MaxSize": group.most,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": group.cooldown_s,
        "AvailabilityZones": group.zones,
        "HealthCheckType": form.get("HealthCheckType", "EC2"),
        "HealthCheckGracePeriod": form.get("HealthCheckGracePeriod", 0),
        "CreatedTime": group.created_ms,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": "User suspended"} for name in sorted(group.suspended)
        ],
        "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in group.metrics],
        "Tags": tag_shapes(group),
        "TerminationPolicies": form.get("TerminationPolicies") or ["Default"],
        "NewInstancesProtectedFromScaleIn": bool(form.get("NewInstancesProtectedFromScaleIn")),
        "Instances": [instance_shape(group, one) for one in group.instances if not one.warm] if instances else [],
    }
    if group.deleting:
        shape["Status"] = "Delete in progress"
    if group.warm is not None:
        shape["WarmPoolConfiguration"] = group.warm
        shape["WarmPoolSize"] = sum(one.warm for one in group.instances)
    return shape


def instance_shape(group: Group, one: Instance) -> dict[str, Any]:
    """An instance as it stands in its group."""
    launched: dict[str, Any] = {}
    if group.form.get("LaunchConfigurationName"):
        launched = {"LaunchConfigurationName": group.form["LaunchConfigurationName"]}
    elif group.form.get("LaunchTemplate"):
        launched = {"LaunchTemplate": group.form["LaunchTemplate"]}
    return {
        "InstanceId": one.id,
        **({"InstanceType": one.type} if one.type else {}),
        "AvailabilityZone": one.zone,
        "LifecycleState": one.state,
        "HealthStatus": one.health,
        "ProtectedFromScaleIn": one.protected,
        **launched,
    }


def details_shape(group: Group, one: Instance) -> dict[str, Any]:
    """An instance as DescribeAutoScalingInstances has it."""
    return {**instance_shape(group, one), "AutoScalingGroupName": group.name, "HealthStatus": one.health.upper()}


def activity_shape(group: Group, one: Activity) -> dict[str, Any]:
    """An activity."""
    details = ",".join(f'"{key}":"{value}"' for key, value in one.details.items())
    shape = {
        "ActivityId": one.id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": one.description,
        "Cause": one.cause,
        "StartTime": one.start_ms,
        "StatusCode": one.status,
        "StatusMessage": one.message,
        "Progress": one.progress,
        "Details": f"{{{details}}}",
    }
    return shape if one.end_ms is None else {**shape, "EndTime": one.end_ms}


def tag_shapes(group: Group) -> list[dict[str, Any]]:
    """The tags of a group."""
    return [
        {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
         "PropagateAtLaunch": propagate}
        for key, (value, propagate) in sorted(group.tags.items())
    ]  # fmt: skip
