"""Teams as the pages show them: what their GPU time was and cost over a range, and what is left of their budgets.

Pure. Rows add up to the last one: hours, costs and idle costs are sums of the same rows of the fleet ledger.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.budgets.model import Budget
from trimtab.fleet.frame import NOBODY_HELD, UNOWNED, Totals
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.view import link

ALL = "All"
HOURS = ("existing", "down", "held", "free", "unknown", "active", "inactive", "unmeasured", "idle")
"""The columns of hours: existing = down + held + free + unknown; held = active + inactive + unmeasured."""
_KEYS = frozenset({"team", "owner"})
_PAIRS = {"TagKeyValue": "user:", "CostCategory": ""}


class BudgetLeft(Struct, frozen=True):
    """What is left of the budget of a team's running period: below 0 it is overspent."""

    name: str
    left: Decimal
    limit: Decimal
    unit: str
    href: str


class TeamRow(Struct, frozen=True):
    """A team's GPU time over a range, with its costs by currency."""

    name: str
    hours: Totals
    cost: Mapping[str, Decimal]
    idle_cost: Mapping[str, Decimal]
    budget: BudgetLeft | None = None

    @property
    def named(self) -> bool:
        """Whether it is a team, and not what has none."""
        return self.name not in (UNOWNED, NOBODY_HELD, ALL)


def team_rows(fleet: GpuFleet, left: Mapping[str, BudgetLeft]) -> list[TeamRow]:
    """The teams, those that hold most first, then what has none; the last row is everything. `left` is
    `budgets_left`."""
    costed = fleet.costed
    names = costed.frame.owner_names()
    cost, idle = costed.by(names.__getitem__), costed.idle_by(names.__getitem__)
    rows = [
        TeamRow(name, hours, cost.get(name, {}), idle.get(name, {}), left.get(name.casefold()))
        for name, hours in fleet.teams.items()
    ]
    rows.sort(key=lambda row: (row.name == NOBODY_HELD, row.name == UNOWNED, -row.hours.held, row.name))
    return [*rows, TeamRow(ALL, fleet.whole, costed.sums(), costed.idle_sums())]


def budgets_left(budgets: Iterable[Budget]) -> dict[str, BudgetLeft]:
    """By team (in small letters) what is left of the budget of its cost; of several the one with least."""
    found: dict[str, BudgetLeft] = {}
    for budget in budgets:
        team, standing = team_of(budget.form), budget.standing
        if not team or standing is None or standing.limit is None or standing.actual is None or budget.type.is_share:
            continue
        href = link("/budgets", [("budget", budget.name), ("account", budget.account)])
        left = standing.limit.amount - standing.actual.amount
        one = BudgetLeft(budget.name, left, standing.limit.amount, standing.limit.unit, href)
        if team not in found or left < found[team].left:
            found[team] = one
    return found


def team_of(form: Mapping[str, Any]) -> str:
    """The team, in small letters, whose cost alone a budget sums; "" where it sums anything else."""
    pairs = [
        (kind, *value.removeprefix(lead).partition("$")[::2])
        for kind, lead in _PAIRS.items()
        for value in (form.get("CostFilters") or {}).get(kind, ())
    ]
    if len(form.get("CostFilters") or {}) > len({kind for kind, *_ in pairs}):
        return ""
    expression = form.get("FilterExpression") or {}
    for kind in ("Tags", "CostCategories"):
        leaf = expression.get(kind) if len(expression) == 1 else None
        pairs += [(kind, leaf.get("Key", ""), value) for value in leaf.get("Values", ())] if leaf else []
    if expression and not pairs:
        return ""
    keys = {(kind, key) for kind, key, _ in pairs}
    teams = {value.casefold() for *_, value in pairs}
    return teams.pop() if len(keys) == len(teams) == 1 and next(iter(keys))[1].casefold() in _KEYS else ""


def as_dict(row: TeamRow) -> dict[str, Any]:
    """A row as JSON has it: amounts as decimal text by currency."""
    return {
        "team": row.name,
        **{name: getattr(row.hours, name) for name in HOURS},
        "active_share": row.hours.active_share,
        "cost": {currency: f"{amount:f}" for currency, amount in row.cost.items()},
        "idle_cost": {currency: f"{amount:f}" for currency, amount in row.idle_cost.items()},
        "budget": row.budget.name if row.budget else None,
        "budget_left": f"{row.budget.left:f}" if row.budget else None,
    }
