"""Whether the FOCUS specification's tables of commitments amortise as written: `python
bench/eval_focus_spec_commitment.py DIR`, DIR with one CSV a table.

Each table is imported as a user would, as a bill of its own, and read back by the public reader, by month: billed,
effective (amortised), list and contracted cost, usage, and what of the commitment was bought and used, by charge
category, purchase option, commitment, its status, and SKU. What they must equal is summed in Decimal from the table's
own text. A table is wrong where any group, the exact total of the receipt, or the number of its rows differs. The last
line is JSON.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bill_room import Row, Sums, amount, bill_room, day, rows_of, summed, wrong_rows

from trimtab.access.scope import Scope
from trimtab.base.errors import TrimtabError
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric, Receipt, Where
from trimtab.costs.room import CostsRoom

METRICS = (
    Metric.BILLED,
    Metric.EFFECTIVE,
    Metric.LIST,
    Metric.CONTRACTED,
    Metric.USAGE,
    Metric.COMMITMENT_TOTAL,
    Metric.COMMITMENT_USED,
)
FACETS = (
    Dimension.CHARGE_CATEGORY,
    Dimension.COMMITMENT,
    Dimension.COMMITMENT_STATUS,
    Dimension.SKU,
    Dimension.RESOURCE_ID,
    Dimension.CURRENCY,
)
_COLUMNS = ("ChargeCategory", "CommitmentDiscountId", "CommitmentDiscountStatus", "SkuId", "ResourceId")
_KNOWN = (
    *_COLUMNS,
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity", "BillingCurrency"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
)
NO_CURRENCY = "XXX"
"""ISO 4217's code for "no currency": what a table without one is in."""


def main(directory: Path) -> None:
    """Import every table, compare, and say what differs."""
    paths = sorted(directory.glob("*.csv"))
    with bill_room() as room:
        wrong = [path.name for path in paths if not _right(room, path)]
    print(json.dumps({"tables": len(paths), "wrong": len(wrong), "wrong_tables": wrong}))


def _right(room: CostsRoom, path: Path) -> bool:
    rows = rows_of(path, _KNOWN)

    def say(text: str) -> None:
        print(f"{path.name}: {text}")

    try:
        record = room.importer.run(ImportRequest(str(path.resolve()), add=True))
    except TrimtabError as problem:
        say(str(problem))
        return False
    assert record.receipt is not None
    groups = asyncio.run(_read(room, next(id_ for id_, name in room.ledger.names().items() if name == record.source)))
    differ = wrong_rows(summed(rows, _keys, _amounts), groups, say)
    return not differ and _totals_agree(rows, record.receipt, say)


async def _read(room: CostsRoom, source: int) -> Sums:
    extent = await room.reader.extent()
    assert extent is not None
    only = Where(Dimension.SOURCE, (str(source),))
    query = CostQuery(*extent, METRICS, Granularity.MONTHLY, FACETS, only)
    return {_key(row): (*row.amounts, Decimal(row.lines)) for row in await room.reader.costs(Scope(), query)}


def _key(row: CostRow) -> tuple[str, ...]:
    return (f"{datetime.fromtimestamp(row.start_ms / 1000, UTC):%Y-%m}", *row.keys)


def _keys(row: Row) -> tuple[str, ...]:
    """A charge counts in its billing period: that a purchase covers a year moves no cost to another month."""
    month = day(row.get("BillingPeriodStart") or row["ChargePeriodStart"])[:7]
    return (month, *(row.get(name, "") for name in _COLUMNS), row.get("BillingCurrency") or NO_CURRENCY)


def _amounts(row: Row) -> tuple[Decimal, ...]:
    billed = amount(row["BilledCost"])

    def or_billed(name: str) -> Decimal:
        return amount(row[name]) if name in row else billed

    effective = or_billed("EffectiveCost")
    status = row.get("CommitmentDiscountStatus", "") if row.get("CommitmentDiscountId") else ""
    return (
        billed,
        effective,
        or_billed("ListCost"),
        or_billed("ContractedCost"),
        amount(row.get("ConsumedQuantity", "")),
        effective if status in ("Used", "Unused") else Decimal(0),
        effective if status == "Used" else Decimal(0),
    )


def _totals_agree(rows: list[dict[str, str]], receipt: Receipt, say: object) -> bool:
    exact: dict[str, Decimal] = {}
    for row in rows:
        currency = row.get("BillingCurrency") or NO_CURRENCY
        exact[currency] = exact.get(currency, Decimal(0)) + amount(row["BilledCost"])
    agree = dict(receipt.exact()) == exact and receipt.lines == len(rows)
    if not agree and callable(say):
        say(f"expected {len(rows)} rows, {exact}; got {receipt.lines}, {dict(receipt.exact())}")
    return agree


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_focus_spec_commitment.py DIR (with one CSV a table)")
    main(Path(sys.argv[1]))
