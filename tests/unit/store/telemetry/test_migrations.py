"""A new store begins with the tables as they are now; an older one is brought there, and both end alike."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine_owner import start_owner, stop_owner
from trimtab.store.telemetry import migrations
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import MIGRATIONS, migrate
from trimtab.store.telemetry.schema_logs import LOG_EVENTS
from trimtab.store.telemetry.table import Layout, Table, create_table

_TABLES = (
    "SELECT name, create_table_query AS made FROM system.tables "
    "WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Telemetry]:
    """A store without a table."""
    owner = start_owner(tmp_path)
    telemetry = Telemetry(lambda: embedded_endpoint(tmp_path))
    yield telemetry
    telemetry.close()
    stop_owner(owner)


def tables(telemetry: Telemetry) -> dict[str, str]:
    found = telemetry.fetch_sync(_TABLES)
    return dict(zip(found["name"], found["made"], strict=True))


def test_an_older_store_ends_with_the_tables_of_a_new_one(telemetry: Telemetry, bare: Telemetry) -> None:
    older = Table(
        LOG_EVENTS.name,
        tuple(column for column in LOG_EVENTS.columns if column[0] != "original"),
        LOG_EVENTS.order_by,
        partition_by=LOG_EVENTS.partition_by,
    )
    (made,) = create_table(older, Layout.EMBEDDED)
    bare.command(made)  # as a start leaves it that was killed before it noted that the migration is done
    assert migrate(bare) == len(MIGRATIONS)
    assert "`original`" in tables(bare)[LOG_EVENTS.name]
    extracts = {name for name in tables(telemetry) if name.startswith("dataset_extract_")}  # of other tests
    assert tables(bare).keys() == tables(telemetry).keys() - extracts


def test_a_new_store_takes_no_statement_that_changes_tables(bare: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    command = bare.command

    def note(sql: str, params: Mapping[str, Any] | None = None) -> None:
        sent.append(sql)
        command(sql, params)

    monkeypatch.setattr(bare, "command", note)
    assert migrate(bare) == len(MIGRATIONS)
    assert [] == [sql for sql in sent if sql.startswith("ALTER")]
    assert 1 == len([sql for sql in sent if sql.startswith("INSERT")])
    new = tables(bare)
    monkeypatch.setattr(migrations, "_made", lambda _: {"some"})
    for name in new:
        bare.command(f"DROP TABLE {name} SYNC")
    assert migrate(bare) == len(MIGRATIONS)
    assert any(sql.startswith("ALTER") for sql in sent)
    assert new == tables(bare)
    assert 0 == migrate(bare)
