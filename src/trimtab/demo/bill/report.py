"""The bill as AWS's Data Exports delivers it: a Parquet file a billing month, and manifests that name them.

It covers the two months before the anchor's and that month up to the last midnight, as a real report lags behind.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trimtab.demo.bill.containers import container_lines
from trimtab.demo.bill.fees import month_end_lines, plan_lines, reservation_lines
from trimtab.demo.bill.lines import HOUR_MS
from trimtab.demo.bill.machines import machine_lines, volume_lines
from trimtab.demo.bill.services import service_lines
from trimtab.demo.bill.terms import DAY_MS, PAYER
from trimtab.demo.noise import Times
from trimtab.demo.world import World

NAME = "company-cur"
"""The report's name."""
MONTHS_BEFORE = 2


def months_of(world: World, now_ms: int) -> list[tuple[int, int, int]]:
    """The months of the bill: start, end, and until when there are charges, in ms."""
    through = now_ms // DAY_MS * DAY_MS
    first = datetime.fromtimestamp(world.anchor_ms / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    start = _months_later(first, -MONTHS_BEFORE)
    found = []
    while (begin := _ms(start)) < through:
        end = _ms(_months_later(start, 1))
        found.append((begin, end, min(end, through)))
        start = _months_later(start, 1)
    return found


def month_of(world: World, start_ms: int, end_ms: int, through_ms: int, *, refund: bool) -> pa.Table:
    """Every line of a month."""
    hours: Times = np.arange(start_ms, through_ms, HOUR_MS)
    days: Times = np.arange(start_ms, through_ms, DAY_MS)
    tables = [
        *machine_lines(world, hours),
        *volume_lines(world, days, (end_ms - start_ms) // HOUR_MS),
        *service_lines(world, days),
        *container_lines(world, days),
        *plan_lines(world, hours),
        *reservation_lines(world, start_ms, len(hours)),
    ]
    if through_ms == end_ms:
        charges = sum(pc.sum(table["line_item_unblended_cost"]).as_py() or 0.0 for table in tables)
        tables += month_end_lines(end_ms - DAY_MS, charges, refund=refund)
    return _billed(pa.concat_tables(tables), start_ms, end_ms, closed=through_ms == end_ms)


def write(world: World, now_ms: int, directory: Path) -> list[Path]:
    """Write the months that are not there yet, and the open one again where a day has passed; returns what it wrote."""
    written = []
    for number, (start, end, through) in enumerate(months_of(world, now_ms)):
        period = f"BILLING_PERIOD={datetime.fromtimestamp(start / 1000, UTC):%Y-%m}"
        name = f"{NAME}/data/{period}/{NAME}-00001.snappy.parquet"
        manifest = directory / NAME / "metadata" / period / f"{NAME}-Manifest.json"
        version = f"{through // DAY_MS}"
        if _version(manifest) == version:
            continue
        table = month_of(world, start, end, through, refund=number == MONTHS_BEFORE - 1)
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"executionId": version, "dataFiles": [f"s3://company-bills/{name}"]}))
        written.append(path)
    return written


def _billed(table: pa.Table, start_ms: int, end_ms: int, *, closed: bool) -> pa.Table:
    """The table with the columns that say whose bill it is. An open month has no invoice yet."""
    rows = table.num_rows
    month = datetime.fromtimestamp(start_ms / 1000, UTC)
    given = {
        "bill_payer_account_id": PAYER.id,
        "bill_payer_account_name": PAYER.name,
        "bill_bill_type": "Anniversary",
        "bill_billing_entity": "AWS",
        "bill_invoice_id": f"{month:%Y%m}0417" if closed else None,
        "bill_billing_period_start_date": start_ms,
        "bill_billing_period_end_date": end_ms,
    }
    for name, value in given.items():
        at = table.schema.get_field_index(name)
        type_ = table.schema.field(at).type
        column = pa.nulls(rows, type_) if value is None else pa.repeat(pa.scalar(value, type_), rows)
        table = table.set_column(at, name, column)
    return table


def _version(manifest: Path) -> str:
    try:
        return str(json.loads(manifest.read_text())["executionId"])
    except (OSError, ValueError, KeyError):
        return ""


def _months_later(month: datetime, number: int) -> datetime:
    at = month.year * 12 + month.month - 1 + number
    return month.replace(year=at // 12, month=at % 12 + 1)


def _ms(when: datetime) -> int:
    return int(when.timestamp()) * 1000
