"""The hourly bill as use that could be paid for otherwise, and as what is committed to already.

Use is of instances and of what plans cover without any (Fargate, Lambda), at its list cost. Spot is read apart: it is
use that may be interrupted and is paid for by the hour. Where a bill has days only, a day's use is spread over its
hours, which a note says: what commitments cover within a day is then not known.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.purchases.elsewhere import held_elsewhere
from trimtab.advice.purchases.lines import (
    LINE,
    LineOf,
    Reading,
    family_of,
    platform_of,
    readings,
    size_flexible,
    units_of,
    zones_of,
)
from trimtab.advice.purchases.lines import line_of as line_of_aws
from trimtab.advice.purchases.model import (
    AWS,
    HOUR_MS,
    NANO,
    Holdings,
    Payment,
    Plan,
    PlanKind,
    Reservation,
    Use,
    UseLine,
)
from trimtab.advice.purchases.rates import Basis, Rates, Share
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Metric, Or, Where
from trimtab.costs.read import CostReader

_DAY_MS = 24 * HOUR_MS
AWS_ALONE = readings({})[:1]
"""How AWS's use is read: what a bill has where nothing is said of others."""
_SPOT = "Spot"
_READ: Filter = Or(
    (
        eligible.COVERABLE,
        eligible.CAPACITY,
        And((Where(Dimension.PURCHASE_TYPE, (_SPOT,)), Where(Dimension.CHARGE_CATEGORY, ("Usage",)))),
    )
)
"""What of AWS a plan looks at: use that commitments cover or could, and spot."""
_COVERED = Where(Dimension.RECORD_TYPE, ("SavingsPlanCoveredUsage",))
_TERM = re.compile(r"(\d)\s*yr\s*[-_ ]?(No|Partial|All)\s*Upfront", re.IGNORECASE)
_PAYMENT = {"no": Payment.NO_UPFRONT, "partial": Payment.PARTIAL_UPFRONT, "all": Payment.ALL_UPFRONT}
_KINDS = {
    "computesavingsplans": PlanKind.COMPUTE,
    "ec2instancesavingsplans": PlanKind.EC2_INSTANCE,
    "machinelearningsavingsplans": PlanKind.SAGEMAKER,
    "sagemakersavingsplans": PlanKind.SAGEMAKER,
    "databasesavingsplans": PlanKind.DATABASE,
}


class Bill(Struct, frozen=True):
    """What the bill says of `[start_ms, end_ms)`: use on demand or committed, spot by its lines, what is held.

    `spot` has the same shape of use; `spot_cost` is what its hours cost, dollars. `shares` were seen on the bill.
    """

    use: Use
    spot: Use
    spot_cost: float
    held: Holdings
    shares: tuple[Share, ...]
    start_ms: int
    end_ms: int
    notes: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = AWS_ALONE

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers whose use it has, AWS first; AWS where it has none."""
        billed = {line.provider for line in self.use.lines}
        return tuple(one.provider.name for one in self.readings if one.provider.name in billed) or (AWS,)

    def of(self, provider: str) -> "Bill":
        """What it says of one provider's use and commitments. Spot is read of AWS alone."""
        spot = provider == AWS
        mine = [at for at, line in enumerate(self.use.lines) if line.provider == provider]
        held = self.held.of(provider)
        return replace(
            self,
            use=self.use.of(provider),
            spot=self.spot if spot else self.spot.of(provider),
            spot_cost=self.spot_cost if spot else 0.0,
            held=replace(held, plans=tuple(replace(one, shares=one.shares[mine]) for one in held.plans)),
            shares=tuple(one for one in self.shares if one.kind.provider == provider),
        )

    @property
    def spot_share(self) -> float | None:
        """What its spot costs of on demand; None where it has none."""
        listed = float(self.spot.at_on_demand().sum()) / NANO if self.spot.lines else 0.0
        return self.spot_cost / listed if listed else None


