"""AWS Trusted Advisor's own API: a recommendation is a check with what it found; its resources are findings."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.advice.check import Check
from trimtab.advice.standing import Decision, Standing
from trimtab.base.errors import NotFound
from trimtab.doors.aws.advice.rooms import (
    AdviceRooms,
    AnyCheck,
    Result,
    every_check,
    hide,
    money,
    page,
    results,
    scope_of,
)
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request, coral_as

_SOURCE = "ta_check"
_PREFIX = "arn:aws:trustedadvisor"
_STAGES = {"in_progress": Decision.ACCEPTED, "dismissed": Decision.DISMISSED, "pending_response": Decision.NONE}


worded = coral_as("ValidationException")


operations: Operations[AdviceRooms] = Operations("trustedadvisor", worded, invalid_code="ValidationException")


@operations.add("ListChecks", bound=True)
async def list_checks(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Every check, of a pillar or a service where one is named."""
    del rooms, context
    found = [
        one
        for one in every_check().values()
        if request.get("pillar") in (None, one.pillar.value)
        and request.get("source") in (None, _SOURCE)
        and request.get("awsService") in (None, *_services(one))
    ]
    part, more = page(found, request, 100)
    return {"checkSummaries": [_check(one) for one in part], **more}


@operations.add("ListRecommendations", bound=True)
async def list_recommendations(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """The checks that ran, with what they found."""
    asked = request.get("checkIdentifier")
    ids = [_check_id(asked)] if asked else []
    found = [
        one
        for one in await results(rooms, scope_of(context), ids)
        if one.run.ran_ms and _passes(one, request) and request.get("type") in (None, "standard")
    ]
    part, more = page(found, request, 100)
    return {"recommendationSummaries": [_recommendation(one, context.account) for one in part], **more}


@operations.add("GetRecommendation", bound=True)
async def get_recommendation(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """One check with what it found."""
    found = await _one(rooms, request["recommendationIdentifier"], context)
    return {"recommendation": {**_recommendation(found, context.account), "description": found.check.about}}


@operations.add("ListRecommendationResources", bound=True)
async def list_resources(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """The findings of a check, excluded ones too."""
    result = await _one(rooms, request["recommendationIdentifier"], context)
    found = [(one, "included") for one in result.shown] + [(one, "excluded") for one in result.hidden]
    kept = [
        (one, state)
        for one, state in found
        if request.get("status") in (None, one.finding.status.value)
        and request.get("exclusionStatus") in (None, state)
        and request.get("regionCode") in (None, one.finding.region)
    ]
    part, more = page(kept, request, 100)
    summaries = [_resource(one, state, _arn(result, context.account)) for one, state in part]
    return {"recommendationResourceSummaries": summaries, **more}


@operations.add("UpdateRecommendationLifecycle", needs=Role.WRITE)
async def update_lifecycle(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Say of everything that a check found that it is under way, dismissed (with a reason) or open again."""
    result = await _one(rooms, request["recommendationIdentifier"], context)
    stage = request["lifecycleStage"]
    reason = request.get("updateReason") or request.get("updateReasonCode") or ""
    if stage == "resolved":
        raise AwsError("ConflictException", "A recommendation is resolved when its check finds nothing any more.")
    if stage == "dismissed" and not reason:
        raise AwsError("ValidationException", "updateReason or updateReasonCode is required to dismiss.")
    for one in (*result.shown, *result.hidden):
        await rooms.room.decide(scope_of(context), one.finding.id, _STAGES[stage], context.principal.name, reason)
    return {}


@operations.add("BatchUpdateRecommendationResourceExclusion", needs=Role.WRITE)
async def update_exclusion(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Exclude findings, or include them again; what is not there is told."""
    errors = []
    for one in request["recommendationResourceExclusions"]:
        arn = one["arn"]
        try:
            standing = await rooms.room.findings.get(scope_of(context), arn.rpartition("/")[2])
        except NotFound:
            errors.append({"arn": arn, "errorCode": "404", "errorMessage": "There is no such resource."})
            continue
        await hide(rooms, context, standing, "excluded through Trusted Advisor's API", excluded=one["isExcluded"])
    return {"batchUpdateRecommendationResourceExclusionErrors": errors}


async def _one(rooms: AdviceRooms, identifier: str, context: CallContext) -> Result:
    id_ = identifier.rpartition("/")[2]
    if id_ not in every_check():
        raise AwsError("ResourceNotFoundException", f"There is no recommendation {identifier}.")
    [found] = await results(rooms, scope_of(context), [id_])
    return found


def _check_id(identifier: str) -> str:
    id_ = identifier.rpartition("/")[2]
    if id_ not in every_check():
        raise AwsError("ValidationException", f"There is no check {identifier}.")
    return id_


def _passes(one: Result, request: Request) -> bool:
    after, before = request.get("afterLastUpdatedAt"), request.get("beforeLastUpdatedAt")
    return (
        request.get("pillar") in (None, one.check.pillar.value)
        and request.get("status") in (None, one.status)
        and request.get("source") in (None, _SOURCE)
        and request.get("awsService") in (None, *_services(one.check))
        and (after is None or one.updated_ms >= after)
        and (before is None or one.updated_ms <= before)
    )


def _check(one: AnyCheck) -> dict[str, Any]:
    return {
        "id": one.id,
        "arn": f"{_PREFIX}:::check/{one.id}",
        "name": one.name,
        "description": f"{one.about} Alert criteria: {one.alert}.",
        "pillars": [one.pillar.value],
        "awsServices": _services(one),
        "source": _SOURCE,
        "metadata": {"source": one.source, **{knob.name: f"{knob.default:g} {knob.unit}" for knob in one.settings}},
    }


def _services(one: AnyCheck) -> list[str]:
    kinds = one.kinds if isinstance(one, Check) else ()
    return sorted({kind.partition(":")[0] for kind in kinds})


def _arn(result: Result, account: str) -> str:
    return f"{_PREFIX}::{account}:recommendation/{result.check.id}"


def _recommendation(one: Result, account: str) -> dict[str, Any]:
    warnings = sum(standing.finding.status.value == "warning" for standing in one.shown)
    decided = {standing.decision for standing in (*one.shown, *one.hidden)}
    stages = {Decision.ACCEPTED: "in_progress", Decision.DISMISSED: "dismissed", Decision.NONE: "pending_response"}
    stage = stages.get(next(iter(decided)), "in_progress") if len(decided) == 1 else "in_progress"
    first = min((standing.first_ms for standing in (*one.shown, *one.hidden)), default=one.updated_ms)
    return {
        "id": one.check.id,
        "arn": _arn(one, account),
        "checkArn": f"{_PREFIX}:::check/{one.check.id}",
        "type": "standard",
        "name": one.check.name,
        "status": one.status if one.status != "not_available" else "ok",
        "lifecycleStage": stage if decided else "resolved",
        "pillars": [one.check.pillar.value],
        "source": _SOURCE,
        "awsServices": _services(one.check),
        "resourcesAggregates": {
            "okCount": max(one.run.looked_at - len(one.shown) - len(one.hidden) - len(one.run.undecided), 0),
            "warningCount": warnings,
            "errorCount": len(one.shown) - warnings,
            "excludedCount": len(one.hidden),
        },
        "pillarSpecificAggregates": money(one),
        "createdAt": first,
        "lastUpdatedAt": one.updated_ms,
    }


def _resource(standing: Standing, state: str, recommendation: str) -> dict[str, Any]:
    one = standing.finding
    cash = "not known" if one.cash is None else f"{one.cash} {one.currency}"
    return {
        "id": one.id,
        "arn": f"{recommendation.replace(':recommendation/', ':recommendation-resource/')}/{one.id}",
        "awsResourceId": one.name,
        "regionCode": one.region or "global",
        "status": one.status.value,
        "metadata": {
            "summary": one.summary,
            "owner": one.owner,
            "cash": cash,
            "gpuHours": f"{one.gpu_hours:g}",
            "fix": one.fix,
            **{fact.name: fact.value for fact in one.evidence},
        },
        "lastUpdatedAt": standing.last_ms,
        "exclusionStatus": state,
        "recommendationArn": recommendation,
    }
