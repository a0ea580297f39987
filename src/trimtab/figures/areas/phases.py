"""The figures of what held GPUs did: hours and money by phase, as several of their signals together tell."""

from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.basis import Basis

PHASE_HOURS = Figure(
    id="phase_gpu_hours", label="GPU-hours by phase", area="runs", unit="h", rollup=Rollup.SUM, rows="/runs",
    formula="Σ over runs and their GPUs: the time held in the phase, by activity, tensor and memory pipes, links and "
    "power together and by what the run says; what they do not tell is unknown; all phases together are the hours held",
)  # fmt: skip
PHASE_COST = Figure(
    id="phase_cost", label="Cost by phase", area="runs", unit="$", rollup=Rollup.SUM, rows="/runs",
    basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × its GPU-hours in the phase ÷ GPU-hours held",
)  # fmt: skip
PRODUCTIVE_SHARE = Figure(
    id="run_productive_share", label="Productive by signals", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs",
    formula="GPU-hours in the phase productive ÷ GPU-hours in any phase but unknown, by the signals of the GPUs; "
    "goodput is another figure: by what the program says of its steps, of all hours held",
)  # fmt: skip

FIGURES = (PHASE_HOURS, PHASE_COST, PRODUCTIVE_SHARE)
