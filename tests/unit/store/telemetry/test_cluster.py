"""What statements become on a cluster, and on which shard rows lie."""

import re
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pytest

from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Endpoint, Telemetry
from trimtab.store.telemetry.cluster import SETTINGS, WHERE_KNOWN, Cluster
from trimtab.store.telemetry.migrations import MIGRATIONS
from trimtab.store.telemetry.schema import TABLES, Layout, Table, create_table
from trimtab.store.telemetry.table import renamed, shard_key

HERE = Cluster("here")
SOURCE = Path(str(resources.files("trimtab")))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_all_versions_of_a_row_lie_on_one_shard(table: Table) -> None:
    """The key is a function of columns; where rows replace or add to each other, of columns that they are alike in."""
    key = shard_key(table)
    names = set(re.findall(r"\w+", key)) - {"cityHash64"}
    assert names
    assert names <= set(table.column_names)
    assert names & set(re.findall(r"\w+", table.order_by)) or table.name == "cost_lines"
    if table.replacing is not None or table.summing:
        assert names <= set(re.findall(r"\w+", table.order_by))
    assert "rand" not in create_table(table, Layout.CLUSTER, "here")[1]


def test_rows_of_a_series_lie_with_it() -> None:
    with_series = [table for table in TABLES.values() if "series" in table.column_names]
    assert len(with_series) > 10
    assert {"series"} == {shard_key(table) for table in with_series}


def test_a_table_without_order_lies_on_one_shard(telemetry: Telemetry) -> None:
    key = shard_key(Table("extract_5", (("a", "Nullable(Int64)", ""),), order_by="tuple()"))
    read = telemetry.fetch_sync(f"SELECT uniqExact({key}) AS shards FROM numbers(10)")
    assert 1 == read["shards"][0]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_the_key_is_a_number(telemetry: Telemetry, table: Table) -> None:
    read = telemetry.fetch_sync(f"SELECT toTypeName(any({shard_key(table)})) AS type FROM {table.name}")
    assert str(read["type"][0]).startswith("UInt")


def test_what_takes_the_place_of_a_partition_is_spread_alike() -> None:
    lines = TABLES["cost_lines"]
    assert shard_key(lines) == shard_key(renamed(lines, "cost_lines_in_3"))
    plain = Table("plain", (("a", "Int64", ""),), order_by="a")
    assert "cityHash64(a)" == shard_key(plain) == shard_key(renamed(plain, "other"))


def test_on_a_cluster_a_table_is_two() -> None:
    local, over = create_table(TABLES["spans"], Layout.CLUSTER, "here")
    assert local.startswith("CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER 'here' (")
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', ingested)" in local
    )
    assert "replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000" in local
    assert "non_replicated" not in local
    assert (
        "CREATE TABLE IF NOT EXISTS spans ON CLUSTER 'here' AS spans_local "
        "ENGINE = Distributed('here', currentDatabase(), 'spans_local', cityHash64(trace_id))" == over
    )


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "ALTER TABLE spans DROP PARTITION 20250101",
            ["ALTER TABLE spans_local ON CLUSTER 'here' DROP PARTITION 20250101"],
        ),
        (
            "ALTER TABLE cost_daily REPLACE PARTITION (202501, 4) FROM cost_daily_in_7",
            ["ALTER TABLE cost_daily_local ON CLUSTER 'here' REPLACE PARTITION (202501, 4) FROM cost_daily_in_7_local"],
        ),
        ("TRUNCATE TABLE spans", ["TRUNCATE TABLE spans_local ON CLUSTER 'here'"]),
        (
            "DROP TABLE IF EXISTS cost_sets_in_7 SYNC",
            [
                "DROP TABLE IF EXISTS cost_sets_in_7 ON CLUSTER 'here' SYNC",
                "DROP TABLE IF EXISTS cost_sets_in_7_local ON CLUSTER 'here' SYNC",
            ],
        ),
        (
            "DELETE FROM log_events\nWHERE stream_id IN {streams:Array(UInt64)}",
            ["DELETE FROM log_events_local ON CLUSTER 'here'\nWHERE stream_id IN {streams:Array(UInt64)}"],
        ),
        (
            "ALTER TABLE log_events ADD COLUMN IF NOT EXISTS original String",
            [
                "ALTER TABLE log_events_local ON CLUSTER 'here' ADD COLUMN IF NOT EXISTS original String",
                "ALTER TABLE log_events ON CLUSTER 'here' ADD COLUMN IF NOT EXISTS original String",
            ],
        ),
        (
            "ALTER TABLE log_events DROP COLUMN original",
            [
                "ALTER TABLE log_events ON CLUSTER 'here' DROP COLUMN original",
                "ALTER TABLE log_events_local ON CLUSTER 'here' DROP COLUMN original",
            ],
        ),
        ("ALTER TABLE spans_local RESET SETTING x", ["ALTER TABLE spans_local ON CLUSTER 'here' RESET SETTING x"]),
        (
            "ALTER TABLE spans_local MODIFY COLUMN name String",
            [
                "ALTER TABLE spans_local ON CLUSTER 'here' MODIFY COLUMN name String",
                "ALTER TABLE spans ON CLUSTER 'here' MODIFY COLUMN name String",
            ],
        ),
        ("INSERT INTO spans SELECT 1", ["INSERT INTO spans SELECT 1"]),
    ],
)
def test_what_alters_a_table_does_so_on_every_node(statement: str, expected: list[str]) -> None:
    assert expected == [sql for sql, _ in HERE.changes(statement, {})]
    assert [(statement, {})] == Cluster().changes(statement, {})


