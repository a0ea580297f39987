"""Recommendations of EBS volumes, Lambda functions and ECS services, and what is idle."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.model import Axis, Kind, Option
from trimtab.advice.rightsizing.planned import Planned, of_subject
from trimtab.advice.rightsizing.store import Kept, Wanted
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.compute_optimizer import rooms as shapes
from trimtab.doors.aws.compute_optimizer.instances import span_of
from trimtab.doors.aws.compute_optimizer.rooms import OptimizerRooms, filters_of, kept, operations, page, scope_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_MIB = float(1 << 20)
_IDLE_TYPES = {
    Kind.INSTANCE: "EC2Instance",
    Kind.GROUP: "AutoScalingGroup",
    Kind.VOLUME: "EBSVolume",
    Kind.SERVICE: "ECSService",
    Kind.DATABASE: "RDSDBInstance",
    Kind.ENDPOINT: "SageMakerEndpoint",
}


@operations.add("GetEBSVolumeRecommendations", bound=True)
async def get_ebs_volume_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """EBS volumes."""
    found, errors = await kept(rooms, request, context, Kind.VOLUME, "volumeArns")
    shown, more = page([one for one in found if one.recommendation.finding != "Unavailable"], request)
    worth = await rooms.room.worth(context.principal.scope)
    return {
        "volumeRecommendations": [_volume(one, of_subject(worth, one.recommendation.subject)) for one in shown],
        "errors": errors,
        **more,
    }


def _volume(one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    options = [
        {
            "configuration": _configuration(option.option),
            "performanceRisk": option.risk,
            "rank": option.rank,
            **shapes.savings(option, planned),
        }
        for option in told.advised
    ]
    return {
        "volumeArn": told.subject.arn,
        "accountId": told.subject.account,
        "currentConfiguration": _configuration(told.current),
        "finding": "Optimized" if told.finding == "Optimized" else "NotOptimized",
        "utilizationMetrics": [],
        "lookBackPeriodInDays": told.days,
        "volumeRecommendationOptions": options,
        "lastRefreshTimestamp": one.at_ms,
        "currentPerformanceRisk": shapes.risk_word(told.risk),
        "tags": shapes.tags(told),
    }


def _configuration(option: Option | None) -> dict[str, Any]:
    if option is None:
        return {}
    told = option.facts
    return {
        "volumeType": told["type"],
        "volumeSize": told["size"],
        "volumeBaselineIOPS": told["iops"],
        "volumeBaselineThroughput": told["throughput"],
    }


@operations.add("GetLambdaFunctionRecommendations", bound=True)
async def get_lambda_function_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Lambda functions; those with too little data say so."""
    asked = {**request, "filters": [_lambda_filter(one) for one in request.get("filters") or ()]}
    found, _ = await kept(rooms, asked, context, Kind.FUNCTION, "functionArns")
    shown, more = page(found, request)
    worth = await rooms.room.worth(context.principal.scope)
    return {
        "lambdaFunctionRecommendations": [
            _function(one, of_subject(worth, one.recommendation.subject)) for one in shown
        ],
        **more,
    }


def _lambda_filter(rule: dict[str, Any]) -> dict[str, Any]:
    """Functions say NotOptimized where others say how."""
    if rule.get("name") == "Finding" and "NotOptimized" in (rule.get("values") or ()):
        return {**rule, "values": [*rule["values"], "Underprovisioned", "Overprovisioned"]}
    return rule


