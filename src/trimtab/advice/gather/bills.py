"""What resources cost in the last BILL_DAYS days of the bill, and the commitments beside them."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.advice.facts import BILL_DAYS, DAY_MS, Bill, Commitment
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Facet, Match, Metric, Not, Where
from trimtab.costs.read import PowerCost
from trimtab.costs.readers.rate_card_charges import HARDWARE, POWER, RENTAL
from trimtab.costs.room import CostsRoom
from trimtab.inventory.resolver import parse_arn

_BY = (
    Dimension.RESOURCE_ID,
    Dimension.COMMITMENT_TYPE,
    Dimension.COMMITMENT,
    Dimension.INSTANCE_TYPE_FAMILY,
    Dimension.SERVICE,
)
_SUMS = (Metric.BILLED, Metric.EFFECTIVE, Metric.LIST)
RENTED = frozenset({RENTAL, HARDWARE})
"""Services of rate cards: machines that are paid by contract, whatever runs on them."""
_NEGATION = Where(Dimension.RECORD_TYPE, ("SavingsPlanNegation", "SavingsPlanRecurringFee", "RIFee"))
_NAMED = Not(Where(Dimension.RESOURCE_ID, match=Match.ABSENT))
_TRANSFER = Where(Dimension.USAGE_TYPE, ("DataTransfer-Regional-Bytes",), Match.CONTAINS)


class Billed(Struct, frozen=True):
    """All that facts take from the bill."""

    bills: Mapping[str, Bill] = field(default_factory=dict)
    commitments: tuple[Commitment, ...] = ()
    on_demand: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    transfers: Mapping[str, Bill] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    """By resource whose it is by the allocation rules; the owner of most of its cost where it has several."""
    any: bool = False
    span: tuple[int, int] = (0, 0)


async def billed(costs: CostsRoom, scope: Scope, now_ms: int, owner: Facet) -> Billed:
    """The last BILL_DAYS days of the bill: those before its end, where that is before now."""
    extent = await costs.reader.extent()
    if extent is None:
        return Billed()
    end = min(extent[1], now_ms // DAY_MS * DAY_MS)
    span = (max(end - BILL_DAYS * DAY_MS, extent[0]), end)
    if span[1] <= span[0]:
        return Billed()
    days = (span[1] - span[0]) // DAY_MS
    usage = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
    rows = await costs.reader.costs(
        scope, CostQuery(*span, _SUMS, group_by=_BY, where=And((usage, _NAMED, Not(_NEGATION))))
    )
    moved = await costs.reader.costs(
        scope, CostQuery(*span, (Metric.BILLED,), group_by=(Dimension.RESOURCE_ID,), where=_TRANSFER)
    )
    return Billed(
        _powered(_bills(rows, days), await costs.reader.power(scope, *span), days),
        await _commitments(costs, scope, span),
        await _on_demand(costs, scope, span),
        _moved(moved, days),
        await _owners(costs, scope, span, owner),
        any=True,
        span=span,
    )


def key_of(resource: str) -> str:
    """How facts name a resource of the bill: by its path where it is an ARN, else as the bill has it."""
    ref = parse_arn(resource) if resource.startswith("arn:") else None
    return ref.path if ref else resource


def _bills(rows: list[CostRow], days: int) -> dict[str, Bill]:
    found: dict[str, Bill] = {}
    for row in rows:
        resource, kind, commitment, family, service = row.keys
        key, (amount, effective, listed) = key_of(resource), row.amounts
        known = found.get(key) or Bill(Decimal(0), currency=row.currency, days=days, resource=key)
        if known.currency != row.currency:
            continue  # currencies are never added: the first one counts
        if service == POWER:
            continue
        if service in RENTED:
            known = replace(known, rented=known.rented + effective, owned=known.owned or service == HARDWARE)
        elif commitment:
            known = replace(
                known,
                covered=known.covered + effective,
                covered_listed=known.covered_listed + listed,
                commitments=tuple(sorted({*known.commitments, commitment.rpartition("/")[2]})),
                reserved=known.reserved or kind == eligible.RESERVED,
                family=family or known.family,
            )
        else:
            known = replace(known, billed=known.billed + amount, family=family or known.family)
        found[key] = known
    return found


def _moved(rows: list[CostRow], days: int) -> dict[str, Bill]:
    """What moving data between zones cost by resource, in the currency in which a resource paid most."""
    ranked = sorted(rows, key=lambda row: row.amounts[0])
    return {key_of(row.keys[0]): Bill(row.amounts[0], currency=row.currency, days=days) for row in ranked}


def _powered(bills: dict[str, Bill], power: list[PowerCost], days: int) -> dict[str, Bill]:
    """The bills with what is known of the electricity in them."""
    for one in power:
        key = key_of(one.resource)
        known = bills.get(key, Bill(Decimal(0), currency=one.currency, days=days))
        if known.currency == one.currency:
            bills[key] = replace(known, power=one.cost, power_measured=one.measured, power_kwh=one.kwh)
    return bills


async def _owners(costs: CostsRoom, scope: Scope, span: tuple[int, int], owner: Facet) -> dict[str, str]:
    query = CostQuery(*span, (Metric.EFFECTIVE,), group_by=(Dimension.RESOURCE_ID, owner), where=_NAMED)
    found: dict[str, tuple[Decimal, str]] = {}
    for row in await costs.reader.costs(scope, query):
        resource, whose = row.keys
        if whose:
            key = key_of(resource)
            found[key] = max(found.get(key, (Decimal("-Infinity"), "")), (row.amounts[0], whose))
    return {key: whose for key, (_, whose) in found.items()}


async def _commitments(costs: CostsRoom, scope: Scope, span: tuple[int, int]) -> tuple[Commitment, ...]:
    """AWS's: what checks of commitments look at beside them is its use alone."""
    uses = await costs.explorer.commitments(scope, span, where=eligible.AWS)
    return tuple(
        Commitment(
            place.keys[1].rpartition("/")[2],
            place.keys[0],
            use.total,
            use.used,
            place.currency,
            parse_arn(place.keys[1]).account,
        )
        for place, use in uses.items()
        if place.keys[1]
    )


async def _on_demand(costs: CostsRoom, scope: Scope, span: tuple[int, int]) -> dict[tuple[str, str], Decimal]:
    """Spend on demand that a commitment could cover, by currency and family, and of all families."""
    only = Where(Dimension.PURCHASE_TYPE, (eligible.ON_DEMAND,))
    query = CostQuery(
        *span,
        (Metric.LIST,),
        group_by=(Dimension.INSTANCE_TYPE_FAMILY,),
        where=eligible.within(eligible.PLAN_SPEND, only),
    )
    found: dict[tuple[str, str], Decimal] = {}
    for row in await costs.reader.costs(scope, query):
        for family in {row.keys[0], ""}:
            key = row.currency, family
            found[key] = found.get(key, Decimal(0)) + row.amounts[0]
    return found
