"""Bills with twelve anomalies in their last quarter that are known: services of many usage types and resources, with
all that is ordinary over them. What was planted stays here; the files do not tell.

Ordinary are: noise of 1 to 6 % a day of a line and 2 to 8 % of a resource, weekdays, growth and decline, fees on the
first of a month, lines that slowly rise by up to a half within twelve weeks, resources that others replace, usage types
that move to others, lines that are used now and then, and last days of which a part of the lines is late.

Planted are, two of each: a day or two that cost more, a step, a ramp within a week, a new usage type, one resource in a
large service that grows by 45 % and more, and a resource that comes on after weeks without cost. A plant is 0.6 to 2 %
of the average day of the whole bill (spikes: twice that), and 45 % at least of its line (of a resource: of itself).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 181
QUARTER = 90
"""The day (2026-04-01) on which the quarter of the plants begins."""
LATE_DAYS = 2
SPIKE, STEP, RAMP, NEW, RESOURCE, FORGOTTEN = "spike", "step", "ramp", "new", "resource", "forgotten"
KINDS = (SPIKE, STEP, RAMP, NEW, RESOURCE, FORGOTTEN)
PLANTS = 2 * len(KINDS)
_APART = 3
"""Days between plants of one service: two at once would be one incident to anybody."""
_REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
_TRIES = 20_000
_LEAST, _MOST = 0.006, 0.02
Floats = npt.NDArray[np.float64]
Line = tuple[str, str, str, str]
"""Service, account, region, usage type."""


@dataclass(frozen=True)
class Plant:
    """What was planted: from `start` on in a line, in one resource of it where that is named."""

    kind: str
    line: Line
    resource: str
    start: int
    late: int


@dataclass
class PlantedBill:
    """Daily cost by resource: `daily[row]` is of `resources[row]` in `lines[row]`."""

    lines: list[Line] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    daily: Floats = field(default_factory=lambda: np.zeros((0, DAYS)))
    plants: list[Plant] = field(default_factory=list)


def planted_bill(seed: int, services: int = 12, plants: int = PLANTS) -> PlantedBill:
    """The bill of a seed."""
    random = np.random.default_rng(seed)
    bill = _ordinary(random, services)
    whole = float(bill.daily.sum(axis=0).mean())
    for kind in (KINDS * plants)[:plants]:
        _plant(random, bill, kind, whole)
    return bill


def write(bill: PlantedBill, directory: Path, until: int, since: int = 0) -> list[Path]:
    """A file for each month with days in `[since, until)`; of the last days before `until` a part is not there yet."""
    made = []
    for month, first, last in months():
        if first >= until or last <= since:
            continue
        span = range(first, min(last, until))
        rows, days = np.nonzero(bill.daily[:, span.start : span.stop])
        days += span.start
        late = (days >= until - LATE_DAYS) & (until < DAYS) & (rows % 3 == 0)
        path = directory / f"bill-{month:%Y-%m}.parquet"
        pq.write_table(_table(bill, month, rows[~late], days[~late]), path)
        made.append(path)
    return made


def months() -> Iterator[tuple[datetime, int, int]]:
    """Each month with its days, counted from the first of all."""
    month = FIRST
    while (start := (month - FIRST).days) < DAYS:
        after = (month + timedelta(days=32)).replace(day=1)
        yield month, start, min((after - FIRST).days, DAYS)
        month = after


def _table(bill: PlantedBill, month: datetime, rows: npt.NDArray[np.int64], days: npt.NDArray[np.int64]) -> pa.Table:
    after = (month + timedelta(days=32)).replace(day=1)
    count = len(rows)
    starts = [FIRST + timedelta(days=int(day)) for day in range(DAYS + 1)]
    words = np.array([f"{day:%Y-%m-%dT%H:%M:%SZ}" for day in starts])
    lines = np.array([(*bill.lines[row], bill.resources[row]) for row in range(len(bill.lines))])[rows]
    teams = np.array(['{"user_team": "%s"}' % ("ml" if account[-1] in "13" else "web") for account in lines[:, 1]])
    columns = {
        "bill_payer_account_id": ["100000000001"] * count,
        "bill_billing_period_start_date": [f"{month:%Y-%m-%dT%H:%M:%SZ}"] * count,
        "bill_billing_period_end_date": [f"{after:%Y-%m-%dT%H:%M:%SZ}"] * count,
        "line_item_line_item_type": ["Usage"] * count,
        "line_item_usage_start_date": words[days],
        "line_item_usage_end_date": words[days + 1],
        "line_item_product_code": lines[:, 0],
        "line_item_usage_account_id": lines[:, 1],
        "product_region_code": lines[:, 2],
        "line_item_usage_type": lines[:, 3],
        "line_item_resource_id": lines[:, 4],
        "line_item_currency_code": ["USD"] * count,
        "line_item_usage_amount": ["1"] * count,
        "line_item_unblended_cost": [f"{amount:.8f}" for amount in bill.daily[rows, days]],
        "resource_tags": teams,
    }
    return pa.table({name: pa.array(list(values), pa.string()) for name, values in columns.items()})


def _ordinary(random: np.random.Generator, services: int) -> PlantedBill:
    bill = PlantedBill()
    accounts = [f"{200000000000 + at}" for at in range(1, 6)]
    rows: list[Floats] = []
    for service in range(services):
        name, weight = f"AmazonService{service:02d}", 3000.0 * 0.7**service + 40
        shares = random.dirichlet(np.full(int(random.integers(5, 14)), 0.8))
        for at, share in enumerate(shares):
            line = (name, str(random.choice(accounts)), str(random.choice(_REGIONS)), f"Use{at:02d}:S{service:02d}")
            course = weight * share * _course(random)
            rows += _resources(random, bill, line, course)
        if random.random() < 0.4:  # a fee, from before
            line = (name, accounts[0], "us-east-1", f"Fee:S{service:02d}")
            fee = np.zeros(DAYS)
            fee[[first for _, first, _ in months()]] = weight * random.uniform(0.05, 0.3)
            bill.lines.append(line)
            bill.resources.append(f"fee-{service}")
            rows.append(fee)
    bill.daily = np.array(rows)
    for _ in range(3):
        _move(random, bill)
    return bill


def _course(random: np.random.Generator) -> Floats:
    """The days of a line whose level is 1: noise, half with weeks, growth or decline, some slow steps, some rarely."""
    days = np.arange(DAYS)
    course = np.exp(random.normal(0, random.choice((0.01, 0.02, 0.04, 0.06)), DAYS))
    if random.random() < 0.5:
        course *= np.where(days % 7 >= 5, random.uniform(0.5, 1), 1)
    course *= (1 + random.uniform(-0.002, 0.004)) ** days
    if random.random() < 0.1:  # a slow step: 30 to 50 % more within twelve weeks
        begin = int(random.integers(20, DAYS - 60))
        course *= 1 + random.uniform(0.3, 0.5) * np.clip((days - begin) / 84, 0, 1)
    if random.random() < 0.05:
        course *= random.random(DAYS) < 0.25
    return course


def _resources(random: np.random.Generator, bill: PlantedBill, line: Line, course: Floats) -> list[Floats]:
    """A line's cost over its resources, some of which others replace from a day on."""
    count = int(random.choice((1, 3, 8, 20)))
    shares = random.dirichlet(np.full(count, 1.0))
    noise = np.exp(random.normal(0, random.uniform(0.02, 0.08), (count, DAYS)))
    parts = shares[:, None] * noise
    parts *= course / parts.sum(axis=0)
    rows: list[Floats] = []
    for at, part in enumerate(parts):
        begins = [0, *sorted(random.integers(10, DAYS - 5, int(random.integers(1, 4))).tolist()), DAYS]
        cuts = begins if random.random() < 0.3 else [0, DAYS]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            row = np.zeros(DAYS)
            row[begin:end] = part[begin:end]
            rows.append(row)
            bill.lines.append(line)
            bill.resources.append(f"arn:aws:x:{line[2]}:{line[1]}:{line[3]}/{at}-{number}")
    return rows