def test_a_table_that_is_bound_is_bound_by_its_local_name() -> None:
    params = {"table": "metric_rollup_1m", "part": "20250101"}
    [(sql, bound)] = HERE.changes("ALTER TABLE {table:Identifier} DROP PARTITION ID {part:String}", params)
    assert "ALTER TABLE {table:Identifier} ON CLUSTER 'here' DROP PARTITION ID {part:String}" == sql
    assert {"table": "metric_rollup_1m_local", "part": "20250101"} == bound
    over, local = HERE.changes("DROP TABLE IF EXISTS {table:Identifier} SYNC", {"table": "extract_1"})
    assert ["extract_1", "extract_1_local"] == [over[1]["table"], local[1]["table"]]


def test_tables_of_the_engine_itself_are_those_of_every_shard() -> None:
    read = HERE.reads("SELECT count() FROM system.parts WHERE table = 'spans'")
    assert "cluster('here', system, parts)" in read
    assert "replaceRegexpOne(table, '_local$', '') AS table" in read
    assert "clusterAllReplicas('here', system, parts)" in HERE.reads(
        "SELECT 1 FROM system.parts /* all replicas */ WHERE 1"
    )
    assert "clusterAllReplicas('here', system, mutations)" in HERE.reads("SELECT 1 FROM system.mutations WHERE 1")
    assert "SELECT 1 FROM system.tables" == HERE.reads("SELECT 1 FROM system.tables")
    assert "SELECT 1 FROM system.parts" == Cluster().reads("SELECT 1 FROM system.parts")


def test_every_named_query_that_alters_is_one_that_a_cluster_knows() -> None:
    seen = 0
    for file in SOURCE.rglob("queries.sql"):
        package = ".".join(("trimtab", *file.parent.relative_to(SOURCE).parts))
        for name, sql in load_queries(package).items():
            if re.search(r"^(ALTER|DELETE|DROP|TRUNCATE|OPTIMIZE|CREATE|EXCHANGE|RENAME)\b", sql, re.MULTILINE):
                assert "ON CLUSTER" in HERE.changes(sql, {"table": "t"})[0][0], f"{file}: {name}"
                seen += 1
    assert seen > 6


def test_every_statement_in_code_that_alters_is_one_that_a_cluster_knows() -> None:
    """Of strings that begin with such words: OPTIMIZE, EXCHANGE and RENAME are in none."""
    begins = re.compile(r'"((?:ALTER|DELETE FROM|DROP|TRUNCATE|OPTIMIZE|EXCHANGE|RENAME) [^"]*)')
    seen = 0
    for file in SOURCE.rglob("*.py"):
        if "state" in file.parts or file.name in ("cluster.py", "table.py"):
            continue
        for statement in begins.findall(file.read_text()):
            if re.match(r"[A-Z ]+ (\{|\w)", statement):
                named = re.sub(r"\{\w+:Identifier\}", "bound", statement)
                named = re.sub(r"\{[^}]*\}", "name", named)
                assert "ON CLUSTER" in HERE.changes(named, {})[0][0], f"{file}: {statement}"
                seen += 1
    assert seen > 12


def test_an_insert_is_acknowledged_when_every_shard_has_it() -> None:
    expected = {"distributed_foreground_insert": "1", "insert_quorum": "auto", "skip_unavailable_shards": "0"}
    assert expected.items() <= SETTINGS.items()
    assert "0" == SETTINGS["parallel_distributed_insert_select"], "sums would lie on the shard that made them, in parts"
    assert "global" == SETTINGS["distributed_product_mode"]


def test_the_engine_knows_every_setting_of_a_cluster(telemetry: Telemetry) -> None:
    read = telemetry.fetch_sync("SELECT name FROM system.settings")
    assert (SETTINGS | WHERE_KNOWN).keys() <= {str(name) for name in read["name"]}


def test_no_migration_names_a_local_table() -> None:
    for _, migration in MIGRATIONS:
        for statement in migration(Layout.CLUSTER):
            if isinstance(statement, str):
                assert "ON CLUSTER" not in statement
                assert "ON CLUSTER" in HERE.changes(statement, {})[0][0]


def test_of_a_multiset_no_partition_is_held_for_arrived_on_a_cluster() -> None:
    """Of a partition one shard may have its rows and another not; Keeper's tokens tell each shard what it has."""

    def nobody() -> None:
        raise AssertionError("the engine was asked")

    telemetry = Telemetry(nobody, layout=Layout.CLUSTER, cluster="here")  # type: ignore[arg-type]  # never asked
    assert frozenset() == telemetry.arrived(TABLES["log_events"], 5)


class _Client:
    """Remembers what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def command(self, sql: str, parameters: object) -> None:
        self.sent.append(sql)

    def raw_query(self, sql: str, parameters: object, settings: object) -> None:
        self.sent.append(sql)

    def query_arrow(self, sql: str, parameters: object, settings: object) -> pa.Table:
        self.sent.append(sql)
        return pa.table({"parts": [0]})


def test_the_client_sends_every_statement_as_a_cluster_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = _Client()
    telemetry = Telemetry(lambda: Endpoint("", 0, "", "", ""), layout=Layout.CLUSTER, cluster="here")
    monkeypatch.setattr(telemetry, "_connect", lambda _: client)
    telemetry.command("TRUNCATE TABLE spans")
    telemetry.execute("DELETE FROM spans WHERE 1", {})
    telemetry.fetch_sync("SELECT count() AS parts FROM system.parts")
    telemetry.create(TABLES["spans"])
    assert "TRUNCATE TABLE spans_local ON CLUSTER 'here'" == client.sent[0]
    assert "DELETE FROM spans_local ON CLUSTER 'here' WHERE 1" == client.sent[1]
    assert "cluster('here', system, parts)" in client.sent[2]
    assert create_table(TABLES["spans"], Layout.CLUSTER, "here") == client.sent[3:]
