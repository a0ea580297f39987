"""`Budgets`: the REST API of budgets as typed Python calls, over a `Client`."""

from trimtab.client import budgets_wire as wire
from trimtab.client.api import Client
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/budgets"


class Budgets(Calls):
    """The calls. `account` is the home account where none is given. Errors are those of `Client`."""

    def __init__(self, client: Client, account: str = "") -> None:
        super().__init__(client, account=account)

    def listed(self) -> list[wire.Budget]:
        """Every budget that the caller sees, and how it stands."""
        return self._call("GET", _PATH, wire.BudgetList).budgets

    def get(self, name: str) -> wire.Budget:
        """One budget. Raises the client's error for one that is not there."""
        return self._call("GET", path_of(_PATH, name), wire.Budget)

    def put(self, budget: wire.PutBudget) -> wire.Budget:
        """Make or replace a budget with its notifications (role write)."""
        return self._call("POST", _PATH, wire.Budget, body=budget)

    def delete(self, name: str) -> wire.BudgetRemoved:
        """Delete a budget with all it has (role write)."""
        return self._call("DELETE", path_of(_PATH, name), wire.BudgetRemoved)

    def periods(self, name: str) -> list[wire.BudgetPeriod]:
        """What was budgeted and spent, the newest period first."""
        return self._call("GET", path_of(_PATH, name, "periods"), wire.BudgetPeriods).periods

    def actions(self, name: str) -> list[wire.BudgetAction]:
        """The actions of a budget, with what became of them."""
        return self._call("GET", path_of(_PATH, name, "actions"), wire.BudgetActions).actions

    def add_action(self, name: str, action: wire.PutAction) -> wire.BudgetAction:
        """Add an action (role write)."""
        return self._call("POST", path_of(_PATH, name, "actions"), wire.BudgetAction, body=action)

    def execute(self, name: str, id_: str, asked: wire.ExecuteAction) -> wire.ActionExecuted:
        """Approve, retry, reverse or reset an action, or say what it would do (role write)."""
        return self._call("POST", path_of(_PATH, name, "actions", id_, "execute"), wire.ActionExecuted, body=asked)

    def delete_action(self, name: str, id_: str) -> wire.BudgetRemoved:
        """Remove an action (role write); what it did stays done."""
        return self._call("DELETE", path_of(_PATH, name, "actions", id_), wire.BudgetRemoved)
