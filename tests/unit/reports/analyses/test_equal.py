"""Figures of visuals are those of the bill's own reader and of the allocation, to the last digit."""

import asyncio
import csv
import io
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import made_bill
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock, to_ms
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.model import CostQuery, Dimension, Metric
from trimtab.costs.read import CostReader
from trimtab.economics.room import EconomicsRoom
from trimtab.reports.analyses.answering import Answering, Wanted
from trimtab.reports.analyses.files import file_of
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.overlays import Overlays
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.sources.allocated_costs import allocated_costs
from trimtab.reports.datasets.sources.costs import costs
from trimtab.reports.datasets.spec import Dataset, Use
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES
from trimtab.timeseries.forecast.forecaster import Forecaster

START, END = to_ms(datetime(2026, 7, 1, tzinfo=UTC)), to_ms(datetime(2026, 9, 1, tzinfo=UTC))


class NoFacts:
    """No use and no machines: nothing is split."""

    async def use(self, metric: str, by: str, start_ms: int, end_ms: int) -> dict[str, Decimal]:
        return {}

    async def machines(self, resources: list[str], start_ms: int, end_ms: int) -> dict[str, Any]:
        return {}


@pytest.fixture
def bill(engine: Telemetry, state: State, tmp_path: Path) -> tuple[EconomicsRoom, Answering]:
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    clock = ManualClock(END)
    ledger = ImportLedger(state, clock)
    path = tmp_path / "bill.csv"
    path.write_text(made_bill.cur2())
    importer = Importer(engine, ledger, tmp_path / "w", lambda location, _: LocalFolder(Path(location)), embedded=True)
    assert importer.run(ImportRequest(str(path), source="cur")).receipt is not None
    economics = EconomicsRoom.of(engine, state, ledger, clock, NoFacts(), NoFacts())  # type: ignore[arg-type] # few
    sources = {one.name: one for one in (costs(engine), allocated_costs(economics))}
    return economics, Answering(DatasetReader(engine, sources, clock), Overlays(Forecaster()), clock)


def show(answering: Answering, source: str, scope: Scope = EVERYTHING, **visual: Any) -> Shown:
    wanted = Wanted(msgspec.convert(visual, Visual), source, Dataset([Use(source)]), start_ms=START, end_ms=END)
    return asyncio.run(answering.show(wanted, Reader("ann", "read", scope)))


def by_service(reader: CostReader, scope: Scope = EVERYTHING) -> dict[str, Decimal]:
    asked = CostQuery(START, END, (Metric.AMORTIZED,), group_by=(Dimension.SERVICE,))
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in asyncio.run(reader.costs(scope, asked)):
        found[row.keys[0]] += row.amounts[0]
    return dict(found)


def test_figures_are_the_bills(bill: tuple[EconomicsRoom, Answering]) -> None:
    economics, answering = bill
    reader = economics.bills
    expected = by_service(reader)
    whole = sum(expected.values())
    for source in ("costs", "allocated_costs"):
        shown = show(answering, source, by=["service"], measures=["sum(effective_cost)"])
        assert expected == {row.keys[0]: row.values[0] for row in shown.rows}
        assert shown.total is not None
        assert whole == shown.total.values[0]
        top = show(answering, source, by=["service"], measures=["sum(effective_cost)"], top=1)
        assert 2 == len(top.rows)
        assert whole == added(top)
        heads, *rows = csv.reader(io.StringIO(file_of(shown, "csv").content.decode()))
        assert ["service", "effective cost"] == heads
        assert whole == sum(Decimal(row[1]) for row in rows)
    months = show(answering, "costs", by=["day@month"], measures=["sum(effective_cost)"])
    assert whole == added(months)
    assert whole == added(show(answering, "costs", by=["day"], measures=["sum(effective_cost)"]))
    august = Wanted(
        Visual(measures=["sum(effective_cost)"], compare="previous"), "costs", Dataset([Use("costs")]),
        start_ms=to_ms(datetime(2026, 8, 1, tzinfo=UTC)), end_ms=END,
    )  # fmt: skip
    tile = asyncio.run(answering.show(august, Reader("ann", "read", EVERYTHING)))
    assert tile.total is not None
    assert [row.values[0] for row in months.rows] == [tile.total.before[0], tile.total.values[0]]
    # A reader of one account gets its part of the bill.
    mine = Scope(frozenset((made_bill.RESEARCH,)))
    own = show(answering, "allocated_costs", mine, by=["service"], measures=["sum(effective_cost)"])
    assert by_service(reader, mine) == {row.keys[0]: row.values[0] for row in own.rows}
    assert whole > added(own)


def added(shown: Shown) -> Decimal:
    return sum((Decimal(str(row.values[0])) for row in shown.rows), Decimal(0))
