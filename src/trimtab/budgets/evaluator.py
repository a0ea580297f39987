"""Judges budgets and tells of crossings: once each, with the change of state in one transaction.

A budget is judged every few minutes, and at once when it was changed or when the bill was. A round that dies leaves
nothing and is made again.
"""

import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

import msgspec
from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, insert, select, update

from trimtab.base.clock import Clock, iso
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.budgets import calendar, limits
from trimtab.budgets.actions import actions_in, move
from trimtab.budgets.judge import judge, surely, threshold_of, value_of
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import (
    STATE_CHANGED,
    Action,
    ActionStatus,
    Budget,
    Notification,
    NotificationState,
    Spend,
    Standing,
    Subscriber,
)
from trimtab.budgets.rows import budget_of, notification_of, subscribers_in
from trimtab.budgets.telling import Mail, action_event, addressed, crossing
from trimtab.events.outbox import emit
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import budget_notifications, budget_periods, budgets

logger = logging.getLogger(__name__)

EVERY_MS = 60_000
"""How often a budget is judged where nothing else asks for it: as often as the live estimate is made."""
_DONE = frozenset(
    {
        ActionStatus.PENDING,
        ActionStatus.EXECUTION_SUCCESS,
        ActionStatus.EXECUTION_FAILURE,
        ActionStatus.REVERSE_SUCCESS,
        ActionStatus.REVERSE_FAILURE,
        ActionStatus.RESET_FAILURE,
    }
)
_periods = budget_periods.c
_notified = budget_notifications.c


class BudgetEvaluator(Struct):
    """The rounds. `generation` changes whenever the bill does; `mail` gives the channel of an address."""

    state: State
    clock: Clock
    measure: Measure
    generation: Callable[[], Awaitable[int]]
    mail: Mail
    _seen: int | None = field(default=None)

    async def turn(self) -> int:
        """Judge what is due; returns how many budgets were."""
        due_ms = self.clock.now_ms() - EVERY_MS
        generation = await self.generation()
        everything = generation != self._seen
        query = select(budgets).order_by(budgets.c.judged_ms)
        if not everything:
            query = query.where(budgets.c.judged_ms <= due_ms)
        due = await self.state.read(lambda connection: [budget_of(row) for row in connection.execute(query)])
        for budget in due:
            try:
                await self.judge(budget)
            except TrimtabError as problem:
                logger.warning("budget %s will be judged again: %s", budget.arn, problem)
                return 0
        self._seen = generation
        return len(due)

    async def judge(self, budget: Budget) -> Standing:
        """Judge one budget and tell of what it crossed."""
        kept = await self.state.read(partial(_kept_limit, budget=budget, now_ms=self.clock.now_ms()))
        try:
            standing = await self.measure.standing(budget, kept)
        except Unavailable:
            raise
        except TrimtabError as problem:  # of this budget alone: the others are judged all the same
            now_ms = self.clock.now_ms()
            start, end = calendar.period_at(budget, now_ms) or (budget.start_ms, budget.end_ms)
            standing = Standing(start, end, now_ms, problem=str(problem))
        people = await self.state.read(lambda connection: _mails(connection, budget))
        channels = {address: await self.mail(budget.account, address) for address in people}
        await self.state.change(partial(self._write, budget=budget, standing=standing, channels=channels))
        return standing

    def _write(self, connection: Connection, budget: Budget, standing: Standing, channels: dict[str, str]) -> None:
        mine = (budgets.c.account == budget.account) & (budgets.c.name == budget.name)
        same = mine & (budgets.c.updated_ms == budget.updated_ms)
        told = msgspec.json.encode(standing).decode()
        if not connection.execute(update(budgets).where(same).values(standing=told, judged_ms=standing.at_ms)).rowcount:
            return  # it was changed or deleted meanwhile, and is judged again as it is now
        _keep_period(connection, budget, standing)
        for row in connection.execute(select(budget_notifications).where(_of(budget))).all():
            notification = notification_of(row)
            state = judge(standing, notification)
            if state is None or (state is notification.state and row.period_ms == standing.start_ms):
                continue
            key = _of(budget) & (_notified.key == row.key)
            values = {"state": state.value, "period_ms": standing.start_ms, "changed_ms": standing.at_ms}
            connection.execute(update(budget_notifications).where(key).values(values))
            whom = subscribers_in(connection, budget.account, budget.name, row.key)
            again = row.period_ms != standing.start_ms and state is NotificationState.ALARM
            if state is not notification.state or again:
                self._tell(connection, budget, standing, notification, state, addressed(whom, channels))
        for action in actions_in(connection, budget.account, budget.name):
            self._act(connection, budget, standing, action, channels)

    def _tell(
        self,
        connection: Connection,
        budget: Budget,
        standing: Standing,
        notification: Notification,
        state: NotificationState,
        whom: list[str],
    ) -> None:
        body = crossing(budget, standing, notification, state)
        if state is NotificationState.ALARM:  # subscribers are told of crossings; that it is over, only who listens
            body["actions"] = whom
        emit(connection, self.clock, STATE_CHANGED, budget.arn, body)

    def _act(
        self, connection: Connection, budget: Budget, standing: Standing, action: Action, channels: dict[str, str]
    ) -> None:
        if action.status in _DONE and action.period_ms not in (0, standing.start_ms):
            action = move(
                connection,
                action,
                ActionStatus.STANDBY,
                standing.at_ms,
                "A new period began.",
                period_ms=0,
                event_type="SYSTEM",
            )
        crossed = judge(standing, action.notification) is NotificationState.ALARM
        if action.status is not ActionStatus.STANDBY or not crossed or action.period_ms == standing.start_ms:
            return
        automatic = action.form["ApprovalModel"] == "AUTOMATIC" and surely(standing, action.notification)
        status = ActionStatus.EXECUTION_IN_PROGRESS if automatic else ActionStatus.PENDING
        message = f"{_words(standing, action.notification)} " + (
            "The action is executed." if automatic else "The action waits for approval."
        )
        moved = move(
            connection, action, status, standing.at_ms, message, period_ms=standing.start_ms, event_type="SYSTEM"
        )
        if not automatic:
            action_event(connection, self.clock, budget, moved, message, addressed(moved.subscribers, channels))


