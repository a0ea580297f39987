"""Scaling policies, and the forecasts of predictive ones."""

import numpy as np

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.doors.aws.application_autoscaling.rooms import ScalingRooms, key_of, operations, page, scope_of, within
from trimtab.doors.aws.application_autoscaling.shapes import MEMBERS, policy_shape
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.forecasting import HOUR_MS, Forecasts
from trimtab.scaling.engine.model import Kind
from trimtab.scaling.policies.predictive import EVERY_HOURS

_MOST_DAYS = 30
"""Days of forecasts in one answer: AWS's own limit between StartTime and EndTime."""


@operations.add("PutScalingPolicy", needs=Role.WRITE)
async def put_scaling_policy(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Make a policy or replace it."""
    kind = Kind(request.get("PolicyType") or Kind.STEP.value)
    document = request.get(MEMBERS[kind])
    if document is None:
        raise AwsError("ValidationException", f"{MEMBERS[kind]} is required for the policy type {kind}")
    key = key_of(request, context)
    made = await rooms.room.policies.put(scope_of(context), key, request["PolicyName"], kind, document)
    return {"PolicyARN": made.arn, "Alarms": []}


@operations.add("DescribeScalingPolicies")
async def describe_scaling_policies(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The policies of a namespace, of a resource, or by name."""
    names = request.get("PolicyNames")
    if request.get("ScalableDimension") and not request.get("ResourceId"):
        raise AwsError("ValidationException", "ResourceId is required when ScalableDimension is specified")
    found = [
        one
        for one in await rooms.room.policies.listed(scope_of(context))
        if within(one.key, request, context) and (not names or one.name in names) and one.kind in MEMBERS
    ]
    shown, more = page(found, request)
    return {"ScalingPolicies": [policy_shape(one) for one in shown], **more}


@operations.add("DeleteScalingPolicy", needs=Role.WRITE)
async def delete_scaling_policy(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Delete a policy."""
    await rooms.room.policies.delete(scope_of(context), key_of(request, context), request["PolicyName"])
    return {}


@operations.add("GetPredictiveScalingForecast")
async def get_predictive_scaling_forecast(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The load and the replicas of each hour, as the forecast of that time had them."""
    start, end = (request[name] // HOUR_MS * HOUR_MS for name in ("StartTime", "EndTime"))
    if start >= end:
        raise AwsError("ValidationException", "StartTime must be before EndTime")
    if end - start > _MOST_DAYS * 24 * HOUR_MS:
        raise AwsError("ValidationException", f"StartTime and EndTime are more than {_MOST_DAYS} days apart")
    target = await rooms.room.targets.named(scope_of(context), key_of(request, context))
    policies = {one.name: one for one in await rooms.room.policies.of(target)}
    policy = policies.get(request["PolicyName"])
    if policy is None:
        raise NotFound(f"No scaling policy found: {request['PolicyName']}")
    if policy.kind is not Kind.PREDICTIVE:
        raise AwsError("ValidationException", f"{policy.name} is no predictive scaling policy")
    forecasts, now_ms = Forecasts(rooms.room.readings), rooms.room.clock.now_ms()
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
