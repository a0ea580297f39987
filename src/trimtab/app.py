"""The server: settings → stores → rooms → doors → jobs. The one place where the parts meet; read this first.

Run as `python -m trimtab.app` by the supervisor. It prints `ready URL` once it answers, and ends on SIGTERM or
when its standard input closes.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import uvicorn
import uvloop
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from trimtab import __version__
from trimtab import settings as settings_module
from trimtab.access.keys import KeyStore
from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.doors import login
from trimtab.doors.aws.cloudwatch import service as cloudwatch_service
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.gateway import Gateway, GatewayOptions, is_aws_request
from trimtab.doors.aws.sts import StsRooms
from trimtab.doors.aws.sts import operations as sts
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, policy_of
from trimtab.doors.otlp import http as otlp
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.prometheus import remote_write
from trimtab.doors.rest import routes as rest
from trimtab.doors.rest.errors import answer_bug
from trimtab.doors.writing import Writing
from trimtab.inventory.sources import SourceLedger
from trimtab.jobs.periodic import Job, run_jobs
from trimtab.kpis import hosts
from trimtab.listen import bind, check_exposure
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention
from trimtab.selfwatch import renderer
from trimtab.settings import OFF, Settings
from trimtab.store.telemetry.schema import TABLES
from trimtab.stores import Stores, open_stores
from trimtab.supervisor import READY
from trimtab.web import app as web
from trimtab.wires import Wires

logger = logging.getLogger(__name__)

_RESUME_S = 30.0  # how long a start waits for what a crash left in the log before it reads the series
_GC_THRESHOLDS = (50_000, 20, 50)  # the registry's millions of objects are no garbage: look at them less often
_KEEP_ALIVE_S = 75  # longer than botocore's and Prometheus's idle connections live


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms and what they stand on."""

    settings: Settings
    clock: Clock
    stores: Stores
    registry: SeriesRegistry
    reader: MetricReader
    ingest: MetricIngest
    ledger: SourceLedger
    keys: KeyStore
    auth_required: bool
    forget: list[Callable[[], None]] = field(default_factory=list)
    """Empties what the doors remember of series: called when everything is wiped."""


async def build_rooms(settings: Settings, stores: Stores, clock: Clock) -> Rooms:
    """Make the rooms over open stores."""
    await stores.log.settled(_RESUME_S)
    registry = SeriesRegistry(stores.telemetry, clock)
    await registry.load()
    gc.freeze()  # a large index never becomes garbage: later collections need not look at it again
    rollups = RollupChoice(stores.telemetry, clock, Retention.of(settings))
    return Rooms(
        settings=settings,
        clock=clock,
        stores=stores,
        registry=registry,
        reader=MetricReader(stores.telemetry, registry, stores.log, rollups),
        ingest=MetricIngest(stores.log, registry),
        ledger=SourceLedger(stores.state, clock),
        keys=KeyStore(stores.state, clock),
        auth_required=check_exposure(settings),
    )


def build_doors(rooms: Rooms) -> tuple[Front, Wires]:
    """The doors over the rooms: those of HTTP as one ASGI application, and the others."""
    guard = Guard(policy_of(rooms.settings), rooms.keys)
    writing = Writing(
        ingest=rooms.ingest,
        registry=rooms.registry,
        ledger=rooms.ledger,
        clock=rooms.clock,
        account=rooms.settings.account_id,
        region=rooms.settings.region,
        forget=rooms.forget,
    )
    intake = Intake(writing)
    pages = _web_state(rooms)
    routes: list[BaseRoute] = [
        *login.routes(rooms.keys, rooms.clock),
        *rest.routes(_rest_needs(rooms)),
        *otlp.routes(intake),
        *remote_write.routes(writing),
        *web.routes(pages),
    ]
    site = Starlette(routes=routes, exception_handlers={404: web.not_found(pages), Exception: answer_bug})
    front = Front(site, guard, aws=_gateway(rooms), is_aws=is_aws_request)
    return front, Wires(rooms.settings, writing, intake, guard)


def _gateway(rooms: Rooms) -> Gateway:
    parts = CloudWatchRooms(rooms.registry, rooms.ingest, rooms.reader, rooms.ledger, rooms.clock)
    rooms.forget.append(parts.ids.clear)
    services = (cloudwatch_service.build(parts), sts.bind(StsRooms()))
    own = rooms.settings
    return Gateway(GatewayOptions(services, rooms.keys, rooms.clock, own.account_id, own.region, rooms.auth_required))


