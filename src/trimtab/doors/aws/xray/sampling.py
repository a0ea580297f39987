"""Sampling: rules, and the targets that clients ask for every ten seconds."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.doors.aws.xray.rooms import XRayRooms, invalid, operations, page_of
from trimtab.traces.sampling.model import Boost, BoostReport, Record, Report, Rule, Unanswered

_PAGE = 100
_VERSION = 1
"""Of a rule's schema: the only one."""
_FIELDS = {
    "Priority": "priority",
    "FixedRate": "rate",
    "ReservoirSize": "reservoir",
    "ServiceName": "service",
    "ServiceType": "service_type",
    "Host": "host",
    "HTTPMethod": "method",
    "URLPath": "path",
    "ResourceARN": "resource",
    "Attributes": "attributes",
}


@operations.add("GetSamplingRules")
async def get_sampling_rules(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The rules in the order in which they are tried."""
    records = await rooms.traces.rules.listed(context.account, context.region)
    page, more = page_of(records, request, _PAGE)
    return {"SamplingRuleRecords": [_record(one, context) for one in page], **more}


@operations.add("CreateSamplingRule", needs=Role.WRITE)
async def create_sampling_rule(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Add a rule."""
    given = request["SamplingRule"]
    if not given.get("RuleName"):
        raise invalid("Expected a RuleName")
    if given["Version"] != _VERSION:
        raise invalid(f"Got Version {given['Version']}; expected {_VERSION}")
    rule = Rule(name=given["RuleName"], **_fields(given))
    try:
        record = await rooms.traces.rules.create(context.account, context.region, rule)
    except LimitExceeded as problem:
        raise AwsError("RuleLimitExceededException", str(problem)) from None
    tagged = tags_of(request)
    if tagged:
        await rooms.traces.tags.change(rule.arn(context.account, context.region), tagged)
    return {"SamplingRuleRecord": _record(record, context)}


@operations.add("UpdateSamplingRule", needs=Role.WRITE)
async def update_sampling_rule(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Change fields of a rule."""
    given = request["SamplingRuleUpdate"]
    name = await _name(rooms, given, context)
    record = await rooms.traces.rules.change(context.account, context.region, name, **_fields(given))
    return {"SamplingRuleRecord": _record(record, context)}


@operations.add("DeleteSamplingRule", needs=Role.WRITE)
async def delete_sampling_rule(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Delete a rule."""
    record = await rooms.traces.rules.remove(context.account, context.region, await _name(rooms, request, context))
    return {"SamplingRuleRecord": _record(record, context)}


@operations.add("GetSamplingTargets")
async def get_sampling_targets(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Take what a client saw, and tell it what to do."""
    reports = [
        Report(
            one["RuleName"],
            one["ClientID"],
            one["Timestamp"],
            one["RequestCount"],
            one["SampledCount"],
            one.get("BorrowCount") or 0,
        )
        for one in request["SamplingStatisticsDocuments"]
    ]
    boosts = [
        BoostReport(
            one["RuleName"],
            one["ServiceName"],
            one["Timestamp"],
            one["AnomalyCount"],
            one["TotalCount"],
            one["SampledAnomalyCount"],
        )
        for one in request.get("SamplingBoostStatisticsDocuments") or []
    ]
    found = await rooms.traces.targets.report(context.account, context.region, reports, boosts)
    documents: list[dict[str, Any]] = []
    for target in found.targets:
        document: dict[str, Any] = {
            "RuleName": target.rule,
            "FixedRate": target.rate,
            "ReservoirQuota": target.quota,
            "ReservoirQuotaTTL": target.quota_until_ms,
            "Interval": target.interval_s,
        }
        if target.boost:
            document["SamplingBoost"] = {"BoostRate": target.boost.rate, "BoostRateTTL": target.boost.until_ms}
        documents.append(document)
    return {
        "SamplingTargetDocuments": documents,
        "LastRuleModification": found.last_change_ms,
        "UnprocessedStatistics": [_unanswered(one) for one in found.unanswered],
        "UnprocessedBoostStatistics": [_unanswered(one) for one in found.unanswered_boosts],
    }


@operations.add("GetSamplingStatisticSummaries")
async def get_sampling_statistic_summaries(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """What clients told of each rule last, all clients together."""
    found = await rooms.traces.targets.statistics(context.account, context.region)
    page, more = page_of(found, request, _PAGE)
    summaries = [
        {
            "RuleName": one.rule,
            "Timestamp": one.at_ms,
            "RequestCount": one.requests,
            "BorrowCount": one.borrowed,
            "SampledCount": one.sampled,
        }
        for one in page
    ]
    return {"SamplingStatisticSummaries": summaries, **more}


async def _name(rooms: XRayRooms, given: Mapping[str, Any], context: CallContext) -> str:
    name, arn = given.get("RuleName") or "", given.get("RuleARN") or ""
    if bool(name) == bool(arn):
        raise invalid("Expected either RuleName or RuleARN")
    if name:
        return name
    for one in await rooms.traces.rules.listed(context.account, context.region):
        if one.rule.arn(context.account, context.region) == arn:
            return one.rule.name
    raise invalid(f"There is no sampling rule {arn}")


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {own: given[theirs] for theirs, own in _FIELDS.items() if given.get(theirs) is not None}
    boost = given.get("SamplingRateBoost")
    return fields | ({"boost": Boost(boost["MaxRate"], boost["CooldownWindowMinutes"])} if boost else {})


def _record(record: Record, context: CallContext) -> dict[str, Any]:
    rule = record.rule
    told: dict[str, Any] = {theirs: getattr(rule, own) for theirs, own in _FIELDS.items()}
    told |= {"RuleName": rule.name, "RuleARN": rule.arn(context.account, context.region), "Version": _VERSION}
    if rule.boost:
        boost = {"MaxRate": rule.boost.max_rate, "CooldownWindowMinutes": rule.boost.cooldown_minutes}
        told["SamplingRateBoost"] = boost
    return {"SamplingRule": told, "CreatedAt": record.created_ms, "ModifiedAt": record.modified_ms}


def _unanswered(one: Unanswered) -> dict[str, str]:
    return {"RuleName": one.rule, "ErrorCode": one.code, "Message": one.message}
