"""A rate card: what own and rented GPUs cost, written by hand in YAML, as FOCUS lines of a day each.

    name: hall-3
    currency: EUR
    from: 2026-08-01
    to: 2026-09-01                # not included
    power: {price_per_kwh: 0.21, pue: 1.3}
    items:
      - name: dgx-07              # bought: its price over its life, and what its place takes
        kind: h100
        gpus: 8
        capex: 312000.00
        months: 60                # or years: 5
        residual: 12000
        bought: 2025-11-15
        watts_per_gpu: 700        # a fixed draw, on days for which nothing was measured
        measured_kwh: {2026-08-01: 123.4}     # or energy: {file: _kwh.csv}
        colocation_per_month: 900
        staff_per_month: 400
        support_per_year: 9000
        tags: {team: research}
      - name: rented-a100         # rented: a price an hour and GPU
        gpus: 16
        usd_per_gpu_hour: 1.79    # or price_per_gpu_hour
      - name: rented-node         # or any price and what it is for
        gpus: 8
        price: 14600.00
        unit: node-months
      - name: cluster             # rented with a minimum
        gpus: 64
        price_per_gpu_hour: 2.10
        minimum_gpu_hours: 40000  # a month, or minimum_per_month: 84000.00
        overage_price: 2.60
        used_gpu_hours: {2026-08: 31000}      # or by day; else all GPUs all the time
      - name: block-1             # capacity for a fixed time, paid at its start
        gpus: 8
        block: {from: 2026-08-03T11:30:00Z, to: 2026-08-10T11:30:00Z, price: 5300.00}

A unit is any that `base/measures.py` knows as a time of a GPU or of a machine. A month has 730 hours.

What is spread over days (a purchase over its life, a minimum over its month) is cut from its running total, so that the
days add up to it exactly. Amounts are rounded half away from zero to 12 digits. `rate_card_terms` reads a card,
`rate_card_charges` works out what it costs.
"""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from trimtab.costs.files.unpack import PlainFile
from trimtab.costs.readers.rate_card_charges import GPU_HOURS, Charge, Use, charges, rounded
from trimtab.costs.readers.rate_card_terms import Card, Item, read_card

FORMAT = "rate-card"
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
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
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
    "x_UsageType",
)


def expand(file: PlainFile, target: Path) -> PlainFile:
    """Write the card's lines to `target` as a FOCUS CSV: one a day, item and kind of cost. Raises InvalidInput."""
    card = read_card(file)
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, _HEADER)
        writer.writeheader()
        for item in card.items:
            writer.writerows(_row(card, item, charge) for charge in charges(card, item))
    return PlainFile(target, file.shown)


def _row(card: Card, item: Item, charge: Charge) -> dict[str, Any]:
    month = charge.day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    start, end = charge.span or (_midnight(charge.day), _midnight(charge.day + timedelta(days=1)))
    listed = charge.cost if charge.listed is None else charge.listed
    return {
        "BillingAccountId": card.name,
        "BillingAccountName": card.name,
        "BillingCurrency": card.currency,
        "BillingPeriodStart": _iso(_midnight(month)),
        "BillingPeriodEnd": _iso(_midnight(after)),
        "ChargePeriodStart": _iso(start),
        "ChargePeriodEnd": _iso(end),
        "ChargeCategory": "Purchase" if charge.is_fee else "Usage",
        "ChargeFrequency": "One-Time" if charge.is_fee else "Usage-Based",
        "ChargeDescription": f"{item.name}: {charge.description}",
        "BilledCost": f"{charge.cost if charge.billed is None else charge.billed:f}",
        "EffectiveCost": f"{charge.cost:f}",
        **dict.fromkeys(("ListCost", "ContractedCost"), f"{listed:f}"),
        **_counted(charge),
        **(_committed(card, item, charge) if charge.use else {}),
        "PricingCategory": "Committed" if charge.use else "Standard",
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), card.provider),
        "ServiceName": charge.service,
        "ServiceCategory": "Compute",
        **({} if charge.use is Use.UNUSED else _resource(item)),
        "RegionId": item.region,
        "Tags": json.dumps(dict(item.tags)),
        "x_InstanceType": item.kind,
        "x_UsageType": charge.kind,
    }


def _counted(charge: Charge) -> dict[str, str]:
    """Quantities; FOCUS wants none where a commitment was not used."""
    if not charge.unit:
        return {}
    quantity, unit, price = charge.priced or (charge.hours, charge.unit, charge.cost)
    return {
        "ConsumedQuantity": f"{charge.hours:f}",
        "ConsumedUnit": charge.unit,
        "PricingQuantity": f"{quantity:f}",
        "PricingUnit": unit,
        "ListUnitPrice": f"{rounded(price):f}",
    }


def _committed(card: Card, item: Item, charge: Charge) -> dict[str, str]:
    """A monthly minimum as FOCUS tells commitments: of hours it is one of usage, of money one of spend."""
    by_hours = item.minimum_gpu_hours is not None
    return {
        "CommitmentDiscountCategory": "Usage" if by_hours else "Spend",
        "CommitmentDiscountId": f"{card.name}/{item.name}",
        "CommitmentDiscountName": f"{item.name}: monthly minimum",
        "CommitmentDiscountQuantity": f"{charge.committed:f}",
        "CommitmentDiscountStatus": charge.use.value,
        "CommitmentDiscountType": "Monthly minimum",
        "CommitmentDiscountUnit": GPU_HOURS if by_hours else card.currency,
    }


def _resource(item: Item) -> dict[str, str]:
    return {**dict.fromkeys(("ResourceId", "ResourceName"), item.name), "ResourceType": "GPU"}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