def _move(random: np.random.Generator, bill: PlantedBill) -> None:
    """A usage type moves to another of the same service and account from a day on, resource by resource."""
    line = bill.lines[int(random.integers(len(bill.lines)))]
    day = int(random.integers(30, DAYS - 10))
    rows = [at for at, other in enumerate(bill.lines) if other == line]
    moved = bill.daily[rows] * (np.arange(DAYS) >= day)
    bill.daily[rows] -= moved
    bill.lines += [(*line[:3], f"{line[3]}-next")] * len(rows)
    bill.resources += [f"{bill.resources[at]}-next" for at in rows]
    bill.daily = np.vstack([bill.daily, moved])


def _plant(random: np.random.Generator, bill: PlantedBill, kind: str, whole: float) -> None:
    """Plant a kind where it is large enough of its line, away from other plants of the service."""
    for _ in range(_TRIES):
        start = int(random.integers(QUARTER + 2, DAYS - 9))
        row = int(random.integers(len(bill.lines)))
        line = bill.lines[row]
        if any(other.line[0] == line[0] and abs(other.start - start) < _APART for other in bill.plants):
            continue
        if any(other.line == line for other in bill.plants):
            continue
        amount = whole * random.uniform(_LEAST, _MOST) * (2 if kind == SPIKE else 1)
        if _planted(random, bill, kind, row, start, amount):
            return
    raise ValueError(f"cannot plant a {kind}: no line of the bill fits")


