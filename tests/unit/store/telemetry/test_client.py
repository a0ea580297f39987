import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine_owner import engine_in
from trimtab.base.errors import QueryAborted, SetupError, TrimtabError, Unavailable
from trimtab.metrics.model import VALUE_ROW
from trimtab.store.telemetry.client import (
    BlockRefused,
    ReadLimits,
    Telemetry,
    embedded_endpoint,
    server_endpoint,
)
from trimtab.store.telemetry.migrations import MIGRATIONS, check_durability, migrate
from trimtab.store.telemetry.schema import DURABLE, METRIC_VALUES, TABLES, Layout, create_table


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    """An engine whose tables are synced, as those of the other unit tests are not."""
    with engine_in(tmp_path_factory.mktemp("durable") / "engine", synced=True) as telemetry:
        yield telemetry


def rows(count: int, start_ms: int = 1_764_000_000_000) -> bytes:
    values = np.zeros(count, VALUE_ROW)
    values["series"] = np.uint64(2**63 + 5)
    values["time"] = start_ms + np.arange(count)
    values["value"] = np.arange(count)
    values["count"] = 1
    return values.tobytes()


def insert(telemetry: Telemetry, body: bytes, token: str) -> None:
    telemetry.insert(METRIC_VALUES, body, token, 77)


def test_rows_come_back_with_their_types(telemetry: Telemetry) -> None:
    insert(telemetry, rows(3), "types")
    read = telemetry.fetch_sync(
        "SELECT series, toUnixTimestamp64Milli(time) AS at, value, toString(value) AS text, [value] AS list, "
        "map('k', toString(count)) AS pairs FROM metric_values WHERE series = {id:UInt64} ORDER BY time",
        {"id": 2**63 + 5},
    )
    assert [2**63 + 5] * 3 == read["series"].tolist()
    assert [1_764_000_000_000 + i for i in range(3)] == read["at"].tolist()
    assert ["0", "1", "2"] == read["text"].tolist()
    assert [[0.0], [1.0], [2.0]] == [list(item) for item in read["list"]]
    assert {"k": "1"} == read["pairs"][0]


@pytest.mark.parametrize("text", ["it's", 'a "b"', "back\\slash", "tab\tnew\nline", "\\N", "", "ünïcode 🎛"])
def test_bound_text_arrives_as_it_is(telemetry: Telemetry, text: str) -> None:
    read = telemetry.fetch_sync("SELECT {a:String} AS a, {b:Array(String)} AS b", {"a": text, "b": [text, "x"]})
    assert text == read["a"][0]
    assert [text, "x"] == list(read["b"][0])


def test_parameters_too_long_for_a_url_arrive_too(telemetry: Telemetry) -> None:
    ids = list(range(2**60, 2**60 + 5000))
    read = telemetry.fetch_sync(
        "SELECT arraySum({ids:Array(UInt64)}) AS total, {t:String} AS t", {"ids": ids, "t": "é'\\"}
    )
    assert ([sum(ids) % 2**64], ["é'\\"]) == (read["total"].tolist(), read["t"].tolist())


def test_a_block_with_a_known_token_is_kept_once(telemetry: Telemetry) -> None:
    for _ in range(3):
        insert(telemetry, rows(10), "once")
    insert(telemetry, rows(10), "another")
    assert [20] == telemetry.fetch_sync("SELECT count() AS n FROM metric_values")["n"].tolist()


def test_what_of_a_block_arrived_is_known_and_left_out_of_a_repeat(telemetry: Telemetry) -> None:
    day_ms = 86_400_000
    first, second = rows(3), rows(4, 1_764_000_000_000 + day_ms)
    assert telemetry.arrived(METRIC_VALUES, 5) == frozenset()
    telemetry.insert(METRIC_VALUES, first, "a", 5)
    arrived = telemetry.arrived(METRIC_VALUES, 5)
    assert arrived == {20251124}
    telemetry.insert(METRIC_VALUES, first + second, "the engine forgot token a", 5, arrived)
    assert telemetry.fetch_sync("SELECT count() AS n FROM metric_values")["n"].tolist() == [7]


