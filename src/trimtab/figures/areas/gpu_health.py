"""The figures of GPU health: what faults cost runs, what was down after them, and how often machines fail."""

from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.basis import Basis

_ROWS = "/gpu-health"

LOST_HOURS = Figure(
    id="fault_gpu_hours_lost", label="GPU-hours lost to faults", area="gpus", unit="h", rollup=Rollup.SUM, rows=_ROWS,
    formula="Σ over runs that a fatal fault ended: GPU-hours that the run held from its last whole checkpoint before "
            "the fault (or the end before that) until it was over; runs without a known checkpoint are not in it",
)  # fmt: skip
LOST_COST = Figure(
    id="fault_cost_lost", label="Cost of GPU-hours lost to faults", area="gpus", unit="$", rollup=Rollup.SUM,
    rows=_ROWS, basis=Basis.NET_AMORTISED.value, formula="the cost of these GPU-hours by the fleet ledger",
)  # fmt: skip
AT_MOST = Figure(
    id="fault_gpu_hours_at_most", label="GPU-hours lost at most, no checkpoint known", area="gpus", unit="h",
    rollup=Rollup.SUM, rows=_ROWS,
    formula="Σ over runs that a fatal fault ended and of which no checkpoint is known: GPU-hours since their start; "
            "never added to those lost",
)  # fmt: skip
DOWN = Figure(
    id="fault_gpu_hours_down", label="GPU-hours down after faults", area="gpus", unit="h", rollup=Rollup.SUM,
    rows=_ROWS,
    formula="GPU-hours down of the fleet ledger that began within an hour of a fatal fault of the machine, or of the "
            "end of the run that it ended",
)  # fmt: skip
FAULT_RATE = Figure(
    id="machine_fault_rate", label="Incidents a GPU-day", area="gpus", unit="1", rollup=Rollup.RATIO, rows=_ROWS,
    formula="posterior mean of a Gamma-Poisson model with its 90 % interval: incidents (fatal and degrading faults, "
            "ten minutes apart) ÷ GPU-days not down, shrunk towards the fleet's rate",
)  # fmt: skip
THROTTLED = Figure(
    id="run_throttled_share", label="Share of time clocks were held down", area="gpus", unit="1",
    rollup=Rollup.RATIO, rows=_ROWS,
    formula="Σ over hours and GPUs of a run: throttled share × time held ÷ Σ time held in hours that are measured",
)  # fmt: skip

FIGURES = (LOST_HOURS, LOST_COST, AT_MOST, DOWN, FAULT_RATE, THROTTLED)
