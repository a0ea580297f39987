"""Recommendations of EC2 instances and Auto Scaling groups, and what their use would be on the options."""

from typing import Any

from trimtab.advice.rightsizing.model import Advised, Kind
from trimtab.advice.rightsizing.planned import Planned, of_subject
from trimtab.advice.rightsizing.store import Kept
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.compute_optimizer import rooms as shapes
from trimtab.doors.aws.compute_optimizer.rooms import OptimizerRooms, kept, operations, page, scope_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PERIODS = (60, 300, 3600, 86_400)


@operations.add("GetEC2InstanceRecommendations", bound=True)
async def get_ec2_instance_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Instances with enough data, the most worth first."""
    found, errors = await kept(rooms, request, context, Kind.INSTANCE, "instanceArns")
    shown, more = page([one for one in found if one.recommendation.finding != "Unavailable"], request)
    worth = await rooms.room.worth(context.principal.scope)
    told = [await _instance(rooms, one, of_subject(worth, one.recommendation.subject)) for one in shown]
    return {"instanceRecommendations": told, "errors": errors, **more}


async def _instance(rooms: OptimizerRooms, one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    subject = told.subject
    held, _ = await rooms.room.sizing(subject.account, Kind.INSTANCE, subject.arn)
    answer = {
        "instanceArn": subject.arn
        or f"arn:{partition_of(subject.region)}:ec2:{subject.region}:{subject.account}:instance/{subject.id}",
        "accountId": subject.account,
        "instanceName": subject.name,
        "currentInstanceType": subject.type,
        "finding": told.finding.value,
        "findingReasonCodes": list(told.reasons),
        "utilizationMetrics": shapes.utilization(told),
        "lookBackPeriodInDays": told.days,
        "recommendationOptions": [_option(option, planned) for option in told.advised],
        "recommendationSources": [{"recommendationSourceArn": subject.arn, "recommendationSourceType": "Ec2Instance"}],
        "lastRefreshTimestamp": one.at_ms,
        "currentPerformanceRisk": shapes.risk_word(told.risk),
        "effectiveRecommendationPreferences": shapes.preferences(held),
        "inferredWorkloadTypes": [],
        "instanceState": str(subject.attributes.get("State") or "running"),
        "tags": shapes.tags(told),
        "externalMetricStatus": {"statusCode": "NO_EXTERNAL_METRIC_SET"},
        "idle": "True" if told.idle else "False",
    }
    info = shapes.gpus(told.current)
    return {**answer, "currentInstanceGpuInfo": info} if info else answer


def _option(one: Advised, planned: Planned | None) -> dict[str, Any]:
    info = shapes.gpus(one.option)
    arm = one.option.effort == "Medium"
    return {
        "instanceType": one.option.name,
        "projectedUtilizationMetrics": shapes.projected(one),
        "platformDifferences": ["Architecture"] if arm else [],
        "performanceRisk": one.risk,
        "rank": one.rank,
        "migrationEffort": one.option.effort.value,
        **({"instanceGpuInfo": info} if info else {}),
        **shapes.savings(one, planned),
    }


@operations.add("GetAutoScalingGroupRecommendations", bound=True)
async def get_auto_scaling_group_recommendations(
    rooms: OptimizerRooms, request: Request, context: CallContext
) -> Answer:
    """Auto Scaling groups of one instance type."""
    found, errors = await kept(rooms, request, context, Kind.GROUP, "autoScalingGroupArns")
    shown, more = page([one for one in found if one.recommendation.finding != "Unavailable"], request)
    worth = await rooms.room.worth(context.principal.scope)
    told = [_group(one, of_subject(worth, one.recommendation.subject)) for one in shown]
    return {"autoScalingGroupRecommendations": told, "errors": errors, **more}


def _group(one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    subject, given = told.subject, told.subject.attributes
    sizes = {
        "desiredCapacity": int(subject.count),
        "minSize": int(given.get("MinSize") or 0),
        "maxSize": int(given.get("MaxSize") or subject.count),
        "type": "SingleInstanceType",
    }
    options = []
    for option in told.advised:
        shape = _option(option, planned)
        options.append(
            {
                "configuration": {**sizes, "instanceType": shape.pop("instanceType")},
                **{name: value for name, value in shape.items() if name != "platformDifferences"},
            }
        )
    return {
        "accountId": subject.account,
        "autoScalingGroupArn": subject.arn,
        "autoScalingGroupName": subject.id,
        "finding": told.finding.value,
        "utilizationMetrics": shapes.utilization(told),
        "lookBackPeriodInDays": told.days,
        "currentConfiguration": {**sizes, "instanceType": subject.type},
        "recommendationOptions": options,
        "lastRefreshTimestamp": one.at_ms,
        "currentPerformanceRisk": shapes.risk_word(told.risk),
        "inferredWorkloadTypes": [],
    }


@operations.add("GetEC2RecommendationProjectedMetrics", bound=True)
async def get_ec2_recommendation_projected_metrics(
    rooms: OptimizerRooms, request: Request, context: CallContext
) -> Answer:
    """What CPU and memory of an instance would have been on each option."""
    found, _ = await kept(rooms, {"instanceArns": [request["instanceArn"]]}, context, Kind.INSTANCE, "instanceArns")
    scope_of(request, context)
    if not found:
        raise AwsError("ResourceNotFoundException", f"No recommendation of {request['instanceArn']} is known.")
    start, end, period = span_of(request)
    told = found[0].recommendation
    series = await rooms.room.used(context.scope, told.subject, (start, end), period, request["stat"])
    options = []
    for option in told.advised:
        metrics = []
        for axis, (times, shares) in series.items():
            size = option.option.capacity.get(axis)
            now = told.current.capacity.get(axis) if told.current is not None else None
            if size and now:
                name = "Cpu" if axis == "CPU" else "Memory"
                metrics.append({"name": name, "timestamps": times, "values": shares * (100.0 * now / size)})
        options.append(
            {"recommendedInstanceType": option.option.name, "rank": option.rank, "projectedMetrics": metrics}
        )
    return {"recommendedOptionProjectedMetrics": options}


def span_of(request: Request) -> tuple[int, int, int]:
    """The range (ms) and period (s) of a request for projected metrics. Raises AwsError."""
    start, end, period = int(request["startTime"]), int(request["endTime"]), int(request["period"])
    if period not in _PERIODS:
        raise AwsError("InvalidParameterValueException", f"period must be one of {_PERIODS}, got {period}.")
    if end <= start or (end - start) // (period * 1000) > 50_000:
        raise AwsError("InvalidParameterValueException", "The range must end after its start, within 50,000 points.")
    return start, end, period
