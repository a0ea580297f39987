"""The books of a plan from the bill: its last days, as the days that follow."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np

from trimtab.access.scope import Scope
from trimtab.advice.cash import month
from trimtab.advice.facts import DAY_MS
from trimtab.advice.gather.bills import RENTED, key_of
from trimtab.advice.plan.books import Books, Part
from trimtab.advice.plan.model import ZERO
from trimtab.advice.purchases.bill import Bill, use_of
from trimtab.advice.purchases.lines import Reading
from trimtab.advice.purchases.model import HOUR_MS, Floats, Use
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Match, Metric, Not, Where
from trimtab.costs.read import CostReader
from trimtab.costs.readers.rate_card_charges import POWER
from trimtab.inventory.catalog.spot import SpotPriceStore, hourly
from trimtab.inventory.resources import ResourceStore

DAYS = 30
"""Days of the bill that are replayed: near a month, and recent."""
_BY_HOUR = 300
"""Machines whose own hours are read, the dearest; of others the hours are those of their line, in proportion."""
_AT_ONCE = 100
_RESERVED = "ec2:reserved-instances"
_NAMED = Not(Where(Dimension.RESOURCE_ID, match=Match.ABSENT))
_USAGE = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
_FREE = Where(Dimension.COMMITMENT, match=Match.ABSENT)
_AVOIDABLE = Not(Where(Dimension.SERVICE, (*sorted(RENTED), POWER)))
_SUMS = (Metric.USAGE, Metric.LIST)


def span_of(bill: Bill) -> tuple[int, int]:
    """The days of a bill that are replayed."""
    hours = min(bill.use.hours, DAYS * 24)
    return bill.end_ms - hours * HOUR_MS, bill.end_ms


async def read_spot(
    store: SpotPriceStore, bill: Bill, wanted: Iterable[tuple[str, str, Decimal]]
) -> dict[tuple[str, str], Floats]:
    """What an hour on spot cost of types in regions (each with its price on demand), in each hour that is replayed.

    Where no price of it is known it is taken to cost what the bill's own spot costs of on demand; without any, nothing
    is said of it.
    """
    span, found = span_of(bill), dict[tuple[str, str], Floats]()
    hours = (span[1] - span[0]) // HOUR_MS
    share = bill.spot_share
    for type_, region, listed in wanted:
        known = hourly(await store.of(type_, region, *span), span[0], hours, bill.use.currency)
        if known is not None:
            found[type_, region] = np.array(known)
        elif share is not None:
            found[type_, region] = np.full(hours, float(listed) * share)
    return found


async def read_convertible(store: ResourceStore, scope: Scope) -> frozenset[str]:
    """The ARNs of Reserved Instances that can be exchanged, as connected accounts say it."""
    found = await store.of_type(scope, _RESERVED)
    return frozenset(one.arn for one in found if str(one.attributes.get("OfferingClass", "")).lower() == "convertible")


async def read_books(reader: CostReader, scope: Scope, bill: Bill, machines: Collection[str]) -> Books:
    """The last DAYS days of a bill that was read, with what each of `machines` has of them.

    Their hours are moved on by as much: what is held counts as it will in the days that follow.
    """
    span = span_of(bill)
    use = bill.use.span(bill.use.hours - (span[1] - span[0]) // HOUR_MS, bill.use.hours)
    only = Where(Dimension.CURRENCY, (use.currency,))
    parts: dict[str, tuple[Part, ...]] = {}
    net = np.ones(len(use.lines))
    for reading in bill.readings:
        names = await _names(reader, scope, span, only, frozenset(machines), reading)
        mine = {**_shared(use, names, reading), **await _hourly(reader, scope, use, span, only, names, reading)}
        for key, some in mine.items():
            parts[key] = (*parts.get(key, ()), *some)
        of = np.array([line.provider == reading.provider.name for line in use.lines], dtype=np.bool_)
        net[of] = (await read_net(reader, scope, use, span, only, reading))[of]
    moved = replace(use, at_ms=use.at_ms + (span[1] - span[0]))
    return Books(
        moved,
        bill.held,
        net,
        parts,
        await _flat(reader, scope, span, only, frozenset(machines), bill.readings),
        await _billed(reader, scope, span, only),
        bill.notes,
        span[1] - span[0],
    )


Named = Mapping[str, Sequence[CostRow]]
"""By machine its rows of the whole span: the resource, its line, quantity and list cost."""


async def _names(
    reader: CostReader,
    scope: Scope,
    span: tuple[int, int],
    only: Filter,
    machines: frozenset[str],
    reading: Reading,
) -> Named:
    where = And((only, _NAMED, reading.provider.coverable))
    query = CostQuery(*span, _SUMS, Granularity.TOTAL, _by_resource(reading), where)
    found: dict[str, list[CostRow]] = {}
    for row in await reader.costs(scope, query) if machines else ():
        key = key_of(row.keys[0])
        if key in machines:
            found.setdefault(key, []).append(row)
    return found


def _by_resource(reading: Reading) -> tuple[Dimension, ...]:
    return Dimension.RESOURCE_ID, *reading.by[:-1]


def _dearest(names: Named) -> dict[str, str]:
    """By resource of the bill its machine, of the dearest machines."""
    cost = {key: sum((row.amounts[1] for row in rows), ZERO) for key, rows in names.items()}
    first = sorted(cost, key=lambda key: (-cost[key], key))[:_BY_HOUR]
    return {row.keys[0]: key for key in first for row in names[key]}


def _shared(use: Use, names: Named, reading: Reading) -> dict[str, tuple[Part, ...]]:
    """Each machine's share of its lines."""
    places, sums = _places(use), use.quantity.sum(axis=1)
    found: dict[str, tuple[Part, ...]] = {}
    for key, rows in names.items():
        mine: dict[int, float] = {}
        for row in rows:
            if (at := places.get(reading.line_of(row.keys[1:], ZERO).key)) is not None:
                mine[at] = mine.get(at, 0.0) + float(row.amounts[0])
        found[key] = tuple((at, min(mine[at] / float(sums[at]), 1.0)) for at in mine if sums[at] > 0)
    return found


