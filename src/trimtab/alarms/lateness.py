"""How late the evaluation of alarms is, read from its clock alone: no part of the evaluator is needed to tell."""

from sqlalchemy import Connection, select

from trimtab.alarms.schedule import delay_ms
from trimtab.store.state.database import State
from trimtab.store.state.tables import alarm_clocks

_AHEAD_MS = 120_000


async def late_ms(state: State, now_ms: int) -> int | None:
    """By how much (ms) the next evaluation is overdue, of the later of both cadences; 0 where none is. None where
    alarms were never evaluated, or the clock went back behind the last evaluation. Raises Unavailable."""
    return await state.read(lambda connection: _late_ms(connection, now_ms))


def _late_ms(connection: Connection, now_ms: int) -> int | None:
    rows = connection.execute(select(alarm_clocks.c.cadence_s, alarm_clocks.c.at_ms)).all()
    if not rows or any(row.at_ms - now_ms > _AHEAD_MS for row in rows):
        return None
    due_ms: int = min(row.at_ms + 1000 * row.cadence_s + delay_ms(row.cadence_s) for row in rows)
    return max(0, now_ms - due_ms)
