"""An engine whose every table is spread over two shards, so that each read runs as a cluster's distributed plan.

Both shards are this process: a cluster of 127.0.0.1 twice, over one set of local tables, of which each shard sees the
rows that its key gives it. There is no DDL queue in the embedded engine, so that ON CLUSTER is left out here, and its
local tables are not replicated.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clickhouse_connect.driver.client import Client

from engine_owner import start_owner, stop_owner
from trimtab.base.records import replace
from trimtab.store.telemetry import owner
from trimtab.store.telemetry.client import NONE, ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.cluster import LOCAL, Cluster
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.schema import Layout, Table, create_table
from trimtab.store.telemetry.table import renamed, shard_key

NAME = "two_shards"
_SHARD = (
    "<shard><internal_replication>true</internal_replication>"
    "<replica><host>127.0.0.1</host><port>9000</port></replica></shard>"
)
_CONFIG = f"<tcp_port>9000</tcp_port><remote_servers><{NAME}>{_SHARD}{_SHARD}</{NAME}></remote_servers></clickhouse>"


class InProcess(Cluster, frozen=True):
    """A cluster whose only node is asked itself."""

    @property
    def on_each(self) -> str:
        return ""

    def reads(self, sql: str) -> str:
        """Its two shards have the same parts, which count once."""
        return re.sub(r"\bcluster(?:AllReplicas)?\('\w+', system, (\w+)\)", r"system.\1", super().reads(sql))


class TwoShards(Telemetry):
    """What a room uses, over two shards."""

    def __init__(self, directory: Path, limits: ReadLimits | None = None) -> None:
        super().__init__(lambda: embedded_endpoint(directory), limits, Layout.CLUSTER, NAME)
        self.cluster = InProcess(NAME)
        self.filters: dict[str, str] = {}

    def create(self, table: Table) -> None:
        local = replace(table, name=table.name + LOCAL)
        _, over = create_table(table, Layout.CLUSTER, NAME)
        for statement in (*create_table(local), over.replace(f" ON CLUSTER '{NAME}'", "")):
            self.command(statement)
        self.filters[f"trimtab.{local.name}"] = f"({shard_key(table)}) % 2 = shardNum() - 1"
        self._forget()

    def insert(
        self, table: Table, rows: bytes, token: str, block: int = 0, arrived: frozenset[int] = NONE,
        columns: tuple[tuple[str, str], ...] | None = None,
    ) -> None:  # fmt: skip
        """Into the local table: its two shards would each be sent the token, which that table takes once."""
        super().insert(renamed(table, table.name + LOCAL), rows, token, block, arrived, columns)

    def arrived(self, table: Table, block: int) -> frozenset[int]:
        """As one server has it: this one forgets its tokens in a power cut."""
        read = f"SELECT DISTINCT {table.partition_by} AS part FROM {table.name} WHERE block = {{block:UInt64}}"
        return frozenset(self.fetch_sync(read, {"block": block})["part"].tolist())

    def _connect(self, timeout_s: float) -> Client:
        client = super()._connect(timeout_s)
        pairs = ", ".join(f"'{table}': '{condition}'" for table, condition in self.filters.items())
        pairs = re.sub(r"cityHash64\('(\w+)'\)", r"cityHash64(\\'\1\\')", pairs)
        client.set_client_setting("additional_table_filters", f"{{{pairs}}}")
        return client


@contextmanager
def two_shards_in(directory: Path) -> Iterator[Telemetry]:
    """The same as `engine_owner.engine_in`, over two shards."""
    process = start_owner(directory, (__file__,))
    telemetry = TwoShards(directory)
    migrate(telemetry)
    yield telemetry
    telemetry.close()
    stop_owner(process)


def _with_cluster(directory: Path, memory_mb: int) -> Path:
    path = _alone(directory, memory_mb)
    path.write_text(path.read_text().replace("</clickhouse>", _CONFIG))
    return path


if __name__ == "__main__":
    _alone, owner.write_config = owner.write_config, _with_cluster
    sys.exit(owner.main())
