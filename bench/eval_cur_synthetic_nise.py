"""Whether a legacy Cost and Usage Report is imported to the cent: `python bench/eval_cur_synthetic_nise.py DIR`.

Every `*.csv.gz` (or `.csv`) of DIR is imported as a user would, and read back by the public reader: seven amounts by
day and eight dimensions, by every tag, and the exact total of the receipt. What they must equal is worked out in
Decimal from the files' own text, amortisation by AWS's table of line item types; `facts.json`, where there is one,
within 1e-6. `wrong` counts the rows of groups that differ, and the facts that do. The last line is JSON.
"""

import asyncio
import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from bill_room import Row, Sums, amount, answered, bill_room, day, rows_of, summed, total, wrong_facts, wrong_rows

from trimtab.access.scope import Scope
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import CostQuery, Dimension, Granularity, Metric, Receipt, Tag
from trimtab.costs.room import CostsRoom

METRICS = (
    Metric.UNBLENDED,
    Metric.BLENDED,
    Metric.AMORTIZED,
    Metric.NET_UNBLENDED,
    Metric.LIST,
    Metric.USAGE,
    Metric.NORMALIZED_USAGE,
)
FACETS = {
    Dimension.SERVICE_CODE: "lineItem/ProductCode",
    Dimension.USAGE_TYPE: "lineItem/UsageType",
    Dimension.OPERATION: "lineItem/Operation",
    Dimension.RECORD_TYPE: "lineItem/LineItemType",
    Dimension.LINKED_ACCOUNT: "lineItem/UsageAccountId",
    Dimension.AZ: "lineItem/AvailabilityZone",
    Dimension.RESOURCE_ID: "lineItem/ResourceId",
    Dimension.DESCRIPTION: "lineItem/LineItemDescription",
}
_TAGS = "resourceTags/"


def main(directory: Path) -> None:
    """Import, compare, and say what differs."""
    rows = [row for path in sorted(directory.glob("*.csv*")) for row in rows_of(path)]
    columns = sorted({name for row in rows for name in row if name.startswith(_TAGS)})
    with bill_room() as room:
        began = time.monotonic()
        record = room.importer.run(ImportRequest(str(directory.resolve())))
        seconds = time.monotonic() - began
        assert record.receipt is not None
        receipt = record.receipt
        groups, tags = asyncio.run(_read(room, columns))
    wrong = wrong_rows(summed(rows, _keys, _amounts), groups)
    for column, found in tags.items():
        wrong += wrong_rows(_by_tag(rows, column), found)
    wrong += _wrong_totals(rows, receipt)
    facts = directory / "facts.json"
    if facts.exists():
        known = _facts(groups)
        wrong += wrong_facts(json.loads(facts.read_text()), known)
    answer = {"rows": receipt.lines, "wrong": wrong, "rows_in_files": len(rows), "seconds": round(seconds, 2)}
    print(json.dumps(answer))


async def _read(room: CostsRoom, columns: list[str]) -> tuple[Sums, dict[str, Sums]]:
    extent = await room.reader.extent()
    assert extent is not None
    lines = await room.reader.costs(Scope(), CostQuery(*extent, METRICS, Granularity.DAILY, tuple(FACETS)))
    tags = {}
    for column in columns:
        facet = Tag(column.removeprefix(_TAGS).removeprefix("user:"))
        tags[column] = answered(await room.reader.costs(Scope(), CostQuery(*extent, METRICS, group_by=(facet,))))
    return answered(lines, dated=True), tags


def _keys(row: Row) -> tuple[str, ...]:
    values = [row.get(name, "") for name in FACETS.values()]
    account = list(FACETS).index(Dimension.LINKED_ACCOUNT)
    values[account] = values[account] or row.get("bill/PayerAccountId", "")
    return (day(row["lineItem/UsageStartDate"]), *values)


def _amounts(row: Row) -> tuple[Decimal, ...]:
    unblended = amount(row["lineItem/UnblendedCost"])
    return (
        unblended,
        amount(row["lineItem/BlendedCost"]) if row.get("lineItem/BlendedCost") else unblended,
        _amortised(row, unblended),
        amount(row["lineItem/NetUnblendedCost"]) if row.get("lineItem/NetUnblendedCost") else unblended,
        _listed(row, unblended),
        amount(row.get("lineItem/UsageAmount", "")),
        amount(row.get("lineItem/NormalizedUsageAmount", "")),
    )


def _amortised(row: Row, unblended: Decimal) -> Decimal:
    """AWS's table: what a line costs when commitments are spread over what they cover."""

    def fact(name: str) -> Decimal:
        return amount(row.get(name, ""))

    match row["lineItem/LineItemType"]:
        case "SavingsPlanCoveredUsage":
            return fact("savingsPlan/SavingsPlanEffectiveCost")
        case "SavingsPlanRecurringFee":
            return fact("savingsPlan/TotalCommitmentToDate") - fact("savingsPlan/UsedCommitment")
        case "SavingsPlanNegation" | "SavingsPlanUpfrontFee":
            return Decimal(0)
        case "DiscountedUsage":
            return fact("reservation/EffectiveCost")
        case "RIFee":
            upfront = fact("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod")
            return upfront + fact("reservation/UnusedRecurringFee")
        case "Fee" if row.get("reservation/ReservationARN"):
            return Decimal(0)
    return unblended


def _listed(row: Row, unblended: Decimal) -> Decimal:
    """The on-demand price; of lines without one what was charged, but nothing of a commitment's own fees."""
    if row.get("pricing/publicOnDemandCost"):
        return amount(row["pricing/publicOnDemandCost"])
    committed = row.get("savingsPlan/SavingsPlanArn") or row.get("reservation/ReservationARN")
    type_ = row["lineItem/LineItemType"]
    fee = type_ in ("Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee")
    return Decimal(0) if type_ == "SavingsPlanNegation" or (fee and committed) else unblended


def _by_tag(rows: list[dict[str, str]], column: str) -> Sums:
    return summed(rows, lambda row: (row.get(column, ""),), _amounts)


def _wrong_totals(rows: list[dict[str, str]], receipt: Receipt) -> int:
    exact: dict[str, Decimal] = {}
    for row in rows:
        currency = row.get("lineItem/CurrencyCode") or "USD"
        exact[currency] = exact.get(currency, Decimal(0)) + amount(row["lineItem/UnblendedCost"])
    found = dict(receipt.exact())
    if found == exact:
        return 0
    print(f"exact totals: expected {exact}, got {found}")
    return 1


def _facts(groups: Sums) -> dict[str, Any]:
    names = ["day", *FACETS]
    return {
        "rows": sum(amounts[-1] for amounts in groups.values()),
        "unblended": sum(amounts[0] for amounts in groups.values()),
        "by_product": total(groups, 0, names.index(Dimension.SERVICE_CODE)),
        "by_type": total(groups, -1, names.index(Dimension.RECORD_TYPE)),
        "accounts": len({key[names.index(Dimension.LINKED_ACCOUNT)] for key in groups}),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_cur_synthetic_nise.py DIR (with *.csv.gz, and facts.json where there is one)")
    main(Path(sys.argv[1]))
