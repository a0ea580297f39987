"""The figures of advice: what a change is worth a month, in cash and in GPU-hours, which are two numbers."""

from trimtab.figures.model import Figure, Rollup

_MONTH = "a month of 730 hours from now, whatever range is chosen"

CASH = Figure(
    id="advice_cash", label="Off the invoice, a month", area="advice", unit="$", rollup=Rollup.SUM, span=_MONTH,
    basis="the next invoices, after commitments are applied again", rows="/advice",
    formula="cost of what is billed now − what is billed after the change; GPUs that only become free are 0",
    aliases=("Cash a month",),
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

FIGURES = (CASH, GPU_HOURS, CONFIDENCE)
