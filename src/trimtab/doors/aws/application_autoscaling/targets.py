"""Operations on scalable targets, policies, scheduled actions, activities."""

import numpy as np

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.doors.aws.application_autoscaling.rooms import (
    MEMBERS,
    NO_RESOURCE,
    OURS,
    activity_shape,
    key_of,
    operations,
    page,
    policy_shape,
    scheduled_shape,
    scope_of,
    suspended_of,
    target_shape,
    within,
)
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.activities import Wanted
from trimtab.scaling.engine.alarms import Tracking, shapes
from trimtab.scaling.engine.forecasting import HOUR_MS, Forecasts
from trimtab.scaling.engine.memory import Memory
from trimtab.scaling.engine.model import Form, Kind, ScheduledChange, Times
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.scaling.policies.predictive import EVERY_HOURS


@operations.add("RegisterScalableTarget", needs=Role.WRITE)
async def register_scalable_target(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Register a target, or change what is given of it. It is observed until its mode is switched."""
    key, targets = key_of(request, context), room.targets
    least, most = request.get("MinCapacity"), request.get("MaxCapacity")

    def shaped(known: Form | None) -> Form:
        if known is None:
            if least is None or most is None:
                raise AwsError(
                    "ValidationException",
                    "MinCapacity and MaxCapacity are required when registering a new scalable target",
                )
            form = Form(least, most)
        else:
            form = known
        return replace(
            form,
            least=form.least if least is None else least,
            most=form.most if most is None else most,
            role=request.get("RoleARN") or form.role,
            suspended=suspended_of(request.get("SuspendedState") or {}, form.suspended),
        )

    return {"ScalableTargetARN": (await targets.shape(key, shaped, request.get("Tags"))).arn}


@operations.add("DescribeScalableTargets")
async def describe_scalable_targets(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The targets of a namespace."""
    wanted = request.get("ResourceIds")
    found = [
        one
        for one in await room.targets.listed(scope_of(context))
        if within(one.key, request, context) and (not wanted or one.key.resource in wanted)
    ]
    shown, more = page(found, request)
    memories = await room.all_memories(shown)
    return {"ScalableTargets": [target_shape(one, memories.get(one.id, Memory())) for one in shown], **more}


@operations.add("DeregisterScalableTarget", needs=Role.WRITE)
async def deregister_scalable_target(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Forget a target, its policies with their alarms and scheduled actions; its replicas stay."""
    key = key_of(request, context)
    policies = [one for one in await room.policies.listed(scope_of(context)) if one.key == key]
    await room.targets.delete(scope_of(context), key)
    for one in policies:
        await room.readings.alarms.remove(Tracking.of(one))
    return {}


@operations.add("TagResource", needs=Role.WRITE, codes=NO_RESOURCE)
async def tag_resource(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Set tags of a target."""
    await room.tags.change(scope_of(context), request["ResourceARN"], request["Tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE, codes=NO_RESOURCE)
async def untag_resource(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Remove tags of a target."""
    await room.tags.change(scope_of(context), request["ResourceARN"], {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource", codes=NO_RESOURCE)
async def list_tags_for_resource(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The tags of a target."""
    return {"Tags": await room.tags.of(scope_of(context), request["ResourceARN"])}


_MOST_DAYS = 30
"""Days of forecasts in one answer: AWS's own limit between StartTime and EndTime."""


@operations.add("PutScalingPolicy", needs=Role.WRITE)
async def put_scaling_policy(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Make a policy or replace it."""
    kind = Kind(request.get("PolicyType") or Kind.STEP.value)
    document = request.get(MEMBERS[kind])
    if document is None:
        raise AwsError("ValidationException", f"{MEMBERS[kind]} is required for the policy type {kind}")
    key = key_of(request, context)
    made = await room.policies.put(scope_of(context), key, request["PolicyName"], kind, document)
    alarms = room.readings.alarms
    await alarms.put(Tracking.of(made))
    named = await alarms.naming(context.account, context.region, [made.arn])
    return {"PolicyARN": made.arn, "Alarms": shapes(named[made.arn])}


@operations.add("DescribeScalingPolicies")
async def describe_scaling_policies(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The policies of a namespace, of a resource, or by name."""
    names = request.get("PolicyNames")
    if request.get("ScalableDimension") and not request.get("ResourceId"):
        raise AwsError("ValidationException", "ResourceId is required when ScalableDimension is specified")
    found = [
        one
        for one in await room.policies.listed(scope_of(context))
        if within(one.key, request, context) and (not names or one.name in names) and one.kind in MEMBERS
    ]
    shown, more = page(found, request)
    named = await room.readings.alarms.naming(context.account, context.region, [one.arn for one in shown])
    return {"ScalingPolicies": [policy_shape(one, shapes(named[one.arn])) for one in shown], **more}


@operations.add("DeleteScalingPolicy", needs=Role.WRITE)
async def delete_scaling_policy(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Delete a policy, and its alarms with it."""
    key, name = key_of(request, context), request["PolicyName"]
    known = [one for one in await room.policies.listed(scope_of(context)) if (one.key, one.name) == (key, name)]
    await room.policies.delete(scope_of(context), key, name)
    for one in known:
        await room.readings.alarms.remove(Tracking.of(one))
    return {}


@operations.add("GetPredictiveScalingForecast")
async def get_predictive_scaling_forecast(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The load and the replicas of each hour, as the forecast of that time had them."""
    start, end = (request[name] // HOUR_MS * HOUR_MS for name in ("StartTime", "EndTime"))
    if start >= end:
        raise AwsError("ValidationException", "StartTime must be before EndTime")
    if end - start > _MOST_DAYS * 24 * HOUR_MS:
        raise AwsError("ValidationException", f"StartTime and EndTime are more than {_MOST_DAYS} days apart")
    target = await room.targets.named(scope_of(context), key_of(request, context))
    policies = {one.name: one for one in await room.policies.of(target)}
    policy = policies.get(request["PolicyName"])
    if policy is None:
        raise NotFound(f"No scaling policy found: {request['PolicyName']}")
    if policy.kind is not Kind.PREDICTIVE:
        raise AwsError("ValidationException", f"{policy.name} is no predictive scaling policy")
    forecasts, now_ms = Forecasts(room.readings), room.clock.now_ms()
    newest = await forecasts.of(target, policy, now_ms)
    made = {newest.made_ms: newest}
    times, loads, replicas = [], [], []
    for hour in range(start, end, HOUR_MS):
        at = min(newest.made_ms, hour // (EVERY_HOURS * HOUR_MS) * EVERY_HOURS * HOUR_MS)
        if at not in made:
            made[at] = await forecasts.of(target, policy, at)
        index = (hour - made[at].start_ms) // HOUR_MS
        if 0 <= index < len(made[at].load):
            times.append(hour)
            loads.append(float(made[at].load[index]))
            replicas.append(float(made[at].replicas[index]))
    specification = dict(policy.document["MetricSpecifications"][0])
    stamps = np.array(times, dtype=np.int64)
    return {
        "LoadForecast": [{"Timestamps": stamps, "Values": np.array(loads), "MetricSpecification": specification}],
        "CapacityForecast": {"Timestamps": stamps, "Values": np.array(replicas)},
        "UpdateTime": newest.made_ms,
    }


@operations.add("PutScheduledAction", needs=Role.WRITE)
async def put_scheduled_action(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Make a scheduled action, or change what is given of it."""
    key, name = key_of(request, context), request["ScheduledActionName"]
    bounds = request.get("ScalableTargetAction") or {}

    def shaped(known: ScheduledChange | None) -> Times:
        schedule = request.get("Schedule") or (known.schedule if known else "")
        if not schedule:
            raise AwsError("ValidationException", "Schedule is required when creating a scheduled action")
        return Times(
            schedule,
            request.get("Timezone") or (known.zone if known else "UTC"),
            request.get("StartTime") if "StartTime" in request else (known.start_ms if known else None),
            request.get("EndTime") if "EndTime" in request else (known.end_ms if known else None),
            bounds.get("MinCapacity") if bounds else (known.least if known else None),
            bounds.get("MaxCapacity") if bounds else (known.most if known else None),
        )

    await room.schedules.shape(scope_of(context), key, name, shaped)
    return {}


@operations.add("DescribeScheduledActions")
async def describe_scheduled_actions(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The scheduled actions of a namespace, of a resource, or by name."""
    names = request.get("ScheduledActionNames")
    found = [
        one
        for one in await room.schedules.listed(scope_of(context))
        if within(one.key, request, context) and (not names or one.name in names)
    ]
    shown, more = page(found, request)
    return {"ScheduledActions": [scheduled_shape(one) for one in shown], **more}


@operations.add("DeleteScheduledAction", needs=Role.WRITE)
async def delete_scheduled_action(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """Delete a scheduled action."""
    try:
        await room.schedules.delete(scope_of(context), key_of(request, context), request["ScheduledActionName"])
    except NotFound as problem:
        raise AwsError("ObjectNotFoundException", str(problem)) from None
    return {}


@operations.add("DescribeScalingActivities")
async def describe_scaling_activities(room: ScalingRoom, request: Request, context: CallContext) -> Answer:
    """The activities of the last six weeks, the newest first. Dry runs are trimtab's own API's."""
    wanted = Wanted(
        request["ServiceNamespace"], request.get("ResourceId") or "", request.get("ScalableDimension") or ""
    )
    skipped = not request.get("IncludeNotScaledActivities")
    found = [
        one
        for one in await room.activities.listed(scope_of(context), wanted)
        if within(one.key, request, context)
        and one.status not in OURS
        and not (skipped and one.details.get("not_scaled"))
    ]
    shown, more = page(found, request)
    return {"ScalingActivities": [activity_shape(one) for one in shown], **more}
