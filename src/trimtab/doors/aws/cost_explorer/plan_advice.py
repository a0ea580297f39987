"""What Savings Plans to buy: GetSavingsPlansPurchaseRecommendation by AWS's documented rule, and its generations.

The rule looks at the lookback alone: what would have covered each hour is a candidate, each is simulated, the best is
advised. trimtab's own plan, which looks ahead and at everything together, is at /purchase-plan.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from trimtab.access.principal import Role
from trimtab.advice.purchases.answer import Wanted
from trimtab.advice.purchases.documented import MONTH_HOURS, Commitment, best_commitment
from trimtab.advice.purchases.kept import Generation
from trimtab.advice.purchases.model import NANO, UPFRONT, YEAR_HOURS, Ints, Plan, PlanKind, UseLine
from trimtab.advice.purchases.offerings import Offering
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import hash64
from trimtab.base.records import replace
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.purchase_lines import (
    YEARS,
    Lookback,
    accounts_of,
    purchases_of,
    read_lookbacks,
    read_payment,
    text,
    zoned,
)
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 20
_HUNDRED = 100


@operations.add("GetSavingsPlansPurchaseRecommendation")
async def get_savings_plans_purchase_recommendation(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """The commitment that the documented rule advises, of EC2 Instance plans one for each family and region.

    Currencies are never added: of a bill in several each has its own commitments, and the summary is of the largest.
    """
    kind, years, payment = PlanKind(request["SavingsPlansType"]), YEARS[request["TermInYears"]], read_payment(request)
    page = await read_page(rooms, request, context)
    each = await read_lookbacks(rooms, request, context)
    linked = request.get("AccountScope") == "LINKED"
    asked = Plan("", "", kind, Decimal(0), years=years, payment=payment)
    advised = [(seen, found) for seen in each if (found := _details(seen, asked, linked=linked))]
    details = [one for _, found in advised for one in found]
    shown, more = page.cut(details, request.get("PageSize") or _PAGE)
    scope = "LINKED" if linked else "PAYER"
    return {
        "Metadata": {
            "RecommendationId": f"{hash64(repr(sorted(request.items(), key=str))):016x}",
            "GenerationTimestamp": zoned(rooms.clock.now_ms()),
            "AdditionalMetadata": _about(each, [seen for seen, _ in advised]),
        },
        "SavingsPlansPurchaseRecommendation": {
            "AccountScope": scope,
            "SavingsPlansType": kind.value,
            "TermInYears": request["TermInYears"],
            "PaymentOption": payment.value,
            "LookbackPeriodInDays": request["LookbackPeriodInDays"],
            "SavingsPlansPurchaseRecommendationDetails": list(shown),
            **({"SavingsPlansPurchaseRecommendationSummary": _summary(*reversed(advised[0]))} if advised else {}),
        },
        **more,
    }


def _details(seen: Lookback, asked: Plan, *, linked: bool) -> list[dict[str, Any]]:
    """What is advised in one currency."""
    found = []
    for account in accounts_of(seen.bill.use.lines) if linked else [""]:
        lines, left = seen.of_account(account) if linked else (seen.bill.use.lines, seen.left)
        for family, region in _scopes(asked.kind, lines):
            plan = dataclasses.replace(asked, owner=account, family=family, region=region)
            plan = dataclasses.replace(plan, shares=seen.rates.shares(plan, lines))
            best = best_commitment(lines, left, plan)
            if best.hourly > 0:
                found.append(_detail(seen, plan, best, _eligible(left, plan.shares)))
    return found


def _about(each: Sequence[Lookback], advised: Sequence[Lookback]) -> str:
    """Until when the bill was looked at, and of several currencies which one the summary is of."""
    until = f"hours until {zoned(each[0].bill.end_ms)}"
    if len(advised) < 2:
        return until
    first, *others = (seen.bill.use.currency for seen in advised)
    return f"{until}; the summary is of {first} alone, as amounts in {', '.join(others)} are never added to it"


@operations.add("StartSavingsPlansPurchaseRecommendationGeneration", needs=Role.WRITE)
async def start_savings_plans_purchase_recommendation_generation(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """Make advice anew: trimtab's own plan too, with the findings that come of it."""
    room = purchases_of(rooms)
    started = rooms.clock.now_ms()
    try:
        scope = bill_scope(context)
        for currency in await room.currencies(scope, Wanted()):
            await room.make(scope, replace(Wanted(), currency=currency), publish=scope.accounts is None)
    except (NotFound, InvalidInput) as problem:
        raise AwsError("DataUnavailableException", f"Data is not available. {problem}") from None
    one = await room.plans.generated(started, "SUCCEEDED")
    return {
        "RecommendationId": one.id,
        "GenerationStartedTime": zoned(one.started_ms),
        "EstimatedCompletionTime": zoned(one.ended_ms),
    }


