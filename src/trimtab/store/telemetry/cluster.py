"""What a statement becomes on a cluster of ClickHouse servers; rooms write one sentence for a laptop and for a cluster.

There, a table of the schema is two: `<name>_local`, replicated, on every node, and `<name>`, distributed over it. What
reads and inserts names the distributed one; what makes, alters, empties or drops a table must name the local one, on
every node.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

LOCAL = "_local"
SETTINGS: Mapping[str, str] = {
    # An insert is acknowledged when every shard has its rows, on most of its replicas; a token is kept by each of them.
    "distributed_foreground_insert": "1",
    "insert_quorum": "auto",
    "insert_quorum_parallel": "1",
    "insert_quorum_timeout": "60000",
    # What INSERT … SELECT makes is added up over all shards and lies by its own key: the default lets each shard keep
    # what it makes of its own rows.
    "parallel_distributed_insert_select": "0",
    # Who has written reads what it wrote: reads and writes go to the first replica that is up.
    "load_balancing": "in_order",
    "prefer_localhost_replica": "1",
    # A subquery over a distributed table is read once and sent to every shard; the default refuses it.
    "distributed_product_mode": "global",
    "skip_unavailable_shards": "0",
    "optimize_skip_unused_shards": "1",
    # A statement for every node is done when every node has done it.
    "distributed_ddl_task_timeout": "280",
    "distributed_ddl_output_mode": "throw",
    "alter_sync": "2",
    "lightweight_deletes_sync": "2",
    # Deletes say which rows by a subquery; replicas that disagree fetch the part of one of them.
    "allow_nondeterministic_mutations": "1",
}
"""Of every statement that is sent to a cluster."""
WHERE_KNOWN: Mapping[str, str] = {
    # Of a month that is replaced a shard may have nothing new; servers that do not know this replace it by nothing.
    "allow_replace_partition_from_empty_source": "1",
}
"""The same, of servers that have such settings."""

_ALTERS = re.compile(
    r"^(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"  # the sentence of a named query, and a read's name
    r"(?P<verb>ALTER TABLE|DELETE FROM|TRUNCATE TABLE|OPTIMIZE TABLE|DROP TABLE IF EXISTS)\s+"
    r"(?P<table>\w+|\{(?P<bound>\w+):Identifier\})(?P<rest>.*)$",
    re.DOTALL,
)
_SOURCE = re.compile(r"(REPLACE PARTITION .* FROM )(\w+)", re.DOTALL)
_COLUMN = re.compile(r"\s+(ADD|MODIFY|RENAME|DROP) COLUMN\b")
_DROPS_COLUMN = re.compile(r"\s+DROP COLUMN\b")
ALL_REPLICAS = "/* all replicas */"
"""Behind `system.parts`: what every replica has. Without it, one replica of each shard tells what there is."""
_OWN = re.compile(rf"\bFROM system\.(parts|mutations)\b(?: {re.escape(ALL_REPLICAS)})?")
_EVERYWHERE = "FROM (SELECT * REPLACE (replaceRegexpOne(table, '_local$', '') AS table) FROM {0}('{1}', system, {2}))"


class Cluster(Struct, frozen=True):
    """A cluster by its name in the servers' `remote_servers`; "" is no cluster: statements stay as they are."""

    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.name)

    def changes(self, sql: str, params: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The statements that do on every node what `sql` says of a table, with their parameters; others stay as they
        are. Tables are dropped, and their columns altered, in both forms: a reader never sees what is not there yet."""
        made = _ALTERS.match(sql.strip())
        if not self or made is None:
            return [(self.reads(sql), dict(params))]
        bound, rest = made["bound"], _SOURCE.sub(_local_source, made["rest"])
        name = _local(str(params[bound]) if bound else made["table"])
        named = {**params, bound: name} if bound else dict(params)
        local = (f"{made['verb']} {made['table'] if bound else name}{self.on_each}{rest}", named)
        over = made["table"].removesuffix(LOCAL)
        shown = (f"{made['verb']} {over}{self.on_each}{rest}", dict(params))
        if made["verb"] == "DROP TABLE IF EXISTS" or _DROPS_COLUMN.match(rest):
            return [shown, local]
        return [local, shown] if _COLUMN.match(rest) else [local]

    def reads(self, sql: str) -> str:
        """A SELECT whose tables of the engine itself are those of every shard, under the names of the schema."""
        if not self or "system." not in sql:
            return sql

        def everywhere(own: re.Match[str]) -> str:
            one = own[1] == "parts" and not own[0].endswith(ALL_REPLICAS)
            return _EVERYWHERE.format("cluster" if one else "clusterAllReplicas", self.name, own[1])

        return _OWN.sub(everywhere, sql)

    def stored(self, table: str) -> str:
        """The name of the table that has the rows of `table` on a node."""
        return _local(table) if self else table

    @property
    def on_each(self) -> str:
        """What says that a statement is for every node."""
        return f" ON CLUSTER '{self.name}'" if self else ""


def _local(table: str) -> str:
    return table if table.endswith(LOCAL) else table + LOCAL


def _local_source(clause: re.Match[str]) -> str:
    return clause[1] + _local(clause[2])
