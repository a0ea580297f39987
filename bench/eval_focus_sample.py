"""Whether a FOCUS file is imported to the cent: `python bench/eval_focus_sample.py DIR`, DIR with FOCUS CSVs.

Every file of DIR is imported as a user would, and read back by the public reader: sums of five amounts by day and eight
dimensions (resource and SKU among them, so that hardly two rows share a group), by every tag key as it is spelt (two
spellings are one elsewhere), and the exact total of the receipt. What they must equal is summed in Decimal from the
files' own text; `facts.json`, where there is one, within 1e-6. `wrong` counts the rows of groups that differ, and the
facts that do. The last line is JSON.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bill_room import Row, Sums, amount, answered, bill_room, day, rows_of, summed, total, wrong_facts, wrong_rows

from trimtab.access.scope import Scope
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import And, CostQuery, Dimension, Granularity, Match, Metric, Receipt, Tag, Where
from trimtab.costs.room import CostsRoom

METRICS = (Metric.BILLED, Metric.EFFECTIVE, Metric.LIST, Metric.CONTRACTED, Metric.USAGE)
COLUMNS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity")
FACETS = {
    Dimension.PROVIDER: "ProviderName",
    Dimension.SERVICE: "ServiceName",
    Dimension.SERVICE_CATEGORY: "ServiceCategory",
    Dimension.CHARGE_CATEGORY: "ChargeCategory",
    Dimension.LINKED_ACCOUNT: "SubAccountId",
    Dimension.REGION: "RegionId",
    Dimension.RESOURCE_ID: "ResourceId",
    Dimension.SKU: "SkuId",
}
_KNOWN = (
    *COLUMNS,
    *FACETS.values(),
    *("BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "Tags"),
)


def main(directory: Path) -> None:
    """Import, compare, and say what differs."""
    rows = [row for path in sorted(directory.glob("*.csv*")) for row in rows_of(path, _KNOWN)]
    with bill_room() as room:
        record = room.importer.run(ImportRequest(str(directory.resolve())))
        assert record.receipt is not None
        receipt = record.receipt
        groups, tags, untagged = asyncio.run(_read(room, sorted({key for row in rows for key in _tags(row)})))
    wrong = wrong_rows(summed(rows, _keys, _amounts), groups)
    for key, found in tags.items():
        wrong += wrong_rows(_by_tag(rows, key), found)
    wrong += _wrong_totals(rows, receipt)
    facts = directory / "facts.json"
    if facts.exists():
        wrong += wrong_facts(json.loads(facts.read_text()), _facts(groups, untagged))
    print(json.dumps({"rows": receipt.lines, "wrong": wrong, "rows_in_files": len(rows), "tag_keys": len(tags)}))


async def _read(room: CostsRoom, keys: list[str]) -> tuple[Sums, dict[str, Sums], Sums]:
    extent = await room.reader.extent()
    assert extent is not None
    lines = await room.reader.costs(Scope(), CostQuery(*extent, METRICS, Granularity.DAILY, tuple(FACETS)))
    tags = {
        key: answered(await room.reader.costs(Scope(), CostQuery(*extent, METRICS, group_by=(Tag(key, exact=True),))))
        for key in keys
    }
    none = And(tuple(Where(Tag(key, exact=True), match=Match.ABSENT) for key in keys))
    untagged = answered(await room.reader.costs(Scope(), CostQuery(*extent, METRICS, where=none)))
    return answered(lines, dated=True), tags, untagged


def _keys(row: Row) -> tuple[str, ...]:
    values = [row.get(name, "") for name in FACETS.values()]
    account = list(FACETS).index(Dimension.LINKED_ACCOUNT)
    values[account] = values[account] or row.get("BillingAccountId", "")
    return (_day(row), *values)


def _day(row: Row) -> str:
    """The day of a line is that of its charge, kept within its billing period, so that months add up to invoices."""
    charge, first, after = (day(row[name]) for name in ("ChargePeriodStart", "BillingPeriodStart", "BillingPeriodEnd"))
    last = f"{datetime.fromisoformat(after) - timedelta(days=1):%Y-%m-%d}"
    return max(min(charge, last), first)


def _amounts(row: Row) -> tuple[Decimal, ...]:
    """A file without a column of costs is billed at that cost; without quantities it has none."""
    billed = row["BilledCost"]
    costs = (amount(row.get(name, billed)) for name in COLUMNS[:-1])
    return (*costs, amount(row.get(COLUMNS[-1], "")))


def _tags(row: Row) -> dict[str, str]:
    text = row.get("Tags", "")
    found = json.loads(text if text.startswith("{") else "{" + text + "}")
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}


def _by_tag(rows: list[dict[str, str]], key: str) -> Sums:
    return summed(rows, lambda row: (_tags(row).get(key, ""),), _amounts)


def _wrong_totals(rows: list[dict[str, str]], receipt: Receipt) -> int:
    exact: dict[str, Decimal] = {}
    for row in rows:
        currency = row.get("BillingCurrency") or "XXX"
        exact[currency] = exact.get(currency, Decimal(0)) + amount(row["BilledCost"])
    found = dict(receipt.exact())
    if found == exact:
        return 0
    print(f"exact totals: expected {exact}, got {found}")
    return 1


def _facts(groups: Sums, untagged: Sums) -> dict[str, Any]:
    names = ["day", *FACETS]
    tagless = untagged.get((), (Decimal(0),) * (len(METRICS) + 1))
    lines = sum(amounts[-1] for amounts in groups.values())
    return {
        "rows": lines,
        "rows_with_tags": lines - tagless[-1],
        "billed": sum(amounts[0] for amounts in groups.values()),
        "effective": sum(amounts[1] for amounts in groups.values()),
        "list_cost": sum(amounts[2] for amounts in groups.values()),
        "effective_by_provider": total(groups, 1, names.index(Dimension.PROVIDER)),
        "effective_by_service": total(groups, 1, names.index(Dimension.SERVICE)),
        "effective_by_category": total(groups, 1, names.index(Dimension.SERVICE_CATEGORY)),
        "rows_by_charge_category": total(groups, -1, names.index(Dimension.CHARGE_CATEGORY)),
        "sub_accounts": len({key[names.index(Dimension.LINKED_ACCOUNT)] for key in groups}),
        "effective_untagged": tagless[1],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: eval_focus_sample.py DIR (with *.csv, and facts.json where there is one)")
    main(Path(sys.argv[1]))
