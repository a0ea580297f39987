"""Marks of what changed: whoever works from runs and nodes asks what to do again since the version it knows.

A change of runs or nodes leaves its marks in its own transaction. Versions grow in the order in which changes are
committed (each takes the row of the clock first, which the next waits for), so nobody who asks in between misses one.
Days are those of UTC. A mark whose end is open ends at `OPEN_MS`: what it marks goes on to this moment.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.inventory.runs.rows import STILL
from trimtab.store.state.database import State
from trimtab.store.state.tables import fleet_clock, fleet_marks, node_states, run_devices, runs

DAY_MS = 86_400_000
OPEN_MS = STILL // DAY_MS * DAY_MS
"""The end of a mark that is open."""
KEPT_MS = 7 * DAY_MS
"""How long marks are kept at least: who comes later gets everything."""
_CLOCK = 1  # the id of the clock's only row
MarkedDays = tuple[str, str, str, int, int]
"""Account, cluster, node ("": one that its run does not name), first day and the day after the last, in ms."""
Marks = dict[MarkedDays, int]
"""What was marked, and the version of the newest mark of it."""
NEWER = 1 << 63
"""Above every version: the mark of what is answered where nobody can say what was marked."""


class Span(Struct, frozen=True):
    """Nodes of a cluster that may be other than they were in `[from_ms, to_ms)`; `to_ms` may be `STILL`."""

    account: str
    cluster: str
    nodes: tuple[str, ...]
    from_ms: int
    to_ms: int


class MarkStore:
    """The marks, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def since(self, version: int) -> tuple[int, Marks]:
        """The newest version, and what was marked after `version`.

        0, a version whose marks are pruned, and one that a database which was wiped since does not have answer every
        node and run that is known, as `NEWER` than all.
        """
        return await self._state.read(lambda connection: marks_since(connection, version))

    async def newest(self) -> int:
        """The newest version: what is read after it knows of everything that was marked until then."""
        return await self._state.read(lambda connection: _clock_of(connection)[0])