def _function(one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    facts = told.current.facts if told.current is not None else {}
    options = []
    for option in told.advised:
        ahead = option.option.facts
        bounds = (("LowerBound", "lower_ms"), ("Expected", "expected_ms"), ("UpperBound", "upper_ms"))
        options.append(
            {
                "rank": option.rank,
                "memorySize": ahead["memory_mb"],
                "projectedUtilizationMetrics": [
                    {"name": "Duration", "statistic": statistic, "value": ahead[name]} for statistic, name in bounds
                ],
                **shapes.savings(option, planned),
            }
        )
    finding = told.finding.value if told.finding in ("Optimized", "Unavailable") else "NotOptimized"
    use = []
    if facts:
        use = [
            {"name": "Duration", "statistic": "Average", "value": facts["expected_ms"]},
            {"name": "Memory", "statistic": "Maximum", "value": facts["used_mb"]},
        ]
    of = told.subject
    arn = of.arn or f"arn:{partition_of(of.region)}:lambda:{of.region}:{of.account}:function:{of.id}"
    size = told.subject.type.removesuffix(" MB")
    return {
        "functionArn": arn,
        "functionVersion": "$LATEST",
        "accountId": told.subject.account,
        "currentMemorySize": int(facts.get("memory_mb") or (size if size.isdecimal() else 0)),
        "numberOfInvocations": int(facts.get("invocations") or 0),
        "utilizationMetrics": use,
        "lookbackPeriodInDays": told.days,
        "lastRefreshTimestamp": one.at_ms,
        "finding": finding,
        "findingReasonCodes": list(told.reasons),
        "memorySizeRecommendationOptions": options,
        "currentPerformanceRisk": shapes.risk_word(told.risk),
        "tags": shapes.tags(told),
    }


@operations.add("GetECSServiceRecommendations", bound=True)
async def get_ecs_service_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """ECS services on Fargate."""
    found, errors = await kept(rooms, request, context, Kind.SERVICE, "serviceArns")
    shown, more = page([one for one in found if one.recommendation.finding != "Unavailable"], request)
    worth = await rooms.room.worth(context.principal.scope)
    return {
        "ecsServiceRecommendations": [_service(one, of_subject(worth, one.recommendation.subject)) for one in shown],
        "errors": errors,
        **more,
    }


def _service(one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    options = []
    for option in told.advised:
        shares = [
            {
                "name": "Cpu" if axis is Axis.CPU else "Memory",
                "statistic": "Maximum",
                "lowerBoundValue": option.projected[axis] * 100.0,
                "upperBoundValue": option.projected[axis] * 100.0,
            }
            for axis in (Axis.CPU, Axis.MEMORY)
            if axis in option.projected
        ]
        sizes = {"memory": option.option.facts["memory_mib"], "cpu": option.option.facts["cpu"]}
        options.append({**sizes, "projectedUtilizationMetrics": shares, **shapes.savings(option, planned)})
    use = [metric for metric in shapes.utilization(told) if metric["name"] in ("Cpu", "Memory")]
    now = told.current.facts if told.current is not None else {}
    return {
        "serviceArn": told.subject.arn,
        "accountId": told.subject.account,
        "currentServiceConfiguration": {"memory": now.get("memory_mib", 0), "cpu": now.get("cpu", 0)},
        "utilizationMetrics": use,
        "lookbackPeriodInDays": told.days,
        "launchType": "EC2" if told.subject.attributes.get("launchType") == "EC2" else "Fargate",
        "lastRefreshTimestamp": one.at_ms,
        "finding": "Overprovisioned" if told.finding == "NotOptimized" else told.finding.value,
        "findingReasonCodes": list(told.reasons),
        "serviceRecommendationOptions": options,
        "currentPerformanceRisk": shapes.risk_word(told.risk),
        "tags": shapes.tags(told),
    }


@operations.add("GetECSServiceRecommendationProjectedMetrics", bound=True)
async def get_ecs_service_recommendation_projected_metrics(
    rooms: OptimizerRooms, request: Request, context: CallContext
) -> Answer:
    """What CPU and memory of a service would have been on each option."""
    found, _ = await kept(rooms, {"serviceArns": [request["serviceArn"]]}, context, Kind.SERVICE, "serviceArns")
    if not found:
        raise AwsError("ResourceNotFoundException", f"No recommendation of {request['serviceArn']} is known.")
    start, end, period = span_of(request)
    told = found[0].recommendation
    series = await rooms.room.used(context.scope, told.subject, (start, end), period, request["stat"])
    options = []
    for option in told.advised:
        metrics = []
        for axis, (times, shares) in series.items():
            size, now = option.option.capacity.get(axis), told.current.capacity.get(axis) if told.current else None
            if size and now:
                values = shares * (100.0 * now / size)
                name = "Cpu" if axis == "CPU" else "Memory"
                metrics.append(
                    {"name": name, "timestamps": times, "upperBoundValues": values, "lowerBoundValues": values}
                )
        sizes = {
            "recommendedCpuUnits": option.option.facts["cpu"],
            "recommendedMemorySize": option.option.facts["memory_mib"],
        }
        options.append({**sizes, "projectedMetrics": metrics})
    return {"recommendedOptionProjectedMetrics": options}


@operations.add("GetIdleRecommendations", bound=True)
async def get_idle_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """What does nothing."""
    named = tuple(request.get("resourceArns") or ())
    scope: Scope = scope_of(request, context)
    filters = filters_of(request)
    found = [
        one
        for one in await rooms.room.store.listed(scope, Wanted(arns=named, idle=True))
        if one.recommendation.subject.kind in _IDLE_TYPES and _wanted(one, filters)
    ]
    if (request.get("orderBy") or {}).get("order") == "Asc":
        found.reverse()
    shown, more = page(found, request)
    worth = await rooms.room.worth(context.principal.scope)
    return {
        "idleRecommendations": [_idle(one, of_subject(worth, one.recommendation.subject)) for one in shown],
        "errors": [],
        **more,
    }


def _wanted(one: Kept, filters: Sequence[tuple[str, frozenset[str]]]) -> bool:
    told = {"ResourceType": _IDLE_TYPES[one.recommendation.subject.kind], "Finding": "Idle"}
    return all(told.get(name) in values for name, values in filters)


def _idle(one: Kept, planned: Planned | None) -> dict[str, Any]:
    told = one.recommendation
    saving = shapes.after_discounts(planned)
    if told.idle_saving is not None:
        saving["savingsOpportunity"] = shapes.opportunity(told.idle_saving, 100.0)
    return {
        "resourceArn": told.subject.arn,
        "resourceId": told.subject.id,
        "resourceType": _IDLE_TYPES[told.subject.kind],
        "accountId": told.subject.account,
        "finding": "Unused" if told.subject.kind is Kind.VOLUME else "Idle",
        "findingDescription": told.idle_reason,
        "utilizationMetrics": [],
        "lookBackPeriodInDays": told.days,
        "lastRefreshTimestamp": one.at_ms,
        "tags": shapes.tags(told),
        **saving,
    }
