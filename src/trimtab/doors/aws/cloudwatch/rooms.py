"""What CloudWatch's operations need, and the registry that they join."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import Clock
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.aws.cloudwatch.series_ids import SeriesIds
from trimtab.doors.aws.service import Operations
from trimtab.doors.aws.wire.constraints import plain
from trimtab.logs.contributors.room import ContributorsRoom
from trimtab.metric_streams.room import StreamsRoom
from trimtab.metrics.admission import Admission
from trimtab.metrics.expressions.model import EvaluationJob, Result
from trimtab.metrics.model import Identity, MetricBatch, Series, SeriesQuery
from trimtab.metrics.read import StatRequest, StatSeries
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.store.telemetry.batch import Appended

DOOR = "cloudwatch"
"""The door's name in the ledger of sources."""
BODY_LIMIT = 1 << 20
"""Bytes a request may have, decompressed: PutMetricData's documented 1 MB."""


class Registry(Protocol):
    """`metrics.registry.SeriesRegistry`, as far as it is used here."""

    admission: Admission
    """Says what a new series may be."""

    def admit(self, identities: Iterable[Identity]) -> None:
        """Check that all may be added, before one is."""
        ...

    def add(self, identity: Identity) -> int:
        """The id of a series, known or new."""
        ...

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class Ingest(Protocol):
    """`metrics.ingest.MetricIngest`."""

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        """Make a batch durable."""
        ...


class Reader(Protocol):
    """`metrics.read.MetricReader`, as far as it is used here."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """One statistic a request, by period."""
        ...

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        """Wait, for a while, until what was written before is readable."""
        ...


class Evaluator(Protocol):
    """`metrics.expressions.evaluate.Evaluator`, as far as it is used here."""

    async def evaluate_many(
        self, scope: Scope, jobs: Sequence[EvaluationJob], linked: Scope | None = None
    ) -> list[list[Result]]:
        """The results of lists of metric data queries."""
        ...


class Ledger(Protocol):
    """`inventory.sources.SourceLedger`, as far as it is used here."""

    def accepted(self, door: str, name: str, account: str, region: str, rows: int, bytes_: int) -> None:
        """Rows of a source were taken."""
        ...

    def rejected(self, door: str, name: str, account: str, region: str, reason: str, example: str, rows: int) -> None:
        """Rows of a source were refused."""
        ...


class Tagged(Protocol):
    """The resources of CloudWatch that can carry tags (alarms, dashboards, rules), by ARN."""

    async def exists(self, arn: str) -> bool:
        """Whether the resource exists."""
        ...

    async def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource."""
        ...

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace the values of those that are there."""
        ...

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key."""
        ...


class NothingTagged:
    """No resource exists yet: alarms, dashboards and rules bring their own `Tagged` with them."""

    async def exists(self, arn: str) -> bool:
        """Never."""
        return False

    async def tags(self, arn: str) -> Mapping[str, str]:
        """None."""
        return {}

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Unreachable: `exists` is asked first."""

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Unreachable: `exists` is asked first."""


class CloudWatchRooms(Struct, frozen=True):
    """What the operations are given."""

    registry: Registry
    ingest: Ingest
    reader: Reader
    ledger: Ledger
    clock: Clock
    evaluator: Evaluator
    tagged: Tagged = field(default_factory=NothingTagged)
    ids: SeriesIds = field(default_factory=SeriesIds)
    dashboards: DashboardRoom | None = None
    """None where a server has none: tests of other operations."""
    alarms: AlarmRoom | None = None
    """The same."""
    detectors: DetectorRoom | None = None
    """The same."""
    contributors: ContributorsRoom | None = None
    """The same."""
    streams: StreamsRoom | None = None
    """The same."""


operations: Operations[CloudWatchRooms] = Operations("cloudwatch", plain, body_limit=BODY_LIMIT)
"""CloudWatch's operations; importing an operation's file adds it (`service.py` imports them all)."""
