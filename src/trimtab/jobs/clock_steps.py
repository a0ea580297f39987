"""The clock of this machine went back: what waits for a moment that was there already waits no longer.

Evaluations of alarms, deliveries that are tried again, schedules and cursors are kept as moments. After a clock that
was ahead was set right all of them would lie in the future, and nothing would happen until then, without a word. The
clock of evaluations moves with the time of day, so it tells: where it is ahead of now, all such moments go back with
it. What has a schedule is due at the next time of that.
"""

import logging
from collections.abc import Callable

from msgspec import Struct
from sqlalchemy import Column, Connection, Table, select, update

from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job
from trimtab.jobs.schedule import parse
from trimtab.store.state.database import State
from trimtab.store.state.schema.metadata import MOMENT, metadata
from trimtab.store.state.tables import alarm_clocks

logger = logging.getLogger(__name__)

EVERY_S = 5.0
AHEAD_MS = 120_000
"""Of a step back that is no more than this nothing is done: what waits goes on when it is over."""


class ClockSteps(Struct):
    """Of one state database. Only the process that works looks: another's machine may have a clock that is slow."""

    state: State
    clock: Clock
    may_write: Callable[[], bool] = lambda: True

    def job(self) -> Job:
        """What looks."""
        return Job("look whether the clock went back", EVERY_S, self.look)

    async def look(self) -> int:
        """By how much (ms) the clock went back since alarms were evaluated last, 0 where it did not; sets right what
        waits. Raises Unavailable."""
        if not self.may_write():
            return 0
        now_ms = self.clock.now_ms()
        newest = await self.state.read(_newest)
        if newest is None or newest - now_ms <= AHEAD_MS:
            return 0
        back_ms = await self.state.change(lambda connection: _step_back(connection, now_ms))
        if back_ms:
            logger.warning(
                "the clock went back by %.0f s: alarms, schedules and retries that waited for a later time go on now; "
                "what was written in between has times that are still to come",
                back_ms / 1000,
            )
        return back_ms


def _newest(connection: Connection) -> int | None:
    return max(connection.execute(select(alarm_clocks.c.at_ms)).scalars(), default=None)


def _step_back(connection: Connection, now_ms: int) -> int:
    newest = _newest(connection)
    if newest is None or newest - now_ms <= AHEAD_MS:  # another process was faster
        return 0
    back_ms = newest - now_ms
    for table in metadata.sorted_tables:
        for column in table.c:
            moment = column.info.get(MOMENT)
            if moment == "due" and "zone" in table.c:
                _reschedule(connection, table, column, newest, now_ms)
            elif moment is not None:
                beyond = newest if moment == "due" else now_ms
                connection.execute(update(table).where(column > beyond).values({column: column - back_ms}))
    for row in connection.execute(select(alarm_clocks)).all():
        step = row.cadence_s * 1000
        at_ms = min(row.at_ms, now_ms - step) // step * step
        connection.execute(update(alarm_clocks).where(alarm_clocks.c.cadence_s == row.cadence_s).values(at_ms=at_ms))
    return back_ms


def _reschedule(connection: Connection, table: Table, column: Column[int], newest: int, now_ms: int) -> None:
    """What has a schedule is due at its next time from now on, if that is sooner."""
    (key,) = table.primary_key.columns
    for row in connection.execute(select(table).where(column > newest)).mappings().all():
        anchor_ms = row.get("start_ms") or row["created_ms"]
        schedule = parse(row.get("expression") or row["schedule"], row["zone"], anchor_ms=anchor_ms)
        following = schedule.next_after(max(now_ms, anchor_ms - 1))
        if following is not None and following < row[column.name]:
            connection.execute(update(table).where(key == row[key.name]).values({column: following}))
