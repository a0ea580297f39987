"""`NodeStore`: the nodes of clusters as schedulers report them: what they were, when they came and when they went.

What a report says of a node holds until the next report that says something of it; of a cluster that is reported as a
whole, one that does not name a node says that it is gone. So the stretches of a node follow from the set of reports,
in whatever order they arrive: a late one changes the time from its own moment to the next report that there was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.inventory.runs import sightings
from trimtab.inventory.runs.marks import Span, mark
from trimtab.inventory.runs.model import Condition, FirstTold, LifeStretch, Node, NodeLife, NodeStretch
from trimtab.inventory.runs.rows import STILL, life_stretch_of, node_of, node_stretch_of, node_values
from trimtab.inventory.runs.sightings import Sightings
from trimtab.store.state.database import State
from trimtab.store.state.tables import cluster_nodes, node_states

OUT_OF_USE = (Condition.DRAINED, Condition.DOWN)
_Key = tuple[str, str, str]
_CHUNK = 500
"""Nodes of one statement: far below SQLite's limit of 32,766 parameters."""
_FACTS = ("condition", "reason", "gpus", "allocated", "gpu_type", "instance_type", "instance_id")
"""What a stretch says of a node; `allocated` is no part of its life."""


class NodeStore:
    """Every node, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, nodes: Sequence[Node], seen_ms: int, whole: frozenset[tuple[str, str]] = frozenset()) -> int:
        """Take a report of `seen_ms`; how many nodes changed. Of the clusters in `whole` it names every node: one that
        it does not name was not there then. A late report changes the time from then to the next report. Of two reports
        of the same moment the one that arrives later counts.
        """
        return await self._state.change(lambda connection: _put(connection, nodes, seen_ms, whole))

    async def all(self, scope: Scope, cluster: str = "") -> list[Node]:
        """The nodes that there are, by name, as the newest report has them; those that are powered down too."""
        return await self._state.read(lambda connection: _all(connection, scope, cluster))

    async def existed(self, scope: Scope, start_ms: int, end_ms: int) -> list[NodeLife]:
        """Every node that was there in `[start_ms, end_ms)`, those that are gone by now too, by account, cluster, name.

        Stretches that overlap the range are given as long as they are. What nobody said the end of goes on (`to_ms`
        None), however long ago it was last seen. In a time between two stretches a node was gone or powered down.
        """
        return await self._state.read(lambda connection: _existed(connection, scope, start_ms, end_ms))

    async def began(self) -> dict[tuple[str, str], int]:
        """By account and cluster since when its scheduler speaks of nodes: of what was before it says nothing."""
        return await self._state.read(_began)

    async def first_told(self) -> dict[tuple[str, str, str], FirstTold]:
        """By account, cluster and name what was first told of a node's GPUs, and the instance ids that it ever had: of
        the time before its scheduler was asked, bills know it by these, or by its name."""
        return await self._state.read(_first_told)

    async def stretches(self, scope: Scope, start_ms: int, end_ms: int) -> dict[tuple[str, str], list[NodeStretch]]:
        """By cluster and node what was *seen* of it in a range, in order of time: what goes on, and what ended by the
        node's going, ends when it was last seen. Powered-down nodes are among them, without GPUs. See `existed` for
        what a node was, seen or not.
        """
        return await self._state.read(lambda connection: _stretches(connection, scope, start_ms, end_ms))

    async def out_of_use(self, scope: Scope, start_ms: int, end_ms: int) -> dict[str, list[tuple[int, int]]]:
        """By node the times in a range in which it was seen to be drained or down."""
        found = await self.stretches(scope, start_ms, end_ms)
        times: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for (_, name), stretches in found.items():
            times[name] += [(one.from_ms, one.to_ms) for one in stretches if one.condition in OUT_OF_USE]
        return {name: spans for name, spans in times.items() if spans}


class _State(Struct, frozen=True):
    """What a node was in `[from_ms, to_ms)`."""

    from_ms: int
    to_ms: int
    facts: tuple[Any, ...]

    @property
    def life(self) -> tuple[Any, ...]:
        return tuple(fact for name, fact in zip(_FACTS, self.facts, strict=True) if name != "allocated")


class _Taking(Struct):
    """A report of one cluster while it is taken: its moment, and what changed by it."""

    connection: Connection
    cluster: tuple[str, str]
    at_ms: int
    reports: Sightings
    states: Mapping[str, Sequence[_State]]
    spans: list[Span] = field(default_factory=list)

    def say(self, name: str, facts: tuple[Any, ...] | None) -> bool:
        """From its moment to the next report a node was as `facts` say (None: not there); whether that is new."""
        states = self.states.get(name, ())
        was = next((one for one in states if one.from_ms <= self.at_ms < one.to_ms), None)
        if (was.facts if was else None) == facts:
            return False
        until_ms = self._until(name, states, was)
        now = None if facts is None else _State(self.at_ms, until_ms, facts)
        self._write(name, states, was, until_ms, now)
        if (was.life if was else None) != (now.life if now else None):
            self.spans.append(Span(*self.cluster, (name,), self.at_ms, until_ms))
        return True

    def _until(self, name: str, states: Sequence[_State], was: _State | None) -> int:
        """When something was next said of a node."""
        known = [self.reports.after(name, self.at_ms) or STILL]
        known += [was.to_ms] if was else []
        known += [one.from_ms for one in states if one.from_ms > self.at_ms]
        return min(known)

    def _write(
        self, name: str, states: Sequence[_State], was: _State | None, until_ms: int, now: _State | None
    ) -> None:
        """Put `now` in the place of what the node was from its moment on, joined with its like on either side."""
        gone = [was] if was else []
        new = [now] if now else []
        if was and was.from_ms < self.at_ms:
            new.insert(0, replace(was, to_ms=self.at_ms))
        if was and until_ms < was.to_ms:
            new.append(replace(was, from_ms=until_ms))
        if not (was and was.from_ms < self.at_ms) and (left := _of(states, "to_ms", self.at_ms)):
            gone.append(left)
            new.insert(0, left)
        if not (was and until_ms < was.to_ms) and (right := _of(states, "from_ms", until_ms)):
            gone.append(right)
            new.append(right)
        key = (*self.cluster, name)
        for one in gone:
            self.connection.execute(
                delete(node_states).where(_at(node_states, key), node_states.c.from_ms == one.from_ms)
            )
        for one in _merged(new):
            facts = dict(zip(_FACTS, one.facts, strict=True))
            row = {**_columns(key), "from_ms": one.from_ms, "to_ms": one.to_ms, **facts}
            self.connection.execute(insert(node_states).values(row))


def _of(states: Sequence[_State], end: str, at_ms: int) -> _State | None:
    return next((one for one in states if getattr(one, end) == at_ms), None)


def _merged(states: Sequence[_State]) -> list[_State]:
    found: list[_State] = []
    for one in states:
        if found and found[-1].to_ms == one.from_ms and found[-1].facts == one.facts:
            found[-1] = replace(found[-1], to_ms=one.to_ms)
        else:
            found.append(one)
    return found


def _put(connection: Connection, nodes: Sequence[Node], seen_ms: int, whole: frozenset[tuple[str, str]]) -> int:
    by_cluster: dict[tuple[str, str], dict[str, Node]] = {cluster: {} for cluster in whole}
    for node in nodes:
        by_cluster.setdefault((node.account, node.cluster), {})[node.name] = replace(node, seen_ms=seen_ms)
    spans: list[Span] = []
    changed = 0
    began = _began(connection)
    for cluster, named in by_cluster.items():
        spans += _early(cluster, named, seen_ms, began.get(cluster), _first_told(connection, cluster))
        taking, known = _begin(connection, cluster, seen_ms)
        new = [name for name, node in named.items() if taking.say(name, _facts(node))]
        if cluster in whole:
            new += [name for name in known if name not in named and taking.say(name, None)]
        sightings.note(connection, cluster, seen_ms, cluster in whole, named)
        _rows(connection, named, known, seen_ms)
        _going(connection, cluster, new)
        changed += len(new)
        spans += taking.spans
    mark(connection, spans)
    return changed


def _early(
    cluster: tuple[str, str],
    named: Mapping[str, Node],
    seen_ms: int,
    began_ms: int | None,
    told: Mapping[_Key, FirstTold],
) -> Iterable[Span]:
    """What a report changes of the time before its cluster's first one: which machines of bills are its nodes, how many
    GPUs these have, and of which time the scheduler says nothing."""
    before_ms = seen_ms if began_ms is None else min(began_ms, seen_ms)
    new = {
        name: {name, one.instance_id} - {""}
        for name, one in named.items()
        if _is_news(one, told.get((*cluster, name), FirstTold()), seen_ms)
    }
    if new:
        yield Span(*cluster, tuple(new), 0, before_ms)
        yield Span(cluster[0], "", tuple(sorted(set().union(*new.values()))), 0, before_ms)
    if began_ms is not None and seen_ms < began_ms:
        mine = {key[2]: one.ids for key, one in told.items()}
        ids = {one for name, some in mine.items() for one in (name, *some)}
        yield Span(*cluster, tuple(dict.fromkeys([*mine, *named])), 0, began_ms)  # and since when runs tell of it
        yield Span(cluster[0], "", tuple(sorted(ids)), seen_ms, began_ms)


def _is_news(node: Node, told: FirstTold, seen_ms: int) -> bool:
    """Whether a report says what was not known of a node before, or was told otherwise first, and later than this."""
    if node.instance_id and node.instance_id not in told.ids:
        return True
    facts = node.gpus, node.gpu_type, node.instance_type
    first = not told.gpus or seen_ms < told.from_ms
    return bool(node.gpus) and first and facts != (told.gpus, told.gpu_type, told.instance_type)


def _began(connection: Connection) -> dict[tuple[str, str], int]:
    query = select(node_states.c.account, node_states.c.cluster, func.min(node_states.c.from_ms))
    found = connection.execute(query.group_by(node_states.c.account, node_states.c.cluster))
    return {(account, cluster): int(from_ms) for account, cluster, from_ms in found}


def _first_told(connection: Connection, cluster: tuple[str, str] | None = None) -> dict[_Key, FirstTold]:
    """Of every cluster, or of one."""
    keys = node_states.c
    facts = (keys.account, keys.cluster, keys.name, keys.instance_id, keys.gpus, keys.gpu_type, keys.instance_type)
    first_ms = func.min(keys.from_ms)
    query = select(*facts, first_ms).group_by(*facts).order_by(first_ms, *facts)
    found: dict[_Key, FirstTold] = {}
    for row in connection.execute(query if cluster is None else query.where(*_in(node_states, cluster))):
        *_, instance_id, gpus, gpu_type, instance_type, from_ms = row
        told = found.get(_key(row), FirstTold())
        if not told.gpus:
            told = FirstTold(told.ids, from_ms, gpus, gpu_type, instance_type)
        ids = {*told.ids, instance_id} - {""}
        found[_key(row)] = replace(told, ids=tuple(sorted(ids)))
    return found


def _begin(connection: Connection, cluster: tuple[str, str], at_ms: int) -> tuple[_Taking, dict[str, Any]]:
    """What is known of a cluster at and after a moment, and its nodes by name."""
    known = {row.name: row for row in connection.execute(select(cluster_nodes).where(*_in(cluster_nodes, cluster)))}
    query = select(node_states).where(*_in(node_states, cluster), node_states.c.to_ms >= at_ms)
    states: dict[str, list[_State]] = defaultdict(list)
    for row in connection.execute(query.order_by(node_states.c.from_ms)):
        states[row.name].append(_State(row.from_ms, row.to_ms, tuple(getattr(row, name) for name in _FACTS)))
    reports = sightings.since(connection, cluster, at_ms)
    for name, row in known.items():  # what was reported before such times were kept
        if row.seen_ms > at_ms and reports.after(name, at_ms) is None:
            reports.named[name] = [row.seen_ms]
    return _Taking(connection, cluster, at_ms, reports, states), known


def _rows(connection: Connection, named: Mapping[str, Node], known: Mapping[str, Any], seen_ms: int) -> None:
    """What the newest report says of each node."""
    new = [node for name, node in named.items() if name not in known]
    if new:
        rows = [{**_columns((one.account, one.cluster, one.name)), **node_values(one)} for one in new]
        connection.execute(insert(cluster_nodes), rows)
    same: list[Node] = []
    for name, node in named.items():
        row = known.get(name)
        if row is None or row.seen_ms > seen_ms:
            continue
        values = node_values(node)
        if all(getattr(row, column) == value for column, value in values.items() if column != "seen_ms"):
            same.append(node)
        else:
            key = (node.account, node.cluster, name)
            connection.execute(update(cluster_nodes).where(_at(cluster_nodes, key)).values(values))
    for at in range(0, len(same), _CHUNK):
        part = same[at : at + _CHUNK]
        here = (
            *_in(cluster_nodes, (part[0].account, part[0].cluster)),
            cluster_nodes.c.name.in_([n.name for n in part]),
        )
        connection.execute(update(cluster_nodes).where(*here).values(seen_ms=seen_ms))


def _going(connection: Connection, cluster: tuple[str, str], names: Sequence[str]) -> None:
    """When nodes went: the end of their last stretch, where it has one."""
    for name in names:
        key = (*cluster, name)
        last = select(node_states.c.to_ms).where(_at(node_states, key)).order_by(node_states.c.from_ms.desc()).limit(1)
        to_ms = connection.execute(last).scalar()
        values = {"gone_ms": None if to_ms == STILL else to_ms}
        connection.execute(update(cluster_nodes).where(_at(cluster_nodes, key)).values(values))


def _all(connection: Connection, scope: Scope, cluster: str) -> list[Node]:
    query = select(cluster_nodes).where(cluster_nodes.c.gone_ms.is_(None), *_shown(scope))
    if scope.accounts is not None:
        query = query.where(cluster_nodes.c.account.in_(sorted(scope.accounts)))
    if cluster:
        query = query.where(cluster_nodes.c.cluster == cluster)
    return [node_of(row) for row in connection.execute(query.order_by(cluster_nodes.c.name))]


def _shown(scope: Scope) -> list[ColumnElement[bool]]:
    """Nodes are shared by many teams: who is bound to tags sees none, and no number of what they have."""
    return [false()] if scope.rows else []


def _within(scope: Scope, start_ms: int, end_ms: int) -> Any:
    query = select(node_states).where(node_states.c.from_ms < end_ms, node_states.c.to_ms > start_ms, *_shown(scope))
    if scope.accounts is not None:
        query = query.where(node_states.c.account.in_(sorted(scope.accounts)))
    keys = node_states.c
    return query.order_by(keys.account, keys.cluster, keys.name, keys.from_ms)


def _existed(connection: Connection, scope: Scope, start_ms: int, end_ms: int) -> list[NodeLife]:
    found: dict[_Key, list[LifeStretch]] = defaultdict(list)
    for row in connection.execute(_within(scope, start_ms, end_ms)):
        one = life_stretch_of(row)
        if one.condition is Condition.POWERED_DOWN:
            continue
        before = found[_key(row)][-1:]
        if (
            before
            and before[0].to_ms == one.from_ms
            and replace(one, from_ms=before[0].from_ms) == replace(before[0], to_ms=one.to_ms)
        ):
            found[_key(row)][-1] = replace(before[0], to_ms=one.to_ms)  # only what was allocated differs
        else:
            found[_key(row)].append(one)
    return [NodeLife(*key, tuple(stretches)) for key, stretches in found.items()]


def _stretches(
    connection: Connection, scope: Scope, start_ms: int, end_ms: int
) -> dict[tuple[str, str], list[NodeStretch]]:
    nodes = {_key(row): row for row in connection.execute(select(cluster_nodes))}
    rows = connection.execute(_within(scope, start_ms, end_ms)).all()
    begun = {(*_key(row), row.from_ms) for row in rows}
    found: dict[tuple[str, str], list[NodeStretch]] = defaultdict(list)
    for row in rows:
        one, node = node_stretch_of(row), nodes.get(_key(row))
        to_ms = one.to_ms
        if to_ms == STILL:
            to_ms = node.seen_ms if node is not None else one.from_ms
        elif (*_key(row), to_ms) not in begun and to_ms < end_ms:  # it went
            to_ms = _last_seen(connection, row)
        if to_ms > start_ms:
            found[row.cluster, one.node].append(replace(one, to_ms=max(to_ms, one.from_ms)))
    return found


def _last_seen(connection: Connection, row: Any) -> int:
    """When a node that went was last reported."""
    seen_ms = sightings.last_before(connection, (row.account, row.cluster), row.name, row.to_ms)
    return int(row.to_ms if seen_ms is None else max(seen_ms, row.from_ms))


def _facts(node: Node) -> tuple[Any, ...]:
    values = node_values(node)
    return tuple(values[name] for name in _FACTS)


def _key(row: Any) -> _Key:
    return row.account, row.cluster, row.name


def _columns(key: _Key) -> dict[str, str]:
    return {"account": key[0], "cluster": key[1], "name": key[2]}


def _at(table: Any, key: _Key) -> Any:
    return and_(table.c.account == key[0], table.c.cluster == key[1], table.c.name == key[2])


def _in(table: Any, cluster: tuple[str, str]) -> Iterable[Any]:
    return table.c.account == cluster[0], table.c.cluster == cluster[1]
