"""The figures of batch jobs. What they read is a KPI of the range (`records`)."""

from trimtab.figures.model import NOW, Figure, Rollup

_JOBS = "the whole life of the jobs that ran at any time of the range"

RUNNING = Figure(
    id="batch_running", label="Jobs running", area="batch jobs", unit="1", rollup=Rollup.SUM, span=NOW, rows="/batch",
    formula="batch jobs in progress that reported lately",
)  # fmt: skip
THROUGHPUT = Figure(
    id="batch_records_per_s", label="Batch throughput", area="batch jobs", unit="1/s", rollup=Rollup.SUM, span=NOW,
    rows="/batch", formula="records a second, Σ over batch jobs that run, each as its last report says",
)  # fmt: skip
LEFT = Figure(
    id="batch_left", label="Time left", area="batch jobs", unit="s", rollup=Rollup.WHOLE, span=NOW, rows="/batch",
    formula="of the batch job that runs longest from now: its input left ÷ its throughput",
)  # fmt: skip
RECORDS = Figure(
    id="batch_records", label="Records done", area="batch jobs", unit="1", rollup=Rollup.SUM, span=_JOBS,
    rows="/batch", formula="Σ over batch jobs: records that were read, those that failed with them",
)  # fmt: skip
COST = Figure(
    id="batch_cost", label="Cost of batch jobs", area="batch jobs", unit="$", rollup=Rollup.SUM, span=_JOBS,
    basis="what the job's runner says, else the list price of its machines", rows="/batch",
    formula="Σ over batch jobs: what the runner says, else hours × machines × list price; those without are named",
)  # fmt: skip
FAILED = Figure(
    id="batch_failed", label="Failed jobs", area="batch jobs", unit="1", rollup=Rollup.SUM, rows="/batch",
    formula="batch jobs of the range that ended as failed",
)  # fmt: skip

FIGURES = (RUNNING, THROUGHPUT, LEFT, RECORDS, COST, FAILED)
