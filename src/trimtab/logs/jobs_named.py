"""The job that a log line is of, as its attributes or the name of its file say."""

import re

from trimtab.logs.model import LogEvent

JOB_KEYS = (
    "hpc_job",
    "slurm_job_id",
    "slurm.job.id",
    "exported_job_id",
    "jobid",
    "SLURM_JOB_ID",
    "job_id",
    "trimtab.run",
)
FILE_KEYS = ("log.file.path", "log.file.name", "file", "filename")
JOB_IN_NAME = re.compile(r"(?:slurm|job|log|out)[-_.](\d{2,})(?:[-_.]\d+)*\.(?:out|err|log|txt)\b", re.IGNORECASE)
"""The number in `slurm-48213.out`, `job-48213.log`."""


def job_of(event: LogEvent, stream: str) -> str:
    """The job; "" where nothing says it."""
    named = next((event.attributes[key] for key in JOB_KEYS if event.attributes.get(key)), "")
    files = (*(event.attributes.get(key, "") for key in FILE_KEYS), stream)
    return named or next((found[1] for name in files if name and (found := JOB_IN_NAME.search(name))), "")
