"""A rate card: what own and rented GPUs cost, written by hand in YAML, as FOCUS lines of a day each.

    name: hall-3
    currency: EUR
    from: 2026-08-01
    to: 2026-09-01                # not included
    power: {price_per_kwh: 0.21, pue: 1.3}
    items:
      - name: dgx-07              # bought: its price over its life, and its power
        kind: h100
        gpus: 8
        capex: 312000.00
        years: 5
        residual: 0
        watts_per_gpu: 700
        tags: {team: research}
      - name: rented-a100         # rented: a price an hour and GPU
        gpus: 16
        usd_per_gpu_hour: 1.79    # or price_per_gpu_hour
      - name: rented-node         # or any price and what it is for
        gpus: 8
        price: 14600.00
        unit: node-months

A unit is any that `base/measures.py` knows as a time of a GPU or of a machine. A month has 730 hours.

A purchase is spread evenly over the days of its life; the days of a period are cut from its running total, so that they
add up to it exactly. Amounts are rounded half away from zero to 12 digits.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.measures import Measure, measure_of
from trimtab.costs.files.unpack import PlainFile

FORMAT = "rate-card"
_HOURS = 24
_QUANTUM = Decimal("0.000000000001")
_DAYS_A_YEAR = Decimal("365.25")
_HEADER = (
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargeDescription",
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "ConsumedQuantity",
    "ConsumedUnit",
    "PricingQuantity",
    "PricingUnit",
    "PricingCategory",
    "ListUnitPrice",
    "ProviderName",
    "PublisherName",
    "InvoiceIssuerName",
    "ServiceName",
    "ServiceCategory",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "RegionId",
    "Tags",
    "x_InstanceType",
)

Amount = Decimal
"""Not below 0; `read_card` checks it."""


class Power(Struct, frozen=True, forbid_unknown_fields=True):
    """Price of a kilowatt-hour, and how much the hall takes for each watt that a GPU takes."""

    price_per_kwh: Amount
    pue: Amount = Decimal(1)


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """A machine or a batch of equal GPUs: bought (`capex` over `years`) or rented (a price an hour, or of a `unit`)."""

    name: str
    gpus: Annotated[int, Meta(ge=1)] = 1
    kind: str = ""
    region: str = ""
    capex: Amount | None = None
    years: Amount = Decimal(5)
    residual: Amount = Decimal(0)
    bought: date | None = None
    price_per_gpu_hour: Amount | None = None
    usd_per_gpu_hour: Amount | None = None
    price: Amount | None = None
    unit: str = ""
    watts_per_gpu: Amount = Decimal(0)
    tags: dict[str, str] = {}


class Card(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """The whole card. `to` is not included."""

    name: str
    start: date
    end: date
    items: list[Item]
    currency: str = "USD"
    provider: str = "On-premises"
    power: Power | None = None


@dataclass(frozen=True, slots=True)
class _Charge:
    item: Item
    service: str
    description: str
    unit: str
    quantity: Decimal
    price: Decimal
    cost: Decimal


def read_card(file: PlainFile) -> Card:
    """The card in a YAML file. Raises InvalidInput that names the part at fault."""
    try:
        card = typed.convert(msgspec.yaml.decode(file.path.read_bytes()), Card, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as problem:
        raise InvalidInput(f"cannot read rate card {file.shown}: {problem}") from None
    if card.end <= card.start:
        raise InvalidInput(f"cannot read rate card {file.shown}: got from {card.start} to {card.end}; expected order")
    for item in card.items:
        _check(item, file.shown)
    if card.power is not None:
        _check_signs(card.power, "power", file.shown)
    return card


def expand(file: PlainFile, target: Path) -> PlainFile:
    """Write the card's lines to `target` as a FOCUS CSV: one a day, item and kind of cost."""
    card = read_card(file)
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, _HEADER)
        writer.writeheader()
        day = card.start
        while day < card.end:
            writer.writerows(_row(card, day, charge) for charge in _charges(card, day))
            day += timedelta(days=1)
    return PlainFile(target, file.shown)


def _check_signs(part: Struct, name: str, shown: str) -> None:
    for field in part.__struct_fields__:
        value = getattr(part, field)
        if isinstance(value, Decimal) and not value >= 0:
            raise InvalidInput(f"cannot read rate card {shown}: {name} has {field} {value}; expected 0 or more")


