"""The DDL of a cluster's tables and a ZooKeeper: every replicated table is taken, and two replicas of it meet there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.parts import daemons, free_port, program
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.table import DEDUPLICATION_S, DEDUPLICATION_WINDOW

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

ZOOKEEPER = """\
tickTime=2000
dataDir={folder}/zookeeper
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
"""
ENGINE = """<clickhouse>
  <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
  <macros><shard>1</shard><replica>{replica}</replica></macros>
</clickhouse>
"""
MAKES = """
import json, os, sys
import chdb
from trimtab.store.telemetry.schema import TABLES, Layout, create_table
try:
    engine = chdb.connect(f"{sys.argv[1]}/data?config-file={sys.argv[1]}/engine.xml")
    engine.query("CREATE DATABASE trimtab")
    engine.query("USE trimtab")
    for table in TABLES.values():
        local, _ = create_table(table, Layout.CLUSTER)
        engine.query(local.replace(" ON CLUSTER 'trimtab'", "", 1))
    made = str(engine.query("SELECT name, engine_full FROM system.tables WHERE database = 'trimtab'", "JSON"))
    print(json.dumps({row["name"]: row["engine_full"] for row in json.loads(made)["data"]}))
except Exception as problem:
    print(problem, file=sys.stderr)
finally:
    sys.stdout.flush()
    os._exit(0)  # its connections to ZooKeeper keep an engine that closes
"""
PLACE = "/clickhouse/tables/1/trimtab"


@pytest.fixture(scope="module")
def keeper() -> Iterator[int]:
    """The port of a ZooKeeper that is empty."""
    with daemons() as running:
        port = free_port()
        configuration = running.folder / "zoo.cfg"
        configuration.write_text(ZOOKEEPER.format(folder=running.folder, port=port))
        running.environment |= {"ZOO_LOG_DIR": str(running.folder), "JVMFLAGS": "-Xmx128m"}
        running.start("zkServer.sh", "start-foreground", str(configuration))
        running.listens("zkServer.sh", port)
        yield port


def made_by(folder: Path, name: str, port: int) -> dict[str, str]:
    """The engines of all local tables of a cluster, made by this replica in a process of its own."""
    folder.mkdir()
    (folder / "engine.xml").write_text(ENGINE.format(port=port, replica=name))
    command = [sys.executable, "-c", MAKES, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert "" != done.stdout, done.stderr[-3000:]
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said


def kept(port: int) -> set[str]:
    """Every path that ZooKeeper keeps of the tables, by its own tool."""
    command = [program("zkCli.sh"), "-server", f"127.0.0.1:{port}", "ls", "-R", PLACE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return {line.removeprefix(PLACE) for line in done.stdout.splitlines() if line.startswith(PLACE)}


def test_every_table_of_a_cluster_is_made_and_both_replicas_are_in_its_path(tmp_path: Path, keeper: int) -> None:
    first = made_by(tmp_path / "first", "r1", keeper)
    names = {f"{name}_local" for name in TABLES}
    assert names == set(first)
    for text in first.values():
        assert text.startswith("Replicated")
        assert f"replicated_deduplication_window = {DEDUPLICATION_WINDOW}" in text
        assert f"replicated_deduplication_window_seconds = {DEDUPLICATION_S}" in text
        assert "fsync_after_insert = " in text
    # A replica whose columns, order or partitions are others is refused by what is kept there.
    assert first == made_by(tmp_path / "second", "r2", keeper)
    paths = kept(keeper)
    assert {f"/{name}/replicas/{one}" for name in names for one in ("r1", "r2")} == {
        path for path in paths if path.count("/") == 3 and "/replicas/" in path
    }
    assert {f"/{name}/columns" for name in names} <= paths