def test_an_empty_result_keeps_its_columns(telemetry: Telemetry) -> None:
    read = telemetry.fetch_sync("SELECT series, value FROM metric_values WHERE series = 1")
    assert {"series": 0, "value": 0} == {name: len(column) for name, column in read.items()}


def test_maps_come_back_as_dicts_of_their_own_rows(telemetry: Telemetry) -> None:
    read = telemetry.fetch_sync(
        "SELECT mapFromArrays(range(n), arrayMap(i -> toString(n + i), range(n))) AS m"
        " FROM (SELECT number % 3 AS n FROM numbers(7)) SETTINGS max_block_size = 2"
    )
    kinds: list[dict[int, str]] = [{}, {0: "1"}, {0: "2", 1: "3"}]
    assert [kinds[at % 3] for at in range(7)] == read["m"].tolist()
    assert [] == telemetry.fetch_sync("SELECT map('a', 1) AS m WHERE 0")["m"].tolist()


def test_a_read_past_its_limits_is_stopped_and_the_next_one_works(telemetry: Telemetry) -> None:
    with pytest.raises(QueryAborted, match="longer than allowed"):
        telemetry.fetch_sync("SELECT sleep(3)", limits=ReadLimits(seconds=0.2))
    with pytest.raises(QueryAborted, match="more memory"):
        telemetry.fetch_sync(
            "SELECT length(groupArray(number)) FROM numbers(50000000)", limits=ReadLimits(memory_mb=50)
        )
    assert [1] == telemetry.fetch_sync("SELECT 1 AS one")["one"].tolist()


@pytest.mark.parametrize("failing", ["sleep(3)", "throwIf(number = 3) FROM numbers(10)"])
def test_the_read_after_one_that_failed_half_way_is_whole(telemetry: Telemetry, failing: str) -> None:
    same = ReadLimits(seconds=0.2)  # so that it gets the handle of the one before
    with pytest.raises(TrimtabError, match=r"longer than allowed|throwIf"):
        telemetry.fetch_sync(f"SELECT {failing}", limits=same)
    assert [1] == telemetry.fetch_sync("SELECT 1 AS one", limits=same)["one"].tolist()


@pytest.mark.parametrize("statement", ["DROP TABLE metric_values", "INSERT INTO metric_values VALUES (1, now(), 1, 1)"])
def test_a_read_cannot_write(telemetry: Telemetry, statement: str) -> None:
    with pytest.raises(Unavailable, match="readonly"):
        telemetry.fetch_sync(statement)
    assert [0] == telemetry.fetch_sync("SELECT count() AS n FROM metric_values")["n"].tolist()


def test_rows_that_do_not_fit_the_table_are_refused_for_good(telemetry: Telemetry) -> None:
    with pytest.raises(BlockRefused):
        insert(telemetry, rows(3)[:-5], "cut")


def test_reads_run_side_by_side(telemetry: Telemetry) -> None:
    async def both() -> list[int]:
        slow = asyncio.create_task(telemetry.fetch("SELECT sleep(1) AS x"))
        quick = [(await telemetry.fetch("SELECT 7 AS x"))["x"][0] for _ in range(5)]
        assert not slow.done()
        await slow
        return quick

    assert [7] * 5 == asyncio.run(both())


