"""Instances of groups: described, attached, detached, their health and protection; what happened to them."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.autoscaling.rooms import activity_shape, changed, details_shape, name_of, operations, page, place
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.model import HEALTHY, IN_SERVICE, UNHEALTHY, Group, Instance
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import note

_MOST_AT_ONCE = 20


@operations.add("DescribeAutoScalingInstances")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Instances of all groups, or those named."""
    ids = set(request.get("InstanceIds") or ())
    found = [
        details_shape(group, one)
        for group in await rooms.listed(context.scope, place(context))
        for one in group.instances
        if not ids or one.id in ids
    ]
    shown, more = page(found, request, most=50)
    return {"AutoScalingInstances": shown, **more}


@operations.add("DescribeScalingActivities")
async def activities(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """What happened, the newest first."""
    name, ids = request.get("AutoScalingGroupName"), set(request.get("ActivityIds") or ())
    groups = await rooms.listed(context.scope, place(context))
    if name:
        groups = [one for one in groups if one.name == name_of(name)]
        if not groups:
            raise AwsError("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    found = [(group, one) for group in groups for one in group.activities if not ids or one.id in ids]
    found.sort(key=lambda pair: -pair[1].start_ms)
    shown, more = page(found, request, size=100)
    return {"Activities": [activity_shape(group, one) for group, one in shown], **more}


@operations.add("SetInstanceHealth", needs=Role.WRITE)
async def health(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Say how an instance is; an unhealthy one is replaced."""
    status = request["HealthStatus"]
    if status not in (HEALTHY, UNHEALTHY):
        raise InvalidInput(f"HealthStatus must be {HEALTHY} or {UNHEALTHY}.")
    id_ = request["InstanceId"]
    found = await rooms.of_instance(context.scope, place(context), id_)
    respect = request.get("ShouldRespectGracePeriod", True)

    def work(group: Group, now_ms: int) -> None:
        one = _known(group, id_)
        grace_ms = 1000 * int(group.form.get("HealthCheckGracePeriod") or 0)
        if not (respect and now_ms - one.launched_ms < grace_ms):
            one.health = status

    await changed(rooms, found.name, context, work)
    return {}


@operations.add("SetInstanceProtection", needs=Role.WRITE)
async def protection(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Spare instances from scale-in, or not."""

    def work(group: Group, now_ms: int) -> None:
        for id_ in request["InstanceIds"]:
            one = _known(group, id_)
            if one.state != IN_SERVICE and not one.warm:
                raise InvalidInput(f"The instance {id_} is not in InService or EnteringStandby or Standby.")
            one.protected = request["ProtectedFromScaleIn"]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("AttachInstances", needs=Role.WRITE)
async def attach(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Take instances into a group; its desired number grows by them."""
    ids = list(request.get("InstanceIds") or ())
    if not 1 <= len(ids) <= _MOST_AT_ONCE:
        raise InvalidInput(f"InstanceIds must name 1 to {_MOST_AT_ONCE} instances.")
    for id_ in ids:
        try:
            there = await rooms.of_instance(context.scope, place(context), id_)
        except NotFound:
            continue
        raise InvalidInput(f"Instance {id_} is already part of AutoScalingGroup: {there.name}")

    def work(group: Group, now_ms: int) -> None:
        if group.desired + len(ids) > group.most:
            raise InvalidInput(f"AutoScalingGroup {group.name} has min-size={group.least}, max-size={group.most}, and "
                               f"desired-size={group.desired}. To attach {len(ids)} more instance(s) please "
                               "update the AutoScalingGroup sizes appropriately.")  # fmt: skip
        for number, id_ in enumerate(ids):
            zone = group.zones[(len(group.serving) + number) % len(group.zones)]
            one = Instance(id_, "", zone, IN_SERVICE, now_ms, str(group.version))
            group.instances.append(one)
            why = f"At {iso(now_ms)[:19]}Z an instance was attached in response to a user request."
            note(group, f"Attaching an existing EC2 instance: {id_}", why, now_ms, one)
        group.desired += len(ids)

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DetachInstances", needs=Role.WRITE)
async def detach(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Let instances go, running; others take their place unless the desired number is lowered with them."""
    ids, lower = list(request.get("InstanceIds") or ()), request["ShouldDecrementDesiredCapacity"]

    def work(group: Group, now_ms: int) -> list[dict[str, Any]]:
        some = [_known(group, id_) for id_ in ids]
        if lower and group.desired - len(some) < group.least:
            raise InvalidInput(f"AutoScalingGroup {group.name} has min-size={group.least} and desired-size="
                               f"{group.desired}. To detach {len(some)} instance(s), lower its min size.")  # fmt: skip
        told = []
        for one in some:
            group.instances.remove(one)
            activity = note(group, f"Detaching EC2 instance: {one.id}",
                            f"At {iso(now_ms)[:19]}Z instance {one.id} was detached in response to a user request.",
                            now_ms, one)  # fmt: skip
            told.append(activity_shape(group, activity))
        group.desired -= len(some) if lower else 0
        return told

    return {"Activities": await changed(rooms, request["AutoScalingGroupName"], context, work)}


def _known(group: Group, id_: str) -> Instance:
    for one in group.instances:
        if one.id == id_:
            return one
    raise InvalidInput(f"The instance {id_} is not part of Auto Scaling group {group.name}.")
