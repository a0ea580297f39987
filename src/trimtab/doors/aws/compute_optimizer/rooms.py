"""The registry that the operations of Compute Optimizer join, what they are given and share, and its shapes."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.model import Advised, Axis, Kind, Option, Recommendation
from trimtab.advice.rightsizing.planned import Planned
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.store import INACTIVE, Kept, Wanted
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request, coral_as

T = TypeVar("T")
_PAGE = 100
_MOST = 1000


class OptimizerRooms(Struct, frozen=True):
    """What the operations ask."""

    room: RightsizingRoom


worded = coral_as("InvalidParameterValueException")


Operation = Function[OptimizerRooms]


class _Operations(Operations[OptimizerRooms]):
    """Operations of accounts that take part."""

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`; `open_to_all` lets accounts use it that do not take part."""
        always = options.pop("open_to_all", False)
        register = super().add(name, **options)

        def checked(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
                if not always and (await rooms.room.store.enrolled(context.account))[0] == INACTIVE:
                    raise AwsError(
                        "OptInRequiredException",
                        "The account is not opted in to AWS Compute Optimizer; UpdateEnrollmentStatus opts it in.",
                    )
                return await call(rooms, request, context)

            register(asked)
            return call

        return checked


operations = _Operations(
    "compute-optimizer",
    worded,
    invalid_code="InvalidParameterValueException",
    codes=((NotFound, "ResourceNotFoundException"), (InvalidInput, "InvalidParameterValueException")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


_pages = Pages(
    _PAGE,
    lambda: AwsError("InvalidParameterValueException", "The specified nextToken is invalid."),
    "nextToken",
    "nextToken",
    "maxResults",
)


def page(found: Sequence[T], request: Request) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    size = request.get("maxResults") or 0
    if not 0 <= size <= _MOST:
        raise AwsError("InvalidParameterValueException", f"maxResults must be between 0 and {_MOST}, got {size}.")
    return _pages(found, request)


def scope_of(request: Request, context: CallContext) -> Scope:
    """What a caller sees of the region that it asks, and of the accounts that it names."""
    scope, named = context.scope, request.get("accountIds") or ()
    allowed = scope.accounts
    accounts = frozenset(named) if named else frozenset((context.account,))
    if allowed is not None and not accounts <= allowed:
        raise AwsError("AccessDeniedException", "The key is not allowed to read the recommendations of these accounts.")
    return Scope(accounts, frozenset((context.region,)), scope.rows)


async def kept(
    rooms: OptimizerRooms, request: Request, context: CallContext, kind: Kind, arns: str
) -> tuple[list[Kept], list[dict[str, str]]]:
    """The recommendations of a kind that a request asks for by ARN and filter, and errors of ARNs that have none."""
    named = tuple(request.get(arns) or ())
    found = await rooms.room.store.listed(scope_of(request, context), Wanted(kind=kind.value, arns=named))
    known = {one.recommendation.subject.arn for one in found}
    errors = [
        {"identifier": arn, "code": "ResourceNotFoundException", "message": f"No recommendation of {arn} is known."}
        for arn in named
        if arn not in known
    ]
    filters = filters_of(request)
    return [one for one in found if _passes(one, filters)], errors


def filters_of(request: Request) -> list[tuple[str, frozenset[str]]]:
    """The filters of a request: names with the values that pass. Raises InvalidInput for one without a name."""
    filters = request.get("filters") or ()
    if not all(one.get("name") for one in filters):
        raise InvalidInput("a filter has no name")
    return [(one["name"], frozenset(one.get("values") or ())) for one in filters]


def _passes(one: Kept, filters: Sequence[tuple[str, frozenset[str]]]) -> bool:
    for name, wanted in filters:
        told = one.recommendation
        match name:
            case "Finding":
                words = {told.finding.value, told.finding.value.upper()}
                if told.finding.value in ("Underprovisioned", "Overprovisioned"):
                    words.add("NotOptimized")
                if not wanted & words:
                    return False
            case "FindingReasonCodes" | "FindingReasonCode":
                if not wanted & set(told.reasons):
                    return False
            case "RecommendationSourceType" | "InferredWorkloadTypes":
                continue
    return True


_METRICS = {
    Axis.CPU: "Cpu",
    Axis.MEMORY: "Memory",
    Axis.GPU: "GPU_PERCENTAGE",
    Axis.GPU_MEMORY: "GPU_MEMORY_PERCENTAGE",
    Axis.NETWORK: "NETWORK_OUT_BYTES_PER_SECOND",
}
_HUNDRED = 100.0


def utilization(found: Recommendation) -> list[dict[str, Any]]:
    """`UtilizationMetrics`: the highest use of the lookback in percent, of the network in bytes a second."""
    return _metrics(found.observed, found.current)


def _metrics(shares: Mapping[Axis, float], option: Option | None) -> list[dict[str, Any]]:
    told = []
    for axis, name in _METRICS.items():
        if axis in shares:
            value = shares[axis] * _HUNDRED
            if axis is Axis.NETWORK:
                value = shares[axis] * (option.capacity.get(axis, 0.0) if option is not None else 0.0)
            told.append({"name": name, "statistic": "Maximum", "value": value})
    return told


def projected(one: Advised) -> list[dict[str, Any]]:
    """`ProjectedUtilizationMetrics` of an option."""
    return _metrics(one.projected, one.option)


def savings(one: Advised, planned: Planned | None) -> dict[str, Any]:
    """`SavingsOpportunity` at list prices, nothing where one is not known; after discounts what it adds in the plan.

    The plan takes one size of a resource, the first; of the others it says nothing.
    """
    told: dict[str, Any] = {}
    if one.saving is not None and one.saving_share is not None:
        share = max(one.saving_share, 0.0) * _HUNDRED
        told["savingsOpportunity"] = opportunity(one.saving, share, one.option.currency)
    return {**told, **(after_discounts(planned) if one.rank == 1 else {})}


def after_discounts(planned: Planned | None) -> dict[str, Any]:
    """`savingsOpportunityAfterDiscounts`: what leaves the invoice; nothing where that is not known."""
    if planned is None or planned.cash is None:
        return {}
    return {"savingsOpportunityAfterDiscounts": opportunity(planned.cash, planned.percent, planned.currency)}


def opportunity(amount: Decimal, percentage: float, currency: str = "USD") -> dict[str, Any]:
    """A `SavingsOpportunity`; what would cost more saves nothing."""
    return {
        "savingsOpportunityPercentage": round(percentage, 2),
        "estimatedMonthlySavings": {"currency": currency, "value": max(float(amount), 0.0)},
    }


def risk_word(risk: float) -> str:
    """A performance risk of 0 to 4 as a rating."""
    return "VeryLow" if risk < 1 else "Low" if risk < 2 else "Medium" if risk < 3 else "High"


def gpus(option: Option | None) -> dict[str, Any]:
    """`GpuInfo`; empty without GPUs."""
    if option is None or not option.facts.get("gpus"):
        return {}
    number = float(option.facts["gpus"])
    memory = option.capacity.get(Axis.GPU_MEMORY, 0.0) / number * 1024.0
    return {"gpus": [{"gpuCount": max(round(number), 1), "gpuMemorySizeInMiB": round(memory)}]}


def tags(found: Recommendation) -> list[dict[str, str]]:
    """Tags as pairs."""
    return [{"key": key, "value": value} for key, value in sorted(found.subject.tags.items())]


def preferences(held: Mapping[str, Any]) -> dict[str, Any]:
    """`EffectiveRecommendationPreferences`."""
    names = ("enhancedInfrastructureMetrics", "inferredWorkloadTypes", "lookBackPeriod", "utilizationPreferences",
             "cpuVendorArchitectures")  # fmt: skip
    told = {name: held[name] for name in names if name in held}
    return {**told, "savingsEstimationMode": {"source": "PublicPricing"}}