def _words(standing: Standing, notification: Notification) -> str:
    value, threshold = value_of(standing, notification.type), threshold_of(standing, notification)
    return f"{notification.type.capitalize()} {value} passed {threshold} at {iso(standing.at_ms)}."


def _kept_limit(connection: Connection, budget: Budget, now_ms: int) -> Spend | None:
    """The limit that an adjusting budget's period has already, so that it stands still until the next."""
    if not limits.adjusts(budget):
        return None
    mine = (_periods.account == budget.account) & (_periods.budget == budget.name)
    now = (_periods.start_ms <= now_ms) & (_periods.end_ms > now_ms) & (_periods.judged_ms >= budget.updated_ms)
    row = connection.execute(select(budget_periods).where(mine, now)).first()
    return Spend(Decimal(row.budgeted), row.unit) if row is not None and row.budgeted else None


def _keep_period(connection: Connection, budget: Budget, standing: Standing) -> None:
    if standing.limit is None and standing.actual is None:
        return
    spends = [one for one in (standing.limit, standing.actual) if one is not None]
    values = {
        "end_ms": standing.end_ms,
        "budgeted": f"{standing.limit.amount:f}" if standing.limit else "",
        "actual": f"{standing.actual.amount:f}" if standing.actual else "",
        "unit": spends[0].unit,
        "judged_ms": standing.at_ms,
    }
    key = {"account": budget.account, "budget": budget.name, "start_ms": standing.start_ms}
    mine = (_periods.account == budget.account) & (_periods.budget == budget.name)
    at = mine & (_periods.start_ms == standing.start_ms)
    if not connection.execute(update(budget_periods).where(at).values(values)).rowcount:
        connection.execute(insert(budget_periods).values(**key, **values))


def _mails(connection: Connection, budget: Budget) -> list[str]:
    """The addresses of everybody who may be told."""
    keys = [row.key for row in connection.execute(select(_notified.key).where(_of(budget)))]
    actions = actions_in(connection, budget.account, budget.name)
    whom: list[Subscriber] = [one for action in actions for one in action.subscribers]
    for key in keys:
        whom += subscribers_in(connection, budget.account, budget.name, key)
    return sorted({one.address for one in whom if one.type == "EMAIL"})


def _of(budget: Budget) -> ColumnElement[bool]:
    return (_notified.account == budget.account) & (_notified.budget == budget.name)
