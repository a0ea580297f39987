"""The figures of advice: what a change is worth a month, in cash and in GPU-hours, which are two numbers."""

from trimtab.figures.model import Figure, Rollup

_MONTH = "a month of 730 hours from now, whatever range is chosen"

CASH = Figure(
    id="advice_cash", label="Off the invoice, a month", area="advice", unit="$", rollup=Rollup.SUM, span=_MONTH,
    basis="the next invoices, after commitments are applied again", rows="/advice",
    formula="what the plan's invoice falls by when this is done after what stands above it; all of them are the plan",
    aliases=("Cash a month",),
)  # fmt: skip
PLAN = Figure(
    id="plan_total", label="One plan, a month", area="advice", unit="$", rollup=Rollup.WHOLE, span=_MONTH,
    basis="net of discounts, commitments applied again", rows="/advice",
    formula="invoice of the last 30 days, replayed hour by hour, − the same with the best set of actions done together",
)  # fmt: skip
ALONE = Figure(
    id="advice_alone", label="Worth alone, a month", area="advice", unit="$", rollup=Rollup.WHOLE, span=_MONTH,
    basis="net of discounts, commitments applied again", rows="/advice",
    formula="invoice replayed − the same with this alone done: what several are worth alone is never added up",
)  # fmt: skip
GPU_HOURS = Figure(
    id="advice_gpu_hours", label="GPU-hours freed", area="advice", unit="h", rollup=Rollup.SUM, span=_MONTH,
    rows="/advice", formula="GPU-hours that the change makes free for others",
    aliases=("GPU-hours a month",),
)  # fmt: skip
CONFIDENCE = Figure(
    id="advice_confidence", label="Confidence", area="advice", unit="1", rollup=Rollup.WHOLE, rows="/advice",
    span="the days that the check looked at", formula="how sure the check is, 0 to 1, by how much it saw",
)  # fmt: skip

PREDICTED = Figure(
    id="savings_predicted", label="Predicted a month", area="advice", unit="$", rollup=Rollup.SUM, rows="/savings",
    span="the plan of the moment at which it was taken", basis="net of discounts, commitments applied again",
    formula="what it added in the plan when somebody accepted it or it was seen done; not what it is worth alone",
)  # fmt: skip
REALISED = Figure(
    id="savings_realised", label="Realised a month", area="advice", unit="$", rollup=Rollup.SUM, rows="/savings",
    span="at most the last 30 days of the bill, at the rate of a month of 730 hours",
    basis="net of discounts, commitments applied again",
    formula="invoice of the days since, replayed with what it used before, moved by the trend of comparable ones − the "
    "invoice as it is; of what no commitment covers, its days before, moved by that trend, − its days since",
)  # fmt: skip
RATIO = Figure(
    id="savings_ratio", label="Realised ÷ predicted", area="advice", unit="1", rollup=Rollup.RATIO,
    rows="/savings", span="everything that was measured",
    formula="Σ realised ÷ Σ predicted, over cases that were predicted to save; eight GPUs of a machine are one case",
)  # fmt: skip
PROMISED = Figure(
    id="plan_promised", label="Promised 30 days ago, a month", area="advice", unit="$", rollup=Rollup.WHOLE,
    rows="/advice", span="the 30 days of bill before the last 30", basis="net of discounts, commitments applied again",
    formula="total of the plan made of the bill, the metrics and the decisions before that day, and of nothing later",
)  # fmt: skip
CAME = Figure(
    id="plan_came", label="It came to, a month", area="advice", unit="$", rollup=Rollup.WHOLE, rows="/advice",
    span="the last 30 days of the bill", basis="net of discounts, commitments applied again",
    formula="invoice of the days that came, replayed − the same with the set of that plan done; beside it the same at "
    "the prices and discounts of then",
)  # fmt: skip

FIGURES = (PLAN, CASH, ALONE, GPU_HOURS, CONFIDENCE, PREDICTED, REALISED, RATIO, PROMISED, CAME)
