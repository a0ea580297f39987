"""Lifecycle hooks, and the actions that wait for somebody."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.autoscaling.rooms import changed, group_of, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.groups.model import ENDING, LAUNCHING, Group, Hook, Instance
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.settle import GLOBAL_TIMEOUT_S, complete

MOST_HOOKS = 50
_HEARTBEATS = 100


def hook_of(form: Any, known: Hook | None = None) -> Hook:
    """A hook as it was asked for; what is not said stays as it is known. Raises InvalidInput."""
    transition = form.get("LifecycleTransition") or (known.transition if known else None)
    if transition not in (LAUNCHING, ENDING):
        raise InvalidInput(f"LifecycleTransition must be one of {LAUNCHING}, {ENDING}.")
    heartbeat = form.get("HeartbeatTimeout") or (known.heartbeat_s if known else 3600)
    if not 30 <= heartbeat <= 7200:
        raise InvalidInput("HeartbeatTimeout must be between 30 and 7200 seconds.")
    result = form.get("DefaultResult") or (known.result if known else "ABANDON")
    if result not in ("CONTINUE", "ABANDON"):
        raise InvalidInput("DefaultResult must be one of CONTINUE, ABANDON.")
    more = {name: form[name] for name in ("NotificationTargetARN", "RoleARN", "NotificationMetadata") if form.get(name)}
    return Hook(form["LifecycleHookName"], transition, heartbeat, result, {**(known.form if known else {}), **more})


@operations.add("PutLifecycleHook", needs=Role.WRITE)
async def put(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Make or change a hook."""

    def work(group: Group, now_ms: int) -> None:
        known = next((one for one in group.hooks if one.name == request["LifecycleHookName"]), None)
        made = hook_of(request, known)
        if known is None and len(group.hooks) >= MOST_HOOKS:
            raise AwsError("LimitExceeded", f"A group has at most {MOST_HOOKS} lifecycle hooks.")
        group.hooks = [one for one in group.hooks if one.name != made.name] + [made]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("DescribeLifecycleHooks")
async def describe(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """The hooks of a group."""
    group = await group_of(rooms, request["AutoScalingGroupName"], context)
    names = set(request.get("LifecycleHookNames") or ())
    return {
        "LifecycleHooks": [
            {
                **one.form,
                "LifecycleHookName": one.name,
                "AutoScalingGroupName": group.name,
                "LifecycleTransition": one.transition,
                "HeartbeatTimeout": one.heartbeat_s,
                "GlobalTimeout": min(GLOBAL_TIMEOUT_S, _HEARTBEATS * one.heartbeat_s),
                "DefaultResult": one.result,
            }
            for one in group.hooks
            if not names or one.name in names
        ]
    }


@operations.add("DeleteLifecycleHook", needs=Role.WRITE)
async def delete(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Delete a hook; instances that wait for it go on."""
    name = request["LifecycleHookName"]

    def work(group: Group, now_ms: int) -> None:
        _hook(group, name)
        for one in [one for one in group.instances if one.hook == name]:
            complete(group, one, "CONTINUE", now_ms)
        group.hooks = [one for one in group.hooks if one.name != name]

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("CompleteLifecycleAction", needs=Role.WRITE)
async def complete_action(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """End an action that waits, with CONTINUE or ABANDON."""
    result = request["LifecycleActionResult"]
    if result not in ("CONTINUE", "ABANDON"):
        raise InvalidInput("LifecycleActionResult must be one of CONTINUE, ABANDON.")

    def work(group: Group, now_ms: int) -> None:
        complete(group, _waiting(group, request), result, now_ms)

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


@operations.add("RecordLifecycleActionHeartbeat", needs=Role.WRITE)
async def heartbeat(rooms: GroupsRoom, request: Request, context: CallContext) -> Answer:
    """Let an action wait for as long again."""

    def work(group: Group, now_ms: int) -> None:
        one = _waiting(group, request)
        one.wait_ms = now_ms + 1000 * _hook(group, one.hook).heartbeat_s

    await changed(rooms, request["AutoScalingGroupName"], context, work)
    return {}


def _hook(group: Group, name: str) -> Hook:
    for one in group.hooks:
        if one.name == name:
            return one
    raise InvalidInput(f"No Lifecycle Hook found with name: {name} for AutoScalingGroup: {group.name}")


def _waiting(group: Group, request: Request) -> Instance:
    hook, id_, token = request["LifecycleHookName"], request.get("InstanceId"), request.get("LifecycleActionToken")
    _hook(group, hook)
    if not id_ and not token:
        raise InvalidInput("Either InstanceId or LifecycleActionToken must be specified.")
    for one in group.instances:
        if one.hook == hook and (one.id == id_ if id_ else one.token == token):
            return one
    raise InvalidInput(f"No active Lifecycle Action found with instance ID {id_}")
