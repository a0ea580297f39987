"""Cost Explorer's GetRightsizingRecommendation: within a family by its own documented rule, across families by ours."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Option, Recommendation
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.store import Kept, Wanted
from trimtab.advice.rightsizing.strategies.cost_explorer import LOOKBACK_HOURS, MOST_OPTIONS, smaller, terminates
from trimtab.base.clock import iso
from trimtab.base.records import replace
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_SAME = "SAME_INSTANCE_FAMILY"
_PAGE = 20
_CENT = Decimal("0.01")
_SERVICE = "AmazonEC2"


@operations.add("GetRightsizingRecommendation", bound=True)
async def get_rightsizing_recommendation(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Instances to terminate or to exchange, the most worth first."""
    if request["Service"] != _SERVICE:
        raise AwsError("ValidationException", f"Service must be {_SERVICE}, got {request['Service']}.")
    asked = request.get("Configuration") or {"RecommendationTarget": _SAME, "BenefitsConsidered": True}
    room = rooms.rightsizing
    found: list[dict[str, Any]] = []
    if room is not None:
        kept = await room.store.listed(bill_scope(context), Wanted(kind=Kind.INSTANCE.value))
        told = (_told(room, one, asked["RecommendationTarget"]) for one in kept)
        found = [one for one in told if one is not None]
    pages = await read_page(rooms, request, context)
    shown, more = pages.cut(found, int(request.get("PageSize") or _PAGE))
    return {
        "Metadata": {
            "RecommendationId": "trimtab-rightsizing",
            "GenerationTimestamp": iso(rooms.clock.now_ms() // 1000 * 1000),
            "AdditionalMetadata": "14 days of use",
        },
        "Summary": _summary(found),
        "RightsizingRecommendations": list(shown),
        "Configuration": asked,
        **more,
    }


def _told(room: RightsizingRoom, kept: Kept, target: str) -> dict[str, Any] | None:
    one = kept.recommendation
    if one.current is None or Axis.CPU not in one.observed:
        return None
    cpu = one.observed[Axis.CPU] * 100.0
    answer = {
        "AccountId": one.subject.account,
        "CurrentInstance": _current(one, cpu),
        "FindingReasonCodes": [],
    }
    if terminates(cpu) or one.idle:
        saving = {"EstimatedMonthlySavings": _money(_month(one, one.current)), "CurrencyCode": one.current.currency}
        return {**answer, "RightsizingType": "TERMINATE", "TerminateRecommendationDetail": saving}
    options = _same_family(room, one, cpu) if target == _SAME else [advised.option for advised in one.advised]
    if one.finding is Finding.UNDER or not options:
        return None
    targets = [_target(one, option, cpu, number == 0) for number, option in enumerate(options[:MOST_OPTIONS])]
    return {**answer, "RightsizingType": "MODIFY", "ModifyRecommendationDetail": {"TargetInstances": targets}}


def _same_family(room: RightsizingRoom, one: Recommendation, cpu: float) -> list[Option]:
    """What the documented rule of Cost Explorer shows; prices where the catalogue has them."""
    types = room.means.inventory.catalog.types
    own = types.get(one.subject.type)
    if own is None or one.current is None:
        return []
    found = []
    for less in smaller(own, types.values(), cpu):
        price = room.means.inventory.catalog.price(less.type.type, room.clock.now_ms(), one.subject.region)
        facts = {"vcpus": less.type.vcpus, "memory_gib": less.type.memory_gib, "network": less.type.network}
        hour = price.per_hour if price is not None else None
        capacity = {Axis.CPU: float(less.type.vcpus), Axis.MEMORY: less.type.memory_gib}
        found.append(replace(one.current, name=less.type.type, per_hour=hour, capacity=capacity, facts=facts))
    return found


def _current(one: Recommendation, cpu: float) -> dict[str, Any]:
    now = one.current
    hours = f"{min(one.days * 24, LOOKBACK_HOURS):.0f}"
    return {
        "ResourceId": one.subject.id,
        "InstanceName": one.subject.name,
        "Tags": [{"Key": key, "Values": [value]} for key, value in sorted(one.subject.tags.items())],
        "ResourceDetails": {"EC2ResourceDetails": _details(now, one)} if now is not None else {},
        "ResourceUtilization": {"EC2ResourceUtilization": _use(one.observed, cpu)},
        "ReservationCoveredHoursInLookbackPeriod": "0",
        "SavingsPlansCoveredHoursInLookbackPeriod": "0",
        "OnDemandHoursInLookbackPeriod": hours,
        "TotalRunningHoursInLookbackPeriod": hours,
        "MonthlyCost": _money(_month(one, now) if now is not None else None),
        "CurrencyCode": now.currency if now is not None else "USD",
    }


def _details(option: Option, one: Recommendation) -> dict[str, str]:
    return {
        "HourlyOnDemandRate": "" if option.per_hour is None else f"{option.per_hour:f}",
        "InstanceType": option.name,
        "Platform": one.subject.system or "Linux/UNIX",
        "Region": one.subject.region,
        "Memory": f"{option.capacity.get(Axis.MEMORY, 0.0):g} GiB",
        "NetworkPerformance": str(option.facts.get("network", "")),
        "Vcpu": str(option.facts.get("vcpus", "")),
    }


def _use(shares: Mapping[Axis, float], cpu: float) -> dict[str, str]:
    told = {"MaxCpuUtilizationPercentage": f"{cpu:.2f}"}
    if Axis.MEMORY in shares:
        told["MaxMemoryUtilizationPercentage"] = f"{shares[Axis.MEMORY] * 100:.2f}"
    return told


def _target(one: Recommendation, option: Option, cpu: float, first: bool) -> dict[str, Any]:
    now = one.current
    before, after = _month(one, now) if now is not None else None, _month(one, option)
    saving = None if before is None or after is None else before - after
    held = option.capacity.get(Axis.CPU, 0.0)
    projected = cpu * (now.capacity[Axis.CPU] / held) if now is not None and held else cpu
    return {
        "EstimatedMonthlyCost": _money(after),
        "EstimatedMonthlySavings": _money(saving),
        "CurrencyCode": option.currency,
        "DefaultTargetInstance": first,
        "ResourceDetails": {"EC2ResourceDetails": _details(option, one)},
        "ExpectedResourceUtilization": {"EC2ResourceUtilization": _use({}, projected)},
        "PlatformDifferences": [],
    }


def _month(one: Recommendation, option: Option) -> Decimal | None:
    if option.per_hour is None:
        return None
    return (option.per_hour * HOURS_A_MONTH * Decimal(str(one.subject.count))).quantize(_CENT)


def _money(amount: Decimal | None) -> str:
    """An amount as text; what is not known is empty."""
    return "" if amount is None else f"{amount:f}"


def _summary(found: list[dict[str, Any]]) -> dict[str, str]:
    saved = paid = Decimal(0)
    for one in found:
        paid += Decimal(one["CurrentInstance"]["MonthlyCost"] or 0)
        detail = one.get("TerminateRecommendationDetail") or one["ModifyRecommendationDetail"]["TargetInstances"][0]
        saved += Decimal(detail["EstimatedMonthlySavings"] or 0)
    return {
        "TotalRecommendationCount": str(len(found)),
        "EstimatedTotalMonthlySavingsAmount": _money(saved),
        "SavingsCurrencyCode": "USD",
        "SavingsPercentage": f"{saved / paid * 100:.2f}" if paid else "0",
    }
