"""The figures of the bill: one a metric, what commitments do, and what is expected of days without a bill."""

from collections.abc import Mapping

from trimtab.costs.model import Metric
from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.basis import Basis

_BILL = "the days that are chosen, whole, as far as the bill goes"
_AHEAD = "the running month, whatever days are chosen"
_NET_BILLED = "billed, after discounts that were negotiated for the whole account"
_LIST = "list prices"


def _sum(id_: str, label: str, basis: str, column: str) -> Figure:
    return Figure(
        id=id_, label=label, area="costs", unit="$", basis=basis, rollup=Rollup.SUM, span=_BILL, rows="/costs",
        formula=f"Σ over the bill's lines that the filters take: {column}; currencies are never added",
    )  # fmt: skip


def _number(
    id_: str, label: str, unit: str, formula: str, rollup: Rollup = Rollup.SUM, aliases: tuple[str, ...] = ()
) -> Figure:
    return Figure(
        id=id_,
        label=label,
        area="costs",
        unit=unit,
        rollup=rollup,
        span=_BILL,
        rows="/costs",
        formula=formula,
        aliases=aliases,
    )


BILLED = _sum("billed_cost", "Billed", Basis.BILLED.value, "what was charged")
AMORTISED = _sum(
    "amortised_cost", "Amortised", Basis.AMORTISED.value, "what was charged, with commitments spread over their use"
)
NET_BILLED = _sum("net_billed_cost", "Billed, net of discounts", _NET_BILLED, "what was charged after discounts")
NET_AMORTISED = _sum(
    "net_amortised_cost", "Amortised, net of discounts", Basis.NET_AMORTISED.value,
    "what was charged after discounts, with commitments spread over their use",
)  # fmt: skip
LIST = _sum("list_cost", "List price", _LIST, "what it costs without any discount")
CONTRACTED = _sum("contracted_cost", "Contracted", "contract prices", "what it costs by contract, without commitments")
BLENDED = _sum("blended_cost", "Blended", "blended rates of the payer's accounts", "usage × the payer's mean rate")
SPLIT = _sum("split_cost", "Containers’ shares", Basis.AMORTISED.value, "a container's share of what its machine cost")
SPLIT_UNUSED = _sum(
    "split_unused_cost", "Containers’ shares, unused", Basis.AMORTISED.value,
    "a container's share of what no container used of its machine",
)  # fmt: skip
COMMITMENT_TOTAL = _sum("commitment_total", "Commitments in full", Basis.AMORTISED.value, "what commitments cost")
COMMITMENT_USED = _sum("commitment_used", "Commitments used", Basis.AMORTISED.value, "what of commitments was used")
USAGE = _number("usage_quantity", "Usage quantity", "1", "Σ of the quantities that were used, of one unit each")
NORMALISED = _number("normalised_usage", "Normalised usage", "1", "Σ of hours × the size factor of the instance")
COMMITMENT_HOURS = _number("commitment_hours", "Commitment hours", "1", "Σ of the hours that were committed to")
UNUSED_HOURS = _number("commitment_unused_hours", "Commitment hours unused", "1", "Σ of committed hours without use")
LINES = _number(
    "bill_lines", "Lines of the bill", "1", "number of the bill's lines that the filters take", aliases=("Lines",)
)

OF_METRIC: Mapping[Metric, Figure] = {
    Metric.UNBLENDED: BILLED,
    Metric.BILLED: BILLED,
    Metric.AMORTIZED: AMORTISED,
    Metric.EFFECTIVE: AMORTISED,
    Metric.NET_UNBLENDED: NET_BILLED,
    Metric.NET_AMORTIZED: NET_AMORTISED,
    Metric.LIST: LIST,
    Metric.CONTRACTED: CONTRACTED,
    Metric.BLENDED: BLENDED,
    Metric.SPLIT: SPLIT,
    Metric.SPLIT_UNUSED: SPLIT_UNUSED,
    Metric.COMMITMENT_TOTAL: COMMITMENT_TOTAL,
    Metric.COMMITMENT_USED: COMMITMENT_USED,
    Metric.COMMITMENT_TOTAL_HOURS: COMMITMENT_HOURS,
    Metric.COMMITMENT_UNUSED_HOURS: UNUSED_HOURS,
    Metric.USAGE: USAGE,
    Metric.NORMALIZED_USAGE: NORMALISED,
    Metric.LINES: LINES,
}
"""The figure of each metric: two names of one column are one figure."""

