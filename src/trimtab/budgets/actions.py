"""What is done at a crossing: the actions of budgets, what may be asked of them, and what became of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded
from trimtab.base.ids import new_id
from trimtab.budgets import form as forms
from trimtab.budgets.model import Action, ActionStatus, Execution, Subscriber
from trimtab.budgets.rows import action_in, action_of, budget_in, budget_of, put_subscribers, sees
from trimtab.budgets.tags import set_tags
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import budget_action_history, budget_actions, budgets
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.upcoming import NOW, Upcoming

ACTUATOR = "TRIMTAB_ACTUATOR"
"""The type of actions of our own: something of the actions registry is run, such as a pipeline's webhook or command."""
MOST_ACTIONS = 5
"""Actions at one threshold of a budget, as the API documents."""
_DEFINITIONS = {
    "APPLY_IAM_POLICY": "IamActionDefinition",
    "APPLY_SCP_POLICY": "ScpActionDefinition",
    "RUN_SSM_DOCUMENTS": "SsmActionDefinition",
    ACTUATOR: "ActuatorDefinition",
}
RUNNING = (ActionStatus.EXECUTION_IN_PROGRESS, ActionStatus.REVERSE_IN_PROGRESS)
_NEXT: Mapping[Execution, Mapping[ActionStatus, ActionStatus]] = {
    Execution.APPROVE: {ActionStatus.PENDING: ActionStatus.EXECUTION_IN_PROGRESS},
    Execution.RETRY: {
        ActionStatus.EXECUTION_FAILURE: ActionStatus.EXECUTION_IN_PROGRESS,
        ActionStatus.REVERSE_FAILURE: ActionStatus.REVERSE_IN_PROGRESS,
    },
    Execution.REVERSE: {ActionStatus.EXECUTION_SUCCESS: ActionStatus.REVERSE_IN_PROGRESS},
    Execution.RESET: dict.fromkeys(
        (
            ActionStatus.PENDING,
            ActionStatus.EXECUTION_SUCCESS,
            ActionStatus.EXECUTION_FAILURE,
            ActionStatus.REVERSE_SUCCESS,
            ActionStatus.REVERSE_FAILURE,
            ActionStatus.RESET_FAILURE,
        ),
        ActionStatus.STANDBY,
    ),
}
"""What may be asked of an action in which status, and which status it is in then."""
_columns = budget_actions.c


class Locked(Conflict):
    """The action is being executed, or its status does not allow what is asked."""


class Happened(Struct, frozen=True):
    """An entry of an action's history. `action` is the answer's form of the action at that time."""

    at_ms: int
    status: str
    event_type: str
    message: str
    action: Mapping[str, Any]


