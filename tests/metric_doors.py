"""A door that takes metrics, over a real registry and ledger and a log that keeps what it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi_client import AsgiClient
from trimtab.access.principal import LOCAL_OPERATOR, Principal
from trimtab.base.clock import ManualClock
from trimtab.doors.writing import Writing
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.admission import SeriesLimits
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, Identity, Rows
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.batch import Appended, Section

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Log:
    """Keeps what is appended."""

    failure: Exception | None = None
    batches: list[list[Section]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def append(self, sections: Sequence[Section], key: str | None = None) -> Appended:
        if self.failure:
            raise self.failure
        duplicate = key is not None and key in self.keys
        if not duplicate:
            self.keys.append(key)
            # Which hours are to be rolled up is the metrics room's own note, not the door's.
            self.batches.append([section for section in sections if section.table != "metric_rollup_marks"])
        return Appended(len(self.batches), duplicate)


@dataclass
class MetricDoor:
    """A client of the door, and what is behind it."""

    client: AsgiClient
    log: Log
    registry: SeriesRegistry
    ledger: SourceLedger
    clock: ManualClock
    writing: Writing

    def rows(self, table: str, dtype: np.dtype[np.void]) -> list[Rows]:
        """The rows of a table, one array a section, in the order stored."""
        sections = [section for batch in self.log.batches for section in batch if section.table == table]
        return [np.frombuffer(section.body, dtype) for section in sections]

    def samples(self) -> list[tuple[Identity, int, float]]:
        """Every sample stored, in order."""
        return [
            (self.identity(series), time, value)
            for rows in self.rows("metric_samples", SAMPLE_ROW)
            for series, time, value in rows.tolist()
        ]

    def values(self) -> list[tuple[Identity, int, float, float]]:
        """Every value stored, in order."""
        return [
            (self.identity(series), time, value, count)
            for rows in self.rows("metric_values", VALUE_ROW)
            for series, time, value, count in rows.tolist()
        ]

    def identity(self, series: int) -> Identity:
        """The identity of a series, which must be known."""
        known = self.registry.get(series)
        assert known is not None
        return known.identity


def make_door(
    routes: Callable[[Writing], list[BaseRoute]],
    state: State,
    principal: Principal = LOCAL_OPERATOR,
    limits: SeriesLimits | None = None,
) -> MetricDoor:
    """A door over `state`, for requests of `principal`."""
    clock, log = ManualClock(), Log()
    registry = SeriesRegistry(None, clock, limits)  # type: ignore[arg-type]  # nothing is read
    ledger = SourceLedger(state, clock)
    ingest = MetricIngest(log, registry)  # type: ignore[arg-type]  # as far as it is used
    writing = Writing(ingest, registry, ledger, clock, ACCOUNT, REGION)
    app = _let_in(Starlette(routes=routes(writing)), principal)
    return MetricDoor(AsgiClient(app), log, registry, ledger, clock, writing)


def _let_in(app: ASGIApp, principal: Principal) -> ASGIApp:
    """What doors.front does for a caller that may pass."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = principal
        await app(scope, receive, send)

    return wrapped
