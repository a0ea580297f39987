"""Reads from the bill what machines used before and since they were changed, and what the invoice since is made of."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.advice.facts import DAY_MS
from trimtab.advice.gather.bills import key_of
from trimtab.advice.ledger.measure import BEFORE_DAYS, Days, counterfactual
from trimtab.advice.ledger.model import Counterfactual
from trimtab.advice.ledger.replay import Changed, put_back, saved
from trimtab.advice.plan.reading import DAYS, read_net
from trimtab.advice.purchases.bill import read_bill, use_of
from trimtab.advice.purchases.lines import Reading, Sizes, readings
from trimtab.advice.purchases.model import AWS, HOUR_MS, Floats, Use
from trimtab.advice.purchases.rates import Rates, Share
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.explorer.providers import shown
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Match, Metric, Not, Where
from trimtab.costs.read import CostReader

FOLLOWED_DAYS = 90
"""Days of bill for which a machine's saving is measured anew: a quarter later nobody knows what it would do now."""
_AT_ONCE = 100
_MOST_PEERS = 50
_NAMED = Not(Where(Dimension.RESOURCE_ID, match=Match.ABSENT))
_SUMS = (Metric.USAGE, Metric.LIST)


class Applied(Struct, frozen=True):
    """A machine as the bill names it, when it was changed, and by which verb."""

    machine: str
    applied_ms: int
    verb: str


class Outcome(Struct, frozen=True):
    """What came of a machine: by list prices before and since, and the dollars saved in each hour since."""

    against: Counterfactual
    saved: Floats


class OwnRates(Struct, frozen=True):
    """What people said that commitments charge, and the flexibility groups of Azure's sizes."""

    shares: tuple[Share, ...] = ()
    sizes: Sizes = field(default_factory=dict)


