"""The figures of budgets: of their running period, whatever range is chosen."""

from trimtab.figures.model import Figure, Rollup

_PERIOD = "the running period of the budget, whatever range is chosen"
_BASIS = "the metric that the budget names"


def _budget(id_: str, label: str, formula: str, *aliases: str, span: str = _PERIOD) -> Figure:
    return Figure(
        id=id_, label=label, area="budgets", unit="$", basis=_BASIS, rollup=Rollup.WHOLE, span=span, formula=formula,
        rows="/budgets", aliases=aliases,
    )  # fmt: skip


ACTUAL = _budget(
    "budget_actual", "Budget actual",
    "Σ of what the budget's filter takes of the bill, with the live estimate of open days where it has one", "Actual",
)  # fmt: skip
LIMIT = _budget("budget_limit", "Budget limit", "what the budget plans for the period", "Limit", "Budgeted")
LEFT = _budget(
    "budget_left", "Budget left",
    "limit − budget actual, of the budget that sums the team's cost alone; of several the one with least left",
)  # fmt: skip
FORECAST = _budget(
    "budget_forecast", "Forecast",
    "budget actual + what use, tax, support, fees, credits and refunds are expected to add until its end, as the "
    "forecast of the month has them, with bounds of 80 %",
)  # fmt: skip
USED = Figure(
    id="budget_used", label="Budget used", area="budgets", unit="1", rollup=Rollup.RATIO, span=_PERIOD, rows="/budgets",
    formula="budget actual ÷ budget limit", aliases=("Used",),
)  # fmt: skip

FIGURES = (ACTUAL, LIMIT, LEFT, FORECAST, USED)
