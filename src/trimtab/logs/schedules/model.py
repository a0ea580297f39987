"""Words of scheduled queries."""

from enum import StrEnum

from msgspec import Struct

from trimtab.base.partitions import partition_of

FINISHED = "logs.query_finished"
"""The kind of the event that tells of a run that ended; the subject is the query's ARN."""
DEFAULT_SPAN_S = 3600
"""How far back a query reads that names no start: an hour before its run."""


class Status(StrEnum):
    """What became of a run, by CloudWatch Logs' names."""

    RUNNING = "Running"
    INVALID = "InvalidQuery"
    COMPLETE = "Complete"
    FAILED = "Failed"
    TIMEOUT = "Timeout"


class Delivery(StrEnum):
    """How far a run's result is on its way to the destination."""

    NONE = ""
    IN_PROGRESS = "IN_PROGRESS"
    CLIENT_ERROR = "CLIENT_ERROR"
    FAILED = "FAILED"
    COMPLETE = "COMPLETE"


class ScheduledQuery(Struct, frozen=True):
    """A query with its schedule. A run at T reads `[T - start_offset_s, T - end_offset_s)`.

    `destination` is empty (results are kept), a URL, the ARN of a log group, `s3://bucket/prefix`, `folder:name` or
    `lookup:table`. `next_ms` is when it is due; None where it is disabled or never due again.
    """

    id: str
    account: str
    region: str
    name: str
    query: str
    groups: tuple[str, ...]
    expression: str
    zone: str = "UTC"
    description: str = ""
    language: str = "CWLI"
    start_offset_s: int = DEFAULT_SPAN_S
    end_offset_s: int = 0
    destination: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    role: str = ""
    enabled: bool = True
    created_ms: int = 0
    updated_ms: int = 0
    next_ms: int | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:scheduled-query:{self.id}"


class Run(Struct, frozen=True):
    """One run. `result` is a packed `{"columns": […], "rows": [[…]]}`, empty where there is none (see `result.py`)."""

    id: str
    query: str
    triggered_ms: int
    status: Status
    error: str = ""
    rows: int = 0
    delivery: Delivery = Delivery.NONE
    delivered_to: str = ""
    delivery_error: str = ""