def _planted(random: np.random.Generator, bill: PlantedBill, kind: str, row: int, start: int, amount: float) -> bool:
    line, days = bill.lines[row], np.arange(DAYS)
    mine = [at for at, other in enumerate(bill.lines) if other == line]
    own = mine if kind in (SPIKE, STEP, RAMP) else [row]
    usual = float(np.median(bill.daily[own][:, start - 28 : start].sum(axis=0)))
    if kind in (NEW, FORGOTTEN):
        fresh = np.where(days >= start, amount * np.exp(random.normal(0, 0.04, DAYS)), 0.0)
        known = kind == FORGOTTEN
        if known:
            fresh += np.where(days < int(random.integers(20, 40)), amount * 0.9, 0.0)
        line = line if known else (*line[:3], f"New{len(bill.plants)}:{line[3]}")
        name = f"arn:aws:x:{line[2]}:{line[1]}:{kind}/{len(bill.plants)}"
        bill.lines.append(line)
        bill.resources.append(name)
        bill.daily = np.vstack([bill.daily, fresh[None, :]])
        bill.plants.append(Plant(kind, line, name if known else "", start, start + 10))
        return True
    steady = (bill.daily[own][:, start - 28 :].sum(axis=0) > 0.3 * usual).all()
    if not steady or not 0.45 <= amount / max(usual, 1e-9) <= 2.5:
        return False
    if kind == RESOURCE and amount > 0.25 * bill.daily[mine][:, start - 28 : start].sum() / 28:
        return False  # the line must hide it
    length = int(random.integers(1, 3)) if kind == SPIKE else DAYS
    shape = np.clip((days - start + 1) / 6, 0, 1) if kind == RAMP else np.ones(DAYS)
    bill.daily[own] *= 1 + np.where((days >= start) & (days < start + length), shape, 0) * amount / usual
    late = start + (length + 2 if kind == SPIKE else 14 if kind == RAMP else 10)
    bill.plants.append(Plant(kind, line, bill.resources[row] if kind == RESOURCE else "", start, late))
    return True