def _check(item: Item, shown: str) -> None:
    _check_signs(item, f"item {item.name!r}", shown)
    ways = [one is not None for one in (item.capex, item.price_per_gpu_hour, item.usd_per_gpu_hour, item.price)]
    if sum(ways) != 1:
        raise InvalidInput(
            f"cannot read rate card {shown}: item {item.name!r} has {sum(ways)} prices; expected capex, "
            "price_per_gpu_hour, usd_per_gpu_hour, or price with its unit"
        )
    if (item.price is None) != (not item.unit) or (item.unit and measure_of(item.unit)[1] is None):
        raise InvalidInput(
            f"cannot read rate card {shown}: item {item.name!r} has price {item.price} of unit {item.unit!r}; expected "
            "both, and a time of a GPU or of a machine; try unit: GPU-Hours, node-hours or node-months"
        )
    if item.capex is not None and (item.years <= 0 or item.residual > item.capex):
        raise InvalidInput(
            f"cannot read rate card {shown}: item {item.name!r} needs years above 0, residual below capex"
        )


def _charges(card: Card, day: date) -> Iterator[_Charge]:
    for item in card.items:
        hours = Decimal(item.gpus * _HOURS)
        hourly = item.price_per_gpu_hour if item.price_per_gpu_hour is not None else item.usd_per_gpu_hour
        if item.price is not None:
            yield _by_unit(item, item.price)
        elif hourly is not None:
            yield _Charge(item, "GPU rental", "rented GPUs", "GPU-Hours", hours, hourly, _round(hours * hourly))
        elif (cost := _amortised(card, item, day)) is not None:
            yield _Charge(
                item, "GPU hardware", "purchase, spread over its life", "GPU-Hours", hours, cost / hours, cost
            )
        if card.power is not None and item.watts_per_gpu:
            kwh = item.watts_per_gpu * item.gpus * card.power.pue * _HOURS / 1000
            cost = _round(kwh * card.power.price_per_kwh)
            yield _Charge(item, "Power", "power at full load", "kWh", kwh, card.power.price_per_kwh, cost)


def _by_unit(item: Item, price: Decimal) -> _Charge:
    """A day at a price of some unit: GPU-Hours of all its GPUs, or Hours of the machine."""
    kind, hours = measure_of(item.unit)
    per_hour = price / (hours or 1)
    if kind is Measure.GPU:
        quantity = Decimal(item.gpus * _HOURS)
        return _Charge(item, "GPU rental", "rented GPUs", "GPU-Hours", quantity, per_hour, _round(quantity * per_hour))
    quantity = Decimal(_HOURS)
    return _Charge(item, "GPU rental", "rented machine", "Hours", quantity, per_hour, _round(quantity * per_hour))


def _amortised(card: Card, item: Item, day: date) -> Decimal | None:
    """The day's part of the purchase: the running total of today less that of yesterday. None outside its life."""
    if item.capex is None:
        return None
    life = item.years * _DAYS_A_YEAR
    age = (day - (item.bought or card.start)).days
    if age < 0 or age >= life:
        return None

    def until(days: Decimal) -> Decimal:
        return _round((item.capex - item.residual) * min(days, life) / life) if item.capex is not None else Decimal(0)

    return until(Decimal(age + 1)) - until(Decimal(age))


def _row(card: Card, day: date, charge: _Charge) -> dict[str, Any]:
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    item, cost = charge.item, f"{charge.cost:f}"
    return {
        "BillingAccountId": card.name,
        "BillingAccountName": card.name,
        "BillingCurrency": card.currency,
        "BillingPeriodStart": _iso(month),
        "BillingPeriodEnd": _iso(after),
        "ChargePeriodStart": _iso(day),
        "ChargePeriodEnd": _iso(day + timedelta(days=1)),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{item.name}: {charge.description}",
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), f"{charge.quantity:f}"),
        **dict.fromkeys(("ConsumedUnit", "PricingUnit"), charge.unit),
        "PricingCategory": "Standard",
        "ListUnitPrice": f"{_round(charge.price):f}",
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), card.provider),
        "ServiceName": charge.service,
        "ServiceCategory": "Compute",
        **dict.fromkeys(("ResourceId", "ResourceName"), item.name),
        "ResourceType": "GPU",
        "RegionId": item.region,
        "Tags": json.dumps(dict(item.tags)),
        "x_InstanceType": item.kind,
    }


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_QUANTUM, ROUND_HALF_UP)


def _iso(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
