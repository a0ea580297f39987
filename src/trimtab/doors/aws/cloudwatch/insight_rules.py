"""Contributor Insights: PutInsightRule, DescribeInsightRules, GetInsightRuleReport, and rules switched or deleted."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudwatch.alarms import position
from trimtab.doors.aws.cloudwatch.complaints import Complaints, bad_value, must_be_in
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.tags import check_tags
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.contributors.report import METRICS, Contributor, Order, Points, Span
from trimtab.logs.contributors.room import ContributorsRoom
from trimtab.logs.contributors.rule import SCHEMA, VERSION, Aggregate
from trimtab.logs.contributors.store import StoredRule, arn_of

PAGE = 500
"""Rules an answer has unless MaxResults says otherwise, as documented."""
_TOP = 10
_ENABLED, _DISABLED = "ENABLED", "DISABLED"
_MISSING = "ResourceNotFoundException"
_STATISTICS = {Aggregate.COUNT: "SampleCount", Aggregate.SUM: "Sum"}
"""What a report calls what a rule adds up, as recorded for counts."""
_OF_NOTHING = ("UniqueContributors", "SampleCount", "Sum")
"""Metrics that are 0 where no event matched."""


@operations.add("PutInsightRule", needs=Role.WRITE)
async def put_insight_rule(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Add a rule, or replace one; tags count only for a new one."""
    room, name = _room(rooms), request["RuleName"]
    state = request.get("RuleState", _ENABLED)
    complaints = Complaints()
    if state not in (_ENABLED, _DISABLED):
        complaints.invalid(must_be_in("RuleState", (_ENABLED, _DISABLED)))
    tags = check_tags(request.get("Tags", ()), complaints)
    complaints.raise_any()
    known = await room.store.named(name)
    new = not any((one.account, one.region) == (context.account, context.region) for one in known)
    try:
        made = await room.store.put(
            context.account, context.region, name, request["RuleDefinition"], enabled=state == _ENABLED,
            transformed=bool(request.get("ApplyOnTransformedLogs")),
        )  # fmt: skip
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    except InvalidInput as problem:
        raise AwsError("InvalidParameterValue", str(problem)) from None
    if new and tags:
        await rooms.tagged.put(made.arn, tags)
    return {}


@operations.add("DescribeInsightRules")
async def describe_insight_rules(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of rules by name."""
    limit = request.get("MaxResults", PAGE)
    after = position(request.get("NextToken"))
    found = await _room(rooms).store.listed(context.account, context.region, after, limit + 1)
    answer: dict[str, Any] = {"InsightRules": [_shown(one) for one in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].name)
    return answer


@operations.add("DeleteInsightRules", needs=Role.WRITE)
async def delete_insight_rules(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Forget rules; those that are not there are failures of their own."""
    names = request["RuleNames"]
    missing = await _room(rooms).store.delete(context.account, context.region, names)
    for name in set(names) - set(missing):  # a rule of that name that is made later begins without
        arn = arn_of(context.account, context.region, name)
        await rooms.tagged.remove(arn, list(await rooms.tagged.tags(arn)))
    return {"Failures": _failures(missing)}


@operations.add("EnableInsightRules", needs=Role.WRITE)
async def enable_insight_rules(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Enable rules; those that are not there are failures of their own."""
    missing = await _room(rooms).store.switch(context.account, context.region, request["RuleNames"], enabled=True)
    return {"Failures": _failures(missing)}


@operations.add("DisableInsightRules", needs=Role.WRITE)
async def disable_insight_rules(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Disable rules: their reports end now."""
    missing = await _room(rooms).store.switch(context.account, context.region, request["RuleNames"], enabled=False)
    return {"Failures": _failures(missing)}


@operations.add("GetInsightRuleReport")
async def get_insight_rule_report(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The top contributors of a range, and the metrics that are asked for by period."""
    room, complaints = _room(rooms), Complaints()
    order, metrics = request.get("OrderBy", Order.SUM.value), request.get("Metrics", ())
    if order not in tuple(Order):
        complaints.invalid(must_be_in("OrderBy", tuple(Order)))
    for one in metrics:
        if one not in METRICS:
            complaints.invalid(bad_value(one, "Metrics"))
    complaints.raise_any()
    span = _whole_periods(request["StartTime"], request["EndTime"], request["Period"])
    try:
        stored = await room.store.get(context.account, context.region, request["RuleName"])
        most = request.get("MaxContributorCount", _TOP)
        found = await room.reporter.report(context.scope, stored, span, most, Order(order))
    except NotFound as problem:
        raise AwsError(_MISSING, str(problem)) from None
    except InvalidInput as problem:
        raise AwsError("InvalidParameterValue", str(problem)) from None
    return {
        "KeyLabels": [one.text for one in found.rule.keys],
        "AggregationStatistic": _STATISTICS[found.rule.aggregate],
        "AggregateValue": found.total,
        "ApproximateUniqueCount": found.unique,
        "Contributors": [_contributor(one) for one in found.contributors],
        **({"MetricDatapoints": _datapoints(found.points, metrics, span)} if metrics else {}),
    }


def _room(rooms: CloudWatchRooms) -> ContributorsRoom:
    if rooms.contributors is None:
        raise AwsError("InternalServiceError", "This server keeps no insight rules.")
    return rooms.contributors


def _shown(one: StoredRule) -> dict[str, Any]:
    return {
        "Name": one.name,
        "State": _ENABLED if one.enabled else _DISABLED,
        "Schema": f"{SCHEMA}/{VERSION}",  # as recorded
        "Definition": one.definition,
        "ManagedRule": False,
        "ApplyOnTransformedLogs": one.transformed,
    }


def _failures(missing: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"FailureResource": name, "ExceptionType": _MISSING, "FailureCode": _MISSING,
         "FailureDescription": f"The insight rule {name} does not exist."}
        for name in missing
    ]  # fmt: skip


def _contributor(one: Contributor) -> dict[str, Any]:
    points = [{"Timestamp": time_ms, "ApproximateValue": value} for time_ms, value in one.points]
    return {"Keys": list(one.keys), "ApproximateAggregateValue": one.value, "Datapoints": points}


def _whole_periods(start_ms: int, end_ms: int, period_s: int) -> Span:
    """The range from the start of the period that it begins in, as recorded."""
    before = start_ms % (period_s * 1000) if start_ms < end_ms else 0
    return Span(start_ms - before, end_ms, period_s)


def _datapoints(points: Points, metrics: Sequence[str], span: Span) -> list[dict[str, Any]]:
    """A point for each period; where no event matched, counts and sums are 0 and the rest is left out."""
    empty = {name: 0.0 for name in metrics if name in _OF_NOTHING}
    found = {
        int(time_ms): {name: float(points.values[name][at]) for name in metrics}
        for at, time_ms in enumerate(points.times)
    }
    times = map(span.time_of, range(span.parts))
    return [{"Timestamp": time_ms, **found.get(time_ms, empty)} for time_ms in times]
