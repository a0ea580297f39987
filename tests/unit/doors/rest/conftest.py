"""The REST API over real keys, registry and ledger, with a log and an engine that are lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from starlette.applications import Starlette

from asgi_client import AsgiClient
from gates import open_gate
from trimtab.access.keys import KeyStore
from trimtab.access.room import AccessRoom
from trimtab.access.scope import Scope
from trimtab.accounts.room import AccountsRoom
from trimtab.base.clock import ManualClock
from trimtab.base.errors import TrimtabError
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, Policy, is_open
from trimtab.doors.rest.errors import answer_bug
from trimtab.doors.rest.routes import Dependencies, routes
from trimtab.doors.roles import Roles
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.money import Priced
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.sources import SourceLedger
from trimtab.kpis.hosts import HostSummary
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import Kind, MetricBatch
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import RawSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.notify.room import NotifyRoom
from trimtab.settings import Described, Settings
from trimtab.store.state.database import State
from trimtab.store.telemetry.batch import Appended


@dataclass
class FakeIngest:
    """Keeps what is written; repeats are known by their key."""

    batches: list[tuple[MetricBatch, str | None]] = field(default_factory=list)
    error: TrimtabError | None = None

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        if self.error is not None:
            raise self.error
        if key is not None and key in [known for _, known in self.batches]:
            return Appended(len(self.batches), duplicate=True)
        self.batches.append((batch, key))
        return Appended(len(self.batches), duplicate=False)


@dataclass
class FakeReader:
    """Answers every request with two points, and remembers what was asked."""

    asked: list[Any] = field(default_factory=list)
    waited: int = 0
    error: TrimtabError | None = None

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        if self.error is not None:
            raise self.error
        self.asked.append((scope, list(requests), start_ms, end_ms))
        values = np.array([1.5, np.nan])
        return [StatSeries(np.array([start_ms, start_ms + 1000], np.int64), values) for _ in requests]

    async def raw(self, scope: Scope, series_id: int, start_ms: int, end_ms: int) -> RawSeries:
        self.asked.append((scope, series_id, start_ms, end_ms))
        return RawSeries(Kind.EVENTS, np.array([start_ms], np.int64), np.array([2.0]), np.array([3.0]))

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        self.waited += 1
        return True


@dataclass
class Api:
    """The API and what stands behind it."""

    client: AsgiClient
    guarded: AsgiClient
    clock: ManualClock
    registry: SeriesRegistry
    reader: FakeReader
    ingest: FakeIngest
    ledger: SourceLedger
    keys: KeyStore
    access: AccessRoom
    checks: dict[str, Any]
    wiped: list[bool]


class NoPrices:
    """Nothing costs anything."""

    async def of(self, machines: Any, existing: Any, first: int, last: int) -> Priced:
        return Priced({}, {}, {}, {}, 0)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The whole REST API; `client` is the local operator, `guarded` needs a token."""
    clock, state = ManualClock(), State.open("", tmp_path)
    registry = SeriesRegistry(cast(Any, None), clock)  # nothing is loaded, so no engine is asked
    reader, ingest = FakeReader(), FakeIngest()
    ledger, access = SourceLedger(state, clock), AccessRoom.of(state, clock)
    keys = access.keys
    checks: dict[str, Any] = {}
    wiped: list[bool] = []

    async def hosts(scope: Scope, now_ms: int) -> list[HostSummary]:
        return [HostSummary("a", up=True, last_seen_ms=now_ms, first_seen_ms=0, cpu=0.25)]

    async def wipe() -> None:
        wiped.append(True)

    inventory = InventoryRoom.of(state, clock)
    needs = Dependencies(
        settings=Settings(),
        clock=clock,
        auth_required=False,
        access=access,
        registry=registry,
        reader=reader,
        ingest=ingest,
        ledger=ledger,
        notify=NotifyRoom.of(Settings(), state, clock),
        hosts=hosts,
        evaluator=Evaluator(reader, registry, clock, NoBands()),
        render_metrics=lambda whole: f"trimtab_up 1\ntrimtab_whole {whole:d}\n",
        checks=checks,
        describe_settings=lambda: [Described("TRIMTAB_X", "1", "0", "An x.", "environment")],
        wipe=wipe,
        inventory=inventory,
        hours=DirectLedger(FactsReader(reader, registry, inventory, None, clock), clock, cast(Any, NoPrices())),
        accounts=AccountsRoom.of(state, clock, inventory, cast(Any, None), cast(Any, None), open_gate()),
    )
    served = routes(needs)
    app = Starlette(routes=served, exception_handlers={Exception: answer_bug})
    client = AsgiClient(Front(app, Guard(Policy(), keys)))
    guarded = AsgiClient(Front(app, Guard(Policy(auth_required=True), keys, Roles(served, is_open))))
    yield Api(client, guarded, clock, registry, reader, ingest, ledger, keys, access, checks, wiped)
    state.close()
