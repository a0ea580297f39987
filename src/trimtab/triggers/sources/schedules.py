"""Schedules of rules: when one is due, its targets get a "Scheduled Event", once for each time.

What was missed while trimtab was down is made up for once, not for every time.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from trimtab.base.clock import Clock
from trimtab.jobs.schedule import parse
from trimtab.store.state.database import State
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Rule
from trimtab.triggers.rules import RuleStore, move_due

DETAIL_TYPE = "Scheduled Event"


class Schedules:
    """The job that fires schedules."""

    def __init__(
        self, state: State, clock: Clock, intake: Intake, may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self._state = state
        self._clock = clock
        self._intake = intake
        self._rules = RuleStore(state, clock)
        self._may_write = may_write

    async def turn(self) -> int:
        """Fire what is due; returns how many."""
        fired = 0
        for rule in await self._rules.due(self._clock.now_ms()):
            if not self._may_write():
                break
            fired += await self._state.change(partial(self._fire, rule=rule))
        return fired

    def _fire(self, connection: Connection, rule: Rule) -> int:
        now_ms = self._clock.now_ms()
        due_ms = rule.due_ms
        if due_ms is None or rule.schedule is None:
            return 0
        later = parse(rule.schedule, rule.zone, anchor_ms=due_ms).next_after(now_ms)
        if not move_due(connection, rule, later):
            return 0
        event = make_event(
            rule.place,
            rule.bus,
            source="aws.events",
            detail_type=DETAIL_TYPE,
            detail={},
            at_ms=due_ms,
            id_=stable_id("scheduled", rule.arn, str(due_ms)),
            resources=[rule.arn],
        )
        self._intake.fire(connection, event, rule.arn, rule.name)
        return 1