async def outcomes(
    reader: CostReader, currency: str, applied: Collection[Applied], own_rates: OwnRates | None = None
) -> dict[str, Outcome]:
    """By machine what came of it in the last days of the bill; those without a week of bill on both sides are left out.

    The commitments of each provider are applied again to its own use, whoever it is. Empty where the bill has no use
    that commitments could cover.
    """
    rates = own_rates or OwnRates()
    try:
        others = await _others(reader, rates.sizes)
        bill = await read_bill(reader, EVERYTHING, DAYS, rates.shares, currency, others)
    except (NotFound, InvalidInput):
        return {}
    if not (bill.use.lines or bill.spot.lines):
        return {}
    followed = [one for one in applied if one.applied_ms >= bill.end_ms - FOLLOWED_DAYS * DAY_MS]
    extent = await reader.extent()
    if not followed or extent is None:
        return {}
    first = min(one.applied_ms for one in followed) // DAY_MS * DAY_MS - BEFORE_DAYS * DAY_MS
    span = max(min(first, bill.start_ms), -(-extent[0] // DAY_MS) * DAY_MS), bill.end_ms
    only = Where(Dimension.CURRENCY, (currency,))
    listed: dict[str, tuple[str, dict[int, Decimal]]] = {}
    own: dict[str, Use] = {}
    for reading in bill.readings:
        listed |= await _listed(reader, span, only, reading)
        own |= await _own(reader, span, only, {one.machine for one in followed}, reading)
    use = _with_lines(bill.use, list(own.values()))
    net = np.ones(len(use.lines))
    for reading in bill.readings:
        mine = np.array([line.provider == reading.provider.name for line in use.lines], dtype=np.bool_)
        net[mine] = (await read_net(reader, EVERYTHING, use, span, only, reading))[mine]
    touched = {one.machine for one in applied}
    changed, against = [], {}
    for one in followed:
        if one.machine not in own:
            continue
        change = one.applied_ms // DAY_MS * DAY_MS
        found = counterfactual(
            listed[one.machine][1], _peers(listed, one.machine, touched), one.applied_ms, bill.end_ms
        )
        if found is None:
            continue
        against[one.machine] = replace(found, replayed=True)
        changed.append(Changed(one.machine, one.verb, change, _gone(use, own[one.machine], span, change, found)))
    hours = saved(use, Rates((*rates.shares, *bill.shares)).rated(bill.held, use.lines), net, changed)
    since = {one.machine: _hour(use, one.applied_ms + DAY_MS) for one in changed}
    return {name: Outcome(against[name], hours[name][since[name] :]) for name in against}


async def _others(reader: CostReader, sizes: Sizes) -> list[Reading]:
    """How use is read of the providers beside AWS that the bill has."""
    extent = await reader.extent()
    if extent is None:
        raise NotFound("no bill has been imported; `trimtab import FILE` imports one")
    names = CostQuery(*extent, (Metric.LINES,), group_by=(Dimension.PROVIDER,))
    present = {shown(row.keys[0]) for row in await reader.costs(EVERYTHING, names)}
    return [one for one in readings(sizes) if one.provider.name != AWS and one.provider.name in present]


_Listed = Mapping[str, tuple[str, dict[int, Decimal]]]
"""By resource its service and its list cost by day."""


async def _listed(reader: CostReader, span: tuple[int, int], only: Filter, reading: Reading) -> _Listed:
    where = And((only, _NAMED, reading.provider.coverable))
    by = (Dimension.RESOURCE_ID, Dimension.SERVICE)
    query = CostQuery(*span, (Metric.LIST,), Granularity.DAILY, by, where)
    found: dict[str, tuple[str, dict[int, Decimal]]] = {}
    for row in await reader.costs(EVERYTHING, query):
        _, days = found.setdefault(key_of(row.keys[0]), (row.keys[1], {}))
        days[row.start_ms] = days.get(row.start_ms, Decimal(0)) + row.amounts[0]
    return found


def _peers(listed: _Listed, machine: str, touched: Collection[str]) -> Sequence[Days]:
    service = listed[machine][0]
    return [days for name, (of, days) in listed.items() if of == service and name not in touched][:_MOST_PEERS]


async def _own(
    reader: CostReader, span: tuple[int, int], only: Where, machines: Collection[str], reading: Reading
) -> dict[str, Use]:
    """The use of each machine of a provider hour by hour."""
    where = And((only, _NAMED, reading.provider.coverable))
    by = Dimension.RESOURCE_ID, *reading.by[:-1]
    names = await reader.costs(
        EVERYTHING, CostQuery(*span, (Metric.LIST,), Granularity.TOTAL, (Dimension.RESOURCE_ID,), where)
    )
    mine = sorted({row.keys[0] for row in names if key_of(row.keys[0]) in machines})
    rows: dict[str, list[CostRow]] = {}
    for at in range(0, len(mine), _AT_ONCE):
        some = Where(Dimension.RESOURCE_ID, tuple(mine[at : at + _AT_ONCE]))
        query = CostQuery(*span, _SUMS, Granularity.HOURLY, by, And((where, some)))
        for row in await reader.costs(EVERYTHING, query):
            rows.setdefault(key_of(row.keys[0]), []).append(replace(row, keys=(*row.keys[1:], "")))
    return {key: use_of(some, span, only.values[0], reading.line_of)[0] for key, some in rows.items()}


def _with_lines(use: Use, own: Sequence[Use]) -> Use:
    """The use with the lines that only what is gone had."""
    lines = {line.key: line for one in own for line in one.lines}
    more = [line for key, line in sorted(lines.items()) if key not in {line.key for line in use.lines}]
    quantity = np.concatenate([use.quantity, np.zeros((len(more), use.hours))])
    return replace(use, lines=(*use.lines, *more), quantity=quantity)


def _gone(use: Use, own: Use, span: tuple[int, int], change: int, found: Counterfactual) -> dict[int, Floats]:
    """By line of `use` what a machine would have used of it, less what it did."""
    places = {line.key: at for at, line in enumerate(use.lines)}
    until = (change - span[0]) // HOUR_MS
    since = until - found.days_before * 24
    begins = (int(use.at_ms[0]) - span[0]) // HOUR_MS
    first = _hour(use, change)
    return {
        places[line.key]: put_back(quantity[since:until], quantity[begins:], begins - until, first, found.trend)
        for line, quantity in zip(own.lines, own.quantity, strict=True)
    }


def _hour(use: Use, at_ms: int) -> int:
    """The place of a day's first hour; 0 of what is before them."""
    return max((at_ms // DAY_MS * DAY_MS - int(use.at_ms[0])) // HOUR_MS, 0)