async def read_bill(
    reader: CostReader,
    scope: Scope,
    days: int,
    rates: Sequence[Share],
    currency: str = "",
    others: Sequence[Reading] = (),
) -> Bill:
    """The last `days` whole days of the bill in a currency; of several one must be named.

    AWS's use is read, and that of `others`. Where a currency is named and nothing in it could be covered, the use
    is empty. Raises NotFound (no bill, nothing in any currency), InvalidInput (currencies).
    """
    span = await _span(reader, days)
    metrics = (Metric.USAGE, Metric.LIST, Metric.AMORTIZED)
    only = Where(Dimension.CURRENCY, (currency,)) if currency else None
    rows = await reader.costs(scope, CostQuery(*span, metrics, Granularity.HOURLY, LINE, eligible.within(only, _READ)))
    elsewhere = {
        reading.provider.name: await reader.costs(
            scope,
            CostQuery(
                *span, metrics, Granularity.HOURLY, reading.by, eligible.within(only, reading.provider.coverable)
            ),
        )
        for reading in others
    }
    currencies = sorted({row.currency for part in (rows, *elsewhere.values()) for row in part})
    if not currencies and not currency:
        raise NotFound("the bill has no use that a commitment could cover in these days")
    currencies = currencies or [currency]
    if len(currencies) > 1:
        raise InvalidInput(f"cannot plan over {' and '.join(currencies)}, which are never added; filter the bill")
    use, spread = use_of([row for row in rows if row.keys[-1] != _SPOT], span, currencies[0])
    spot_hours, _ = use_of([row for row in rows if row.keys[-1] == _SPOT], span, currencies[0])
    spot_cost = sum((row.amounts[2] for row in rows if row.keys[-1] == _SPOT), Decimal(0))
    seen = await _shares(reader, scope, span, only)
    held = Holdings(
        await _plans(reader, scope, span, Rates((*rates, *seen)), use.lines, only),
        await _reserved(reader, scope, span, only),
    )
    for reading in others:
        part, part_spread = use_of(elsewhere[reading.provider.name], span, currencies[0], reading.line_of)
        spread = spread or part_spread
        use = together(use, part)
        more, charged = await held_elsewhere(reader, scope, span, only, reading)
        seen = (*seen, *charged)
        held = held.plus(Rates((*rates, *charged)).rated(more, use.lines))
    if others:  # plans of AWS have no rate of the lines behind their own
        held = Rates((*rates, *seen)).rated(held, use.lines)
    notes = ("the bill has days only: a day's use is spread evenly over its hours",) if spread else ()
    read = (*AWS_ALONE, *others)
    return Bill(use, spot_hours, float(spot_cost), held, seen, *span, notes, read)


async def currencies(reader: CostReader, scope: Scope, days: int) -> list[str]:
    """Those of AWS's use in the last `days` whole days, the largest amount at list prices first. Raises as `read_bill`.

    Use of spot alone is no currency of a plan: nothing covers it.
    """
    where = Or((eligible.COVERABLE, eligible.CAPACITY))
    rows = await reader.costs(
        scope, CostQuery(*await _span(reader, days), (Metric.LIST,), Granularity.TOTAL, (), where)
    )
    return [row.currency for row in sorted(rows, key=lambda row: (-row.amounts[0], row.currency))]