TOGETHER = Figure(
    id="cost_together", label="Together", area="costs", unit="$", rollup=Rollup.SUM, span=_BILL, rows="/costs",
    basis="that of the amounts beside it",
    formula="Σ over currencies and days: the day's amount × the rate of that day; a currency without a rate is left "
            "out and named",
)  # fmt: skip
SAVINGS_RATE = _number(
    "effective_savings_rate", "Effective savings rate", "1",
    "(usage at on-demand prices − what it cost with commitments, unused ones with it) ÷ usage at on-demand prices",
    Rollup.RATIO,
)  # fmt: skip
HOURS_RESERVED = _number(
    "instance_hours_reserved", "Instance hours reserved", "1", "hours under reservations ÷ hours that they could cover",
    Rollup.RATIO,
)  # fmt: skip
PLAN_SPEND = _number(
    "spend_under_savings_plans", "Spend under Savings Plans", "1",
    "spend under Savings Plans ÷ spend that they could cover, both at on-demand prices", Rollup.RATIO,
)  # fmt: skip
RESERVATIONS_USED = _number(
    "reservations_used", "Reservations used", "1", "what of reservations was used ÷ what they cost", Rollup.RATIO
)
PLANS_USED = _number(
    "savings_plans_used", "Savings Plans used", "1", "what of Savings Plans was used ÷ what they cost", Rollup.RATIO
)
COVERAGE = _number(
    "commitment_coverage", "Covered by commitments", "1",
    "of one provider: use that its commitments cover ÷ use that they cover or could, both at list prices",
    Rollup.RATIO,
)  # fmt: skip
UTILISATION = _number(
    "commitment_utilisation", "Utilisation of commitments", "1",
    "of one provider: what of its commitments was used ÷ what they cost, upfront parts included", Rollup.RATIO,
)  # fmt: skip
NOT_BILLED = Figure(
    id="cost_not_billed", label="Not billed yet", area="costs", unit="$", rollup=Rollup.SUM, span=_AHEAD,
    basis="billed, or amortised where the page shows an amortised sum", rows="/costs",
    formula="Σ over days that no bill has: use × what the last billed hours of the same thing cost",
)  # fmt: skip
ESTIMATE_ERROR = Figure(
    id="estimate_error", label="Usual error of a day", area="costs", unit="1", rollup=Rollup.WHOLE, rows="/costs",
    span="the days that were estimated and then billed",
    formula="median over days: |estimate − bill| ÷ bill",
)  # fmt: skip
MONTH_FORECAST = Figure(
    id="month_forecast", label="Forecast of the month", area="costs", unit="$", rollup=Rollup.WHOLE, span=_AHEAD,
    basis="the sum that the page shows", rows="/costs",
    formula="what is billed + use that is late + the mean of the forecast of use of each day that is left + what each "
            "line of the month is expected to add (tax, support, fees, credits, refunds); its bounds held 80 % of the "
            "closed months that were asked about on the same day",
)  # fmt: skip
MONTH_LINE = Figure(
    id="month_line", label="Expected line of the month", area="costs", unit="$", rollup=Rollup.SUM, span=_AHEAD,
    basis="the sum that the page shows", rows="/costs",
    formula="what closed months teach of tax, support, a fee, credits or refunds: a rate on what is charged, AWS's "
            "tiers of support, or as usual, whichever was nearest on closed months",
)  # fmt: skip
MONTH_ERROR = Figure(
    id="month_forecast_error", label="Usual error on this day", area="costs", unit="1", rollup=Rollup.WHOLE,
    rows="/costs", span="the closed months, each asked about on the same day",
    formula="median over closed months: |month − forecast| ÷ forecast",
)  # fmt: skip

FIGURES = (
    *dict.fromkeys(OF_METRIC[metric] for metric in OF_METRIC), TOGETHER, SAVINGS_RATE, HOURS_RESERVED, PLAN_SPEND,
    RESERVATIONS_USED, PLANS_USED, COVERAGE, UTILISATION, NOT_BILLED, ESTIMATE_ERROR, MONTH_FORECAST,
    MONTH_LINE, MONTH_ERROR,
)  # fmt: skip
