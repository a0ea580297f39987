"""`/rest/v1/budgets`: limits on the bill, how they stand, who is told and what is done."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import AccessDenied, NotFound
from trimtab.budgets.model import Execution
from trimtab.budgets.performance import Spent
from trimtab.budgets.room import BudgetsRoom
from trimtab.client import budgets_wire as wire
from trimtab.doors.rest.budget_forms import action_answer, action_form, budget_answer, form_of, people, told_of
from trimtab.doors.rest.cost_filters import reading
from trimtab.doors.rest.spec import Call, Operation

_PATH = "/rest/v1/budgets"
_TAG = "budgets"
_NAME: Mapping[str, str] = {"name": "The name of the budget."}
_ACTION: Mapping[str, str] = {**_NAME, "id": "The id of the action."}


class InAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose budgets; the caller's own account, or the server's, where none is given."""

    account: str | None = None


class Budgeting(Struct, frozen=True):
    """What the operations need. `home` is the account whose budgets sum every bill; others sum their own."""

    room: BudgetsRoom
    home: str

    def place(self, principal: Principal, asked: str | None) -> tuple[Scope, str]:
        """What a caller sees, and the account that it means. Raises AccessDenied."""
        scope, account = principal.scope, asked or principal.account or self.home
        if scope.accounts is not None and account not in scope.accounts:
            raise AccessDenied(f"cannot use the budgets of account {account}: the key is for others")
        return scope, account

    def summed(self, scope: Scope, account: str) -> Scope:
        """What of the bill a budget that the caller makes sums."""
        if scope.accounts is None and account != self.home:
            return Scope(frozenset((account,)), scope.regions, scope.rows)
        return scope


def operations(needs: Budgeting) -> list[Operation]:
    """The operations on budgets and their actions."""
    return [*_of_budgets(needs), *_of_actions(needs)]


def _of_budgets(needs: Budgeting) -> list[Operation]:
    room = needs.room

    async def answer(scope: Scope, account: str, name: str) -> wire.Budget:
        found = await room.store.get(scope, account, name)
        return budget_answer(found, await room.notifications.listed(scope, account, name))

    async def listed(call: Call[InAccount, None]) -> wire.BudgetList:
        scope = call.principal.scope
        found = await room.store.listed(scope, call.query.account)
        return wire.BudgetList([await answer(scope, one.account, one.name) for one in found])

    async def get(call: Call[InAccount, None]) -> wire.Budget:
        return await answer(*needs.place(call.principal, call.query.account), call.path["name"])

    async def put(call: Call[InAccount, wire.PutBudget]) -> wire.Budget:
        scope, account = needs.place(call.principal, call.query.account)
        form, told = form_of(call.body), told_of(call.body.notifications)
        with reading():
            try:
                await room.store.update(scope, account, form, told)
            except NotFound:
                await room.store.create(needs.summed(scope, account), account, form, told)
        return await answer(scope, account, call.body.name)

    async def remove(call: Call[InAccount, None]) -> wire.BudgetRemoved:
        await room.store.delete(*needs.place(call.principal, call.query.account), call.path["name"])
        return wire.BudgetRemoved(call.path["name"])

    async def periods(call: Call[InAccount, None]) -> wire.BudgetPeriods:
        budget = await room.store.get(*needs.place(call.principal, call.query.account), call.path["name"])
        return wire.BudgetPeriods([_period(one) for one in await room.performance.of(budget)])

    one: Any = {"path_parameters": _NAME, "query": InAccount, "errors": (404,), "tag": _TAG}
    many: Any = {"query": InAccount, "tag": _TAG}
    read, write = Role.FINANCE, Role.WRITE
    return [
        Operation(
            "GET",
            _PATH,
            "list budgets",
            "Budgets and how they stand.",
            listed,
            wire.BudgetList,
            role=read,
            **many,
            bound=True,
        ),
        Operation(
            "POST",
            _PATH,
            "put budget",
            "Make or replace a budget with its notifications; it is judged within seconds.",
            put,
            wire.Budget,
            body=wire.PutBudget,
            role=write,
            errors=(409,),
            **many,
            bound=True,
        ),
        Operation(
            "GET", f"{_PATH}/{{name}}", "get budget", "One budget.", get, wire.Budget, role=read, **one, bound=True
        ),
        Operation(
            "DELETE",
            f"{_PATH}/{{name}}",
            "remove budget",
            "Delete a budget with its notifications, actions and histories.",
            remove,
            wire.BudgetRemoved,
            role=write,
            **one,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/{{name}}/periods",
            "list budget periods",
            "What was budgeted and spent, the newest period first.",
            periods,
            wire.BudgetPeriods,
            role=read,
            **one,
            bound=True,
        ),
    ]