class ActionStore:
    """The actions. Every method raises NotFound where the budget or the action is not there."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(
        self,
        scope: Scope,
        account: str,
        name: str,
        form: Mapping[str, Any],
        subscribers: list[Subscriber],
        tagged: Mapping[str, str] | None = None,
    ) -> Action:
        """Add an action. Raises Conflict, InvalidInput, LimitExceeded."""
        check(form)
        now_ms = self._clock.now_ms()
        made = Action(new_id(), account, name, form, ActionStatus.STANDBY, now_ms, subscribers=tuple(subscribers))

        def write(connection: Connection) -> Action:
            budget = budget_in(connection, scope, account, name)
            forms.check_notification(budget.form, made.notification)
            held = actions_in(connection, account, name)
            if any(dict(one.form) == dict(form) for one in held):
                raise Conflict("The same action exists already for this budget.")
            beside = sum(one.notification.key == made.notification.key for one in held)
            if beside >= MOST_ACTIONS:
                raise LimitExceeded(f"Action limit exceeded: one threshold can have {MOST_ACTIONS} actions.")
            row = {"status": made.status, "period_ms": 0, "attempt": 0, "changed_ms": now_ms, "created_ms": now_ms}
            connection.execute(
                insert(budget_actions).values(id=made.id, account=account, budget=name, form=json.dumps(form), **row)
            )
            put_subscribers(connection, (account, name), made.id, subscribers, now_ms)
            if tagged:
                set_tags(connection, made.arn, tagged)
            note(connection, made, now_ms, "CREATE_ACTION", "The action was created.")
            connection.execute(
                update(budgets).where(budgets.c.account == account, budgets.c.name == name).values(judged_ms=0)
            )
            return made

        return await self._state.change(write)

    async def get(self, scope: Scope, account: str, name: str, id_: str) -> Action:
        """An action."""

        def read(connection: Connection) -> Action:
            budget_in(connection, scope, account, name)
            return action_in(connection, account, name, id_)

        return await self._state.read(read)

    async def listed(self, scope: Scope, account: str, name: str | None = None) -> list[Action]:
        """The actions of a budget, or of every budget of an account."""

        def read(connection: Connection) -> list[Action]:
            if name is not None:
                budget_in(connection, scope, account, name)
                return actions_in(connection, account, name)
            rows = connection.execute(
                select(budgets).where(budgets.c.account == account).order_by(budgets.c.name)
            ).all()
            seen = [one.name for one in map(budget_of, rows) if sees(scope, one)]
            return [action for budget in seen for action in actions_in(connection, account, budget)]

        return await self._state.read(read)

    async def update(
        self,
        scope: Scope,
        account: str,
        name: str,
        id_: str,
        changes: Mapping[str, Any],
        subscribers: list[Subscriber] | None,
    ) -> tuple[Action, Action]:
        """Change what is given; the action before and after. Raises Locked, InvalidInput."""

        def write(connection: Connection) -> tuple[Action, Action]:
            budget = budget_in(connection, scope, account, name)
            old = _unlocked(connection, account, name, id_)
            now_ms = self._clock.now_ms()
            form = {**old.form, **changes}
            check(form)
            values = {"form": json.dumps(form), "status": ActionStatus.STANDBY, "period_ms": 0, "changed_ms": now_ms}
            connection.execute(update(budget_actions).where(_columns.id == id_).values(values))
            if subscribers is not None:
                put_subscribers(connection, (account, name), id_, subscribers, now_ms)
            new = action_in(connection, account, name, id_)
            forms.check_notification(budget.form, new.notification)
            note(connection, new, now_ms, "UPDATE_ACTION", "The action was changed.")
            return old, new

        return await self._state.change(write)

    async def delete(self, scope: Scope, account: str, name: str, id_: str) -> Action:
        """Remove an action with its history; what it did stays done. Raises Locked."""

        def write(connection: Connection) -> Action:
            budget_in(connection, scope, account, name)
            gone = _unlocked(connection, account, name, id_)
            connection.execute(delete(budget_action_history).where(budget_action_history.c.action_id == id_))
            connection.execute(delete(budget_actions).where(_columns.id == id_))
            put_subscribers(connection, (account, name), id_, [], 0)
            connection.execute(delete(tags).where(tags.c.arn == gone.arn))
            return gone

        return await self._state.change(write)

    async def execute(self, scope: Scope, account: str, name: str, id_: str, asked: Execution, by: str) -> Action:
        """Ask for an execution; it is carried out within seconds. Raises Locked where the status does not allow it."""

        def write(connection: Connection) -> Action:
            budget_in(connection, scope, account, name)
            action = _unlocked(connection, account, name, id_)
            following = _NEXT[asked].get(action.status)
            if following is None:
                allowed = ", ".join(_NEXT[asked])
                raise Locked(f"Unable to execute {asked}: the action is {action.status}; expected {allowed}.")
            period = 0 if asked is Execution.RESET else action.period_ms
            return move(connection, action, following, self._clock.now_ms(), f"{asked} by {by}.", period_ms=period)

        return await self._state.change(write)

    async def history(
        self, scope: Scope, account: str, name: str, id_: str, start_ms: int = 0, end_ms: int | None = None
    ) -> list[Happened]:
        """What became of an action in `[start_ms, end_ms)`, the newest first."""
        of = budget_action_history.c

        def read(connection: Connection) -> list[Happened]:
            budget_in(connection, scope, account, name)
            action_in(connection, account, name, id_)
            query = select(budget_action_history).where(of.action_id == id_, of.at_ms >= start_ms)
            if end_ms is not None:
                query = query.where(of.at_ms < end_ms)
            rows = connection.execute(query.order_by(of.position.desc()))
            return [Happened(r.at_ms, r.status, r.event_type, r.message, json.loads(r.action)) for r in rows]

        return await self._state.read(read)


def check(form: Mapping[str, Any]) -> None:
    """Whether a definition is of its type. Raises InvalidInput."""
    wanted = _DEFINITIONS[form["ActionType"]]
    given = [name for name, value in form["Definition"].items() if value]
    if given != [wanted]:
        got = ", ".join(given) or "nothing"
        raise InvalidInput(
            f"Definition of {form['ActionType']} must have {wanted} only, got {got}.", field="Definition"
        )
    inner = form["Definition"][wanted]
    if wanted == "IamActionDefinition" and not any(inner.get(one) for one in ("Roles", "Groups", "Users")):
        raise InvalidInput("IamActionDefinition needs Roles, Groups or Users.", field="Definition")
    if wanted == "ActuatorDefinition" and not (inner.get("Actuator") and inner.get("Target")):
        raise InvalidInput("ActuatorDefinition needs an Actuator and a Target.", field="Definition")


def shown(action: Action) -> dict[str, Any]:
    """The API's `Action`."""
    return {
        **action.form,
        "ActionId": action.id,
        "BudgetName": action.budget,
        "Status": action.status.value,
        "Subscribers": [{"SubscriptionType": one.type, "Address": one.address} for one in action.subscribers],
    }