@operations.add("ListSavingsPlansPurchaseRecommendationGeneration")
async def list_savings_plans_purchase_recommendation_generation(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """The generations, the newest first."""
    page = await read_page(rooms, request, context)
    wanted, status = request.get("RecommendationIds"), request.get("GenerationStatus")
    found = [
        _generation(one)
        for one in await purchases_of(rooms).plans.generations()
        if (not wanted or one.id in wanted) and (not status or one.status == status)
    ]
    shown, more = page.cut(found, request.get("PageSize") or _PAGE)
    return {"GenerationSummaryList": list(shown), **more}


def _generation(one: Generation) -> dict[str, str]:
    return {
        "RecommendationId": one.id,
        "GenerationStatus": one.status,
        "GenerationStartedTime": zoned(one.started_ms),
        "GenerationCompletionTime": zoned(one.ended_ms),
        "EstimatedCompletionTime": zoned(one.ended_ms),
    }


def _scopes(kind: PlanKind, lines: Sequence[UseLine]) -> list[tuple[str, str]]:
    if kind is not PlanKind.EC2_INSTANCE:
        return [("", "")]
    return sorted({(line.family, line.region) for line in lines if line.service == "AmazonEC2" and line.family})


def _eligible(left: Ints, shares: np.ndarray) -> Ints:
    return np.asarray(left[~np.isnan(shares)])


def _detail(seen: Lookback, plan: Plan, found: Commitment, left: Ints) -> dict[str, Any]:
    """One recommendation. Costs are of the lookback: on demand now, and with the commitment."""
    hours = left.shape[1]
    now = float(left.sum()) / NANO
    cost = found.hourly * hours
    rest = now - found.covered * hours
    savings = found.savings * hours
    smallest, mean, largest = found.rates
    offering = Offering(plan.kind, plan.years, plan.payment, plan.family, plan.region)
    return {
        "SavingsPlansDetails": {"Region": plan.region, "InstanceFamily": plan.family, "OfferingId": offering.id},
        "AccountId": plan.owner,
        "UpfrontCost": text(found.hourly * YEAR_HOURS * plan.years * UPFRONT[plan.payment]),
        "EstimatedROI": text(savings / cost * _HUNDRED),
        "CurrencyCode": seen.bill.use.currency,
        "EstimatedSPCost": text(cost),
        "EstimatedOnDemandCost": text(rest),
        "EstimatedOnDemandCostWithCurrentCommitment": text(now),
        "EstimatedSavingsAmount": text(savings),
        "EstimatedSavingsPercentage": text(savings / now * _HUNDRED if now else 0.0),
        "HourlyCommitmentToPurchase": text(found.hourly, 3),
        "EstimatedAverageUtilization": text(found.utilisation * _HUNDRED),
        "EstimatedMonthlySavingsAmount": text(found.savings * MONTH_HOURS),
        "CurrentMinimumHourlyOnDemandSpend": text(smallest),
        "CurrentMaximumHourlyOnDemandSpend": text(largest),
        "CurrentAverageHourlyOnDemandSpend": text(mean),
    }


def _summary(details: Sequence[Mapping[str, Any]], seen: Lookback) -> dict[str, str]:
    def total(name: str) -> float:
        return sum(float(one[name]) for one in details)

    now = float(seen.left.sum()) / NANO
    cost, savings, hourly = (
        total("EstimatedSPCost"),
        total("EstimatedSavingsAmount"),
        total("HourlyCommitmentToPurchase"),
    )
    return {
        "EstimatedROI": text(savings / cost * _HUNDRED if cost else 0.0),
        "CurrencyCode": seen.bill.use.currency,
        "EstimatedTotalCost": text(now - savings),
        "CurrentOnDemandSpend": text(now),
        "EstimatedSavingsAmount": text(savings),
        "TotalRecommendationCount": str(len(details)),
        "DailyCommitmentToPurchase": text(hourly * 24, 3),
        "HourlyCommitmentToPurchase": text(hourly, 3),
        "EstimatedSavingsPercentage": text(savings / now * _HUNDRED if now else 0.0),
        "EstimatedMonthlySavingsAmount": text(total("EstimatedMonthlySavingsAmount")),
        "EstimatedOnDemandCostWithCurrentCommitment": text(now),
    }
