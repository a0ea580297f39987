"""AWS Cost Optimization Hub: every finding that saves money, with its action, effort and savings after discounts."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.access.principal import Role
from trimtab.advice.finding import Action, Effort, Finding
from trimtab.advice.standing import Standing
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.advice.cost_hub_types import DETAILS, TYPES, resource_type
from trimtab.doors.aws.advice.efficiency import efficiency
from trimtab.doors.aws.advice.rooms import AdviceRooms, page, scope_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request, coral_as

_PURCHASES = (Action.BUY_SAVINGS_PLAN, Action.BUY_RESERVATION)
"""What Cost Explorer advises: commitments of AWS alone."""
_LOOKBACK = 30
_BEFORE, _AFTER = "BeforeDiscounts", "AfterDiscounts"
_DEFAULTS = {"savingsEstimationMode": _AFTER, "memberAccountDiscountVisibility": "All"}
_ORDERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "EstimatedMonthlySavings": lambda item: item["estimatedMonthlySavings"],
    "EstimatedSavingsPercentage": lambda item: item["estimatedSavingsPercentage"],
    "ImplementationEffort": lambda item: [one.value for one in Effort].index(item["implementationEffort"]),
}
_GROUPS: Mapping[str, str] = {
    "AccountId": "accountId",
    "Region": "region",
    "ActionType": "actionType",
    "ResourceType": "currentResourceType",
    "RestartNeeded": "restartNeeded",
    "RollbackPossible": "rollbackPossible",
    "ImplementationEffort": "implementationEffort",
}


worded = coral_as("ValidationException")


operations: Operations[AdviceRooms] = Operations("cost-optimization-hub", worded, invalid_code="ValidationException")


@operations.add("ListRecommendations", needs=Role.FINANCE, bound=True)
async def list_recommendations(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Findings that save money, the most first unless another order is asked for.

    Of several for one resource the best is listed; all of them where `includeAllRecommendations` says so.
    """
    items = await _items(rooms, request.get("filter") or {}, context)
    if not request.get("includeAllRecommendations"):
        items = _best_of_each(items)
    order = request.get("orderBy") or {}
    name = order.get("dimension") or "EstimatedMonthlySavings"
    if name not in _ORDERS:
        raise AwsError("ValidationException", f"orderBy.dimension must be one of {', '.join(_ORDERS)}.")
    items.sort(key=_ORDERS[name], reverse=(order.get("order") or "Desc") == "Desc")
    part, more = page(items, request, 100)
    return {"items": [_typed(one) for one in part], **more}


