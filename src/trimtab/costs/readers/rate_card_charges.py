"""What the items of a rate card cost by day, exactly: what is spread over days is cut from its running total.

Every charge of a machine is in a unit of machine time, which is what the fleet's ledger takes for a machine's cost; one
of a day's charges (its price, whatever that is) carries the hours, the others none, so that hours count once.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import groupby

from msgspec import Struct

from trimtab.base.measures import Measure, measure_of
from trimtab.costs.readers.rate_card_terms import Block, Card, Item

GPU_HOURS = "GPU-Hours"
"""The unit of charges without hours too: of `Hours` the live estimate takes a meter's, and 0 of them cost nothing."""
_HOURS = 24
_QUANTUM = Decimal("0.000000000001")
_ZERO = Decimal(0)
_YEARS = Decimal(5)
"""How long a purchase lives where the card does not say."""
_DAYS_A_YEAR = Decimal("365.25")
RENTAL, HARDWARE, POWER = "GPU rental", "GPU hardware", "Power"
"""Services. Advice takes the first two for what is paid by contract, whatever runs: colocation and staff are that."""
AS_MEASURED = "power as measured"
"""The description of power that was metered; what was not is taken at full load."""


class Use(StrEnum):
    """How a charge has to do with a monthly minimum."""

    NONE = ""
    USED = "Used"
    UNUSED = "Unused"


class Charge(Struct, frozen=True, kw_only=True):
    """A line of the bill. `hours` are what it counts, `priced` how much of which unit at which price it comes from.

    `billed` is what is due where that is not the cost; `listed` what it costs by list where that is another amount.
    """

    day: date
    service: str
    kind: str
    description: str
    cost: Decimal
    hours: Decimal = _ZERO
    unit: str = GPU_HOURS
    priced: tuple[Decimal, str, Decimal] | None = None
    billed: Decimal | None = None
    listed: Decimal | None = None
    is_fee: bool = False
    use: Use = Use.NONE
    committed: Decimal = _ZERO
    span: tuple[datetime, datetime] | None = None


class _Pledge(Struct, frozen=True):
    """What the card's days of a month cost at least, and the hours that this pays, unrounded."""

    hours: Decimal
    money: Decimal


def charges(card: Card, item: Item) -> Iterator[Charge]:
    """Everything that an item costs in the card's days."""
    days = [card.start + timedelta(days=at) for at in range((card.end - card.start).days)]
    if item.block is not None:
        yield from _block(item, item.block, days)
    elif item.capex is not None:
        yield from _purchase(card, item, item.capex, days)
    elif item.has_minimum or item.used_gpu_hours is not None:
        for _, month in groupby(days, lambda day: (day.year, day.month)):
            yield from _metered(item, list(month))
    else:
        yield from (_rent(item, day) for day in days)
    for day in days:
        if hours := _hours_there(card, item, day):
            yield from _beside(card, item, day, hours)


def rounded(amount: Decimal) -> Decimal:
    """An amount to 12 digits, half away from zero."""
    return amount.quantize(_QUANTUM, ROUND_HALF_UP)


def cut(total: Decimal, at: int, of: int) -> Decimal:
    """The part of place `at` (1 … `of`) of a total: its running total less that of the place before."""
    return rounded(total * at / of) - rounded(total * (at - 1) / of)


def _hours_there(card: Card, item: Item, day: date) -> Decimal:
    """How many hours of a day the item is there."""
    if item.block is not None:
        part = _part(item.block, day)
        return _ZERO if part is None else _in_hours(part[1] - part[0])
    is_there = item.capex is None or day >= (item.bought or card.start)
    return Decimal(_HOURS) if is_there else _ZERO


