"""What the inventory forgets: runs that ended past their retention, with all that is kept of them; nodes of then."""

from collections.abc import Callable

from sqlalchemy import Connection, and_, delete, exists, select

from trimtab.base.clock import Clock
from trimtab.inventory.runs import marks, sightings
from trimtab.inventory.runs.rows import STILL
from trimtab.store.state.database import State
from trimtab.store.state.tables import (
    cluster_nodes,
    node_states,
    run_devices,
    run_profiles,
    run_progress,
    run_states,
    runs,
)

_DAY_MS = 86_400_000
_AT_ONCE = 2000
"""Runs of one transaction: some tenths of a second in which nobody else writes."""


class Forgetting:
    """Drops what ended more than `days` ago, a part at a time while `may_write` says so. What is open stays."""

    def __init__(self, state: State, clock: Clock, days: int, may_write: Callable[[], bool]) -> None:
        self._state = state
        self._clock = clock
        self._kept_ms = days * _DAY_MS
        self._may_write = may_write

    async def drop(self) -> int:
        """Forget; returns how many runs."""
        before_ms, gone = self._clock.now_ms() - self._kept_ms, 0
        while self._may_write():
            part = await self._state.change(lambda connection: _drop(connection, before_ms))
            gone += part
            if part < _AT_ONCE:
                break
        if self._may_write():
            await self._state.change(lambda connection: _drop_nodes(connection, before_ms))
            await self._state.change(lambda connection: marks.prune(connection, self._clock.now_ms()))
        return gone


def _drop(connection: Connection, before_ms: int) -> int:
    old = select(runs.c.account, runs.c.cluster, runs.c.job).where(runs.c.end_ms < before_ms).limit(_AT_ONCE)
    keys = connection.execute(old).all()
    for account, cluster, job in keys:
        for table in (run_states, run_devices, run_profiles, run_progress, runs):
            here = and_(table.c.account == account, table.c.cluster == cluster, table.c.job == job)
            connection.execute(delete(table).where(here))
    return len(keys)


def _drop_nodes(connection: Connection, before_ms: int) -> None:
    connection.execute(delete(node_states).where(node_states.c.to_ms < before_ms, node_states.c.to_ms < STILL))
    columns = run_progress.c
    same = and_(runs.c.account == columns.account, runs.c.cluster == columns.cluster, runs.c.job == columns.job)
    connection.execute(delete(run_progress).where(columns.changed_ms < before_ms, ~exists().where(same)))
    connection.execute(delete(cluster_nodes).where(cluster_nodes.c.gone_ms < before_ms))
    sightings.forget(connection, before_ms)
