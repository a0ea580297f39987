"""When alarms are evaluated, and which evaluations were missed while nothing ran. Pure but for the clock's row.

Evaluations fall on full minutes (full ten seconds for fast periods). One is run some seconds after its time, so that
data that are on their way count; whatever comes later counts from the next evaluation on, which reads the whole
evaluation range again.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, func, insert, select, update

from trimtab.alarms.book import FAST_S, SLOW_S
from trimtab.base.records import replace
from trimtab.store.state.tables import alarm_clocks

SLOW_DELAY_MS = 15_000
"""Agents, scrapers and remote write send every 10 s or so; a second more until the log is drained."""
FAST_DELAY_MS = 5_000
"""Who evaluates every 10 s sends at once, and would rather know soon."""
MAX_AT_ONCE = 60
"""Minutes of missed evaluations that are made up for in one go, read together and written in one transaction."""


class Due(Struct, frozen=True):
    """Evaluation times (ms, ascending) of a cadence that were not run; `before` is the newest that was, if any."""

    cadence_s: int
    before: int | None
    times: tuple[int, ...]

    @property
    def delay_ms(self) -> int:
        """How long after its time an evaluation counts as made."""
        return delay_ms(self.cadence_s)


def delay_ms(cadence_s: int) -> int:
    """How long evaluations of a cadence wait for late data."""
    return FAST_DELAY_MS if cadence_s == FAST_S else SLOW_DELAY_MS


def upcoming() -> "list[Select[Any]]":
    """What tells when an evaluation of either cadence is due: now where there was none yet."""
    newest = func.max(alarm_clocks.c.at_ms)
    return [
        select(func.coalesce(newest + cadence_s * 1000 + delay_ms(cadence_s), 0)).where(
            alarm_clocks.c.cadence_s == cadence_s
        )
        for cadence_s in (SLOW_S, FAST_S)
    ]


def due(connection: Connection, now_ms: int) -> tuple[Due, ...]:
    """The next evaluations to run of both cadences, slow ones first; empty where none is due.

    The very first one is the newest that is due. Where many were missed, both cadences end at the same moment: what
    composite alarms over both went through is then the same as if nothing had been missed.
    """
    found = [_due(connection, cadence_s, now_ms) for cadence_s in (SLOW_S, FAST_S)]
    cut = [one.times[-1] + one.delay_ms for one, whole in found if not whole]
    until_ms = min(cut, default=now_ms)
    kept = [
        replace(one, times=tuple(time for time in one.times if time + one.delay_ms <= until_ms)) for one, _ in found
    ]
    return tuple(one for one in kept if one.times)


def _due(connection: Connection, cadence_s: int, now_ms: int) -> tuple[Due, bool]:
    """The next evaluations of a cadence, at most MAX_AT_ONCE minutes of them, and whether those are all."""
    step = cadence_s * 1000
    newest = (now_ms - delay_ms(cadence_s)) // step * step
    before = connection.execute(
        select(alarm_clocks.c.at_ms).where(alarm_clocks.c.cadence_s == cadence_s)
    ).scalar_one_or_none()
    first = newest if before is None else before + step
    last = min(newest, first + MAX_AT_ONCE * 60_000 - step)
    return Due(cadence_s, before, tuple(range(first, last + 1, step))), last >= newest


def advance(connection: Connection, made: Due) -> bool:
    """Note that evaluations were made; False where another process made them first."""
    last = made.times[-1]
    if made.before is None:
        known = select(alarm_clocks.c.at_ms).where(alarm_clocks.c.cadence_s == made.cadence_s)
        if connection.execute(known).first() is not None:
            return False
        connection.execute(insert(alarm_clocks).values(cadence_s=made.cadence_s, at_ms=last))
        return True
    mine = (alarm_clocks.c.cadence_s == made.cadence_s) & (alarm_clocks.c.at_ms == made.before)
    return bool(connection.execute(update(alarm_clocks).where(mine).values(at_ms=last)).rowcount)