def _beside(card: Card, item: Item, day: date, hours: Decimal) -> Iterator[Charge]:
    """What a day costs beside the price: power, colocation, staff, support."""
    if card.power is not None:
        measured = (item.measured_kwh or {}).get(day)
        drawn = item.watts_per_gpu * item.gpus * hours / 1000 if measured is None else measured
        if drawn or measured is not None:
            price = card.power.price_per_kwh * card.power.pue  # of a kilowatt-hour at the machine, with the hall's part
            yield Charge(
                day=day,
                service=POWER,
                kind="power",
                description="power at full load" if measured is None else AS_MEASURED,
                cost=rounded(drawn * price),
                priced=(drawn, "kWh", price),
            )
    month = day.day, monthrange(day.year, day.month)[1]
    year = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    for kind, total, (at, of) in (
        ("colocation", item.colocation_per_month, month),
        ("staff", item.staff_per_month, month),
        ("support", item.support_per_year, year),
    ):
        if total:
            cost = cut(total, at, of)
            yield Charge(
                day=day,
                service=HARDWARE,
                kind=kind,
                description=kind,
                cost=cost,
                priced=(Decimal(1), "Days", cost),
            )


def _purchase(card: Card, item: Item, capex: Decimal, days: Sequence[date]) -> Iterator[Charge]:
    """A purchase over its life; what is written off goes on to count hours, and costs nothing."""
    years = item.months / 12 if item.months is not None else item.years if item.years is not None else _YEARS
    life = years * _DAYS_A_YEAR
    bought = item.bought or card.start

    def until(age: int) -> Decimal:
        return rounded((capex - item.residual) * min(Decimal(age), life) / life)

    hours = Decimal(item.gpus * _HOURS)
    for day in days:
        age = (day - bought).days
        if age >= 0:
            cost = until(age + 1) - until(age)
            yield Charge(
                day=day,
                service=HARDWARE,
                kind="hardware",
                description="purchase, spread over its life" if age < life else "purchase, written off",
                cost=cost,
                hours=hours,
                priced=(hours, GPU_HOURS, cost / hours),
            )


def _rent(item: Item, day: date) -> Charge:
    """A day at a price of some unit: GPU-Hours of all its GPUs, or Hours of the machine."""
    measure, price = _hourly(item)
    machine = measure is Measure.NODE
    hours, unit = Decimal(_HOURS if machine else item.gpus * _HOURS), "Hours" if machine else GPU_HOURS
    return Charge(
        day=day,
        service=RENTAL,
        kind="rent",
        description="rented machine" if machine else "rented GPUs",
        cost=rounded(hours * price),
        hours=hours,
        unit=unit,
        priced=(hours, unit, price),
    )


def _hourly(item: Item) -> tuple[Measure, Decimal]:
    """The price of an hour, of one GPU or of the machine."""
    if item.price is not None:
        measure, hours = measure_of(item.unit)
        return measure, item.price / (hours or 1)
    price = item.price_per_gpu_hour if item.price_per_gpu_hour is not None else item.usd_per_gpu_hour
    return Measure.GPU, price or _ZERO


def _metered(item: Item, days: Sequence[date]) -> Iterator[Charge]:
    """The days of one month at a price of GPU-hours: what is used, what of it is over the minimum, what is under it."""
    measure, price = _hourly(item)
    price = price / item.gpus if measure is Measure.NODE else price
    pledge = _pledge(item, days, price)
    over_price = item.overage_price if item.overage_price is not None else price
    used = inside = inside_cost = over = over_cost = _ZERO
    for day, told in zip(days, _used(item, days), strict=True):
        used += told
        now = used if pledge is None else min(used, pledge.hours)
        now_cost = rounded(now * price)
        if pledge is not None:
            now_cost = pledge.money if now == pledge.hours else min(now_cost, pledge.money)
        if now > inside or used - now == over:
            hours = rounded(now) - rounded(inside)
            yield _used_hours(item, day, hours, now_cost - inside_cost, price, pledge)
        if used - now > over:
            cost, hours = rounded((used - now) * over_price), rounded(used - now) - rounded(over)
            yield Charge(
                day=day,
                service=RENTAL,
                kind="overage",
                description="rented GPUs, over the minimum",
                cost=cost - over_cost,
                hours=hours,
                priced=(hours, GPU_HOURS, over_price),
            )
            over, over_cost = used - now, cost
        inside, inside_cost = now, now_cost
    if pledge is not None and pledge.money > inside_cost:
        yield from _unused(item, days, pledge.hours - inside, pledge.money - inside_cost)


