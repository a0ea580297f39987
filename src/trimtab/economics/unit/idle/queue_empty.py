"""Queue empty: GPUs that nobody held while no run waited that could have used them.

Evidence: the cluster's scheduler is known, and in the hour no run of it was waiting.
"""

from collections.abc import Sequence

from trimtab.inventory.runs.model import Run

_HOUR_MS = 3_600_000


def empty_hours(runs: Sequence[Run], cluster: tuple[str, str], start_ms: int, end_ms: int) -> float:
    """The share of the hours of a range in which no run of a cluster (account, name) waited."""
    waits = [
        (run.submit_ms, run.start_ms if run.start_ms is not None else run.end_ms or end_ms)
        for run in runs
        if (run.key.account, run.key.cluster) == cluster and run.gpus > 0
    ]
    hours = range(start_ms, end_ms, _HOUR_MS)
    empty = sum(not any(begin < at + _HOUR_MS and end > at for begin, end in waits) for at in hours)
    return empty / len(hours) if len(hours) else 0.0
