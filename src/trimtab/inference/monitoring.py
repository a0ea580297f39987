"""Executions of monitoring schedules: what became of each time at which one was due.

trimtab captures no invocations, so there is nothing that a baseline could be compared with. The service records such an
execution too: it fails, since its inputs had no data. Executions follow from the schedule alone, and none is kept.
"""

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.inventory.served.model import Served
from trimtab.jobs.schedule import Rate, Schedule, parse

FAILED = "Failed"
NO_DATA = "Job inputs had no data: trimtab captures no invocations of endpoints that could be compared with a baseline."
_SHOWN_MS = 30 * 86_400_000  # executions are told for so long
_DAY_MS = 86_400_000
_NOW = "NOW"


class Execution(Struct, frozen=True):
    """One time at which a schedule was due, in ms since the epoch."""

    schedule: Served
    at_ms: int
    status: str = FAILED
    reason: str = NO_DATA


def check(config: dict[str, object]) -> None:
    """Whether a MonitoringScheduleConfig has a time that can be read. Raises InvalidInput."""
    _schedule(config, 0)


def executions(one: Served, now_ms: int) -> list[Execution]:
    """The executions of a schedule until now, the last 30 days of them, in order of time."""
    config = dict(one.form["MonitoringScheduleConfig"])
    schedule = _schedule(config, one.created_ms)
    if schedule is None:
        return [Execution(one, one.created_ms)] if now_ms - one.created_ms < _SHOWN_MS else []
    found: list[Execution] = []
    due = schedule.next_after(max(one.created_ms, now_ms - _SHOWN_MS))
    while due is not None and due <= now_ms:
        found.append(Execution(one, due))
        due = schedule.next_after(due)
    return found


def _schedule(config: dict[str, object], made_ms: int) -> Schedule | None:
    """When it is due; None is once, when it was made. Without an expression the service takes a time of each day."""
    given = config.get("ScheduleConfig")
    expression = str(given.get("ScheduleExpression", "")) if isinstance(given, dict) else ""
    if expression == _NOW:
        return None
    if not expression:
        return Rate(_DAY_MS, made_ms)
    if not expression.startswith("cron("):
        raise InvalidInput(f"cannot use ScheduleExpression {expression[:100]!r}: expected cron(…) or NOW")
    return parse(expression)
