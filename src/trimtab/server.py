"""The server process: opens the stores, serves the doors and pages that `app.py` puts together, stops in order.

Run as `python -m trimtab.child trimtab.server` by the supervisor. It prints `ready URL` once it answers, and ends on
SIGTERM or when its standard input closes.
"""

import asyncio
import contextlib
import gc
import logging
import math
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import uvicorn
import uvloop

from trimtab import settings as settings_module
from trimtab.app import build_doors, jobs_of
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.connections import SWEEP_S, ConnectionLimits, Counts, protocol, sweep
from trimtab.doors.door_watch import Watched
from trimtab.egress.own import write_listening
from trimtab.jobs.anew import ANEW, Anew
from trimtab.jobs.ending import leave
from trimtab.jobs.heartbeat import beating, heartbeat
from trimtab.jobs.memory import MemoryWatch
from trimtab.jobs.periodic import Job, run_jobs
from trimtab.listen import bind
from trimtab.selfwatch import tell_damage
from trimtab.settings import OFF, Settings
from trimtab.store.telemetry.arrow import leave_pandas_out
from trimtab.stores import open_stores
from trimtab.supervisor import READY
from trimtab.wiring.forgetting import forget_at_start
from trimtab.wiring.report_rooms import report_rooms
from trimtab.wiring.rooms import build_rooms

logger = logging.getLogger(__name__)

_GC_THRESHOLDS = (50_000, 20, 50)  # the registry's millions of objects are no garbage: look at them less often
_SWITCH_S = 0.0005
"""How long a thread that decodes an answer may keep the interpreter from the event loop and the log: with the default
of 5 ms, 50 readers held writers up for seconds (`bench/bench_readers.py`); the switches themselves cost below 1 %."""
_DATE_S = 1.0  # how exact the date of an answer is
_CLOSE_S = 1.0
_ANSWER_S = 0.2  # for the answer that says that it will start anew
_GRACE_S = 1  # for requests under way at a stop: an acknowledgement takes milliseconds


class _Server(uvicorn.Server):
    """uvicorn, stopped by `serve` rather than by signals of its own, that says when it answers."""

    def __init__(self, config: uvicorn.Config, url: str, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._url = url
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell the supervisor."""
        await super().startup(sockets)
        print(READY, self._url, flush=True)  # noqa: T201 - the supervisor reads this line

    async def main_loop(self) -> None:
        """Keep the date of answers until the stop: uvicorn's own loop looks ten times a second whether to end."""
        stopping = asyncio.ensure_future(self._stop.wait())
        while not (await self.on_tick(0) or stopping.done()):
            await asyncio.wait((stopping,), timeout=_DATE_S)
        stopping.cancel()

    def sweeping(self) -> Job:
        """Closes connections past their limits."""

        async def look() -> None:
            sweep(self.server_state.connections, asyncio.get_running_loop().time())

        return Job("close idle and slow connections", SWEEP_S, look)


async def serve(settings: Settings) -> int:
    """Run the server until SIGTERM, the end of standard input, or until it is to start anew; its exit status."""
    clock = SystemClock()
    listeners = _listen(settings)
    async with beating():
        stores = await asyncio.to_thread(open_stores, settings, clock)
        await forget_at_start(settings, stores, clock)
    try:
        rooms = await build_rooms(settings, stores, clock)
        await rooms.ledger.load()
        tell_damage(stores.ingest_logs, rooms.ledger)
        reports = report_rooms(rooms)
        site, wires, ready = build_doors(rooms, reports)
        stop = asyncio.Event()
        server = _Server(_uvicorn_config(settings, site, rooms.closed), _url(settings, listeners[0]), stop)
        _stop_on_signal_or_eof(asyncio.get_running_loop(), server, stop)
        async with wires.open():
            await asyncio.to_thread(write_listening, settings.data_dir, listeners)
            leaving = asyncio.create_task(_end_when_asked(rooms.anew, server, stop))
            memory = MemoryWatch(settings.server_memory_mb, wires.press).job()
            own = [heartbeat(), memory, server.sweeping(), *wires.jobs(), *jobs_of(rooms, reports), ready]
            jobs = run_jobs(own, stop, rooms.reporting.book)
            await asyncio.gather(server.serve(sockets=listeners), jobs)
            leaving.cancel()
    finally:
        with contextlib.suppress(TimeoutError):  # an insert that takes longer is made again at the next start
            await asyncio.wait_for(asyncio.to_thread(stores.close), _CLOSE_S)
    return ANEW if rooms.anew.asked else 0


async def _serve_and_leave(settings: Settings) -> None:
    leave(await serve(settings))


async def _end_when_asked(anew: Anew, server: uvicorn.Server, stop: asyncio.Event) -> None:
    await anew.wait()
    await asyncio.sleep(_ANSWER_S)
    server.should_exit = True
    stop.set()


def _listen(settings: Settings) -> list[socket.socket]:
    listeners = [bind(settings.http_addr, "TRIMTAB_HTTP_ADDR")]
    if settings.otlp_http_addr != OFF:
        try:
            listeners.append(bind(settings.otlp_http_addr, "TRIMTAB_OTLP_HTTP_ADDR"))
        except SetupError as problem:  # a collector of the user's own often has that port; OTLP is on the main one too
            logger.warning("%s. OTLP is still accepted on the main address", problem)
    if settings.xray_udp_addr != OFF and not settings.xray_udp_addr.endswith(":0") and not settings.require_auth:
        try:
            listeners.append(bind(settings.xray_udp_addr, "TRIMTAB_XRAY_UDP_ADDR"))
        except SetupError as problem:  # a daemon of the user's own often has that port
            logger.warning("%s. Sampling rules are still told on the main address", problem)
    return listeners


def _uvicorn_config(settings: Settings, site: Watched, closed: Counts) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        http=protocol(ConnectionLimits.of(settings), closed),
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=math.ceil(settings.idle_timeout_s),
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )


def _stop_on_signal_or_eof(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, stop: asyncio.Event) -> None:
    def end() -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that live pages are cut off is no error now
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
    leave_pandas_out()
    try:
        settings = settings_module.load()
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        for chatty in ("alembic", "botocore", "httpx", "uvicorn"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        gc.set_threshold(*_GC_THRESHOLDS)
        sys.setswitchinterval(_SWITCH_S)
        uvloop.run(_serve_and_leave(settings))
    except TrimtabError as problem:
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the supervisor shows it
        return 1
    return 0
