"""What a cluster lacks is said before a table is made. What the servers answer is made up, in the columns of theirs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from trimtab.base.errors import SetupError, Unavailable
from trimtab.settings import load
from trimtab.store.telemetry.client import Columns, Telemetry
from trimtab.store.telemetry.cluster import Cluster
from trimtab.store.telemetry.cluster_check import check_layout
from trimtab.store.telemetry.schema import Layout
from trimtab.stores import open_telemetry


class Servers(Telemetry):
    """Two shards of one replica each, all in order; `answers` are by what is read."""

    def __init__(self, layout: Layout = Layout.CLUSTER, **answers: Any) -> None:
        self.layout, self.cluster = layout, Cluster("here" if layout is Layout.CLUSTER else "")
        self.answers: dict[str, Any] = {
            "system.tables": {"engine": []},
            "DISTINCT cluster": {"cluster": ["default", "there"]},
            "system.clusters": {"shard": [1, 2], "replicated": [1, 1], "node": ["a:9000", "b:9000"]},
            "databases": {"node": ["a", "b"], "there": [1, 1]},
            "macros": {
                "node": ["a", "b"],
                "macros": [["shard", "replica"]] * 2,
                "shard": ["1", "2"],
                "replica": ["a", "b"],
            },
            "system.zookeeper": {"name": ["clickhouse"]},
            **{name.replace("_", "."): answer for name, answer in answers.items()},
        }

    def fetch_sync(self, sql: str, params: Mapping[str, Any] | None = None, **_: Any) -> Columns:
        answer = next(answer for words, answer in self.answers.items() if words in sql)
        if isinstance(answer, Exception):
            raise answer
        return {name: np.array(values, dtype=object) for name, values in answer.items()}


@pytest.mark.parametrize("layout", Layout)
def test_what_is_in_order_is_taken(layout: Layout) -> None:
    check_layout(Servers(layout))


@pytest.mark.parametrize("name", ["TRIMTAB_CLICKHOUSE_CLUSTER", "TRIMTAB_CLICKHOUSE_STORAGE_POLICY"])
def test_a_cluster_needs_an_address(name: str) -> None:
    with pytest.raises(SetupError, match=rf"{name}=here: TRIMTAB_CLICKHOUSE_URL is empty; expected .*; try "):
        open_telemetry(load({name: "here"}))


def test_the_settings_make_the_layout() -> None:
    server = {"TRIMTAB_CLICKHOUSE_URL": "http://node:8123/trimtab"}
    alone, many = open_telemetry(load(server)), open_telemetry(load({**server, "TRIMTAB_CLICKHOUSE_CLUSTER": "here"}))
    assert (Layout.SERVER, "") == (alone.layout, alone.cluster.name)
    assert (Layout.CLUSTER, "here") == (many.layout, many.cluster.name)
    with pytest.raises(SetupError, match="TRIMTAB_CLICKHOUSE_CLUSTER"):
        load({**server, "TRIMTAB_CLICKHOUSE_CLUSTER": "here'; DROP"})


def test_a_cluster_that_the_server_does_not_know() -> None:
    nothing: dict[str, list[object]] = {"shard": [], "replicated": [], "node": []}
    with pytest.raises(
        SetupError, match=r"cluster here: the server does not know it; expected .*default, there.*; try "
    ):
        check_layout(Servers(system_clusters=nothing))


def test_shards_that_write_each_replica() -> None:
    off = {"shard": [1, 2], "replicated": [1, 0], "node": ["a:9000", "b:9000"]}
    with pytest.raises(SetupError, match="shard 2 has internal_replication off"):
        check_layout(Servers(system_clusters=off))


def test_a_node_that_is_down() -> None:
    with pytest.raises(SetupError, match=r"not every node answers \(connection refused\)"):
        check_layout(Servers(databases=Unavailable("connection refused")))


def test_a_node_without_the_database() -> None:
    with pytest.raises(SetupError, match="b has no database of the name"):
        check_layout(Servers(databases={"node": ["a", "b"], "there": [1, 0]}))


def test_a_node_without_macros() -> None:
    some = {"node": ["a", "b"], "macros": [["shard", "replica"], ["shard"]], "shard": ["1", "2"], "replica": ["a", ""]}
    with pytest.raises(SetupError, match=r"b has no macro replica; expected .*; try <macros>"):
        check_layout(Servers(macros=some))
    none: dict[str, list[object]] = {"node": [], "macros": [], "shard": [], "replica": []}
    with pytest.raises(SetupError, match="a has no macro replica and no macro shard"):
        check_layout(Servers(macros=none))


def test_two_nodes_of_one_name() -> None:
    twice = {"node": ["a", "b"], "macros": [["shard", "replica"]] * 2, "shard": ["1", "1"], "replica": ["a", "a"]}
    with pytest.raises(SetupError, match="two nodes are replica a of shard 1"):
        check_layout(Servers(macros=twice))


def test_a_server_without_keeper() -> None:
    with pytest.raises(SetupError, match=r"reaches no Keeper \(no such table\); expected .*; try <zookeeper>"):
        check_layout(Servers(system_zookeeper=Unavailable("no such table")))


def test_tables_of_one_server_are_not_taken_for_a_cluster_nor_the_other_way_round() -> None:
    with pytest.raises(SetupError, match=r"has tables of one server \(metric_samples is ReplacingMergeTree\)"):
        check_layout(Servers(system_tables={"engine": ["ReplacingMergeTree"]}))
    check_layout(Servers(system_tables={"engine": ["Distributed"]}))
    with pytest.raises(SetupError, match="expected TRIMTAB_CLICKHOUSE_CLUSTER to name the cluster"):
        check_layout(Servers(Layout.SERVER, system_tables={"engine": ["Distributed"]}))