def _of_actions(needs: Budgeting) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[InAccount, None]) -> wire.BudgetActions:
        place = (*needs.place(call.principal, call.query.account), call.path["name"])
        found = await room.actions.listed(*place)
        return wire.BudgetActions([action_answer(one, await room.actions.history(*place, one.id)) for one in found])

    async def put(call: Call[InAccount, wire.PutAction]) -> wire.BudgetAction:
        place = (*needs.place(call.principal, call.query.account), call.path["name"])
        whom = people(call.body.emails, call.body.topic)
        made = await room.actions.create(*place, action_form(call.body), whom)
        return action_answer(made, await room.actions.history(*place, made.id))

    async def execute(call: Call[InAccount, wire.ExecuteAction]) -> wire.ActionExecuted:
        place = (*needs.place(call.principal, call.query.account), call.path["name"], call.path["id"])
        if call.body.dry_run:
            action = await room.actions.get(*place)
            return wire.ActionExecuted(action.status.value, await room.executing.rehearse(action))
        asked = Execution[call.body.execution.upper()]
        moved = await room.actions.execute(*place, asked, call.principal.name)
        follows = "it waits for the next crossing" if asked is Execution.RESET else "it is carried out within seconds"
        return wire.ActionExecuted(moved.status.value, follows)

    async def remove(call: Call[InAccount, None]) -> wire.BudgetRemoved:
        place = (*needs.place(call.principal, call.query.account), call.path["name"], call.path["id"])
        return wire.BudgetRemoved((await room.actions.delete(*place)).id)

    path = f"{_PATH}/{{name}}/actions"
    of: Any = {"path_parameters": _NAME, "query": InAccount, "tag": _TAG}
    one: Any = {**of, "path_parameters": _ACTION, "errors": (404, 409), "role": Role.WRITE}
    return [
        Operation(
            "GET",
            path,
            "list budget actions",
            "The actions of a budget and what became of them.",
            listed,
            wire.BudgetActions,
            role=Role.FINANCE,
            errors=(404,),
            **of,
            bound=True,
        ),
        Operation(
            "POST",
            path,
            "add budget action",
            "Have something of the actions registry done when a threshold is crossed.",
            put,
            wire.BudgetAction,
            body=wire.PutAction,
            role=Role.WRITE,
            errors=(404, 409),
            **of,
        ),
        Operation(
            "POST",
            f"{path}/{{id}}/execute",
            "execute budget action",
            "Approve, retry, reverse or reset an action, or say what it would do.",
            execute,
            wire.ActionExecuted,
            body=wire.ExecuteAction,
            **one,
        ),
        Operation(
            "DELETE",
            f"{path}/{{id}}",
            "remove budget action",
            "Remove an action; what it did stays done.",
            remove,
            wire.BudgetRemoved,
            **one,
        ),
    ]


def _period(one: Spent) -> wire.BudgetPeriod:
    spends = [spend for spend in (one.budgeted, one.actual) if spend is not None]
    budgeted, actual = (None if spend is None else f"{spend.amount:f}" for spend in (one.budgeted, one.actual))
    return wire.BudgetPeriod(one.start_ms, one.end_ms, spends[0].unit if spends else "", budgeted, actual)
