"""Tables spread over two shards: versions of a row lie on one of them, and reads see what one table holds.

Of those that are not partitioned (made-up times would be a part each). The rooms' own tests run over
two shards by `make test-shards`.
"""

from collections.abc import Iterator

import pytest

from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema import BLOCK_COLUMN, TABLES, Table
from two_shards import two_shards_in

pytestmark = pytest.mark.slow  # an engine of its own
ROWS = 400
ALONE = "SETTINGS additional_table_filters = {'none': '1'}"  # one table as it is


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    with two_shards_in(tmp_path_factory.mktemp("shards") / "engine") as telemetry:
        yield telemetry


def _fill(telemetry: Telemetry, table: Table) -> None:
    """Made-up rows, each of them twice: the second time as another version."""
    columns = (*table.columns, BLOCK_COLUMN) if table.multiset else table.columns
    names = ", ".join(f"`{name}`" for name, _, _ in columns)
    structure = ", ".join(f"`{name}` {kind}" for name, kind, _ in columns).replace("'", "\\'")
    later = names.replace(f"`{table.replacing}`", f"`{table.replacing}` + 1") if table.replacing else names
    rows = f"generateRandom('{structure}', 7, 5, 3) LIMIT {ROWS}"
    for chosen in (names, later):
        sql = f"INSERT INTO {table.name} ({names}) SETTINGS insert_deduplicate = 0 SELECT {chosen} FROM {rows}"
        telemetry.command(sql)


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if not table.partition_by])
def test_a_read_over_shards_is_that_of_one_table(shards: Telemetry, name: str) -> None:
    table = TABLES[name]
    _fill(shards, table)
    final = " FINAL" if table.replacing is not None or table.summing else ""
    over = shards.fetch_sync(f"SELECT count() AS rows, sum(cityHash64(*)) AS digest FROM {name}{final}")
    held = shards.fetch_sync(f"SELECT count() AS rows, sum(cityHash64(*)) AS digest FROM {name}_local{final} {ALONE}")
    assert held["rows"].tolist() == over["rows"].tolist()
    assert held["digest"].tolist() == over["digest"].tolist()
    by_shard = shards.fetch_sync(f"SELECT shardNum() AS shard, count() AS rows FROM {name} GROUP BY shard")
    assert {1, 2} == set(by_shard["shard"].tolist())
