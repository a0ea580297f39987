"""AWS Support: Trusted Advisor's checks in their first API, and cases."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.advice.rooms import AdviceRooms, Result, every_check, money, results, scope_of, summary
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request

operations: Operations[AdviceRooms] = Operations("support", invalid_code="InvalidParameterValueException")
_METADATA = ("Region/AZ", "Resource", "Summary", "Owner", "Estimated Monthly Savings", "GPU-hours", "Confidence", "Fix")
"""Columns of every check here, as `metadata` of a check names those of its resources."""
_REFRESH_MS = 0
"""Until a check can be refreshed again: at once, since facts are read from here and not from an account."""
_CASE_FIELDS = ("subject", "serviceCode", "categoryCode", "severityCode", "ccEmailAddresses", "language")


@operations.add("DescribeTrustedAdvisorChecks", bound=True)
async def describe_checks(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Every check; only English is spoken here, whatever language is asked for."""
    del rooms, request, context
    return {
        "checks": [
            {
                "id": one.id,
                "name": one.name,
                "description": f"{one.about} Alert criteria: {one.alert}. Source: {one.source}",
                "category": one.pillar.value,
                "metadata": list(_METADATA),
            }
            for one in every_check().values()
        ]
    }


@operations.add("DescribeTrustedAdvisorCheckResult", bound=True)
async def describe_result(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """What a check found, resource by resource; suppressed ones are marked."""
    [found] = await _results(rooms, context, [request["checkId"]])
    return {
        "result": {
            **_summary(found),
            "flaggedResources": [_resource(one, hidden=False) for one in found.shown]
            + [_resource(one, hidden=True) for one in found.hidden],
        }
    }


@operations.add("DescribeTrustedAdvisorCheckSummaries", bound=True)
async def describe_summaries(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """How checks stand."""
    found = await _results(rooms, context, request["checkIds"])
    return {"summaries": [{**_summary(one), "hasFlaggedResources": bool(one.shown)} for one in found]}


@operations.add("DescribeTrustedAdvisorCheckRefreshStatuses", bound=True)
async def describe_refreshes(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Whether refreshes that were asked for are done."""
    found = await _results(rooms, context, request["checkIds"])
    return {"statuses": [_refresh(one) for one in found]}


@operations.add("RefreshTrustedAdvisorCheck", needs=Role.WRITE)
async def refresh(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Ask for a check to be judged anew; it is within half a minute."""
    await _results(rooms, context, [request["checkId"]])
    await rooms.room.findings.asked(request["checkId"])
    [found] = await _results(rooms, context, [request["checkId"]])
    return {"status": _refresh(found)}


@operations.add("CreateCase", needs=Role.WRITE)
async def create_case(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Keep a case: people of one's own answer it, nobody at AWS does."""
    if request.get("attachmentSetId"):
        raise AwsError("AttachmentSetIdNotFound", "There are no attachments here.")
    if request.get("dryRun"):
        raise AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")
    form = {key: value for key, value in request.items() if key != "dryRun"}
    case = await rooms.room.cases.open(context.account, {**form, "submittedBy": context.principal.name})
    return {"caseId": case.id}


@operations.add("DescribeCases", bound=True)
async def describe_cases(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """The account's cases, the newest first; resolved ones where they are asked for."""
    if request.get("dryRun"):
        raise AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")
    ids = request.get("caseIdList") or ()
    resolved = bool(request.get("includeResolvedCases"))
    try:
        found = await rooms.room.cases.listed(
            context.account, ids, resolved=resolved, display_id=request.get("displayId") or ""
        )
    except NotFound as problem:
        raise AwsError("CaseIdNotFound", str(problem)) from None
    after, before = request.get("afterTime") or "", request.get("beforeTime") or "~"
    found = [one for one in found if after <= iso(one.created_ms) <= before]
    start = _position(request.get("nextToken"))
    end = start + (request.get("maxResults") or 100)
    talk = request.get("includeCommunications") is not False
    more = {"nextToken": encode_token(end)} if len(found) > end else {}
    return {"cases": [_case(one, talk) for one in found[start:end]], **more}


@operations.add("ResolveCase", needs=Role.WRITE)
async def resolve_case(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Close a case."""
    if request.get("dryRun"):
        raise AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")
    if not request.get("caseId"):
        raise AwsError("InvalidParameterValueException", "caseId is required.")
    try:
        before, after = await rooms.room.cases.resolve(context.account, request["caseId"])
    except NotFound as problem:
        raise AwsError("CaseIdNotFound", str(problem)) from None
    return {"initialCaseStatus": before, "finalCaseStatus": after}


async def _results(rooms: AdviceRooms, context: CallContext, ids: list[str]) -> list[Result]:
    unknown = [one for one in ids if one not in every_check()]
    if unknown:
        raise AwsError("InvalidParameterValueException", f"There is no check {unknown[0]}.")
    return await results(rooms, scope_of(context), ids) if ids else []


def _summary(found: Result) -> dict[str, Any]:
    return {
        "checkId": found.check.id,
        "timestamp": iso(found.updated_ms) if found.updated_ms else "",
        "status": found.status,
        "resourcesSummary": summary(found),
        "categorySpecificSummary": money(found),
    }


def _resource(standing: Any, *, hidden: bool) -> dict[str, Any]:
    one = standing.finding
    cash = "" if one.cash is None else f"${one.cash:,.2f}" if one.currency == "USD" else f"{one.cash} {one.currency}"
    metadata = [
        one.region,
        one.name,
        one.summary,
        one.owner,
        cash,
        f"{one.gpu_hours:g}",
        f"{one.confidence:.0%}",
        one.fix,
    ]
    return {
        "status": one.status.value,
        "region": one.region,
        "resourceId": one.id,
        "isSuppressed": hidden,
        "metadata": metadata,
    }


def _refresh(found: Result) -> dict[str, Any]:
    run = found.run
    status = "enqueued" if run.asked_ms and run.asked_ms >= run.ran_ms else "success" if run.ran_ms else "none"
    return {"checkId": found.check.id, "status": status, "millisUntilNextRefreshable": _REFRESH_MS}


def _case(case: Any, talk: bool) -> dict[str, Any]:
    form = case.form
    said = {
        "caseId": case.id,
        "body": form["communicationBody"],
        "submittedBy": form.get("submittedBy", ""),
        "timeCreated": iso(case.created_ms),
        "attachmentSet": [],
    }
    return {
        "caseId": case.id,
        "displayId": case.display_id,
        "status": case.status,
        "submittedBy": form.get("submittedBy", ""),
        "timeCreated": iso(case.created_ms),
        **{key: form[key] for key in _CASE_FIELDS if key in form},
        **({"recentCommunications": {"communications": [said]}} if talk else {}),
    }


def _position(token: str | None) -> int:
    try:
        return int(decode_token(token)) if token else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidParameterValueException", "The specified nextToken is invalid.") from None
