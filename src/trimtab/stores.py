"""Opens the stores of a process in the right order, and closes them in the reverse one."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from sqlalchemy import select

from trimtab.alarms.lateness import late_ms
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError, Unavailable
from trimtab.jobs.lock import renewed_ms
from trimtab.metrics.rollups.marks import ended
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.store.state.portable import staged
from trimtab.store.telemetry.client import (
    NONE,
    ReadLimits,
    Telemetry,
    embedded_endpoint,
    server_endpoint,
)
from trimtab.store.telemetry.cluster_check import check_layout
from trimtab.store.telemetry.cold import store_cold
from trimtab.store.telemetry.log import IngestLog, LogLimits
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.records import Columns
from trimtab.store.telemetry.removal import keep_old_parts
from trimtab.store.telemetry.schema import METRIC_ROLLUP_MARKS, Layout, Table


class Stores(Struct, frozen=True):
    """The state database, the telemetry engine, and the write-ahead logs in front of it: `log` is that of metrics."""

    state: State
    telemetry: Telemetry
    log: IngestLog
    logs: IngestLog
    traces: IngestLog
    audit: IngestLog

    @property
    def ingest_logs(self) -> tuple[IngestLog, ...]:
        """Every log in front of the engine."""
        return self.log, self.logs, self.traces, self.audit

    async def settled(self, timeout_s: float) -> None:
        """Wait until the engine has what the logs hold now, as far as that takes no longer than `timeout_s`."""
        await asyncio.gather(*(log.settled(timeout_s) for log in self.ingest_logs))

    def close(self) -> None:
        """Flush the logs into the engine, side by side and as far as that is quick, then let go of everything."""
        with ThreadPoolExecutor(len(self.ingest_logs)) as pool:
            list(pool.map(lambda log: log.close(), self.ingest_logs))
        self.telemetry.close()
        self.state.close()


def open_stores(settings: Settings, clock: Clock) -> Stores:
    """Open the stores, migrate both schemas, and resume what a crash left in the log. Raises SetupError."""
    state = State.open(settings.state_url, settings.data_dir, settings.state_key_file)
    staged.take(state, settings.data_dir)
    telemetry = open_telemetry(settings)
    check_layout(telemetry)
    keep_old_parts(telemetry)
    migrate(telemetry)
    store_cold(telemetry, settings.clickhouse_storage_policy, settings.clickhouse_cold_days)

    limits = LogLimits(settings.wal_limit_mb << 20, settings.disk_reserve_mb << 20)
    opened = [
        IngestLog(settings.data_dir / "log" / signal, _Engine(telemetry, clock), clock, limits)
        for signal in ("metrics", "logs", "traces", "audit")
    ]
    for log in opened:
        log.open()
    return Stores(state, telemetry, *opened)


JOBS = "jobs"
"""The lock that the process of periodic jobs holds."""
SILENT_MS = 25_000
"""The jobs process renews its lock every ten seconds."""
_START_MS = 120_000
_UNEVALUATED_MS = 60_000
"""Alarms are evaluated every ten seconds, and every minute: later than this no load explains."""


def checks_of(stores: Stores, clock: Clock) -> dict[str, Callable[[], Awaitable[None]]]:
    """What must answer for the server to be ready, by name; each raises a TrimtabError where it does not."""

    async def engine() -> None:
        await stores.telemetry.fetch("SELECT 1")

    async def state() -> None:
        await stores.state.read(lambda connection: connection.execute(select(1)))

    async def log() -> None:
        for one in stores.ingest_logs:
            await asyncio.to_thread(one.check)

    begun_ms = clock.now_ms()

    async def jobs() -> None:
        seen_ms, now_ms = await renewed_ms(stores.state, JOBS), clock.now_ms()
        if now_ms > max((seen_ms or 0) + SILENT_MS, begun_ms + _START_MS):
            seen = "was never seen" if seen_ms is None else f"was last seen {(now_ms - seen_ms) / 1000:.0f} s ago"
            raise Unavailable(f"the jobs process {seen}: alarms are not evaluated and nothing is rolled up")

    async def alarms() -> None:
        now_ms = clock.now_ms()
        late = await late_ms(stores.state, now_ms)
        if now_ms > begun_ms + _START_MS and (late is None or late > _UNEVALUATED_MS):
            overdue = (
                "alarms were never evaluated" if late is None else f"alarms are evaluated {late / 1000:.0f} s late"
            )
            raise Unavailable(overdue)

    return {"engine": engine, "state": state, "log": log, "jobs": jobs, "alarms": alarms}


class _Engine:
    """The engine as the log's drain sees it."""

    def __init__(self, telemetry: Telemetry, clock: Clock) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self.arrived = telemetry.arrived

    def insert(
        self, table: Table, rows: bytes, token: str, block: int = 0, arrived: frozenset[int] = NONE,
        columns: Columns | None = None,
    ) -> None:  # fmt: skip
        """Insert a block; of the marks of rolled-up hours only those of hours that have ended."""
        if table is METRIC_ROLLUP_MARKS:
            rows = ended(rows, self._clock.now_ms())
        if rows:
            self._telemetry.insert(table, rows, token, block, arrived, columns)


def open_telemetry(settings: Settings) -> Telemetry:
    """The reading side alone: for the command line and notebooks beside a running server. Raises SetupError."""
    if settings.clickhouse_url:
        at = server_endpoint(settings.clickhouse_url)
        layout = Layout.CLUSTER if settings.clickhouse_cluster else Layout.SERVER
        return Telemetry(lambda: at, _limits(settings), layout, settings.clickhouse_cluster)
    for name in ("clickhouse_cluster", "clickhouse_storage_policy"):
        if value := getattr(settings, name):
            raise SetupError(
                f"cannot use TRIMTAB_{name.upper()}={value}: TRIMTAB_CLICKHOUSE_URL is empty; expected the address "
                "of a ClickHouse server; try TRIMTAB_CLICKHOUSE_URL=http://user:password@host:8123/trimtab"
            )
    return Telemetry(lambda: embedded_endpoint(settings.data_dir / "engine"), _limits(settings))


def _limits(settings: Settings) -> ReadLimits:
    return ReadLimits(settings.query_timeout_s, settings.engine_memory_mb // 2, settings.engine_threads)
