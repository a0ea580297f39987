"""The budgets themselves: made, changed, deleted with all they have, and their tags."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from trimtab.access.scope import Scope, scope_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded
from trimtab.budgets import form as forms
from trimtab.budgets.filters import ReadFilter
from trimtab.budgets.model import Budget, Notification, Subscriber
from trimtab.budgets.notifications import add_notification, replace_notifications
from trimtab.budgets.rows import budget_in, budget_of, sees
from trimtab.budgets.tags import set_tags
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import (
    budget_action_history,
    budget_actions,
    budget_notifications,
    budget_periods,
    budget_subscribers,
    budgets,
)
from trimtab.store.state.schema.inventory import tags

_columns = budgets.c
Wanted = Sequence[tuple[Notification, list[Subscriber]]]
"""Notifications with their subscribers."""


class BudgetStore:
    """The budgets of one state database."""

    def __init__(self, state: State, clock: Clock, read: ReadFilter) -> None:
        self._state = state
        self._clock = clock
        self._read = read

    async def create(
        self,
        scope: Scope,
        account: str,
        form: Mapping[str, Any],
        notifications: Wanted = (),
        tagged: Mapping[str, str] | None = None,
    ) -> Budget:
        """Make a budget over what `scope` sees. Raises Conflict, InvalidInput, LimitExceeded."""
        now_ms = self._clock.now_ms()
        made = Budget(account, str(form["BudgetName"]), self._completed(form), now_ms, now_ms, scope)

        def write(connection: Connection) -> Budget:
            mine = _columns.account == account
            if connection.execute(select(_columns.name).where(mine, _columns.name == made.name)).first():
                raise Conflict(f"Error creating budget: {made.name} - the budget already exists.")
            held = connection.execute(select(func.count()).select_from(budgets).where(mine)).scalar_one()
            if held >= forms.MOST_BUDGETS:
                raise LimitExceeded(f"Budget limit exceeded: {forms.MOST_BUDGETS} budgets exist already.")
            connection.execute(insert(budgets).values(**_row(made)))
            for notification, subscribers in notifications:
                add_notification(connection, made, notification, subscribers, now_ms)
            if tagged:
                set_tags(connection, made.arn, tagged)
            return made

        return await self._state.change(write)

    async def get(self, scope: Scope, account: str, name: str) -> Budget:
        """A budget. Raises NotFound."""
        return await self._state.read(lambda connection: budget_in(connection, scope, account, name))

    async def listed(self, scope: Scope, account: str | None = None) -> list[Budget]:
        """The budgets of an account (None: of every one) that `scope` sees, by account and name."""
        query = select(budgets).order_by(_columns.account, _columns.name)
        if account is not None:
            query = query.where(_columns.account == account)

        def read(connection: Connection) -> list[Budget]:
            return [one for one in map(budget_of, connection.execute(query)) if sees(scope, one)]

        return await self._state.read(read)

    async def update(
        self, scope: Scope, account: str, form: Mapping[str, Any], notifications: Wanted | None = None
    ) -> Budget:
        """Replace a budget's definition, and its notifications where they are given; it is judged again at once.

        A notification that stays keeps its state, so that nobody is told again. Raises NotFound, InvalidInput.
        """
        name, completed, now_ms = str(form["BudgetName"]), self._completed(form), self._clock.now_ms()

        def write(connection: Connection) -> Budget:
            known = budget_in(connection, scope, account, name)
            if known.form["BudgetType"] != completed["BudgetType"]:
                raise InvalidInput("BudgetType cannot be changed: delete the budget and create it again.")
            values = {"form": json.dumps(completed), "updated_ms": now_ms, "standing": "", "judged_ms": 0}
            mine = (_columns.account == account) & (_columns.name == name)
            connection.execute(update(budgets).where(mine).values(values))
            if notifications is not None:
                replace_notifications(connection, budget_in(connection, scope, account, name), notifications, now_ms)
            return budget_in(connection, scope, account, name)

        return await self._state.change(write)

    async def delete(self, scope: Scope, account: str, name: str) -> None:
        """Delete a budget with its notifications, subscribers, actions and histories. Raises NotFound."""

        def write(connection: Connection) -> None:
            refusal = f"Unable to delete budget: {name} - the budget doesn't exist. Try creating it first. "
            known = budget_in(connection, scope, account, name, refusal)
            actions = select(budget_actions.c.id).where(
                budget_actions.c.account == account, budget_actions.c.budget == name
            )
            connection.execute(delete(budget_action_history).where(budget_action_history.c.action_id.in_(actions)))
            for table in (budget_actions, budget_notifications, budget_subscribers, budget_periods):
                connection.execute(delete(table).where(table.c.account == account, table.c.budget == name))
            connection.execute(delete(budgets).where(_columns.account == account, _columns.name == name))
            own = (tags.c.arn == known.arn) | tags.c.arn.startswith(f"{known.arn}/action/", autoescape=True)
            connection.execute(delete(tags).where(own))

        await self._state.change(write)

    def _completed(self, form: Mapping[str, Any]) -> dict[str, Any]:
        return forms.complete(form, self._read, self._clock.now_ms())


def _row(budget: Budget) -> dict[str, Any]:
    return {
        "account": budget.account,
        "name": budget.name,
        "form": json.dumps(budget.form),
        "scope": scope_text(budget.scope),
        "standing": "",
        "created_ms": budget.created_ms,
        "updated_ms": budget.updated_ms,
        "judged_ms": 0,
    }