def _used_hours(item: Item, day: date, hours: Decimal, cost: Decimal, price: Decimal, pledge: _Pledge | None) -> Charge:
    return Charge(
        day=day,
        service=RENTAL,
        kind="rent",
        description="rented GPUs",
        cost=cost,
        hours=hours,
        priced=(hours, GPU_HOURS, price),
        use=Use.NONE if pledge is None else Use.USED,
        committed=hours if item.minimum_gpu_hours is not None else cost,
    )


def _unused(item: Item, days: Sequence[date], hours: Decimal, money: Decimal) -> Iterator[Charge]:
    """What a minimum costs that nothing used, evenly over the days. By list it costs nothing: nothing ran."""
    for at, day in enumerate(days, 1):
        cost = cut(money, at, len(days))
        yield Charge(
            day=day,
            service=RENTAL,
            kind="unused-commitment",
            description="unused commitment",
            cost=cost,
            unit="",
            listed=_ZERO,
            use=Use.UNUSED,
            committed=cut(hours, at, len(days)) if item.minimum_gpu_hours is not None else cost,
        )


def _pledge(item: Item, days: Sequence[date], price: Decimal) -> _Pledge | None:
    """The minimum of a month; of a part of a month its days' part."""
    if item.minimum_gpu_hours is not None:
        hours, money = item.minimum_gpu_hours, item.minimum_gpu_hours * price
    elif item.minimum_per_month is not None:
        hours, money = item.minimum_per_month / price, item.minimum_per_month
    else:
        return None
    length = monthrange(days[0].year, days[0].month)[1]

    until = [rounded(money * day / length) for day in (days[0].day - 1, days[-1].day)]
    return _Pledge(hours * len(days) / length, until[1] - until[0])


def _used(item: Item, days: Sequence[date]) -> list[Decimal]:
    """GPU-hours by day of one month: as the card says, else of every GPU for the whole day."""
    told = item.used_gpu_hours
    if told is None:
        return [Decimal(item.gpus * _HOURS)] * len(days)
    month = told.get(f"{days[0]:%Y-%m}")
    if month is not None:
        return [cut(month, at, len(days)) for at in range(1, len(days) + 1)]
    return [rounded(told.get(day, _ZERO)) for day in days]


def _block(item: Item, block: Block, days: Sequence[date]) -> Iterator[Charge]:
    """A fee on the day on which the block begins, and what of it each of its hours costs; by list the hours cost it."""
    span = block.span
    if span is None:
        return
    start, end = span
    length = end - start

    def until(at: datetime) -> Decimal:
        return rounded(block.price * _in_seconds(at - start) / _in_seconds(length))

    for day in days:
        part = _part(block, day)
        if part is None:
            continue
        if part[0] == start:
            yield Charge(
                day=day,
                service=RENTAL,
                kind="capacity-block-fee",
                description="capacity block, upfront fee",
                cost=_ZERO,
                priced=(Decimal(1), "Blocks", _ZERO),
                billed=block.price,
                listed=_ZERO,
                is_fee=True,
                span=span,
            )
        hours = item.gpus * _in_hours(part[1] - part[0])
        cost = until(part[1]) - until(part[0])
        yield Charge(
            day=day,
            service=RENTAL,
            kind="capacity-block",
            description="capacity block, spread over its hours",
            cost=cost,
            hours=hours,
            priced=(hours, GPU_HOURS, cost / hours),
            billed=_ZERO,
            span=part,
        )


def _part(block: Block, day: date) -> tuple[datetime, datetime] | None:
    """When the block is there on a day."""
    span, midnight = block.span, datetime(day.year, day.month, day.day, tzinfo=UTC)
    if span is None:
        return None
    start, end = max(span[0], midnight), min(span[1], midnight + timedelta(days=1))
    return (start, end) if start < end else None


def _in_seconds(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1)) / 1_000_000


def _in_hours(length: timedelta) -> Decimal:
    return rounded(_in_seconds(length) / 3600)