async def _span(reader: CostReader, days: int) -> tuple[int, int]:
    """The last `days` whole days of the bill."""
    extent = await reader.extent()
    if extent is None:
        raise NotFound("no bill has been imported; `trimtab import FILE` imports one")
    end = extent[1] // _DAY_MS * _DAY_MS
    start = max(end - days * _DAY_MS, -(-extent[0] // _DAY_MS) * _DAY_MS)
    if start >= end:
        raise NotFound("the bill has less than a whole day; a plan needs some")
    return start, end


def together(use: Use, more: Use) -> Use:
    """The lines of both over the same hours."""
    return replace(use, lines=(*use.lines, *more.lines), quantity=np.concatenate([use.quantity, more.quantity]))


def use_of(
    rows: Sequence[CostRow], span: tuple[int, int], currency: str, line_of: LineOf = line_of_aws
) -> tuple[Use, bool]:
    """The rows, by their line and how they were paid for, with quantity and list cost first, as lines and hours.

    And whether they had days only.
    """
    hours = (span[1] - span[0]) // HOUR_MS
    sums: dict[tuple[str, ...], list[Decimal]] = {}
    places: dict[tuple[str, ...], list[tuple[int, float]]] = {}
    known: dict[tuple[str, ...], UseLine] = {}
    lines_of: dict[tuple[str, ...], UseLine] = {}
    for row in rows:
        quantity, value = row.amounts[:2]
        if quantity <= 0 or value <= 0:
            continue
        raw = row.keys[:-1]
        if raw not in known:
            known[raw] = line_of(raw, Decimal(0))
        key = known[raw].key
        lines_of.setdefault(key, known[raw])
        whole = sums.setdefault(key, [Decimal(0), Decimal(0)])
        whole[0] += quantity
        whole[1] += value
        places.setdefault(key, []).append(((row.start_ms - span[0]) // HOUR_MS, float(quantity)))
    keys = sorted(sums)
    quantities = np.zeros((len(keys), hours))
    for at, key in enumerate(keys):
        for hour, amount in places[key]:
            quantities[at, hour] += amount
    days = quantities.reshape(len(keys), hours // 24, 24)
    spread = bool(len(keys)) and not days[:, :, 1:].any()
    if spread:
        quantities = np.repeat(days.sum(axis=2) / 24, 24, axis=1)
    lines = tuple(replace(lines_of[key], on_demand=round(sums[key][1] / sums[key][0], 10)) for key in keys)
    return Use.hourly(lines, quantities, span[0], currency), spread


async def _shares(reader: CostReader, scope: Scope, span: tuple[int, int], only: Filter | None) -> tuple[Share, ...]:
    """What covered use cost of its list cost, by plan and family: the rates that are really paid."""
    by = (Dimension.COMMITMENT, Dimension.SERVICE_CODE, Dimension.INSTANCE_TYPE_FAMILY)
    rows = await reader.costs(
        scope, CostQuery(*span, (Metric.LIST, Metric.AMORTIZED), Granularity.TOTAL, by, eligible.within(only, _COVERED))
    )
    fees = await _fees(reader, scope, span, only)
    terms = {arn: term for arn, (_, term) in fees.items()}
    found = []
    for row in rows:
        arn, service, family = row.keys
        term = terms.get(arn)
        if term is None or row.amounts[0] <= 0:
            continue
        share = round(row.amounts[1] / row.amounts[0], 6)
        source = f"what {arn.rpartition('/')[2] or arn} charged on the bill"
        found.append(Share(term.kind, term.years, term.payment, service, family or "*", share, Basis.BILL, "", source))
    return tuple(found)


async def _fees(
    reader: CostReader, scope: Scope, span: tuple[int, int], only: Filter | None
) -> dict[str, tuple[tuple[Decimal, str], Plan]]:
    """Of each Savings Plan on the bill: its commitment an hour and owner, and a Plan with its kind and term."""
    by = (Dimension.COMMITMENT, Dimension.LINKED_ACCOUNT, Dimension.SERVICE_CODE, Dimension.USAGE_TYPE)
    fee = Where(Dimension.RECORD_TYPE, ("SavingsPlanRecurringFee",))
    query = CostQuery(*span, (Metric.COMMITMENT_TOTAL,), Granularity.TOTAL, by, eligible.within(only, fee))
    hours = Decimal((span[1] - span[0]) // HOUR_MS)
    found = {}
    for row in await reader.costs(scope, query):
        arn, owner, service, usage_type = row.keys
        kind = _KINDS.get(service.lower().replace(" ", "")) or _KINDS.get(_prefix(usage_type))
        if kind is None:
            continue
        hourly = round(row.amounts[0] / hours, 6)
        term = _TERM.search(usage_type)
        region, family = _bound(usage_type) if kind is PlanKind.EC2_INSTANCE else ("", "")
        years, payment = (int(term[1]), _PAYMENT[term[2].lower()]) if term else (1, Payment.NO_UPFRONT)
        found[arn] = (
            (hourly, owner),
            Plan(arn, owner, kind, hourly, family=family, region=region, years=years, payment=payment),
        )
    return found


def _prefix(usage_type: str) -> str:
    head = usage_type.rpartition(":")[0].rpartition("-")[2].lower()
    return {"ec2sp": "ec2instancesavingsplans"}.get(head, head.removesuffix("sp") + "savingsplans")


def _bound(usage_type: str) -> tuple[str, str]:
    """Region and family of an EC2 Instance plan from `us-east-1-EC2SP:m5.1yrNoUpfront`; "" where it does not say."""
    region, _, rest = usage_type.partition("-EC2")
    family = rest.partition(":")[2].partition(".")[0]
    return (region, family) if rest else ("us-east-1", usage_type.partition(":")[2].partition(".")[0])


async def _plans(
    reader: CostReader,
    scope: Scope,
    span: tuple[int, int],
    rates: Rates,
    lines: tuple[UseLine, ...],
    only: Filter | None,
) -> tuple[Plan, ...]:
    fees = await _fees(reader, scope, span, only)
    return tuple(replace(one, shares=rates.shares(one, lines)) for _, one in fees.values())


async def _reserved(
    reader: CostReader, scope: Scope, span: tuple[int, int], only: Filter | None
) -> tuple[Reservation, ...]:
    """Reserved Instances by their monthly fees, of the months that the span touches."""
    by = (
        Dimension.COMMITMENT,
        Dimension.LINKED_ACCOUNT,
        Dimension.SERVICE_CODE,
        Dimension.REGION,
        Dimension.INSTANCE_TYPE,
        Dimension.OPERATING_SYSTEM,
        Dimension.USAGE_TYPE,
        Dimension.DATABASE_ENGINE,
        Dimension.OPERATION,
    )
    fee = Where(Dimension.RECORD_TYPE, (eligible.RESERVATION_FEE,))
    metrics = (Metric.COMMITMENT_TOTAL, Metric.COMMITMENT_TOTAL_HOURS, Metric.BILLED)
    last: dict[str, CostRow] = {}
    months = CostQuery(span[0] - 31 * _DAY_MS, span[1], metrics, Granularity.MONTHLY, by, eligible.within(only, fee))
    for row in await reader.costs(scope, months):
        if row.amounts[1] > 0 and (row.keys[0] not in last or row.start_ms > last[row.keys[0]].start_ms):
            last[row.keys[0]] = row
    found = []
    for row in last.values():
        arn, owner, service, region, type_, *further = row.keys
        system, usage_type, engine, operation = further
        platform = platform_of(service, system, usage_type, engine, operation)
        total, hours, billed = row.amounts
        passed = Decimal((min(row.end_ms, span[1]) - row.start_ms) // HOUR_MS)
        count = round(hours / passed) if passed > 0 else 0
        if count < 1:
            continue
        upfront = total - billed
        payment = (
            Payment.NO_UPFRONT if upfront <= 0 else Payment.ALL_UPFRONT if billed <= 0 else Payment.PARTIAL_UPFRONT
        )
        found.append(
            Reservation(
                id=arn, owner=owner, type=type_, region=region, count=count, hourly=round(total / hours, 10),
                platform=platform, family=family_of(type_), units=units_of(type_) * zones_of(service, usage_type),
                flexible=size_flexible(service, platform, family_of(type_)), service=service, payment=payment,
            )
        )  # fmt: skip
    return tuple(found)
