"""The company's budgets, put through REST as its people would: a team's month, and what one run may cost.

The run's budget is crossed long before any bill has it: the live estimate sees it within minutes.
"""

from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import BudgetNotification, PutBudget
from trimtab.demo.world import World

RUN_BUDGET, RUN_LIMIT = "search-sweeps", 600
"""Dollars that a sweep of the search team may cost: what two machines cost in six hours."""
TEAM_BUDGET, TEAM_LIMIT = "search-month", 90_000
_DAY_MS = 86_400_000


def put_budgets(client: Client, world: World) -> None:
    """Put the budgets that are not there yet; those that somebody changed stay as they are."""
    budgets = Budgets(client)
    there = {one.name for one in budgets.listed()}
    for wanted in _wanted(world):
        if wanted.name not in there:
            budgets.put(wanted)


def _wanted(world: World) -> tuple[PutBudget, ...]:
    start_ms = world.start_ms // _DAY_MS * _DAY_MS
    return (
        PutBudget(
            name=RUN_BUDGET,
            limit=str(RUN_LIMIT),
            time_unit="CUSTOM",
            metric="AmortizedCost",
            tags={"trimtab:run": [str(world.runaway.id)]},
            start_ms=start_ms,
            end_ms=start_ms + 90 * _DAY_MS,
            notifications=[BudgetNotification("80"), BudgetNotification("100")],
        ),
        PutBudget(
            name=TEAM_BUDGET,
            limit=str(TEAM_LIMIT),
            metric="AmortizedCost",
            tags={"team": ["search", "Search"]},
            notifications=[BudgetNotification("80"), BudgetNotification("100", type="FORECASTED")],
        ),
    )
