"""The figures of runs and of who waits, and the GPUs that workloads hold."""

from trimtab.figures.model import Figure, Rollup

RUNS = Figure(
    id="runs", label="Runs", area="runs", unit="1", rollup=Rollup.SUM, rows="/runs",
    formula="runs that waited or ran at any time of the range",
)  # fmt: skip
RUNNING = Figure(
    id="runs_running", label="Running", area="runs", unit="1", rollup=Rollup.SUM, rows="/runs",
    span="the end of the range", formula="runs that had started and not ended",
)  # fmt: skip
PENDING = Figure(
    id="pending_gpu_hours", label="Waited for", area="runs", unit="h", rollup=Rollup.SUM, rows="/runs",
    formula="Σ over runs: GPUs asked for × time pending within the range",
)  # fmt: skip
WAIT_P95 = Figure(
    id="wait_p95", label="Slowest wait, p95", area="runs", unit="s", rollup=Rollup.WHOLE, rows="/runs",
    formula="of the team and reason that waited longest: p95 of submission to start of runs that started",
)  # fmt: skip
WAITED = Figure(
    id="run_wait", label="Waited", area="runs", unit="s", rollup=Rollup.WHOLE, rows="/runs",
    span="the whole life of the run", formula="from submission to start, until now where it has not started",
)  # fmt: skip
ACTIVE = Figure(
    id="run_active_share", label="Active", area="runs", unit="1", rollup=Rollup.RATIO, rows="/runs",
    formula="active ÷ held, of the hours whose activity is measured",
    span="the range that is chosen, in lists; the whole life of the run, on its own page",
)  # fmt: skip
GPUS_HELD = Figure(
    id="gpus_held", label="GPUs", area="endpoints", unit="1", rollup=Rollup.SUM, rows="/hosts?show=gpus",
    span="the end of the range", formula="GPUs that the group's workloads hold",
)  # fmt: skip

FIGURES = (RUNS, RUNNING, PENDING, WAIT_P95, WAITED, ACTIVE, GPUS_HELD)
