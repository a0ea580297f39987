"""What is held at Google and Azure, from bills in FOCUS: spend commitments with their rates, and reservations.

A line that a commitment covered says which (CommitmentDiscountId), what it is worth at list prices, and its part of the
commitment (EffectiveCost); what nothing used is a line too. So a commitment's hour is what both together cost, over the
days that have any of its lines.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.advice.purchases.lines import Reading
from trimtab.advice.purchases.model import GOOGLE, HOUR_MS, Holdings, Payment, Plan, PlanKind, Reservation, UseLine
from trimtab.advice.purchases.rates import EVERY, Basis, Share
from trimtab.costs.explorer import eligible
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Metric, Where
from trimtab.costs.read import CommitmentFacts, CostReader

_STATUS = Where(Dimension.COMMITMENT_STATUS, ("Used", eligible.UNUSED))
_SUMS = (Metric.AMORTIZED, Metric.LIST, Metric.USAGE)
_DAY_HOURS = 24


class _Sums(Struct):
    """Of what a commitment covered of one kind: its part of the commitment, list cost, and units."""

    cost: Decimal = Decimal(0)
    listed: Decimal = Decimal(0)
    units: Decimal = Decimal(0)


class _Held(Struct):
    """One commitment: the account of its lines, what it cost in all and used, what it covered by line and group."""

    account: str
    total: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    lines: dict[tuple[str, ...], tuple[UseLine, _Sums]] = field(default_factory=dict)


async def held_elsewhere(
    reader: CostReader, scope: Scope, span: tuple[int, int], only: Filter | None, reading: Reading
) -> tuple[Holdings, tuple[Share, ...]]:
    """What is held at one provider (plans without their shares), and the shares that its plans charged."""
    where = eligible.within(only, And((reading.provider.lines, eligible.COMMITTED, _STATUS)))
    by = (Dimension.COMMITMENT, Dimension.COMMITMENT_TYPE, Dimension.COMMITMENT_STATUS, *reading.by[:-1])
    rows = await reader.costs(scope, CostQuery(*span, _SUMS, Granularity.TOTAL, by, where))
    days = CostQuery(*span, (Metric.LINES,), Granularity.DAILY, (Dimension.COMMITMENT,), where)
    hours: dict[str, int] = {}
    for row in await reader.costs(scope, days) if rows else ():
        hours[row.keys[0]] = hours.get(row.keys[0], 0) + _DAY_HOURS
    facts = await reader.commitment_facts(scope, *_whole(span)) if rows else {}
    plans: list[Plan] = []
    reserved: list[Reservation] = []
    shares: list[Share] = []
    for (id_, type_), one in _summed(rows, reading).items():
        fact, many = facts.get(id_), Decimal(hours.get(id_, _DAY_HOURS))
        if type_ == eligible.SAVINGS_PLAN:
            plans.append(_plan(id_, one, many, fact, reading))
            shares += _shares(plans[-1], one, fact)
        else:
            reserved += _reserved(id_, one, many, fact, reading)
    return Holdings(tuple(plans), tuple(reserved)), tuple(shares)


def _whole(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], max(span[1], span[0] + HOUR_MS)


def _summed(rows: Sequence[CostRow], reading: Reading) -> dict[tuple[str, str], _Held]:
    found: dict[tuple[str, str], _Held] = {}
    for row in rows:
        id_, type_, status, *key = row.keys
        cost, listed, quantity = row.amounts
        one = found.setdefault((id_, type_), _Held(key[0]))
        one.total += cost
        if status == eligible.UNUSED:
            continue
        one.used += cost
        line = reading.line_of(tuple(key), Decimal(0))
        flexible = line.family if line.units != 1 or line.family != line.type else ""
        group = (line.service, line.region, line.family if reading.provider.name != GOOGLE and flexible else line.type)
        known, sums = one.lines.setdefault(group, (line, _Sums()))
        if line.units < known.units:
            one.lines[group] = line, sums
        sums.cost += cost
        sums.listed += listed
        sums.units += quantity * line.units
    return found


def _plan(id_: str, one: _Held, hours: Decimal, fact: CommitmentFacts | None, reading: Reading) -> Plan:
    kind = PlanKind.GOOGLE_FLEXIBLE if reading.provider.name == GOOGLE else PlanKind.AZURE_SAVINGS
    return Plan(id_, one.account, kind, round(one.total / hours, 6), years=(fact and fact.years) or 1)


def _shares(plan: Plan, one: _Held, fact: CommitmentFacts | None) -> list[Share]:
    source = f"what {(fact and fact.name) or plan.id.rpartition('/')[2] or plan.id} charged on the bill"
    sums: dict[tuple[str, str, str], _Sums] = {}
    for line, mine in one.lines.values():
        whole = sums.setdefault((line.service, line.family or EVERY, line.region or EVERY), _Sums())
        whole.cost += mine.cost
        whole.listed += mine.listed
    return [
        Share(
            plan.kind, plan.years, Payment.NO_UPFRONT, service, family, round(mine.cost / mine.listed, 6), Basis.BILL,
            "", source, region,
        )
        for (service, family, region), mine in sums.items()
        if 0 < mine.cost <= mine.listed
    ]  # fmt: skip


def _reserved(
    id_: str, one: _Held, hours: Decimal, fact: CommitmentFacts | None, reading: Reading
) -> list[Reservation]:
    """What it covered by kind: what nothing used is of each in proportion, since a bill does not say of which."""
    found = []
    for line, sums in one.lines.values():
        if sums.units <= 0 or sums.cost <= 0 or one.used <= 0:
            continue
        hourly = sums.cost / sums.units
        count = round(sums.cost * one.total / one.used / hourly / hours)
        flexible = bool(reading.provider.name != GOOGLE and (line.units != 1 or line.family != line.type))
        found.append(
            Reservation(
                id=id_, owner=one.account, type=line.type, region=line.region, count=max(count, 1),
                hourly=round(hourly, 10), platform=line.platform, family=line.family, flexible=flexible,
                service=line.service, years=(fact and fact.years) or 1, what=reading.provider.reservations,
                provider=line.provider,
            )
        )  # fmt: skip
    return found
