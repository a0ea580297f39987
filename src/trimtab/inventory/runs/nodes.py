"""`NodeStore`: the nodes of clusters as schedulers report them, and when they were out of use."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, tuple_, update

from trimtab.access.scope import Scope
from trimtab.inventory.runs.model import Condition, Node, NodeStretch
from trimtab.inventory.runs.rows import STILL, node_of, node_stretch_of, node_values
from trimtab.store.state.database import State
from trimtab.store.state.tables import cluster_nodes, node_states

OUT_OF_USE = (Condition.DRAINED, Condition.DOWN)
_Key = tuple[str, str, str]


class NodeStore:
    """Every node, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, nodes: Sequence[Node], seen_ms: int, whole: frozenset[tuple[str, str]] = frozenset()) -> int:
        """Take a report of `seen_ms`; how many nodes changed. Of the clusters in `whole` it names every node: one that
        it does not name is gone. An older report than what is known changes nothing.
        """
        return await self._state.run(lambda connection: _put(connection, nodes, seen_ms, whole))

    async def all(self, scope: Scope, cluster: str = "") -> list[Node]:
        """The nodes that there are, by name."""
        return await self._state.run(lambda connection: _all(connection, scope, cluster))

    async def stretches(self, scope: Scope, start_ms: int, end_ms: int) -> dict[tuple[str, str], list[NodeStretch]]:
        """By cluster and node what it was in a range, in order of time; what goes on ends when it was last seen."""
        return await self._state.run(lambda connection: _stretches(connection, scope, start_ms, end_ms))

    async def out_of_use(self, scope: Scope, start_ms: int, end_ms: int) -> dict[str, list[tuple[int, int]]]:
        """By node the times in a range in which it was drained or down."""
        found = await self.stretches(scope, start_ms, end_ms)
        times: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for (_, name), stretches in found.items():
            times[name] += [(one.from_ms, one.to_ms) for one in stretches if one.condition in OUT_OF_USE]
        return {name: spans for name, spans in times.items() if spans}


def _put(connection: Connection, nodes: Sequence[Node], seen_ms: int, whole: frozenset[tuple[str, str]]) -> int:
    clusters = {(one.account, one.cluster) for one in nodes} | whole
    known = {_key(row): row for row in connection.execute(select(cluster_nodes).where(_of(cluster_nodes, clusters)))}
    changed = 0
    for node in {_key(one): replace(one, seen_ms=seen_ms) for one in nodes}.values():
        row = known.get(_key(node))
        if row is not None and row.seen_ms > seen_ms:
            continue
        if row is None:
            connection.execute(insert(cluster_nodes).values(**_columns(_key(node)), **node_values(node)))
        else:
            connection.execute(update(cluster_nodes).where(_at(cluster_nodes, _key(node))).values(node_values(node)))
        if row is None or row.gone_ms is not None or _said(row) != _said(node):
            changed += 1
            _turn(connection, node, goes_on=row is not None and row.gone_ms is None)
    here = {_key(one) for one in nodes}
    for key, row in known.items():
        if key not in here and key[:2] in whole and row.gone_ms is None and row.seen_ms < seen_ms:
            connection.execute(update(cluster_nodes).where(_at(cluster_nodes, key)).values(gone_ms=seen_ms))
            _close(connection, key, row.seen_ms)
            changed += 1
    return changed


def _turn(connection: Connection, node: Node, goes_on: bool) -> None:
    """Begin a stretch; the one before ends here."""
    key = _key(node)
    if goes_on:
        _close(connection, key, node.seen_ms)
    # Two reports of one moment: the later one counts.
    connection.execute(delete(node_states).where(_at(node_states, key), node_states.c.from_ms == node.seen_ms))
    row = {
        "from_ms": node.seen_ms,
        "to_ms": STILL,
        "condition": node.condition.value,
        "reason": node.reason,
        "gpus": node.gpus,
        "allocated": node.allocated,
    }
    connection.execute(insert(node_states).values(**_columns(key), **row))


def _close(connection: Connection, key: _Key, at_ms: int) -> None:
    open_ = update(node_states).where(_at(node_states, key), node_states.c.to_ms == STILL)
    connection.execute(open_.values(to_ms=at_ms))


def _all(connection: Connection, scope: Scope, cluster: str) -> list[Node]:
    query = select(cluster_nodes).where(cluster_nodes.c.gone_ms.is_(None))
    if scope.accounts is not None:
        query = query.where(cluster_nodes.c.account.in_(sorted(scope.accounts)))
    if cluster:
        query = query.where(cluster_nodes.c.cluster == cluster)
    return [node_of(row) for row in connection.execute(query.order_by(cluster_nodes.c.name))]


def _stretches(
    connection: Connection, scope: Scope, start_ms: int, end_ms: int
) -> dict[tuple[str, str], list[NodeStretch]]:
    seen = {_key(row): row.seen_ms for row in connection.execute(select(cluster_nodes))}
    query = select(node_states).where(node_states.c.from_ms < end_ms, node_states.c.to_ms > start_ms)
    if scope.accounts is not None:
        query = query.where(node_states.c.account.in_(sorted(scope.accounts)))
    found: dict[tuple[str, str], list[NodeStretch]] = defaultdict(list)
    for row in connection.execute(query.order_by(node_states.c.from_ms)):
        one = node_stretch_of(row)
        to_ms = min(one.to_ms, seen.get(_key(row), one.from_ms))
        if to_ms > start_ms:
            found[row.cluster, one.node].append(replace(one, to_ms=to_ms))
    return found


def _said(one: Any) -> tuple[Any, ...]:
    return str(one.condition), one.reason, one.gpus, one.allocated


def _key(row: Any) -> _Key:
    return row.account, row.cluster, row.name


def _columns(key: _Key) -> dict[str, str]:
    return {"account": key[0], "cluster": key[1], "name": key[2]}


def _at(table: Any, key: _Key) -> Any:
    return and_(table.c.account == key[0], table.c.cluster == key[1], table.c.name == key[2])


def _of(table: Any, clusters: Iterable[tuple[str, str]]) -> Any:
    return tuple_(table.c.account, table.c.cluster).in_(list(clusters))
