"""What travels over `/rest/v1/batch-jobs`: jobs as their runners report them, and plans of jobs to come."""

from msgspec import Struct

from trimtab.batch.report import Report, Source

__all__ = ["Job", "Jobs", "Removed", "Report"]


class Job(Struct, frozen=True):
    """A job as the server keeps it. `cost` is the runner's, else from the list price of its instances."""

    account: str
    region: str
    source: Source
    updated_ms: int
    report: Report
    cost: str | None = None
    currency: str = ""
    cost_basis: str = ""
    stale: bool = False
    """Whether its runner has said nothing for a minute while the job was under way."""


class Jobs(Struct, frozen=True):
    """Jobs, the last begun first."""

    jobs: list[Job]


class Removed(Struct, frozen=True):
    """The id of what was deleted."""

    removed: str
