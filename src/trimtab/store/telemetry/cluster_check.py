"""Whether a cluster has what its tables need, asked before one is made: each thing that is missing is said in words."""

from trimtab.base.errors import SetupError, TrimtabError
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema import METRIC_SAMPLES, Layout

_ENGINE = "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
_NODES = (
    "SELECT shard_num AS shard, internal_replication AS replicated, concat(host_name, ':', toString(port)) AS node "
    "FROM system.clusters WHERE cluster = {cluster:String} ORDER BY shard, node"
)
_KNOWN = "SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster"
_DATABASES = (
    "SELECT hostName() AS node, countIf(name = currentDatabase()) AS there "
    "FROM clusterAllReplicas({cluster:String}, system, databases) GROUP BY node ORDER BY node"
)
_MACROS = (
    "SELECT hostName() AS node, groupArray(macro) AS macros, anyIf(substitution, macro = 'shard') AS shard, "
    "anyIf(substitution, macro = 'replica') AS replica "
    "FROM clusterAllReplicas({cluster:String}, system, macros) GROUP BY node ORDER BY node"
)
_KEEPER = "SELECT name FROM system.zookeeper WHERE path = '/' LIMIT 1"


def check_layout(telemetry: Telemetry) -> None:
    """Raise SetupError where the tables that are there have another layout, or the cluster lacks something."""
    _check_tables(telemetry)
    if telemetry.layout is Layout.CLUSTER:
        _check_nodes(telemetry)
        _check_macros(telemetry, _check_databases(telemetry))
        _check_keeper(telemetry)


def _unusable(telemetry: Telemetry, got: str, expected: str, remedy: str) -> SetupError:
    return SetupError(f"cannot use the cluster {telemetry.cluster.name}: {got}; expected {expected}; try {remedy}")


def _check_tables(telemetry: Telemetry) -> None:
    """A table of one server does not become one of a cluster by being created where it is."""
    engines = [str(one) for one in telemetry.fetch_sync(_ENGINE, {"name": METRIC_SAMPLES.name})["engine"]]
    if not engines or (engines[0] == "Distributed") is bool(telemetry.cluster):
        return
    if telemetry.cluster:
        raise _unusable(
            telemetry,
            f"the database has tables of one server (metric_samples is {engines[0]})",
            "an empty database, or tables of a cluster",
            "another database in TRIMTAB_CLICKHOUSE_URL, or to unset TRIMTAB_CLICKHOUSE_CLUSTER",
        )
    raise SetupError(
        "cannot use the database as that of one server: its tables are a cluster's (metric_samples is Distributed); "
        "expected TRIMTAB_CLICKHOUSE_CLUSTER to name the cluster that they were made on; try to set it as it was"
    )


def _check_nodes(telemetry: Telemetry) -> None:
    nodes = telemetry.fetch_sync(_NODES, {"cluster": telemetry.cluster.name})
    if not len(nodes["node"]):
        known = ", ".join(str(one) for one in telemetry.fetch_sync(_KNOWN)["cluster"]) or "none"
        raise _unusable(
            telemetry,
            "the server does not know it",
            f"one of its `remote_servers` ({known})",
            "to correct TRIMTAB_CLICKHOUSE_CLUSTER, or to add the cluster to the configuration of every node",
        )
    for shard, replicated in zip(nodes["shard"], nodes["replicated"], strict=True):
        if not replicated:
            raise _unusable(
                telemetry,
                f"shard {shard} has internal_replication off, so that each replica would write every insert again",
                "<internal_replication>true</internal_replication>",
                "to set it for every shard in `remote_servers`",
            )


def _check_databases(telemetry: Telemetry) -> list[str]:
    """The nodes, each of which has the database."""
    try:
        hosts = telemetry.fetch_sync(_DATABASES, {"cluster": telemetry.cluster.name})
    except TrimtabError as problem:
        raise _unusable(
            telemetry,
            f"not every node answers ({problem})",
            "all of them to be up while tables are made and changed",
            "SELECT * FROM system.clusters on the server, and to start what is down",
        ) from problem
    lacking = [str(node) for node, there in zip(hosts["node"], hosts["there"], strict=True) if not there]
    if lacking:
        raise _unusable(
            telemetry,
            f"{', '.join(lacking)} has no database of the name in TRIMTAB_CLICKHOUSE_URL",
            "one on every node",
            f"CREATE DATABASE IF NOT EXISTS … ON CLUSTER '{telemetry.cluster.name}'",
        )
    return [str(node) for node in hosts["node"]]


def _check_macros(telemetry: Telemetry, nodes: list[str]) -> None:
    found = telemetry.fetch_sync(_MACROS, {"cluster": telemetry.cluster.name})
    names = {str(node): set(map(str, macros)) for node, macros in zip(found["node"], found["macros"], strict=True)}
    for node in nodes:
        missing = sorted({"shard", "replica"} - names.get(node, set()))
        if missing:
            raise _unusable(
                telemetry,
                f"{node} has no macro {' and no macro '.join(missing)}",
                "both, as they make the path of a table in Keeper",
                "<macros><shard>1</shard><replica>NAME</replica></macros> in the configuration of every node, "
                "with its own shard and name",
            )
    places = list(zip(map(str, found["shard"]), map(str, found["replica"]), strict=True))
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise _unusable(
            telemetry,
            f"two nodes are replica {twice[1]} of shard {twice[0]}",
            "each to have a name of its own",
            "to correct their <macros>",
        )


def _check_keeper(telemetry: Telemetry) -> None:
    try:
        telemetry.fetch_sync(_KEEPER)
    except TrimtabError as problem:
        raise _unusable(
            telemetry,
            f"the server reaches no Keeper ({problem})",
            "ClickHouse Keeper or ZooKeeper, which replicated tables and ON CLUSTER need",
            "<zookeeper><node><host>…</host><port>9181</port></node></zookeeper> in the configuration of every node",
        ) from problem