def test_a_read_that_nobody_waits_for_is_ended_in_the_engine(telemetry: Telemetry) -> None:
    endless = "SELECT max(sipHash64(number)) AS x FROM numbers(1000000000000)"
    running = "SELECT count() AS n FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%LIKE%'"

    async def becomes(number: int) -> bool:
        for _ in range(1000):
            if (await telemetry.fetch(running))["n"][0] == number:
                return True
            await asyncio.sleep(0.01)
        return False

    async def cancelled() -> bool:
        reading = asyncio.create_task(telemetry.fetch(endless, limits=ReadLimits(seconds=30)))
        assert await becomes(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return await becomes(0)

    assert asyncio.run(cancelled())


def test_a_read_that_is_cancelled_before_it_runs_never_does(telemetry: Telemetry) -> None:
    async def cancelled() -> int:
        pool = [asyncio.create_task(telemetry.fetch("SELECT sleep(0.5) AS x")) for _ in range(20)]
        await asyncio.sleep(0.1)
        for task in pool:
            task.cancel()
        answers = await asyncio.gather(*pool, return_exceptions=True)
        return sum(isinstance(answer, asyncio.CancelledError) for answer in answers)

    assert asyncio.run(cancelled()) == 20
    assert [1] == telemetry.fetch_sync("SELECT 1 AS one")["one"].tolist()


def test_migrations_run_once_and_the_tables_are_durable(durable: Telemetry) -> None:
    assert 0 == migrate(durable)
    check_durability(durable)
    assert [len(MIGRATIONS)] == durable.fetch_sync("SELECT count() AS n FROM schema_migrations")["n"].tolist()


def test_a_table_without_durability_is_not_trusted(durable: Telemetry) -> None:
    durable.command("ALTER TABLE metric_sets MODIFY SETTING fsync_after_insert = 0")
    try:
        with pytest.raises(SetupError, match=r"metric_sets.*fsync_after_insert"):
            check_durability(durable)
    finally:
        durable.command("ALTER TABLE metric_sets MODIFY SETTING fsync_after_insert = 1")


def test_a_newer_store_is_not_opened(telemetry: Telemetry) -> None:
    telemetry.command("INSERT INTO schema_migrations VALUES (9999, 'from the future')")
    try:
        with pytest.raises(SetupError, match="9999"):
            migrate(telemetry)
    finally:
        telemetry.command("DELETE FROM schema_migrations WHERE number = 9999")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
@pytest.mark.parametrize("layout", [Layout.SERVER, Layout.CLUSTER])
def test_the_engine_parses_every_layout(telemetry: Telemetry, table: object, layout: Layout) -> None:
    for statement in create_table(table, layout):  # type: ignore[arg-type]  # parametrised
        read = telemetry.fetch_sync("SELECT formatQuery({ddl:String}) AS ddl", {"ddl": statement})
        if "MergeTree" in statement:
            assert all(f"{key} = {value}" in read["ddl"][0] for key, value in DURABLE.items())


def test_a_second_owner_is_told_who_has_the_directory(engine: Telemetry) -> None:
    directory = Path(engine.fetch_sync("SELECT value FROM system.server_settings WHERE name = 'path'")["value"][0])
    second = subprocess.run(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory.parent), "1024"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 3 == second.returncode
    assert "is using it" in second.stderr


def test_without_an_owner_the_message_says_how_to_start_one(tmp_path: Path) -> None:
    telemetry = Telemetry(lambda: embedded_endpoint(tmp_path))
    with pytest.raises(Unavailable, match="trimtab up"):
        telemetry.fetch_sync("SELECT 1")


def test_a_server_url_is_read_whole() -> None:
    at = server_endpoint("https://user:p%40ss@ch.example:9440/metrics")
    assert ("ch.example", 9440, "user", "p@ss", "metrics", True) == (
        at.host,
        at.port,
        at.username,
        at.password,
        at.database,
        at.secure,
    )
    with pytest.raises(SetupError):
        server_endpoint("clickhouse.example:9000")


def test_a_read_beside_others_uses_one_thread_of_the_engine(telemetry: Telemetry) -> None:
    async def run() -> list[str]:
        asked = [telemetry.fetch("SELECT getSetting('max_threads') AS threads, sleep(0.3) AS slept") for _ in range(3)]
        return sorted(str(found["threads"][0]) for found in await asyncio.gather(*asked))

    assert ["1", "1", str(ReadLimits().threads)] == asyncio.run(run())
    alone = telemetry.fetch_sync("SELECT getSetting('max_threads') AS threads")
    assert str(ReadLimits().threads) == str(alone["threads"][0])
