"""When alarms are evaluated, and which evaluations were missed while nothing ran. Pure but for the clock's row.

Evaluations fall on full minutes (full ten seconds for fast periods). One is run some seconds after its time, so that
data that are on their way count; whatever comes later counts from the next evaluation on, which reads the whole
evaluation range again.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from trimtab.alarms.book import FAST_S
from trimtab.store.state.tables import alarm_clocks

SLOW_DELAY_MS = 15_000
"""Agents, scrapers and remote write send every 10 s or so; a second more until the log is drained."""
FAST_DELAY_MS = 5_000
"""Who evaluates every 10 s sends at once, and would rather know soon."""
MAX_AT_ONCE = 60
"""Missed evaluations that are made up for in one go, read together and written in one transaction."""


@dataclass(frozen=True, slots=True)
class Due:
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


def due(connection: Connection, cadence_s: int, now_ms: int) -> Due:
    """The next evaluations to run, oldest first, at most MAX_AT_ONCE. The very first one is the newest that is due."""
    step = cadence_s * 1000
    newest = (now_ms - delay_ms(cadence_s)) // step * step
    before = connection.execute(
        select(alarm_clocks.c.at_ms).where(alarm_clocks.c.cadence_s == cadence_s)
    ).scalar_one_or_none()
    first = newest if before is None else before + step
    return Due(cadence_s, before, tuple(range(first, min(newest, first + step * (MAX_AT_ONCE - 1)) + 1, step)))


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