def _rest_needs(rooms: Rooms) -> rest.Dependencies:
    async def read_hosts(scope: Scope, now_ms: int) -> list[hosts.HostSummary]:
        return await hosts.summaries(rooms.reader, rooms.registry, scope, now_ms)

    return rest.Dependencies(
        settings=rooms.settings,
        clock=rooms.clock,
        auth_required=rooms.auth_required,
        keys=rooms.keys,
        registry=rooms.registry,
        reader=rooms.reader,
        ingest=rooms.ingest,
        ledger=rooms.ledger,
        hosts=read_hosts,
        render_metrics=renderer(rooms.stores.log, rooms.registry, rooms.ledger),
        checks=_checks(rooms.stores),
        describe_settings=settings_module.describe,
        wipe=partial(_wipe, rooms) if rooms.settings.allow_reset and not rooms.auth_required else None,
    )


def _web_state(rooms: Rooms) -> web.WebState:
    return web.WebState(
        reader=rooms.reader,
        registry=rooms.registry,
        sources=rooms.ledger,
        keys=rooms.keys,
        settings=settings_module.describe(),
        clock=rooms.clock,
        version=__version__,
        region=rooms.settings.region,
    )


def _checks(stores: Stores) -> dict[str, Callable[[], Awaitable[None]]]:
    async def engine() -> None:
        await stores.telemetry.fetch("SELECT 1")

    async def state() -> None:
        await stores.state.run(lambda connection: connection.execute(select(1)))

    async def log() -> None:
        stores.log.check_room()

    return {"engine": engine, "state": state, "log": log}


async def _wipe(rooms: Rooms) -> None:
    """Empty every table and every memory of what was in them; for suites that run against a live server."""
    await rooms.stores.log.settled(_RESUME_S)
    await asyncio.to_thread(rooms.stores.telemetry.truncate, list(TABLES))
    await asyncio.to_thread(rooms.stores.state.wipe)
    for forget in (rooms.ledger.clear, rooms.registry.clear, *rooms.forget):
        forget()


def _jobs(rooms: Rooms) -> list[Job]:
    return [
        Job("save the ledger of sources", 10, rooms.ledger.flush, at_stop=True),
        Job("save when keys were used", 30, rooms.keys.flush, at_stop=True),
    ]


class _Server(uvicorn.Server):
    """uvicorn, stopped by `serve` rather than by signals of its own, that says when it answers."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell the supervisor."""
        await super().startup(sockets)
        print(READY, self._url, flush=True)  # noqa: T201 - the supervisor reads this line


async def serve(settings: Settings) -> None:
    """Run the server until SIGTERM or the end of standard input."""
    clock = SystemClock()
    listeners = _listen(settings)
    stores = await asyncio.to_thread(open_stores, settings, clock)
    try:
        rooms = await build_rooms(settings, stores, clock)
        await rooms.ledger.load()
        site, wires = build_doors(rooms)
        server = _Server(_uvicorn_config(settings, site), _url(settings, listeners[0]))
        stop = asyncio.Event()
        _stop_on_signal_or_eof(asyncio.get_running_loop(), server, stop)
        async with wires.open():
            jobs = run_jobs([*wires.jobs(), *_jobs(rooms)], stop)
            await asyncio.gather(server.serve(sockets=listeners), jobs)
    finally:
        await asyncio.to_thread(stores.close)


def _listen(settings: Settings) -> list[socket.socket]:
    listeners = [bind(settings.http_addr, "TRIMTAB_HTTP_ADDR")]
    if settings.otlp_http_addr != OFF:
        try:
            listeners.append(bind(settings.otlp_http_addr, "TRIMTAB_OTLP_HTTP_ADDR"))
        except SetupError as problem:  # a collector of the user's own often has that port; OTLP is on the main one too
            logger.warning("%s. OTLP is still accepted on the main address", problem)
    return listeners


def _uvicorn_config(settings: Settings, site: Front) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )


def _stop_on_signal_or_eof(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, stop: asyncio.Event) -> None:
    def end() -> None:
        server.should_exit = True
        stop.set()

    def wait_for_parent() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock, held here, would fail the interpreter's own end
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(end)

    loop.add_signal_handler(signal.SIGTERM, end)
    threading.Thread(target=wait_for_parent, daemon=True).start()


def _url(settings: Settings, listener: socket.socket) -> str:
    host, port = settings.http_addr.rpartition(":")[0], listener.getsockname()[1]
    shown = socket.gethostname() if host in ("0.0.0.0", "[::]") else host  # noqa: S104 - compared, not bound
    return f"{'https' if settings.tls_cert else 'http'}://{shown}:{port}"


def main() -> int:
    """Entry point of the server process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor ends us in order
    try:
        settings = settings_module.load()
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        for chatty in ("alembic", "uvicorn"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        gc.set_threshold(*_GC_THRESHOLDS)
        uvloop.run(serve(settings))
    except TrimtabError as problem:
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the supervisor shows it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
