"""Totals of cost datasets are those of Costs to the cent: by service and day, for each account, in SQL and in files."""

import asyncio
import csv
import io
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import made_bill
from trimtab.access.principal import Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock, to_ms
from trimtab.base.errors import NotFound
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.model import CostQuery, Dimension, Granularity, Metric
from trimtab.costs.read import CostReader
from trimtab.doors.rest.dataset_files import csv_lines
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.sources.costs import FIELDS, costs
from trimtab.reports.datasets.spec import Dataset, read_spec
from trimtab.reports.datasets.sql.run import SqlQuery, SqlReader
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES, SUMS

START, END = to_ms(datetime(2026, 7, 1, tzinfo=UTC)), to_ms(datetime(2026, 9, 1, tzinfo=UTC))
METRICS = {"billed_cost": Metric.BILLED, "effective_cost": Metric.EFFECTIVE, "list_cost": Metric.LIST}
SCOPES = [
    EVERYTHING,
    Scope(frozenset((made_bill.PROD,))),
    Scope(frozenset((made_bill.RESEARCH,))),  # it pays for both
    Scope(frozenset((made_bill.PROD,)), frozenset(("eu-west-1",))),
    Scope(None, None, (RowRule("user_team", frozenset(("search",))),)),
    Scope(None, None, (RowRule("user_team", frozenset(("nobody",))),)),
    Scope(frozenset(("999999999999",))),
]


@pytest.fixture
def datasets(engine: Telemetry, state: State, tmp_path: Path) -> DatasetReader:
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    clock = ManualClock(END)
    path = tmp_path / "bill.csv"
    path.write_text(made_bill.cur2())
    ledger, work = ImportLedger(state, clock), tmp_path / "w"
    importer = Importer(engine, ledger, work, lambda location, _: LocalFolder(Path(location)), embedded=True)
    assert importer.run(ImportRequest(str(path), source="cur")).receipt is not None
    return DatasetReader(engine, {"costs": costs(engine)}, clock)


@pytest.mark.parametrize("scope", SCOPES, ids=range(len(SCOPES)))
@pytest.mark.parametrize("by", ["sums by day", "lines"])
def test_sums_are_those_of_costs_for_every_scope(
    engine: Telemetry, datasets: DatasetReader, scope: Scope, by: str
) -> None:
    asked = CostQuery(START, END, tuple(METRICS.values()), Granularity.DAILY, (Dimension.SERVICE,))
    expected: dict[tuple[int, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(METRICS))
    for row in asyncio.run(CostReader(engine).costs(scope, asked)):
        known = expected[row.start_ms, row.keys[0]]
        expected[row.start_ms, row.keys[0]] = [a + b for a, b in zip(known, row.amounts, strict=True)]
    columns = (("day", ""), ("service", ""), *((name, f"sum({name})") for name in METRICS))
    where = () if by == "sums by day" else ("resource_id is null or resource_id != 'x'",)  # asks the lines
    spec = read_spec({"sources": [{"use": "costs"}]})
    query = Query(columns=columns, where=where, start_ms=START, end_ms=END)
    answer = asyncio.run(datasets.run(spec, Reader("ann", Role.FINANCE, scope), query))
    found = {(to_ms(one["day"]), one["service"] or ""): [one[name] for name in METRICS]
             for one in answer.table.to_pylist()}  # fmt: skip
    assert dict(expected) == found
    lines = csv.DictReader(io.StringIO(b"".join(csv_lines(answer)).decode()))
    assert sum(one[0] for one in expected.values()) == sum(Decimal(line["billed_cost"]) for line in lines)


def test_sql_adds_up_to_the_same(engine: Telemetry, datasets: DatasetReader) -> None:
    async def none(name: str) -> Dataset:
        raise NotFound(name)

    total = asyncio.run(CostReader(engine).total(EVERYTHING, START, END, Metric.EFFECTIVE))
    statement = SqlQuery("SELECT currency, sum(effective_cost) AS cost FROM costs GROUP BY currency", 10, START, END)
    reader = Reader("ann", Role.FINANCE, EVERYTHING)
    found = asyncio.run(SqlReader(datasets, ManualClock(END)).run(statement, reader, none)).table.to_pylist()
    assert total == {one["currency"]: one["cost"] for one in found}


def test_every_amount_of_the_bill_is_a_field() -> None:
    assert set(SUMS) <= {one.name for one in FIELDS}