@operations.add("ListRecommendationSummaries", needs=Role.FINANCE, bound=True)
async def list_summaries(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Savings and counts by account, region, action, type, effort, restart or rollback.

    Currencies are never added: of several the summary is of the one in which most is saved.
    """
    group = request["groupBy"]
    if group not in _GROUPS:
        raise AwsError("ValidationException", f"groupBy must be one of {', '.join(_GROUPS)}.")
    items = _of_largest_currency(await _items(rooms, request.get("filter") or {}, context))
    if await _mode(rooms, context) == _BEFORE:
        items = _best_of_each(items)  # after discounts each has what it adds in the plan, where nothing counts twice
    sums: dict[str, list[float]] = {}
    for one in items:
        value = one[_GROUPS[group]]
        sums.setdefault(str(value).lower() if isinstance(value, bool) else str(value), []).append(
            one["estimatedMonthlySavings"]
        )
    groups = [
        {"group": name, "estimatedMonthlySavings": round(sum(found), 2), "recommendationCount": len(found)}
        for name, found in sums.items()
    ]
    groups.sort(key=lambda one: -float(str(one["estimatedMonthlySavings"])))
    part, more = page(groups, request, 1000)
    saved, cost = (
        sum(one["estimatedMonthlySavings"] for one in items),
        sum(one["estimatedMonthlyCost"] for one in items),
    )
    wanted = "SavingsPercentage" in (request.get("metrics") or ())
    metrics = {"metrics": {"savingsPercentage": f"{saved / cost * 100 if cost else 0:.2f}"}} if wanted else {}
    currency = next((one["currencyCode"] for one in items), "USD")
    return {
        "estimatedTotalDedupedSavings": round(saved, 2),
        "items": part,
        "groupBy": group,
        "currencyCode": currency,
        **metrics,
        **more,
    }


@operations.add("GetRecommendation", needs=Role.FINANCE, bound=True)
async def get_recommendation(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """One recommendation with what the resource costs now and would."""
    found = [one for one in await _standings(rooms, context) if one.finding.id == request["recommendationId"]]
    if not found:
        raise AwsError("ResourceNotFoundException", f"There is no recommendation {request['recommendationId']}.")
    [standing] = found
    item = _item(standing, await _mode(rooms, context))
    saved, cost = item["estimatedMonthlySavings"], item["estimatedMonthlyCost"]
    details = DETAILS.get(item["currentResourceType"])
    inner = {
        "costCalculation": {
            "pricing": {"estimatedCostAfterDiscounts": cost, "estimatedNetUnusedAmortizedCommitments": 0.0}
        }
    }
    more = {"currentResourceDetails": {details: inner}} if details else {}
    kept = {key: value for key, value in item.items() if not key.endswith("ResourceSummary")}
    return {
        **_typed(kept),
        **more,
        "costCalculationLookbackPeriodInDays": _LOOKBACK,
        "estimatedSavingsOverCostCalculationLookbackPeriod": round(saved * _LOOKBACK * 24 / 730, 2),
    }


@operations.add("GetPreferences", needs=Role.FINANCE, bound=True)
async def get_preferences(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """How savings are shown: after discounts unless the account says otherwise."""
    del request
    kept = await rooms.room.knobs.preferences(context.account)
    return {**_DEFAULTS, **kept}


@operations.add("UpdatePreferences", needs=Role.WRITE)
async def update_preferences(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Change how savings are shown."""
    given = {key: value for key, value in request.items() if value is not None}
    kept = await rooms.room.knobs.prefer(context.account, given)
    return {**_DEFAULTS, **kept}


@operations.add("ListEnrollmentStatuses", needs=Role.FINANCE, bound=True)
async def list_enrollments(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Whether the account is enrolled: advice is computed for every account unless it said no."""
    account = request.get("accountId") or context.account
    allowed = scope_of(context).accounts
    if allowed is not None and account not in allowed:
        raise AwsError("AccessDeniedException", f"The key is not allowed to see account {account}.")
    status = await rooms.room.knobs.remembered("hub", account) or "Active"
    members = bool(await rooms.room.knobs.remembered("hub-members", account))
    return {"items": [{"accountId": account, "status": status}], "includeMemberAccounts": members}


@operations.add("UpdateEnrollmentStatus", needs=Role.WRITE)
async def update_enrollment(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Enrol the account, or leave: the hub then lists nothing of it."""
    await rooms.room.knobs.remember("hub", request["status"], context.account)
    if request.get("includeMemberAccounts") is not None:
        members = "1" if request["includeMemberAccounts"] else ""
        await rooms.room.knobs.remember("hub-members", members, context.account)
    return {"status": request["status"]}


@operations.add("ListEfficiencyMetrics", needs=Role.FINANCE, bound=True)
async def list_efficiency(rooms: AdviceRooms, request: Request, context: CallContext) -> Answer:
    """Spend by day or month, what of it could be saved, and the score 100 × (1 − savings ÷ spend)."""
    saved: dict[str, Decimal] = {}
    for one in await _standings(rooms, context):
        saved[one.finding.currency] = saved.get(one.finding.currency, Decimal(0)) + (one.finding.cash or Decimal(0))
    found = await efficiency(rooms.room.facts.costs, scope_of(context), request, saved, rooms.room.clock.now_ms())
    part, more = page(found, request, 100)
    return {"efficiencyMetricsByGroup": part, **more}


async def _items(rooms: AdviceRooms, wanted: Mapping[str, Any], context: CallContext) -> list[dict[str, Any]]:
    mode = await _mode(rooms, context)
    items = [_item(one, mode) for one in await _standings(rooms, context)]
    return [one for one in items if _passes(one, wanted)]


async def _standings(rooms: AdviceRooms, context: CallContext) -> list[Standing]:
    if (await rooms.room.knobs.remembered("hub", context.account)) == "Inactive":
        return []
    found = await rooms.room.findings.listed(scope_of(context))
    return [
        one
        for one in found
        if one.finding.action is not Action.OTHER
        and (one.finding.cash or one.finding.cost)
        and (one.finding.action not in _PURCHASES or one.finding.resource.startswith("aws/"))
    ]


async def _mode(rooms: AdviceRooms, context: CallContext) -> str:
    kept = await rooms.room.knobs.preferences(context.account)
    return str(kept.get("savingsEstimationMode", _AFTER))


def _item(standing: Standing, mode: str) -> dict[str, Any]:
    """A recommendation. Before discounts a saving is what the resource costs, whatever commitments do."""
    one = standing.finding
    cost = float(one.cost or one.cash or 0)
    whole = one.action in (Action.STOP, Action.DELETE) and not one.hours
    saved = cost if mode == _BEFORE and whole else float(one.cash or 0)
    type_ = resource_type(one) or one.kind
    return {
        "recommendationId": one.id,
        "accountId": one.account,
        "region": one.region,
        "resourceId": one.name,
        "resourceArn": _arn(one),
        "currentResourceType": type_,
        "recommendedResourceType": type_,
        "estimatedMonthlySavings": round(saved, 2),
        "estimatedSavingsPercentage": round(saved / cost * 100, 2) if cost else 0.0,
        "estimatedMonthlyCost": round(cost, 2),
        "currencyCode": one.currency,
        "implementationEffort": one.effort.value,
        "restartNeeded": one.restart,
        "actionType": one.action.value,
        "rollbackPossible": one.rollback,
        "currentResourceSummary": one.current or one.summary,
        "recommendedResourceSummary": one.advised or one.action.value,
        "lastRefreshTimestamp": standing.last_ms,
        "recommendationLookbackPeriodInDays": _LOOKBACK,
        "source": "CostExplorer" if one.action.value.startswith("Purchase") else "ComputeOptimizer",
        "tags": [{"key": key, "value": value} for key, value in one.tags.items()],
    }


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item whose types are AWS's: of what AWS has none of (a cluster, a GPU) none is told, and its ARN says it."""
    has_type = item["currentResourceType"] in TYPES
    return {key: value for key, value in item.items() if has_type or not key.endswith("ResourceType")}


def _of_largest_currency(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, float] = {}
    for one in items:
        sums[one["currencyCode"]] = sums.get(one["currencyCode"], 0.0) + one["estimatedMonthlySavings"]
    largest = max(sums, key=lambda one: (sums[one], one), default="")
    return [one for one in items if one["currencyCode"] == largest]


def _arn(one: Finding) -> str:
    """As an ARN; what AWS has no type of (a GPU, a node) has its own id in it: several may have one name."""
    service, _, type_ = one.kind.partition(":")
    name = one.name if type_ else f"{one.name}/{one.resource.rpartition('/')[2]}"
    return f"arn:{partition_of(one.region)}:{service}:{one.region}:{one.account}:{type_}/{name}"


def _best_of_each(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    best: dict[str, dict[str, Any]] = {}
    for one in items:
        held = best.get(one["resourceArn"])
        if held is None or one["estimatedMonthlySavings"] > held["estimatedMonthlySavings"]:
            best[one["resourceArn"]] = one
    return list(best.values())


def _passes(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    lists = {
        "implementationEfforts": "implementationEffort",
        "accountIds": "accountId",
        "regions": "region",
        "resourceTypes": "currentResourceType",
        "actionTypes": "actionType",
        "resourceIds": "resourceId",
        "resourceArns": "resourceArn",
        "recommendationIds": "recommendationId",
    }
    for name, key in lists.items():
        if wanted.get(name) and item[key] not in wanted[name]:
            return False
    for name in ("restartNeeded", "rollbackPossible"):
        if wanted.get(name) is not None and item[name] != wanted[name]:
            return False
    tags = wanted.get("tags") or ()
    return not tags or any(one in item["tags"] for one in tags)
