"""What to reserve: GetReservationPurchaseRecommendation by AWS's documented rule (`advice/purchases/reserving.py`)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.advice.purchases import engines
from trimtab.advice.purchases.lines import DEDICATED
from trimtab.advice.purchases.model import Payment, UseLine
from trimtab.advice.purchases.reserving import BLOCK, SERVICES, Pool, Reserve, pools, reserve_pool, tenancy_of
from trimtab.base.ids import hash64
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.purchase_lines import YEARS, Lookback, read_lookbacks, read_payment, text, zoned
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.inventory.catalog.book import load

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
_PREVIOUS = frozenset(("a1", "c1", "c3", "cc2", "cr1", "g2", "g3", "hs1", "i2", "m1", "m2", "m3", "p2", "r3", "t1"))
"""Families that the price list calls no current generation."""
_MEMBERS: Mapping[str, str] = {
    "AmazonEC2": "EC2InstanceDetails",
    "AmazonRDS": "RDSInstanceDetails",
    "AmazonRedshift": "RedshiftInstanceDetails",
    "AmazonElastiCache": "ElastiCacheInstanceDetails",
    "AmazonES": "ESInstanceDetails",
    "AmazonMemoryDB": "MemoryDBInstanceDetails",
}


@operations.add("GetReservationPurchaseRecommendation")
async def get_reservation_purchase_recommendation(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """The reservations that the documented rule advises for a service: one recommendation a currency of the bill."""
    service = _SERVICES.get(request["Service"], request["Service"])
    if service not in SERVICES:
        raise invalid(f"Service {request['Service']} is not supported: expected {', '.join(sorted(_SERVICES))}")
    term, payment = request.get("TermInYears") or "ONE_YEAR", read_payment(request, Payment.NO_UPFRONT)
    specification = (request.get("ServiceSpecification") or {}).get("EC2Specification") or {}
    offering = specification.get("OfferingClass") or "STANDARD"
    page = await read_page(rooms, request, context)
    each = await read_lookbacks(rooms, request, context)
    linked = request.get("AccountScope") == "LINKED"
    sizes = tuple(load().types)
    account = request.get("AccountId") or ""
    details = [
        (place, _members(seen, found))
        for place, seen in enumerate(each)
        for pool in pools(seen.bill.use.lines, seen.left, service, sizes, linked=linked, account=account)
        if (found := reserve_pool(pool, seen.rates, YEARS[term], payment, convertible=offering == "CONVERTIBLE"))
    ]
    shown, more = page.cut(details, request.get("PageSize") or _PAGE)
    about = {
        "AccountScope": "LINKED" if linked else "PAYER",
        "LookbackPeriodInDays": request.get("LookbackPeriodInDays") or "SEVEN_DAYS",
        "TermInYears": term,
        "PaymentOption": payment.value,
        **(
            {"ServiceSpecification": {"EC2Specification": {"OfferingClass": offering}}}
            if service == "AmazonEC2"
            else {}
        ),
    }
    recommendations = [
        {
            **about,
            "RecommendationDetails": [one for at, one in shown if at == place],
            "RecommendationSummary": _summary([one for at, one in details if at == place], seen),
        }
        for place, seen in enumerate(each)
        if any(at == place for at, _ in shown)
    ]
    return {
        "Metadata": {
            "RecommendationId": f"{hash64(repr(sorted(request.items(), key=str))):016x}",
            "GenerationTimestamp": zoned(rooms.clock.now_ms()),
        },
        "Recommendations": recommendations,
        **more,
    }


def _members(seen: Lookback, found: Reserve) -> dict[str, Any]:
    pool, advice = found.pool, found.advice
    machines = pool.machines
    small, mean, large = float(machines.min()), float(machines.mean()), float(machines.max())
    on_demand = found.on_demand
    return {
        "AccountId": pool.account,
        **(_capacity(found, (small, mean, large)) if pool.capacity else _machines(found, (small, mean, large))),
        "AverageUtilization": text(advice.utilisation * _HUNDRED),
        "EstimatedBreakEvenInMonths": text(advice.break_even_months or 0),
        "CurrencyCode": seen.bill.use.currency,
        "EstimatedMonthlySavingsAmount": text(advice.savings),
        "EstimatedMonthlySavingsPercentage": text(advice.savings / on_demand * _HUNDRED if on_demand else 0),
        "EstimatedMonthlyOnDemandCost": text(on_demand),
        "EstimatedReservationCostForLookbackPeriod": text(found.lookback_cost),
        "UpfrontCost": text(advice.upfront),
        "RecurringStandardMonthlyCost": text(advice.monthly),
    }


def _machines(found: Reserve, used: tuple[float, float, float]) -> dict[str, Any]:
    pool, units = found.pool, float(found.pool.line.units)
    small, mean, large = used
    return {
        "InstanceDetails": {_MEMBERS[pool.line.service]: _instance(pool)},
        "RecommendedNumberOfInstancesToPurchase": str(found.advice.count),
        "RecommendedNormalizedUnitsToPurchase": text(found.advice.count * units),
        "MinimumNumberOfInstancesUsedPerHour": text(small),
        "MinimumNormalizedUnitsUsedPerHour": text(small * units),
        "MaximumNumberOfInstancesUsedPerHour": text(large),
        "MaximumNormalizedUnitsUsedPerHour": text(large * units),
        "AverageNumberOfInstancesUsedPerHour": text(mean),
        "AverageNormalizedUnitsUsedPerHour": text(mean * units),
    }


def _capacity(found: Reserve, used: tuple[float, float, float]) -> dict[str, Any]:
    """Capacity is told in its own units, and bought in blocks of 100."""
    small, mean, large = (one * BLOCK for one in used)
    details = {"CapacityUnits": found.pool.capacity, "Region": found.pool.line.region}
    return {
        "ReservedCapacityDetails": {"DynamoDBCapacityDetails": details},
        "RecommendedNumberOfCapacityUnitsToPurchase": str(found.advice.count * BLOCK),
        "MinimumNumberOfCapacityUnitsUsedPerHour": text(small),
        "MaximumNumberOfCapacityUnitsUsedPerHour": text(large),
        "AverageNumberOfCapacityUnitsUsedPerHour": text(mean),
    }


def _instance(pool: Pool) -> dict[str, Any]:
    line = pool.line
    current = family_word(line) not in _PREVIOUS
    common = {"Region": line.region, "CurrentGeneration": current, "SizeFlexEligible": pool.flexible}
    if line.service == "AmazonEC2":
        platform = line.platform.removesuffix(DEDICATED)
        platform = "Linux/UNIX" if platform == "Linux" else platform
        return {
            "Family": line.family, "InstanceType": line.type, "Platform": platform, "Tenancy": tenancy_of(line),
            **common,
        }  # fmt: skip
    if line.service == "AmazonRDS":
        engine = engines.named(line.platform)
        return {
            "Family": line.family,
            "InstanceType": line.type,
            "DatabaseEngine": engine.name,
            **({"DatabaseEdition": engine.edition} if engine.edition else {}),
            **({"LicenseModel": engine.licence} if engine.licence else {}),
            "DeploymentOption": "Multi-AZ" if pool.standby else "Single-AZ",
            **common,
        }
    if line.service == "AmazonES":
        return {"InstanceClass": line.family, "InstanceSize": line.type.rpartition(".")[2], **common}
    product = {"ProductDescription": line.platform} if line.service == "AmazonElastiCache" and line.platform else {}
    return {"Family": line.family, "NodeType": line.type, **product, **common}


def family_word(line: UseLine) -> str:
    """A family without what its service puts before it: `m3` of `db.m3`."""
    return line.family.rpartition(".")[2]


def _summary(details: Sequence[Mapping[str, Any]], seen: Lookback) -> dict[str, str]:
    saved = sum(Decimal(one["EstimatedMonthlySavingsAmount"]) for one in details)
    whole = sum(Decimal(one["EstimatedMonthlyOnDemandCost"]) for one in details)
    return {
        "TotalEstimatedMonthlySavingsAmount": text(saved),
        "TotalEstimatedMonthlySavingsPercentage": text(saved / whole * _HUNDRED if whole else 0),
        "CurrencyCode": seen.bill.use.currency,
    }
