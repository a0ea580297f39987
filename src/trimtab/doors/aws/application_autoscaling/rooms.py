"""The registry that the operations of Application Auto Scaling join, what they are given and share, and its shapes."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Codes, Operations, Request, coral_as
from trimtab.scaling.engine.documents import AWS_KINDS
from trimtab.scaling.engine.memory import Memory
from trimtab.scaling.engine.model import (
    Activity,
    Kind,
    Policy,
    ScalableTarget,
    ScheduledChange,
    Status,
    Suspended,
    TargetKey,
)
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.scaling.engine.tags import TooManyTags

T = TypeVar("T")
_PAGE = 50


worded = coral_as("ValidationException")


NO_RESOURCE: Codes = ((NotFound, "ResourceNotFoundException"),)
"""What operations on tags call a target that is not there."""
operations: Operations[ScalingRoom] = Operations(
    "application-autoscaling",
    worded,
    invalid_code="ValidationException",
    codes=(
        (TooManyTags, "TooManyTagsException"),
        (LimitExceeded, "LimitExceededException"),
        (NotFound, "ObjectNotFoundException"),
        (Conflict, "ConcurrentUpdateException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def scope_of(context: CallContext) -> Scope:
    """What a caller may see here: one account in one region, as far as its key reaches."""
    return context.scope


def key_of(request: Request, context: CallContext) -> TargetKey:
    """The target that a request names."""
    named = request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"]
    return TargetKey(context.account, context.region, *named)


def within(one: TargetKey, request: Request, context: CallContext) -> bool:
    """Whether something belongs to what a listing asks for."""
    return (
        (one.account, one.region) == (context.account, context.region)
        and one.namespace == request["ServiceNamespace"]
        and request.get("ResourceId") in (None, one.resource)
        and request.get("ScalableDimension") in (None, one.dimension)
    )


_pages = Pages(_PAGE, lambda: AwsError("InvalidNextTokenException", "The next token supplied was invalid."))


def page(found: Sequence[T], request: Request) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    most = request.get("MaxResults") or _PAGE
    if not 1 <= most <= _PAGE:
        raise AwsError("ValidationException", f"MaxResults must be between 1 and {_PAGE}, got {most}.")
    return _pages(found, request)


MEMBERS: Mapping[Kind, str] = {one: f"{one.value}PolicyConfiguration" for one in AWS_KINDS}
"""The member that holds a policy's document, by its type."""
OURS = frozenset({Status.PLANNED, Status.WAITING})
"""Statuses that the API does not know: what was not done."""


def target_shape(one: ScalableTarget, memory: Memory) -> dict[str, Any]:
    """A `ScalableTarget`."""
    state = one.suspended
    found: dict[str, Any] = {
        **_named(one.key),
        "MinCapacity": one.least,
        "MaxCapacity": one.most,
        "RoleARN": one.role or _role(one.key),
        "CreationTime": one.created_ms,
        "SuspendedState": {
            "DynamicScalingInSuspended": state.scaling_in,
            "DynamicScalingOutSuspended": state.scaling_out,
            "ScheduledScalingSuspended": state.scheduled,
        },
        "ScalableTargetARN": one.arn,
    }
    if memory.floor:
        found["PredictedCapacity"] = memory.floor
    return found


def suspended_of(state: Mapping[str, Any], known: Suspended) -> Suspended:
    """A `SuspendedState`: what it leaves out stays."""
    return Suspended(
        state.get("DynamicScalingInSuspended", known.scaling_in),
        state.get("DynamicScalingOutSuspended", known.scaling_out),
        state.get("ScheduledScalingSuspended", known.scheduled),
    )


def policy_shape(one: Policy, alarms: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A `ScalingPolicy` with its alarms."""
    found: dict[str, Any] = {
        "PolicyARN": one.arn,
        "PolicyName": one.name,
        **_named(one.key),
        "PolicyType": one.kind.value,
        "Alarms": list(alarms),
        "CreationTime": one.created_ms,
    }
    if one.kind in MEMBERS:
        found[MEMBERS[one.kind]] = dict(one.document)
    return found


def scheduled_shape(one: ScheduledChange) -> dict[str, Any]:
    """A `ScheduledAction`."""
    bounds = {"MinCapacity": one.least, "MaxCapacity": one.most}
    found: dict[str, Any] = {
        "ScheduledActionName": one.name,
        "ScheduledActionARN": one.arn,
        **_named(one.key),
        "Schedule": one.schedule,
        "Timezone": one.zone,
        "ScalableTargetAction": {name: value for name, value in bounds.items() if value is not None},
        "CreationTime": one.created_ms,
    }
    times = {"StartTime": one.start_ms, "EndTime": one.end_ms}
    return found | {name: value for name, value in times.items() if value is not None}


def activity_shape(one: Activity) -> dict[str, Any]:
    """A `ScalingActivity`."""
    found: dict[str, Any] = {
        "ActivityId": one.id,
        **_named(one.key),
        "Description": one.description,
        "Cause": one.cause,
        "StartTime": one.start_ms,
        "StatusCode": one.status.value,
        "StatusMessage": one.message,
    }
    if one.end_ms is not None:
        found["EndTime"] = one.end_ms
    if one.details.get("not_scaled"):
        found["NotScaledReasons"] = one.details["not_scaled"]
    return found


def _named(key: TargetKey) -> dict[str, str]:
    return {
        "ServiceNamespace": key.namespace,
        "ResourceId": key.resource,
        "ScalableDimension": key.dimension,
    }


def _role(key: TargetKey) -> str:
    """The service-linked role that AWS would use; nothing is assumed here."""
    return (
        f"arn:aws:iam::{key.account}:role/aws-service-role/{key.namespace}.application-autoscaling.amazonaws.com/"
        f"AWSServiceRoleForApplicationAutoScaling_{key.namespace.title().replace('-', '')}"
    )
