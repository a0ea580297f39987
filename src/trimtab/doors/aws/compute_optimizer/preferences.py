"""Preferences, enrolment, summaries and exports."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.advice.rightsizing.model import Kind
from trimtab.advice.rightsizing.planned import Worth, of_subject, totals
from trimtab.advice.rightsizing.preferences import ACCOUNT, RESOURCE, TYPES, Preference
from trimtab.advice.rightsizing.room import RESOURCE_TYPES
from trimtab.advice.rightsizing.store import Kept, Wanted
from trimtab.doors.aws.compute_optimizer import rooms as shapes
from trimtab.doors.aws.compute_optimizer.rooms import OptimizerRooms, filters_of, operations, page, scope_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PUT = ("enhancedInfrastructureMetrics", "inferredWorkloadTypes", "externalMetricsPreference", "lookBackPeriod",
        "utilizationPreferences", "preferredResources", "savingsEstimationMode")  # fmt: skip
_NAMES = {
    "EnhancedInfrastructureMetrics": "enhancedInfrastructureMetrics",
    "InferredWorkloadTypes": "inferredWorkloadTypes",
    "ExternalMetricsPreference": "externalMetricsPreference",
    "LookBackPeriodPreference": "lookBackPeriod",
    "PreferredResources": "preferredResources",
    "UtilizationPreferences": "utilizationPreferences",
}
_STATUSES = ("Active", "Inactive")
_RATINGS = {"VeryLow": "veryLow", "Low": "low", "Medium": "medium", "High": "high"}


@operations.add("GetEnrollmentStatus", open_to_all=True, bound=True)
async def get_enrollment_status(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Whether the account takes part: it does unless it said otherwise."""
    status, changed = await rooms.room.store.enrolled(context.account)
    told = {"status": status, "memberAccountsEnrolled": False, "numberOfMemberAccountsOptedIn": 0}
    return {**told, "lastUpdatedTimestamp": changed or rooms.room.clock.now_ms()}


