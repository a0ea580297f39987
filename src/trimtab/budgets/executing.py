"""Carries actions out through the actions registry, and back.

An execution is on record as in progress before anything is done; it has a key of its own (action, period, attempt), so
that one that a crash interrupted is begun again and does nothing twice. It ends as a success or as a failure that says
why and can be tried again.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.budgets.actions import ACTUATOR, move, running_in
from trimtab.budgets.model import Action, ActionStatus
from trimtab.budgets.rows import action_in, budget_of
from trimtab.budgets.telling import Mail, action_event, addressed
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import budgets

_HERE = "cannot be executed here: there is no AWS account to act on. The definition is kept; approve it in AWS"
_ENDS = {
    ActionStatus.EXECUTION_IN_PROGRESS: (ActionStatus.EXECUTION_SUCCESS, ActionStatus.EXECUTION_FAILURE),
    ActionStatus.REVERSE_IN_PROGRESS: (ActionStatus.REVERSE_SUCCESS, ActionStatus.REVERSE_FAILURE),
}


class Executing(Struct, frozen=True):
    """The executions."""

    state: State
    clock: Clock
    actuators: Actuators
    mail: Mail

    async def turn(self) -> int:
        """Carry out every action that is in progress; returns how many there were."""
        running = await self.state.read(running_in)
        for action in running:
            await self._carry_out(action)
        return len(running)

    async def rehearse(self, action: Action) -> str:
        """What an execution would do; nothing is changed. Raises TrimtabError as an execution would fail."""
        name, target, wish = _asked(action, reverse=False)
        done = await self.actuators.run(name, target, wish, requested_by=action.arn[:256], dry_run=True)
        return done.plan.summary

    async def _carry_out(self, action: Action) -> None:
        success, failure = _ENDS[action.status]
        try:
            name, target, wish = _asked(action, reverse=action.status is ActionStatus.REVERSE_IN_PROGRESS)
            done = await self.actuators.run(name, target, wish, requested_by=action.arn[:256], dry_run=False)
            status, message = success, done.outcome
        except TrimtabError as problem:
            status, message = failure, str(problem)
        mails = [one.address for one in action.subscribers if one.type == "EMAIL"]
        channels = {address: await self.mail(action.account, address) for address in mails}
        await self.state.change(
            partial(
                self._end, action=action, status=status, message=message, whom=addressed(action.subscribers, channels)
            )
        )

    def _end(self, connection: Connection, action: Action, status: ActionStatus, message: str, whom: list[str]) -> None:
        now = action_in(connection, action.account, action.budget, action.id)
        if (now.status, now.attempt) != (action.status, action.attempt):
            return  # somebody else ended it
        mine = (budgets.c.account == action.account) & (budgets.c.name == action.budget)
        budget = budget_of(connection.execute(select(budgets).where(mine)).one())
        moved = move(connection, now, status, self.clock.now_ms(), message, event_type="SYSTEM")
        action_event(connection, self.clock, budget, moved, message, whom)


def _asked(action: Action, *, reverse: bool) -> tuple[str, str, Mapping[str, Any]]:
    """The actuator, its target and its wish. Raises InvalidInput for what cannot be done here."""
    if action.form["ActionType"] != ACTUATOR:
        raise InvalidInput(f"{action.form['ActionType']} {_HERE}")
    definition = action.form["Definition"]["ActuatorDefinition"]
    part = definition.get("Reverse") if reverse else definition
    if not part:
        raise InvalidInput("cannot reverse the action: its definition has no Reverse")
    key = f"{action.id}/{action.period_ms}/{action.attempt}"
    name = part.get("Actuator") or definition["Actuator"]
    return name, part.get("Target") or definition["Target"], {**(part.get("Wish") or {}), "request": key}
