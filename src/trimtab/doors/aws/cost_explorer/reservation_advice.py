"""What to reserve: GetReservationPurchaseRecommendation by AWS's documented rule.

On-demand hours only; every count up to the most that ran is simulated; the best is advised. A size-flexible family is
looked at in normalised units and advised in its smallest size that ran. Rates are those of EC2 Instance plans for
standard and of Compute plans for convertible reservations, which AWS prices alike; other services have rates here only
where somebody put them by hand.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.advice.purchases.documented import ReservationAdvice, ReservationTerms, best_count
from trimtab.advice.purchases.model import NANO, UPFRONT, YEAR_HOURS, Floats, Payment, PlanKind, UseLine
from trimtab.base.ids import hash64
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.purchase_lines import YEARS, Lookback, read_lookback, read_payment, text, zoned
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 20
_HUNDRED = 100
_SERVICES: Mapping[str, str] = {
    "Amazon Elastic Compute Cloud - Compute": "AmazonEC2",
    "Amazon Relational Database Service": "AmazonRDS",
    "Amazon Redshift": "AmazonRedshift",
    "Amazon ElastiCache": "AmazonElastiCache",
    "Amazon OpenSearch Service": "AmazonES",
    "Amazon Elasticsearch Service": "AmazonES",
    "Amazon MemoryDB Service": "AmazonMemoryDB",
    "Amazon DynamoDB Service": "AmazonDynamoDB",
}
_MEMBERS: Mapping[str, str] = {
    "AmazonEC2": "EC2InstanceDetails",
    "AmazonRDS": "RDSInstanceDetails",
    "AmazonRedshift": "RedshiftInstanceDetails",
    "AmazonElastiCache": "ElastiCacheInstanceDetails",
    "AmazonES": "ESInstanceDetails",
    "AmazonMemoryDB": "MemoryDBInstanceDetails",
}


class _Pool(Struct, frozen=True):
    """Hours of what one reservation could cover: `machines[hour]` of the size of `line`, on demand."""

    line: UseLine
    account: str
    machines: Floats
    flexible: bool


@operations.add("GetReservationPurchaseRecommendation")
async def get_reservation_purchase_recommendation(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """The reservations that the documented rule advises for a service."""
    service = _SERVICES.get(request["Service"], request["Service"])
    if service not in _SERVICES.values():
        raise invalid(f"Service {request['Service']} is not supported: expected {', '.join(sorted(_SERVICES))}")
    term, payment = request.get("TermInYears") or "ONE_YEAR", read_payment(request, Payment.NO_UPFRONT)
    specification = (request.get("ServiceSpecification") or {}).get("EC2Specification") or {}
    offering = specification.get("OfferingClass") or "STANDARD"
    page = await read_page(rooms, request, context)
    seen = await read_lookback(rooms, request, context)
    linked = request.get("AccountScope") == "LINKED"
    details = []
    for pool in _pools(seen, service, offering == "STANDARD", linked=linked, account=request.get("AccountId") or ""):
        found = _detail(seen, pool, offering, YEARS[term], payment)
        if found is not None:
            details.append(found)
    shown, more = page.cut(details, request.get("PageSize") or _PAGE)
    answer = {
        "AccountScope": "LINKED" if linked else "PAYER",
        "LookbackPeriodInDays": request.get("LookbackPeriodInDays") or "SEVEN_DAYS",
        "TermInYears": term,
        "PaymentOption": payment.value,
        "RecommendationDetails": list(shown),
        "RecommendationSummary": _summary(details, seen),
        **(
            {"ServiceSpecification": {"EC2Specification": {"OfferingClass": offering}}}
            if service == "AmazonEC2"
            else {}
        ),
    }
    return {
        "Metadata": {
            "RecommendationId": f"{hash64(repr(sorted(request.items(), key=str))):016x}",
            "GenerationTimestamp": zoned(rooms.clock.now_ms()),
        },
        "Recommendations": [answer] if details else [],
        **more,
    }


def _pools(seen: Lookback, service: str, standard: bool, *, linked: bool, account: str) -> list[_Pool]:
    """The pools of a service; Linux of shared tenancy is flexible in size, where the reservation is a standard one."""
    rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
    use = seen.bill.use
    for at, line in enumerate(use.lines):
        if line.service != service or not line.family or (account and line.account != account):
            continue
        flexible = (
            standard and service == "AmazonEC2" and line.platform.startswith("Linux") and "," not in line.platform
        )
        key = line.family if flexible else line.type
        rows[(line.account if linked else "", line.region, line.platform, key)].append(at)
    found = []
    for pool, places in sorted(rows.items()):
        smallest = min((use.lines[at] for at in places), key=lambda line: line.units)
        machines = sum(
            seen.left[at] / NANO / float(use.lines[at].on_demand) * float(use.lines[at].units / smallest.units)
            for at in places
        )
        found.append(_Pool(smallest, pool[0], machines, pool[3] == smallest.family))
    return found


def _detail(seen: Lookback, pool: _Pool, offering: str, years: int, payment: Payment) -> dict[str, Any] | None:
    kind = PlanKind.EC2_INSTANCE if offering == "STANDARD" else PlanKind.COMPUTE
    share = seen.rates.share(kind, years, payment, pool.line)
    if share is None:
        return None
    hourly = pool.line.on_demand * share.share
    upfront = hourly * YEAR_HOURS * years * Decimal(str(UPFRONT[payment]))
    monthly = hourly * YEAR_HOURS / 12 * (1 - Decimal(str(UPFRONT[payment])))
    found = best_count(pool.machines, pool.line.on_demand, ReservationTerms(upfront, monthly, 12 * years))
    return _members(seen, pool, found, hourly) if found.count else None


def _members(seen: Lookback, pool: _Pool, found: ReservationAdvice, hourly: Decimal) -> dict[str, Any]:
    line, machines = pool.line, pool.machines
    units = float(line.units)
    small, mean, large = float(machines.min()), float(machines.mean()), float(machines.max())
    on_demand = Decimal(str(mean)) * line.on_demand * 730
    return {
        "AccountId": pool.account,
        "InstanceDetails": {_MEMBERS[line.service]: _instance(pool)},
        "RecommendedNumberOfInstancesToPurchase": str(found.count),
        "RecommendedNormalizedUnitsToPurchase": text(found.count * units),
        "MinimumNumberOfInstancesUsedPerHour": text(small),
        "MinimumNormalizedUnitsUsedPerHour": text(small * units),
        "MaximumNumberOfInstancesUsedPerHour": text(large),
        "MaximumNormalizedUnitsUsedPerHour": text(large * units),
        "AverageNumberOfInstancesUsedPerHour": text(mean),
        "AverageNormalizedUnitsUsedPerHour": text(mean * units),
        "AverageUtilization": text(found.utilisation * _HUNDRED),
        "EstimatedBreakEvenInMonths": text(found.break_even_months or 0),
        "CurrencyCode": seen.bill.use.currency,
        "EstimatedMonthlySavingsAmount": text(found.savings),
        "EstimatedMonthlySavingsPercentage": text(found.savings / on_demand * _HUNDRED if on_demand else 0),
        "EstimatedMonthlyOnDemandCost": text(on_demand),
        "EstimatedReservationCostForLookbackPeriod": text(hourly * found.count * machines.shape[0]),
        "UpfrontCost": text(found.upfront),
        "RecurringStandardMonthlyCost": text(found.monthly),
    }


def _instance(pool: _Pool) -> dict[str, Any]:
    line = pool.line
    common = {"Region": line.region, "CurrentGeneration": True, "SizeFlexEligible": pool.flexible}
    if line.service == "AmazonEC2":
        windows = {"Platform": "Linux/UNIX" if line.platform == "Linux" else line.platform, "Tenancy": "shared"}
        return {"Family": line.family, "InstanceType": line.type, **windows, **common}
    if line.service == "AmazonRDS":
        return {"Family": line.family, "InstanceType": line.type, **common}
    if line.service == "AmazonES":
        return {"InstanceClass": line.family, "InstanceSize": line.type.rpartition(".")[2], **common}
    return {"Family": line.family, "NodeType": line.type, **common}


def _summary(details: Sequence[Mapping[str, Any]], seen: Lookback) -> dict[str, str]:
    saved = sum(Decimal(one["EstimatedMonthlySavingsAmount"]) for one in details)
    whole = sum(Decimal(one["EstimatedMonthlyOnDemandCost"]) for one in details)
    return {
        "TotalEstimatedMonthlySavingsAmount": text(saved),
        "TotalEstimatedMonthlySavingsPercentage": text(saved / whole * _HUNDRED if whole else 0),
        "CurrencyCode": seen.bill.use.currency,
    }