@operations.add("UpdateEnrollmentStatus", needs=Role.WRITE, open_to_all=True)
async def update_enrollment_status(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Opt the account in or out; what was recommended for it goes with the next run."""
    if request["status"] not in _STATUSES:
        raise AwsError("InvalidParameterValueException", f"status must be Active or Inactive, got {request['status']}.")
    await rooms.room.store.enrol(context.account, request["status"])
    return {"status": request["status"]}


@operations.add("GetRecommendationSummaries", bound=True)
async def get_recommendation_summaries(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Findings, savings and risks by account and type of resource. Savings are what they add in the plan."""
    found = await rooms.room.store.listed(scope_of(request, context), Wanted())
    groups: dict[tuple[str, Kind], list[Kept]] = {}
    for one in found:
        subject = one.recommendation.subject
        if subject.kind in RESOURCE_TYPES:
            groups.setdefault((subject.account, subject.kind), []).append(one)
    worth = await rooms.room.worth(context.principal.scope)
    shown, more = page([_summary(*key, many, worth) for key, many in sorted(groups.items())], request)
    return {"recommendationSummaries": shown, **more}


def _summary(account: str, kind: Kind, found: list[Kept], worth: Worth) -> dict[str, Any]:
    findings: dict[str, float] = {}
    ratings = dict.fromkeys(_RATINGS.values(), 0)
    paid = 0.0
    for one in found:
        told = one.recommendation
        findings[told.finding.value] = findings.get(told.finding.value, 0.0) + 1.0
        ratings[_RATINGS[shapes.risk_word(told.risk)]] += 1
        if told.current is not None and told.current.per_hour is not None:
            paid += float(told.current.per_hour) * 730.0 * told.subject.count
    saved, idle = (_added(found, worth, idle=way) for way in (False, True))
    findings.pop("Unavailable", None)
    amounts = {
        name: {
            "savingsOpportunityPercentage": round(100.0 * value / paid, 2) if paid else 0.0,
            "estimatedMonthlySavings": {"currency": "USD", "value": round(value, 2)},
        }
        for name, value in (
            ("savingsOpportunity", saved),
            ("idleSavingsOpportunity", idle),
            ("aggregatedSavingsOpportunity", saved + idle),
        )
    }
    return {
        "summaries": [{"name": name, "value": value} for name, value in sorted(findings.items())],
        "idleSummaries": [{"name": "Idle", "value": float(sum(one.recommendation.idle for one in found))}],
        "recommendationResourceType": RESOURCE_TYPES[kind],
        "accountId": account,
        "currentPerformanceRiskRatings": ratings,
        "inferredWorkloadSavings": [],
        **amounts,
    }


def _added(found: list[Kept], worth: Worth, *, idle: bool) -> float:
    """What the findings about sizes (or about what is idle) add in the plan, USD a month."""
    mine = (of_subject(worth, one.recommendation.subject) for one in found if one.recommendation.idle is idle)
    return float(totals(one for one in mine if one is not None).get("USD", 0))


@operations.add("PutRecommendationPreferences", needs=Role.WRITE)
async def put_recommendation_preferences(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Say what decides for a scope: it holds from the next run on."""
    kind, scope, value = _place(request, context)
    body = {name: request[name] for name in _PUT if request.get(name) is not None}
    if not body:
        raise AwsError("InvalidParameterValueException", "At least one preference must be given.")
    if scope == RESOURCE and set(body) - {"enhancedInfrastructureMetrics", "savingsEstimationMode"}:
        what = sorted(set(body) - {"enhancedInfrastructureMetrics", "savingsEstimationMode"})
        raise AwsError(
            "InvalidParameterValueException", f"{what[0]} can be set for an account or an organization, not a resource."
        )
    await rooms.room.store.prefer(Preference(context.account, kind, scope, value, body))
    return {}


@operations.add("GetRecommendationPreferences", bound=True)
async def get_recommendation_preferences(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """The preferences that were put for a type of resource, of one scope where it is named."""
    kind, scope, value = _place(request, context)
    named = request.get("scope") is not None
    found = [
        one
        for one in await rooms.room.store.preferences(kind, context.account)
        if not named or (one.scope, one.value) == (scope, value)
    ]
    shown, more = page(found, request)
    details = [
        {"scope": {"name": one.scope, "value": one.value}, "resourceType": one.resource_type, **one.body}
        for one in shown
    ]
    return {"recommendationPreferencesDetails": details, **more}


@operations.add("DeleteRecommendationPreferences", needs=Role.WRITE)
async def delete_recommendation_preferences(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Delete named preferences of a scope."""
    kind, scope, value = _place(request, context)
    names = [_NAMES[name] for name in request["recommendationPreferenceNames"] if name in _NAMES]
    if not await rooms.room.store.forget(context.account, kind, scope, value, names):
        raise AwsError("ResourceNotFoundException", "No preferences were put for this scope and type of resource.")
    return {}


@operations.add("GetEffectiveRecommendationPreferences", bound=True)
async def get_effective_recommendation_preferences(
    rooms: OptimizerRooms, request: Request, context: CallContext
) -> Answer:
    """The preferences that hold for a resource: the narrowest scope that says something."""
    arn = request["resourceArn"]
    kind = Kind.GROUP if ":autoscaling:" in arn else Kind.DATABASE if ":rds:" in arn else Kind.INSTANCE
    if not arn.startswith("arn:"):
        raise AwsError("InvalidParameterValueException", f"resourceArn must be an ARN, got {arn}.")
    held, _ = await rooms.room.sizing(context.account, kind, arn)
    names = ("enhancedInfrastructureMetrics", "externalMetricsPreference", "lookBackPeriod", "utilizationPreferences",
             "preferredResources")  # fmt: skip
    return {name: held[name] for name in names if name in held}


def _place(request: Request, context: CallContext) -> tuple[str, str, str]:
    """The type of resource, and the scope with its value. Raises AwsError."""
    kind = request["resourceType"]
    if kind not in TYPES:
        raise AwsError("InvalidParameterValueException", f"resourceType must be one of {', '.join(TYPES)}, got {kind}.")
    scope = request.get("scope") or {}
    name = scope.get("name") or ACCOUNT
    value = scope.get("value") or (context.account if name == ACCOUNT else "ALL_ACCOUNTS")
    if name == ACCOUNT and value != context.account:
        raise AwsError("InvalidParameterValueException", f"The scope must be account {context.account}, got {value}.")
    return kind, name, value


@operations.add("ExportEC2InstanceRecommendations", needs=Role.WRITE)
async def export_ec2_instance_recommendations(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Write the recommendations of instances as CSV with its metadata."""
    place = request["s3DestinationConfig"]
    bucket = place.get("bucket") or ""
    if not bucket:
        raise AwsError("InvalidParameterValueException", "s3DestinationConfig needs a bucket.")
    prefix = place.get("keyPrefix") or ""
    scope = scope_of(request, context)
    job = await rooms.room.exports.start(
        scope,
        context.account,
        Kind.INSTANCE,
        "Ec2Instance",
        (bucket, prefix),
        {"fieldsToExport": request.get("fieldsToExport") or []},
    )
    return {"jobId": job.id, "s3Destination": {"bucket": job.bucket, "key": job.key, "metadataKey": job.metadata_key}}


@operations.add("DescribeRecommendationExportJobs")
async def describe_recommendation_export_jobs(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
    """Export jobs, the newest first."""
    ids = tuple(request.get("jobIds") or ())
    found = await rooms.room.exports.listed(context.account, ids)
    if ids and len({one.id for one in found}) < len(set(ids)):
        raise AwsError("ResourceNotFoundException", "At least one of the jobs does not exist.")
    for name, wanted in filters_of(request):
        found = [one for one in found if (one.status if name == "JobStatus" else one.resource_type) in wanted]
    shown, more = page(found, request)
    jobs = [
        {
            "jobId": one.id,
            "destination": {"s3": {"bucket": one.bucket, "key": one.key, "metadataKey": one.metadata_key}},
            "resourceType": one.resource_type,
            "status": one.status,
            "creationTimestamp": one.created_ms,
            "lastUpdatedTimestamp": one.updated_ms,
            **({"failureReason": one.reason} if one.reason else {}),
        }
        for one in shown
    ]
    return {"recommendationExportJobs": jobs, **more}