async def _hourly(
    reader: CostReader,
    scope: Scope,
    use: Use,
    span: tuple[int, int],
    only: Filter,
    names: Named,
    reading: Reading,
) -> dict[str, tuple[Part, ...]]:
    """The dearest machines of some hour by hour."""
    places, resources = _places(use), _dearest(names)
    rows: dict[str, list[CostRow]] = {}
    for some in _some(sorted(resources)):
        where = And((only, Where(Dimension.RESOURCE_ID, tuple(some)), reading.provider.coverable))
        query = CostQuery(*span, _SUMS, Granularity.HOURLY, _by_resource(reading), where)
        for row in await reader.costs(scope, query):
            rows.setdefault(resources[row.keys[0]], []).append(replace(row, keys=(*row.keys[1:], "")))
    found: dict[str, tuple[Part, ...]] = {}
    for key, mine in rows.items():
        own, _ = use_of(mine, span, use.currency, reading.line_of)
        parts: dict[int, Floats] = {}
        for line, quantity in zip(own.lines, own.quantity, strict=True):
            if (at := places.get(line.key)) is not None:
                parts[at] = parts[at] + quantity if at in parts else quantity
        found[key] = tuple(parts.items())
    return found


def _some(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))


def _places(use: Use) -> dict[tuple[str, ...], int]:
    return {line.key: at for at, line in enumerate(use.lines)}


async def read_net(
    reader: CostReader, scope: Scope, use: Use, span: tuple[int, int], only: Filter, reading: Reading
) -> Floats:
    """What an hour on demand costs after every discount, of its list price: by line, else as of all together."""
    where = And((only, reading.provider.coverable, Where(Dimension.PURCHASE_TYPE, (eligible.ON_DEMAND,))))
    query = CostQuery(*span, (*_SUMS, Metric.NET_UNBLENDED), Granularity.TOTAL, reading.by, where)
    places, sums, whole = _places(use), dict[int, list[Decimal]](), [ZERO, ZERO]
    for row in await reader.costs(scope, query):
        at = places.get(reading.line_of(row.keys[:-1], ZERO).key)
        for each in (whole, *([sums.setdefault(at, [ZERO, ZERO])] if at is not None else ())):
            each[0] += row.amounts[1]
            each[1] += row.amounts[2]
    usual = float(whole[1] / whole[0]) if whole[0] > 0 else 1.0
    found = np.full(len(use.lines), usual)
    for at, (listed, net) in sums.items():
        if listed > 0:
            found[at] = float(net / listed)
    return found


async def _flat(
    reader: CostReader,
    scope: Scope,
    span: tuple[int, int],
    only: Filter,
    machines: frozenset[str],
    readings: Sequence[Reading],
) -> dict[str, Decimal]:
    """What machines cost a month that no commitment that is read covers or could; rented ones are paid anyhow."""
    others = tuple(Not(one.provider.coverable) for one in readings)
    where = And((only, _NAMED, _USAGE, _FREE, _AVOIDABLE, *others))
    query = CostQuery(*span, (Metric.NET_UNBLENDED,), Granularity.TOTAL, (Dimension.RESOURCE_ID,), where)
    found: dict[str, Decimal] = {}
    for row in await reader.costs(scope, query) if machines else ():
        key = key_of(row.keys[0])
        if key in machines:
            found[key] = found.get(key, ZERO) + row.amounts[0]
    return {key: month(amount, _days(span)) for key, amount in found.items()}


async def _billed(reader: CostReader, scope: Scope, span: tuple[int, int], only: Filter) -> Decimal:
    """The whole invoice a month, after every discount."""
    rows = await reader.costs(scope, CostQuery(*span, (Metric.NET_UNBLENDED,), Granularity.TOTAL, (), only))
    return month(sum((row.amounts[0] for row in rows), ZERO), _days(span))


def _days(span: tuple[int, int]) -> int:
    return (span[1] - span[0]) // DAY_MS
