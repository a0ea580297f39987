"""The figures of training profiles: where the time of a run's GPUs went, and what that cost."""

from trimtab.figures.model import Figure, Rollup
from trimtab.fleet.basis import Basis

_SPAN = "the steps that were profiled"

USE_SHARE = Figure(
    id="profile_use_share", label="Share of GPU time", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs",
    span=_SPAN,
    formula="Σ over profiled GPUs: time in the use ÷ Σ window (first GPU event to the end of the last); compute comes "
            "first, then communication and then copies that nothing hides, and the rest is idle",
)  # fmt: skip
USE_COST = Figure(
    id="profile_use_cost", label="Cost of GPU time", area="runs", unit="$", rollup=Rollup.SUM, rows="/runs", span=_SPAN,
    basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × share of GPU time; of one GPU: ÷ GPUs of the run",
)  # fmt: skip
HIDDEN = Figure(
    id="profile_hidden_share", label="Communication hidden", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs",
    span=_SPAN, formula="communication while something computes ÷ communication",
)  # fmt: skip
KERNEL_COST = Figure(
    id="profile_kernel_cost", label="Cost of kernels", area="runs", unit="$", rollup=Rollup.SUM, rows="/runs",
    span=_SPAN, basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × Σ durations of the kernel ÷ Σ window; kernels side by side count in full",
)  # fmt: skip
STRAGGLER_COST = Figure(
    id="straggler_cost", label="Cost of stragglers", area="runs", unit="$", rollup=Rollup.SUM, rows="/runs",
    span=_SPAN, basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × (1 − ideal step ÷ step as it was, both simulated without launch delays)",
)  # fmt: skip

FIGURES = (USE_SHARE, USE_COST, HIDDEN, KERNEL_COST, STRAGGLER_COST)
