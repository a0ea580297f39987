"""The figures of what a run has done: how far it is, how well it used its accelerators, and the energy it took."""

from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.basis import Basis

_SPAN = "the whole life of the run"

STEP = Figure(
    id="run_step", label="Step", area="runs", unit="1", rollup=Rollup.NEWEST, rows="/runs", span=_SPAN,
    formula="the step that training has got to, as its log lines, its metrics, a callback or an import told it last",
)  # fmt: skip
TOKENS = Figure(
    id="run_tokens_per_s", label="Tokens/s", area="runs", unit="1/s", rollup=Rollup.RATIO, rows="/runs", span=_SPAN,
    formula="tokens trained ÷ seconds of training; evaluation, checkpoints, start-up and what was trained twice are "
    "left out",
)  # fmt: skip
MFU = Figure(
    id="run_mfu", label="MFU", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs", span=_SPAN,
    formula="k · N · T ÷ (seconds of training × accelerators × peak): k 6 FLOPs a parameter and token (4 with frozen "
    "weights), N parameters, T tokens, peak the dense FLOP/s of the data sheet in the precision",
)  # fmt: skip
GOODPUT = Figure(
    id="run_goodput", label="Goodput", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs", span=_SPAN,
    formula="training of steps that nothing before had done already, by what the program says, ÷ held GPU-hours; the "
    "productive share of *What its GPUs did* is another figure: by the signals of the GPUs, of what is known",
)  # fmt: skip
RESTARTS = Figure(
    id="run_restarts", label="Restarts", area="runs", unit="1", rollup=Rollup.SUM, rows="/runs", span=_SPAN,
    formula="times that training began again, by its own word or because its step went back; lost are the steps that "
    "it had done after the checkpoint from which it went on",
)  # fmt: skip
ENERGY = Figure(
    id="run_energy_kwh", label="Energy", area="runs", unit="kWh", rollup=Rollup.SUM, rows="/runs", span=_SPAN,
    formula="growth of its GPUs' energy counters while it held them, else their power by the trapezoid rule; without "
    "hosts and cooling",
)  # fmt: skip
SLOW_RANK_HOURS = Figure(
    id="run_slow_rank_hours", label="Lost to a slow rank", area="runs", unit="h", rollup=Rollup.SUM, rows="/runs",
    span=_SPAN,
    formula="its GPU-hours in which the step times of its ranks were compared × the share by which steps would be "
    "shorter if the slowest rank took the median of the others; 0 where no rank is the slowest in half of them. They "
    "are in the phase *waiting for a straggler*, and in no other",
)  # fmt: skip
SLOW_RANK_COST = Figure(
    id="run_slow_rank_cost", label="Cost of a slow rank", area="runs", unit="$", rollup=Rollup.SUM, rows="/runs",
    span=_SPAN, basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × GPU-hours lost to a slow rank ÷ GPU-hours held",
)  # fmt: skip

FIGURES = (STEP, TOKENS, MFU, GOODPUT, RESTARTS, ENERGY, SLOW_RANK_HOURS, SLOW_RANK_COST)