def actions_in(connection: Connection, account: str, budget: str) -> list[Action]:
    """The actions of a budget, in the order in which they were made."""
    mine = (_columns.account == account) & (_columns.budget == budget)
    rows = connection.execute(select(budget_actions).where(mine).order_by(_columns.created_ms, _columns.id)).all()
    return [action_of(connection, row) for row in rows]


def upcoming(state: State) -> Upcoming:
    """Whether there are actions to be executed or reversed."""
    return Upcoming(state, select(NOW).where(_columns.status.in_(RUNNING)))


def running_in(connection: Connection) -> Sequence[Action]:
    """Every action that is to be executed or reversed now."""
    rows = connection.execute(select(budget_actions).where(_columns.status.in_(RUNNING)).order_by(_columns.changed_ms))
    return [action_of(connection, row) for row in rows.all()]


def move(
    connection: Connection,
    action: Action,
    status: ActionStatus,
    now_ms: int,
    message: str,
    *,
    period_ms: int | None = None,
    event_type: str = "EXECUTE_ACTION",
) -> Action:
    """Give an action another status, on record; an execution that begins is a new attempt."""
    attempt = action.attempt + (1 if status in RUNNING else 0)
    values = {
        "status": status.value,
        "attempt": attempt,
        "changed_ms": now_ms,
        "period_ms": action.period_ms if period_ms is None else period_ms,
    }
    connection.execute(update(budget_actions).where(_columns.id == action.id).values(values))
    moved = action_in(connection, action.account, action.budget, action.id)
    note(connection, moved, now_ms, event_type, message)
    return moved


def note(connection: Connection, action: Action, now_ms: int, event_type: str, message: str) -> None:
    """Write an entry of an action's history."""
    connection.execute(
        insert(budget_action_history).values(
            action_id=action.id,
            at_ms=now_ms,
            status=action.status.value,
            event_type=event_type,
            message=message,
            action=json.dumps(shown(action)),
        )
    )


def _unlocked(connection: Connection, account: str, name: str, id_: str) -> Action:
    action = action_in(connection, account, name, id_)
    if action.status in RUNNING:
        raise Locked(f"The action {id_} is being executed ({action.status}): try again in a moment.")
    return action
