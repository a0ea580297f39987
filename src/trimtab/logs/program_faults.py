"""What lines of training programs tell of collectives, the fabric and data loaders becomes a metric, by whatever door.

`training.faults` counts lines by machine, run and trouble (`error.type`: `collective timeout`, `too few loader
workers`; `error.detail`: `ALLREDUCE`, `status 12, transport retries exceeded`).
"""

from collections import Counter
from collections.abc import Sequence

from trimtab.base.tags import Tags, make_tags
from trimtab.gpu_faults.program_lines import Trouble, classify
from trimtab.logs.filters.emission import Emit, Measured
from trimtab.logs.jobs_named import job_of
from trimtab.logs.kernel_faults import NAMESPACE, host_of
from trimtab.logs.model import LogBatch, LogEvent

COUNT = "training.faults"
_MOST_DETAIL = 80


class ProgramFaults:
    """A tap of the ingest, for lines with one of `program_lines.WORDS`."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Emit what the lines of `batches` tell. Raises what the port raises."""
        counted: Counter[tuple[str, str, Tags, int]] = Counter()
        for batch in batches:
            for event in batch.events:
                line = classify(event.message)
                if line is not None:
                    tags = _tags(line.trouble, line.detail, event, batch)
                    counted[batch.group.account, batch.group.region, tags, event.time_ms] += 1
        if counted:
            await self._emit([_measured(*point, count) for point, count in counted.items()])


def _tags(trouble: Trouble, detail: str, event: LogEvent, batch: LogBatch) -> Tags:
    about = {
        "host.name": host_of(event, batch.stream.name),
        "slurm.job.id": job_of(event, batch.stream.name),
        "error.type": trouble.value,
        "error.detail": detail[:_MOST_DETAIL],
    }
    return make_tags({name: value for name, value in about.items() if value})


def _measured(account: str, region: str, tags: Tags, time_ms: int, count: int) -> Measured:
    return Measured(account, region, NAMESPACE, COUNT, "Count", tags, time_ms, 1.0, count)
