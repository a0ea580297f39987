"""A real engine owner, a state database and an importer over them, emptied for each test."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from trimtab.base.clock import ManualClock
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.model import Receipt
from trimtab.costs.read import CostReader
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass(frozen=True)
class Room:
    """The costs room over a real engine."""

    telemetry: Telemetry
    ledger: ImportLedger
    importer: Importer
    reader: CostReader
    folder: Path

    def bring(self, name: str, content: str | bytes, **request: Any) -> Receipt:
        """Write a file and import it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.take(path, **request)

    def take(self, path: Path, **request: Any) -> Receipt:
        record = self.importer.run(ImportRequest(str(path), **request))
        assert record.receipt is not None
        return record.receipt

    def column(self, sql: str) -> list[Any]:
        """The first column of a query."""
        found = self.telemetry.fetch_sync(sql)
        return list(found[next(iter(found))].tolist())


@pytest.fixture
def room(engine: Telemetry, state: State, tmp_path: Path) -> Room:
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    ledger = ImportLedger(state, ManualClock())
    importer = Importer(
        engine, ledger, tmp_path / "work", lambda location, _: LocalFolder(Path(location)), embedded=True
    )
    bills = tmp_path / "bills"
    bills.mkdir()
    return Room(engine, ledger, importer, CostReader(engine), bills)
