"""A bill of the demo company's shape with its use, for evaluations: months of CUR 2.0, and when each machine ran.

The demo's own company and bill; beside it machines start and stop: on-demand H100s follow the working week, spot
machines the working day, inference machines the load, and two are new in the course of the time. Deterministic.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trimtab.demo import noise, world
from trimtab.demo.bill import machines, report, terms
from trimtab.demo.bill.terms import DAY_MS, ON_DEMAND, SPOT
from trimtab.demo.company import Node
from trimtab.demo.noise import Floats
from trimtab.demo.world import World

HOUR_MS = 3_600_000
ANCHOR_MS = int(datetime(2026, 9, 30, 23, 45, tzinfo=UTC).timestamp()) * 1000
MONTHS = ((2026, 5), (2026, 6), (2026, 7), (2026, 8), (2026, 9))
"""The first is history alone; each of the others is closed."""
SEED = 11


def make_world() -> World:
    """The company."""
    return world.create(SEED, ANCHOR_MS)


def bounds(month: tuple[int, int]) -> tuple[int, int]:
    """`[start, end)` of a month in ms."""
    year, number = month
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1000, int(after.timestamp()) * 1000


def ran(made: World, start_ms: int, end_ms: int) -> dict[str, Floats]:
    """By instance id 1 for each hour of the range in which a machine ran, else 0."""
    hours = np.arange(start_ms, end_ms, HOUR_MS)
    found = {}
    fresh = {node.instance_id: at for at, node in enumerate(_new(made))}
    for node in made.company.nodes:
        chance = noise.white(noise.keys_of(made.seed, "ran", [node.name]), hours // DAY_MS * DAY_MS)[0]
        hour, weekday = hours // HOUR_MS % 24, (hours // DAY_MS + 3) % 7
        on = np.ones(len(hours), bool)
        if terms.purchase(node) == SPOT:
            on = (hour >= 7 + (chance > 0.5)) & (hour < 21 + (chance < -0.5)) & (weekday < 5 + (chance > 0.3))
        elif terms.purchase(node) == ON_DEMAND and node.machine.type.startswith("p5"):
            on = (weekday < 5) | (chance > 0)
        elif terms.purchase(node) == ON_DEMAND and node.name.endswith(("2", "4", "6")):
            on = (hour >= 6) | (chance > 0.4)
        if node.instance_id in fresh:
            on &= hours >= end_ms - (40 - 20 * fresh[node.instance_id]) * DAY_MS
        found[node.instance_id] = on.astype(float)
    return found


def _new(made: World) -> list[Node]:
    return [node for node in made.company.nodes if node.name in ("g6-10", "g5-04")]


@contextmanager
def stopping(use: Mapping[str, Floats], start_ms: int) -> Iterator[None]:
    """While it lasts, bills have machines' lines of the hours (from `start_ms` on) alone in which they ran."""
    usual = report.machine_lines

    def lines(world_: World, hours: noise.Times) -> list[pa.Table]:
        found = []
        for table in machines.machine_lines(world_, hours):
            own = table["line_item_resource_id"][0].as_py() if table.num_rows else None
            if own in use:
                when = pc.cast(table["line_item_usage_start_date"], pa.timestamp("ms", "UTC")).to_numpy()
                at = (when.astype("datetime64[ms]").astype(np.int64) - start_ms) // HOUR_MS
                table = table.filter(pa.array(use[own][at] > 0))
            found.append(table)
        return found

    report.machine_lines = lines  # type: ignore[assignment] # the demo's machines never stop; these do
    try:
        yield
    finally:
        report.machine_lines = usual


def write(made: World, use: Mapping[str, Floats], directory: Path) -> None:
    """Write the months as a report of CUR 2.0: what did not run is not billed."""
    with stopping(use, bounds(MONTHS[0])[0]):
        for number, month in enumerate(MONTHS):
            begin, end = bounds(month)
            table = report.month_of(made, begin, end, end, refund=number == 2)
            place = directory / f"BILLING_PERIOD={month[0]}-{month[1]:02d}"
            place.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, place / "lines-00001.snappy.parquet")
