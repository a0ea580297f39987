"""What a machine's day cost: by its lines of the bill, else by the live estimate, else by an own rate or list price.

A day's lines belong to the hours in which the machine existed that day, whatever the scheduler called it: a node that
lived ten hours of a day costs in ten hours what the bill says of the day. Where hourly lines tell hours apart, each
hour has its own (`costing`). A machine that is on no bill costs its rate for every hour that it existed. Where nothing
says a price there is none, with the reason.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.measures import is_time
from trimtab.costs.model import CostQuery, Dimension, Granularity, Where
from trimtab.costs.read import CostReader, HourCosts
from trimtab.fleet.basis import Basis
from trimtab.fleet.model import DAY_MS, HOUR_MS, PARTS, Floats
from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.catalog.model import GpuPrice, PriceBasis
from trimtab.inventory.catalog.pricing import Machine as PricedMachine
from trimtab.inventory.room import InventoryRoom

MachineDay = tuple[str, int]
"""A machine's path, and a day (since 1970)."""
_HALF_DAY_MS = DAY_MS // 2
_KEPT_DAYS = 500
_GPU_MS = PARTS * HOUR_MS


class MachineFacts(Struct, frozen=True):
    """What a price is looked for by."""

    devices: int
    gpu_type: str
    instance_type: str
    region: str
    bill_ids: tuple[str, ...]
    queue: str = ""

    @property
    def priced(self) -> PricedMachine:
        """As own rates and list prices are asked: many machines are alike."""
        return PricedMachine(self.instance_type, self.gpu_type, float(self.devices), self.queue, self.region or HOME)


class DayCost(Struct, frozen=True):
    """What a machine's day cost in one currency, by basis. `estimated`: the bill does not have the day yet."""

    amounts: Mapping[Basis, Decimal]
    currency: str
    basis: PriceBasis
    note: str
    estimated: bool = False


class EstimatedLine(Struct, frozen=True):
    """What the live estimate says of a machine's open day; None where it knows no price."""

    resource: str
    day_ms: int
    currency: str
    amounts: Mapping[Basis, Decimal] | None
    note: str = ""


class OpenDays(Struct, frozen=True):
    """What is estimated of the days from `closed_ms` on, where the bill ends."""

    closed_ms: int
    lines: Sequence[EstimatedLine] = ()
    error: float | None = None


Estimates = Callable[[], Awaitable[OpenDays | None]]
"""Asks for what is estimated; None where there is no bill to estimate from."""


async def no_estimates() -> OpenDays | None:
    """Where nothing is estimated."""
    return None


class Priced(Struct, frozen=True):
    """The costs of machine-days, one a currency; by currency what the 24 hours cost of days on which the bill tells
    them apart; why others have no cost; and what the same days' bill says of machines that the ledger does not know."""

    costs: Mapping[MachineDay, Sequence[DayCost]]
    hours: Mapping[MachineDay, Mapping[str, Mapping[Basis, Floats]]]
    unpriced: Mapping[MachineDay, str]
    elsewhere: Mapping[str, Mapping[Basis, Decimal]]
    closed_ms: int
    error: float | None = None


_Line = tuple[str, str, tuple[Decimal, ...]]
"""Resource, currency, and the amounts of `Basis` in order."""


class _Day(Struct, frozen=True):
    """What a bill says of a day."""

    lines: list[_Line] = field(default_factory=list)
    hours: list[HourCosts] = field(default_factory=list)


