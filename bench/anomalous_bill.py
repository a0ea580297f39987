"""Bills with anomalies that are known: the demo company's own, made ordinary (noise, weeks, growth), with spikes, slow
drifts, new services and price changes put into its lines. What was put in stays here; the files do not tell.

A bill is six closed months. The days of a usage type in an account and region, a cell, are multiplied by what is
ordinary for it and by what was put in; usage and cost alike, of a price change the cost alone. Nothing of what is
injected begins in the first 80 days: the history that any detector of drifts needs.
"""

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trimtab.demo import world as worlds
from trimtab.demo.bill import report
from trimtab.demo.bill.lines import lines
from trimtab.demo.bill.terms import DAY_MS
from trimtab.demo.company import ACCOUNTS

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = 6
WARM_DAYS = 80
LAST_DAYS = 16
SPIKE, DRIFT, NEW, PRICE = "spike", "drift", "new", "price"
KINDS = (SPIKE, DRIFT, NEW, PRICE)
NOISE = (0.01, 0.02, 0.04, 0.08)
"""Standard deviation of a cell's days, drawn for each: from storage to traffic."""
_LEAST = 0.002  # of the bill's average day: what is put in is worth a look
_USED = ("Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "DiscountedUsage")
_COSTS = ("line_item_unblended_cost", "line_item_blended_cost")
_AMOUNTS = ("line_item_usage_amount", "pricing_public_on_demand_cost")
Floats = npt.NDArray[np.float64]
Cell = tuple[str, str, str, str]
"""Service, account, region, usage type."""


@dataclass(frozen=True)
class Label:
    """What was put in: days `[start, end)` of a service, by one of `cells`; an anomaly found until `late` is it."""

    kind: str
    service: str
    cells: frozenset[Cell]
    start: int
    end: int
    late: int


@dataclass
class Bill:
    """A world's bill: its lines, the cell and the day of each (-1: not of use), and the cells' daily cost."""

    table: pa.Table
    cells: list[Cell]
    cell_of: npt.NDArray[np.int64]
    day_of: npt.NDArray[np.int64]
    daily: Floats


def ordinary_bill(seed: int) -> Bill:
    """The bill of the demo's world of a seed, whose own planted changes come later than its six months."""
    start_ms = int(FIRST.timestamp()) * 1000
    world = worlds.create(seed, start_ms + 400 * DAY_MS)
    months = [
        report.month_of(world, begin, end, end, refund=False)
        for begin, end in zip(_month_starts()[:-1], _month_starts()[1:], strict=True)
    ]
    table = pa.concat_tables(months)
    names = pc.map_lookup(table["product"], pa.scalar("product_name"), "first")
    columns = (names, *(table[f"{name}"] for name in ("line_item_usage_account_id", "product_region_code")))
    rows = list(zip(*(one.to_pylist() for one in (*columns, table["line_item_usage_type"])), strict=True))
    used = pc.is_in(table["line_item_line_item_type"], pa.array(_USED)).to_numpy(zero_copy_only=False)
    known: dict[Cell, int] = {}
    cell_of = np.array([known.setdefault(row, len(known)) if use else -1 for row, use in zip(rows, used, strict=True)])
    at = pc.cast(table["line_item_usage_start_date"], pa.int64()).to_numpy()
    day_of = (at - start_ms) // DAY_MS
    daily = np.zeros((len(known), int(day_of.max()) + 1))
    cost = table["line_item_unblended_cost"].to_numpy()
    np.add.at(daily, (cell_of[used], day_of[used]), cost[used])
    return Bill(table, list(known), cell_of, day_of, daily)


def inject(bill: Bill, seed: int, size: float, ratios: tuple[float, ...]) -> tuple[Bill, list[Label]]:
    """The bill with what is ordinary and what is not, and the labels. `size`: of the service's cost a day.

    A drift ends at twice `size`, five weeks later. `ratios` are of price changes; the price rises by one of them where
    that is large enough.
    """
    random = np.random.default_rng(seed)
    use = _ordinary(random, bill.daily.shape)
    price = np.ones_like(use)
    daily = bill.daily * use
    services = sorted({cell[0] for cell in bill.cells})
    least = _LEAST * float(daily.sum(axis=0).mean())
    labels: list[Label] = []
    fresh: list[pa.Table] = []
    for service in services:
        day = WARM_DAYS
        while (day := day + int(random.integers(0, 25))) <= daily.shape[1] - LAST_DAYS:
            kind = KINDS[int(random.integers(len(KINDS)))]
            kind = SPIKE if kind == DRIFT and day > daily.shape[1] - 50 else kind
            mine = [at for at, cell in enumerate(bill.cells) if cell[0] == service and daily[at].sum() > 0]
            usual = float(np.median(daily[mine][:, day - 28 : day].sum(axis=0)))
            amount = max(size * usual, least)
            if kind == NEW:
                label, table = _new(random, service, amount, day, daily.shape[1], len(fresh))
                fresh.append(table)
            else:
                label = _changed(random, kind, bill, daily, use, price, mine, amount, day, ratios)
            labels.append(label)
            day = label.late + 25
    return _multiplied(bill, use, price, fresh), labels


def write(bill: Bill, directory: Path) -> None:
    """A Parquet file a month."""
    starts = [(start - _month_starts()[0]) // DAY_MS for start in _month_starts()]
    for number, (first, last) in enumerate(pairwise(starts)):
        inside = pa.array((bill.day_of >= first) & (bill.day_of < last))
        pq.write_table(bill.table.filter(inside), directory / f"bill-{number:02d}.parquet")


def price_ratios(directory: Path) -> tuple[float, ...]:
    """By how much prices changed in the history of a folder (`ec2_ondemand_*_history*`), each as the rise it could be.

    Most of the list prices that AWS changed fell; a rate that was negotiated and ends rises by as much.
    """
    found: dict[tuple[str, str], float] = {}
    for path in sorted(directory.glob("ec2_ondemand_*_history*.csv*")):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = sorted(csv.DictReader(text.decode().splitlines()), key=lambda row: row["generated_date"])
        last: dict[str, float] = {}
        for row in rows:
            before, now = last.get(row["instance_type"]), float(row["usd_per_hour"])
            if before and abs(now / before - 1) > 0.01:
                found[row["instance_type"], row["generated_date"]] = max(now / before, before / now)
            last[row["instance_type"]] = now
    return tuple(sorted({round(ratio, 4) for ratio in found.values()})) or (1.13,)


def _ordinary(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Noise, half of the cells with weeks, and growth or decline of up to an eighth a month."""
    days = np.arange(shape[1])
    factors = np.ones(shape)
    for row in factors:
        row *= np.exp(random.normal(0, random.choice(NOISE), len(days)))
        if random.random() < 0.5:
            row *= np.where(days % 7 >= 5, random.uniform(0.5, 1), 1)
        row *= (1 + random.uniform(-0.002, 0.004)) ** days
    return factors


def _changed(
    random: np.random.Generator,
    kind: str,
    bill: Bill,
    daily: Floats,
    use: Floats,
    price: Floats,
    mine: list[int],
    amount: float,
    day: int,
    ratios: tuple[float, ...],
) -> Label:
    """Put a spike, a drift or a price change of `amount` a day into a cell; of prices into all of a usage type."""
    at = int(random.choice(mine))
    days = daily.shape[1]
    here = [other for other in mine if bill.cells[other][3] == bill.cells[at][3]] if kind == PRICE else [at]
    own = float(np.median(daily[here][:, day - 28 : day].sum(axis=0)))
    service, cells = bill.cells[at][0], frozenset(bill.cells[other] for other in here)
    if kind == SPIKE:
        length = int(random.integers(1, 5))
        _raise(daily, use, here, slice(day, day + length), np.full(length, amount / own))
        return Label(kind, service, cells, day, day + length, day + length + 3)
    if kind == DRIFT:
        ramp = np.minimum(np.arange(days - day) / 35, 1) * 2 * amount / own
        _raise(daily, use, here, slice(day, days), ramp)
        return Label(kind, service, cells, day, day + 35, day + 70)
    ratio = max(float(random.choice(ratios)) - 1, amount / own)
    _raise(daily, price, here, slice(day, days), np.full(days - day, ratio))
    return Label(kind, service, cells, day, day + 7, day + 28)


def _raise(daily: Floats, factors: Floats, rows: list[int], days: slice, by: Floats) -> None:
    for row in rows:
        factors[row, days] *= 1 + by
        daily[row, days] *= 1 + by


def _new(
    random: np.random.Generator, service: str, amount: float, day: int, days: int, number: int
) -> tuple[Label, pa.Table]:
    """A service that was never used, from a day on."""
    account = ACCOUNTS[int(random.integers(len(ACCOUNTS)))]
    name, usage_type, region = f"Amazon New {number}", f"New{number}:Unit", "us-east-1"
    start = int(FIRST.timestamp()) * 1000
    starts = start + np.arange(day, days) * DAY_MS
    cost = np.round(amount * np.exp(random.normal(0, 0.03, len(starts))), 10)
    table = lines(account, f"new-{service}-{number}", starts, DAY_MS, {
        "line_item_type": "Usage",
        "product_code": f"AmazonNew{number}",
        "usage_type": usage_type,
        "operation": "Use",
        "usage_amount": cost,
        "unblended_cost": cost,
        "pricing_unit": "Units",
        "product": {"product_name": name},
        "product_servicecode": f"AmazonNew{number}",
        "product_region_code": region,
    })  # fmt: skip
    return Label(NEW, name, frozenset({(name, account.id, region, usage_type)}), day, day + 7, day + 10), table


def _multiplied(bill: Bill, use: Floats, price: Floats, fresh: list[pa.Table]) -> Bill:
    used = bill.cell_of >= 0
    amounts, costs = np.ones(len(bill.cell_of)), np.ones(len(bill.cell_of))
    at = bill.cell_of[used], bill.day_of[used]
    amounts[used], costs[used] = use[at], use[at] * price[at]
    table = bill.table
    for names, factors in ((_AMOUNTS, amounts), (_COSTS, costs)):
        for name in names:
            column = np.round(table[name].to_numpy() * factors, 10)
            table = table.set_column(table.schema.get_field_index(name), name, pa.array(column))
    start = int(FIRST.timestamp()) * 1000
    days = [bill.day_of]
    for one in fresh:
        one, begin = _billed(one, bill.table), pc.cast(one["line_item_usage_start_date"], pa.int64()).to_numpy()
        table = pa.concat_tables([table, one.select(table.column_names).cast(table.schema)])
        days.append((begin - start) // DAY_MS)
    day_of = np.concatenate(days)
    return Bill(table, bill.cells, np.pad(bill.cell_of, (0, len(day_of) - len(bill.cell_of)), constant_values=-1),
                day_of, bill.daily)  # fmt: skip


def _billed(table: pa.Table, like: pa.Table) -> pa.Table:
    """New lines on the bill of the same payer, each in its month."""
    at = pc.cast(table["line_item_usage_start_date"], pa.int64()).to_numpy()
    starts = np.array(_month_starts())
    month = np.searchsorted(starts, at, side="right") - 1
    given = {
        "bill_billing_period_start_date": starts[month],
        "bill_billing_period_end_date": starts[month + 1],
    }
    for name in ("bill_payer_account_id", "bill_payer_account_name", "bill_bill_type", "bill_billing_entity"):
        given[name] = np.full(table.num_rows, like[name][0].as_py())
    for name, values in given.items():
        place = table.schema.get_field_index(name)
        column = pa.array(values.astype("datetime64[ms]") if "period" in name else values)
        table = table.set_column(place, name, column.cast(like.schema.field(name).type))
    return table


def _month_starts() -> list[int]:
    found = []
    for number in range(MONTHS + 1):
        month = FIRST.month - 1 + number
        when = FIRST.replace(year=FIRST.year + month // 12, month=month % 12 + 1)
        found.append(int(when.timestamp()) * 1000)
    return found
