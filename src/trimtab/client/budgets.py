"""`Budgets`: the REST API of budgets as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import budgets_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/budgets"


class Budgets:
    """The calls. `account` is the home account where none is given. Errors are those of `Client`."""

    def __init__(self, client: Client, account: str = "") -> None:
        self._client = client
        self._query = [("account", account)] if account else []

    def listed(self) -> list[wire.Budget]:
        """Every budget that the caller sees, and how it stands."""
        return self._client.call("GET", _PATH, wire.BudgetList, query=self._query).budgets

    def get(self, name: str) -> wire.Budget:
        """One budget. Raises the client's error for one that is not there."""
        return self._client.call("GET", _of(name), wire.Budget, query=self._query)

    def put(self, budget: wire.PutBudget) -> wire.Budget:
        """Make or replace a budget with its notifications (role write)."""
        return self._client.call("POST", _PATH, wire.Budget, query=self._query, body=budget)

    def delete(self, name: str) -> wire.BudgetRemoved:
        """Delete a budget with all it has (role write)."""
        return self._client.call("DELETE", _of(name), wire.BudgetRemoved, query=self._query)

    def periods(self, name: str) -> list[wire.BudgetPeriod]:
        """What was budgeted and spent, the newest period first."""
        return self._client.call("GET", f"{_of(name)}/periods", wire.BudgetPeriods, query=self._query).periods

    def actions(self, name: str) -> list[wire.BudgetAction]:
        """The actions of a budget, with what became of them."""
        return self._client.call("GET", f"{_of(name)}/actions", wire.BudgetActions, query=self._query).actions

    def add_action(self, name: str, action: wire.PutAction) -> wire.BudgetAction:
        """Add an action (role write)."""
        return self._client.call("POST", f"{_of(name)}/actions", wire.BudgetAction, query=self._query, body=action)

    def execute(self, name: str, id_: str, asked: wire.ExecuteAction) -> wire.ActionExecuted:
        """Approve, retry, reverse or reset an action, or say what it would do (role write)."""
        path = f"{_of(name)}/actions/{quote(id_, safe='')}/execute"
        return self._client.call("POST", path, wire.ActionExecuted, query=self._query, body=asked)

    def delete_action(self, name: str, id_: str) -> wire.BudgetRemoved:
        """Remove an action (role write); what it did stays done."""
        path = f"{_of(name)}/actions/{quote(id_, safe='')}"
        return self._client.call("DELETE", path, wire.BudgetRemoved, query=self._query)


def _of(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"