class Prices(Struct):
    """Prices over the bill, the live estimate, and the inventory's rates and catalogue."""

    bills: CostReader
    inventory: InventoryRoom
    estimates: Estimates
    bill_of: Callable[[int], Awaitable[str]]
    _days: dict[tuple[int, str], _Day] = field(default_factory=dict)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._days.clear()

    async def of(
        self, machines: Mapping[str, MachineFacts], existing: Mapping[MachineDay, int], first: int, last: int
    ) -> Priced:
        """What the days `[first, last)` of machines cost; `existing` are the part-milliseconds of each.

        Raises QueryAborted, Unavailable.
        """
        open_days = await self.estimates()
        closed = open_days.closed_ms // DAY_MS if open_days is not None else last
        paths = _paths(machines)
        found: dict[MachineDay, dict[str, DayCost]] = defaultdict(dict)
        elsewhere: dict[str, dict[Basis, Decimal]] = {}
        hours: dict[MachineDay, dict[str, dict[Basis, Floats]]] = defaultdict(dict)
        for day, told in (await self._told(first, min(last, closed))).items():
            for one in told.hours:
                if path := _match(paths, one.resource):
                    sums = hours[path, day].setdefault(one.currency, {basis: np.zeros(24) for basis in Basis})
                    for basis in Basis:
                        sums[basis] += one.hours[basis.metric]
            for resource, currency, amounts in told.lines:
                path = _match(paths, resource)
                if path is None:
                    others = elsewhere.setdefault(currency, dict.fromkeys(Basis, Decimal(0)))
                    for basis, amount in zip(Basis, amounts, strict=True):
                        others[basis] += amount
                else:
                    _add(found[path, day], currency, dict(zip(Basis, amounts, strict=True)), _of_bill(resource))
        unpriced: dict[MachineDay, str] = {}
        for line in open_days.lines if open_days is not None else ():
            day, path = line.day_ms // DAY_MS, _match(paths, line.resource)
            if path is None or not first <= day < last:
                continue
            if line.amounts is None:
                unpriced[path, day] = line.note or "the live estimate knows no price of it"
            else:
                kind = DayCost({}, line.currency, PriceBasis.BILL, "live estimate, from its last billed hours", True)
                _add(found[path, day], line.currency, line.amounts, kind)
        pricing = await self.inventory.pricing()
        prices: dict[tuple[PricedMachine, int], GpuPrice] = {}
        for (path, day), existed in existing.items():
            if existed and not found.get((path, day)):
                asked = machines[path].priced, day
                price = prices.get(asked)
                if price is None:
                    price = prices[asked] = pricing.gpu_hour(asked[0], day * DAY_MS + _HALF_DAY_MS)
                cost = _of_price(price, existed)
                if isinstance(cost, DayCost):
                    found[path, day] = {cost.currency: cost}
                else:
                    unpriced.setdefault((path, day), cost)
        costs = {key: list(by_currency.values()) for key, by_currency in found.items() if by_currency}
        left = {key: reason for key, reason in unpriced.items() if key not in costs}
        return Priced(
            costs, hours, left, elsewhere, closed * DAY_MS, open_days.error if open_days is not None else None
        )

    async def _told(self, first: int, last: int) -> dict[int, _Day]:
        """What the bill says of machine time by day; a day is read once a bill."""
        marks = {day: mark for day in range(first, last) if (mark := await self.bill_of(day))}
        found = {day: self._days[day, mark] for day, mark in marks.items() if (day, mark) in self._days}
        missing = sorted(marks.keys() - found.keys())
        if missing:
            # Kept when it is whole: whoever asks meanwhile, or after a read that failed, reads for himself.
            found |= await self._read(missing)
            self._days |= {(day, marks[day]): found[day] for day in missing}
            while len(self._days) > max(_KEPT_DAYS, len(marks)):
                self._days.pop(next(iter(self._days)))
        return found

    async def _read(self, days: Sequence[int]) -> dict[int, _Day]:
        found = {day: _Day() for day in days}
        start_ms, end_ms = days[0] * DAY_MS, (days[-1] + 1) * DAY_MS
        units = await self.bills.values(EVERYTHING, start_ms, end_ms, Dimension.USAGE_UNIT)
        timed = sorted({one.value for one in units if is_time(one.value)})
        if not timed:
            return found
        metrics = tuple(basis.metric for basis in Basis)
        where = Where(Dimension.USAGE_UNIT, tuple(timed))
        query = CostQuery(start_ms, end_ms, metrics, Granularity.DAILY, (Dimension.RESOURCE_ID,), where)
        for row in await self.bills.costs(EVERYTHING, query):
            if (day := row.start_ms // DAY_MS) in found and row.keys[0]:
                found[day].lines.append((row.keys[0], row.currency, row.amounts))
        for one in await self.bills.hours_apart(start_ms, end_ms, where):
            if one.day in found:
                found[one.day].hours.append(one)
        return found


def _paths(machines: Mapping[str, MachineFacts]) -> dict[str, str]:
    """By each name of a machine on a bill its path; of a name that several have, the first path's."""
    found: dict[str, str] = {}
    for path in sorted(machines):
        for name in machines[path].bill_ids:
            found.setdefault(name, path)
    return found


def _match(paths: Mapping[str, str], resource: str) -> str | None:
    return paths.get(resource) or paths.get(resource.rpartition("/")[2])


def _of_bill(resource: str) -> DayCost:
    return DayCost({}, "", PriceBasis.BILL, f"billed for {resource}")


def _add(by_currency: dict[str, DayCost], currency: str, amounts: Mapping[Basis, Decimal], kind: DayCost) -> None:
    before = by_currency.get(currency)
    summed = {basis: amounts[basis] + (before.amounts[basis] if before else 0) for basis in Basis}
    by_currency[currency] = DayCost(summed, currency, kind.basis, kind.note, kind.estimated)


def _of_price(price: GpuPrice, existing: int) -> DayCost | str:
    """The cost of a day by an own rate or a list price, or why there is none."""
    if price.per_gpu_hour is None:
        return price.note
    amount = (price.per_gpu_hour * existing / _GPU_MS).quantize(Decimal("0.000000000001"))
    return DayCost(dict.fromkeys(Basis, amount), price.currency, price.basis, price.note)


def held_days(existing: Iterable[tuple[str, int, int]]) -> dict[MachineDay, int]:
    """(machine, day, part-milliseconds) added up."""
    found: dict[MachineDay, int] = defaultdict(int)
    for path, day, amount in existing:
        found[path, day] += amount
    return dict(found)