def mark(connection: Connection, spans: Iterable[Span]) -> None:
    """Leave marks, in the caller's transaction: a row for all nodes of a cluster that changed over the same days."""
    rows: dict[tuple[str, str, int, int], dict[str, None]] = defaultdict(dict)
    for span in spans:
        if span.from_ms < span.to_ms:
            days = (
                span.from_ms // DAY_MS * DAY_MS,
                OPEN_MS if span.to_ms >= OPEN_MS else -(-span.to_ms // DAY_MS) * DAY_MS,
            )
            rows[span.account, span.cluster, *days] |= dict.fromkeys(span.nodes)
    if not rows:
        return
    version = _next(connection)
    values = [
        {
            "version": version,
            "place": place,
            "account": account,
            "cluster": cluster,
            "nodes": json.dumps(list(nodes)),
            "from_day_ms": from_day_ms,
            "to_day_ms": to_day_ms,
        }
        for place, ((account, cluster, from_day_ms, to_day_ms), nodes) in enumerate(rows.items())
    ]
    connection.execute(insert(fleet_marks), values)


def marks_since(connection: Connection, version: int) -> tuple[int, Marks]:
    """`MarkStore.since`, in a transaction of the caller's."""
    newest, pruned = _clock_of(connection)
    if not 0 < version <= newest or version < pruned:
        return newest, dict.fromkeys(_joined(_everything(connection)), NEWER)
    query = select(fleet_marks).where(fleet_marks.c.version > version, fleet_marks.c.version <= newest)
    return newest, {
        (row.account, row.cluster, node, row.from_day_ms, row.to_day_ms): row.version
        for row in connection.execute(query.order_by(fleet_marks.c.version))
        for node in json.loads(row.nodes)
    }


def _clock_of(connection: Connection) -> tuple[int, int]:
    """The newest version, and that up to which marks are pruned."""
    clock = connection.execute(select(fleet_clock)).one_or_none()
    return (0, 0) if clock is None else (clock.version, clock.pruned)


def _next(connection: Connection) -> int:
    """The next version; whoever wants one too waits until this transaction is over."""
    step = update(fleet_clock).where(fleet_clock.c.id == _CLOCK).values(version=fleet_clock.c.version + 1)
    if not connection.execute(step).rowcount:
        connection.execute(insert(fleet_clock).values(id=_CLOCK, version=1, pruned=0, noted=0, noted_ms=0))
    return int(connection.execute(select(fleet_clock.c.version)).scalar_one())


def prune(connection: Connection, now_ms: int) -> int:
    """Drop marks that are older than `KEPT_MS` for sure (they go by twice that); returns how many."""
    clock = connection.execute(select(fleet_clock)).one_or_none()
    if clock is None or now_ms - clock.noted_ms < KEPT_MS:
        return 0
    gone = connection.execute(delete(fleet_marks).where(fleet_marks.c.version <= clock.noted)).rowcount
    values = {"pruned": clock.noted, "noted": fleet_clock.c.version, "noted_ms": now_ms}
    connection.execute(update(fleet_clock).values(values))
    return gone


def _everything(connection: Connection) -> Iterable[MarkedDays]:
    """Every stretch of nodes, the time before that of each, in which bills may name it, and every run on its nodes."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    began_ms: dict[tuple[str, str], int] = {}
    for row in connection.execute(select(node_states)):
        yield row.account, row.cluster, row.name, *_days(row.from_ms, row.to_ms)
        key = row.account, row.cluster
        names[key].add(row.name)
        ids[key] |= {row.name, row.instance_id} - {""}
        began_ms[key] = min(row.from_ms, began_ms.get(key, row.from_ms))
    for (account, cluster), before_ms in began_ms.items():
        for name in names[account, cluster]:
            yield account, cluster, name, *_days(0, before_ms)
        for name in ids[account, cluster]:  # as the bill has it where it knows no cluster
            yield account, "", name, *_days(0, before_ms)
    columns = runs.c
    keys = (columns.account, columns.cluster, columns.job)
    begun = select(*keys, columns.start_ms, columns.end_ms, columns.node_names).where(columns.start_ms.is_not(None))
    for row in connection.execute(begun):
        for node in json.loads(row.node_names) or [""]:
            yield row.account, row.cluster, node, *_days(row.start_ms, STILL if row.end_ms is None else row.end_ms)
    held = run_devices.c
    same = (held.account == columns.account) & (held.cluster == columns.cluster) & (held.job == columns.job)
    parts = select(
        held.account,
        held.cluster,
        held.node,
        held.start_ms,
        held.end_ms,
        columns.start_ms.label("run_start_ms"),
        columns.end_ms.label("run_end_ms"),
    ).join(runs, same)
    for row in connection.execute(parts):
        start_ms = row.run_start_ms if row.start_ms is None else row.start_ms
        end_ms = row.run_end_ms if row.end_ms is None else row.end_ms
        if start_ms is not None:
            yield row.account, row.cluster, row.node, *_days(start_ms, STILL if end_ms is None else end_ms)


def _days(from_ms: int, to_ms: int) -> tuple[int, int]:
    return from_ms // DAY_MS * DAY_MS, OPEN_MS if to_ms >= OPEN_MS else -(-max(to_ms, from_ms + 1) // DAY_MS) * DAY_MS


def _joined(spans: Iterable[MarkedDays]) -> list[MarkedDays]:
    """Spans of a node that overlap or touch as one; in order of account, cluster, node and time."""
    found: list[MarkedDays] = []
    for account, cluster, node, from_ms, to_ms in sorted(spans):
        last: Sequence[object] = found[-1][:3] if found else ()
        if last == (account, cluster, node) and from_ms <= found[-1][4]:
            found[-1] = (account, cluster, node, found[-1][3], max(to_ms, found[-1][4]))
        else:
            found.append((account, cluster, node, from_ms, to_ms))
    return found
