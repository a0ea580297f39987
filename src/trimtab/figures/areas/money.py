"""The figures of money that the overview and pages of the fleet show: each with its basis."""

from trimtab.figures.model import BASES, Figure, Rollup
from trimtab.fleet.basis import Basis

_LIFE = "the range that is chosen, in lists; the whole life of the run, on its own page"

MONTH = Figure(
    id="month_to_date", label="This month’s $", area="money", unit="$", rollup=Rollup.SUM, basis=Basis.BILLED.value,
    formula="Σ of the bill's lines of the running month in the accounts that are seen; the live estimate of days that "
            "no bill has yet is told beside it, not in it",
    span="the running month until the bill's last day, whatever range is chosen; the last billed month where the "
         "running one has no line",
    rows="/costs", aliases=("Month’s $",),
)  # fmt: skip
GPU_TIME = Figure(
    id="gpu_time_cost", label="GPU time $", area="money", unit="$", rollup=Rollup.SUM, basis=BASES, rows="/teams",
    formula="Σ over machines and days: what the bill's lines of the machine's day say (else the live estimate, else an "
            "own rate or the list price) × the group's part of the time that the machine existed that day",
)  # fmt: skip
IDLE = Figure(
    id="idle_cost", label="Idle $", area="money", unit="$", rollup=Rollup.SUM, basis=BASES, rows="/hosts?show=gpus",
    formula="Σ over machines, days and holders: GPU time $ × (1 where it was free; inactive ÷ held where it was held)",
)  # fmt: skip
PER_EXISTING = Figure(
    id="cost_per_gpu_hour_existing", label="$ per GPU-hour existing", area="money", unit="$", rollup=Rollup.RATIO,
    basis=BASES, rows="/unit-costs", formula="GPU time $ ÷ GPU-hours existing",
)  # fmt: skip
PER_HELD = Figure(
    id="cost_per_gpu_hour_held", label="$ per GPU-hour held", area="money", unit="$", rollup=Rollup.RATIO,
    basis=BASES, rows="/unit-costs", formula="GPU time $ of what the team held ÷ GPU-hours that it held",
)  # fmt: skip
PER_ACTIVE = Figure(
    id="cost_per_gpu_hour_active", label="$ per GPU-hour active", area="money", unit="$", rollup=Rollup.RATIO,
    basis=BASES, rows="/unit-costs", formula="GPU time $ ÷ GPU-hours active: idleness makes it dearer",
)  # fmt: skip
RUN_COST = Figure(
    id="run_cost", label="Cost of runs", area="money", unit="$", rollup=Rollup.SUM, basis=Basis.NET_AMORTISED.value,
    span=_LIFE, rows="/runs",
    formula="Σ over machines and days: cost of the machine's day × the run's part of the time that the machine existed",
)  # fmt: skip
TRAINING_COST = Figure(
    id="training_cost", label="Cost of training runs", area="money", unit="$", rollup=Rollup.SUM,
    basis=Basis.NET_AMORTISED.value, rows="/unit-costs?tab=runs",
    formula="Cost of runs that are jobs which end: without pods of services and workplaces",
)  # fmt: skip
COULD_BE_SAVED = Figure(
    id="run_losses", label="Could be saved", area="money", unit="$", rollup=Rollup.SUM, span=_LIFE, rows="/runs",
    basis=Basis.NET_AMORTISED.value,
    formula="Σ over runs: cost of the run × GPU-hours of its largest loss ÷ GPU-hours that it held",
    aliases=("Largest loss",),
)  # fmt: skip
TODAY = Figure(
    id="cost_today", label="Today so far", area="money", unit="$", rollup=Rollup.SUM, basis=Basis.BILLED.value,
    formula="live estimate: use since midnight UTC × what the last billed hours of the same thing cost",
    span="today, UTC, whatever range is chosen", rows="/costs",
)  # fmt: skip
FIGURES = (MONTH, GPU_TIME, IDLE, PER_EXISTING, PER_HELD, PER_ACTIVE, RUN_COST, TRAINING_COST, COULD_BE_SAVED, TODAY)
