"""The doors that are not HTTP: OTLP over gRPC, the embedded metric format, StatsD, syslog, the X-Ray daemon's port.

None of them is needed to run: a port that another process has is a warning that names the setting, and the server does
without that door. What they listen on is printed, a line each, for the supervisor to show.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import Struct

from trimtab.base.errors import SetupError
from trimtab.doors.datagrams import Datagrams
from trimtab.doors.emf.door import EmfDoor
from trimtab.doors.guard import Guard
from trimtab.doors.otlp import grpc as otlp_grpc
from trimtab.doors.otlp.outcome import Takes
from trimtab.doors.statsd.door import StatsdDoor
from trimtab.doors.syslog.door import SyslogDoor
from trimtab.doors.writing import Writing
from trimtab.doors.xray_udp import XRayDoor
from trimtab.jobs.periodic import Job
from trimtab.listen import bind, bind_both, bind_udp
from trimtab.settings import OFF, Settings

logger = logging.getLogger(__name__)

LISTENING = "listening:"
"""How a line that says where a door listens begins."""
_FLUSH_S = 1.0  # how long a point without an acknowledgement is only in memory


class OtlpSignals(Struct, frozen=True):
    """Who takes each signal of OTLP."""

    metrics: Takes
    logs: Takes
    traces: Takes


class Wires:
    """The doors to open."""

    def __init__(
        self,
        settings: Settings,
        writing: Writing,
        signals: OtlpSignals,
        guard: Guard,
        syslog: SyslogDoor,
        xray: XRayDoor,
    ) -> None:
        self._settings = settings
        self._writing = writing
        self._otlp = [
            otlp_grpc.ExportService(name, taking, guard, writing.account)
            for name, taking in (
                (otlp_grpc.METRICS, signals.metrics),
                (otlp_grpc.LOGS, signals.logs),
                (otlp_grpc.TRACES, signals.traces),
            )
        ]
        self._emf = EmfDoor(writing)
        self._statsd = StatsdDoor(writing)
        self._syslog = syslog
        self._xray = xray

    def press(self, over: bool) -> None:
        """The process holds more memory than it may, or does no longer: take less, or as much as before."""
        self._writing.inflight.pressed = over
        self._writing.registry.admission.pressed = over

    def jobs(self) -> list[Job]:
        """What has to be done now and then."""
        return [
            Job("write what came as embedded metrics", _FLUSH_S, self._emf.held.flush),
            Job("write what came by StatsD", _FLUSH_S, self._statsd.flush),
            Job("write what came by syslog", _FLUSH_S, self._syslog.flush),
            Job("write what came by the X-Ray daemon's port", _FLUSH_S, self._xray.flush),
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen while the context is open; at its end nothing that came is left in memory."""
        async with AsyncExitStack() as stack:
            await self._open_otlp(stack)
            if self._settings.require_auth:
                _say_closed(self._settings)
            else:
                await self._open_emf(stack)
                await self._open_statsd(stack)
                await self._open_syslog(stack)
                await self._open_xray(stack)
            yield

    async def _open_otlp(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        if settings.otlp_grpc_addr == OFF:
            return
        tls = otlp_grpc.TlsFiles(settings.tls_cert, settings.tls_key) if settings.tls_cert else None
        try:
            bind(settings.otlp_grpc_addr, "TRIMTAB_OTLP_GRPC_ADDR").close()  # gRPC itself does not say what is wrong
            port = await stack.enter_async_context(otlp_grpc.serving(self._otlp, settings.otlp_grpc_addr, tls))
        except SetupError as problem:  # a collector of the user's own often has that port
            logger.warning("%s. OTLP over gRPC is not accepted", problem)
            return
        _say(f"OTLP over gRPC {_at(settings.otlp_grpc_addr, port)}")

    async def _open_emf(self, stack: AsyncExitStack) -> None:
        address = self._settings.emf_addr
        if address == OFF:
            return
        try:
            tcp, udp = bind_both(address, "TRIMTAB_EMF_ADDR")
        except SetupError as problem:  # the CloudWatch agent has that port
            logger.warning("%s. The embedded metric format is not accepted", problem)
            return
        stack.push_async_callback(self._flush_emf)
        server = await self._emf.serve(tcp)
        stack.push_async_callback(self._emf.hang_up)
        stack.callback(server.close)
        _read(stack, self._emf.datagrams(udp))
        _say(f"embedded metric format {_at(address, udp.getsockname()[1])}")

    async def _open_statsd(self, stack: AsyncExitStack) -> None:
        address = self._settings.statsd_addr
        if address == OFF:
            return
        try:
            udp = bind_udp(address, "TRIMTAB_STATSD_ADDR")
        except SetupError as problem:  # an agent of the user's own often has that port
            logger.warning("%s. StatsD is not accepted", problem)
            return
        stack.push_async_callback(self._flush_statsd)
        _read(stack, self._statsd.datagrams(udp))
        _say(f"StatsD {_at(address, udp.getsockname()[1])}")

    async def _open_syslog(self, stack: AsyncExitStack) -> None:
        address = self._settings.syslog_addr
        if address == OFF:
            return
        try:
            tcp, udp = bind_both(address, "TRIMTAB_SYSLOG_ADDR")
        except SetupError as problem:
            logger.warning("%s. Syslog is not accepted", problem)
            return
        stack.push_async_callback(self._flush_syslog)
        server = await self._syslog.serve(tcp)
        stack.push_async_callback(self._syslog.hang_up)
        stack.callback(server.close)
        _read(stack, self._syslog.datagrams(udp))
        _say(f"syslog {_at(address, udp.getsockname()[1])}")

    async def _open_xray(self, stack: AsyncExitStack) -> None:
        address = self._settings.xray_udp_addr
        if address == OFF:
            return
        try:
            udp = bind_udp(address, "TRIMTAB_XRAY_UDP_ADDR")
        except SetupError as problem:  # a daemon of the user's own often has that port
            logger.warning("%s. Segments are not accepted over UDP", problem)
            return
        stack.push_async_callback(self._flush_xray)
        _read(stack, self._xray.datagrams(udp))
        _say(f"X-Ray daemon {_at(address, udp.getsockname()[1])}")

    async def _flush_emf(self) -> None:
        _warn(await self._emf.held.flush_last())

    async def _flush_statsd(self) -> None:
        _warn(await self._statsd.flush_last())

    async def _flush_syslog(self) -> None:
        _warn(await self._syslog.flush_last())

    async def _flush_xray(self) -> None:
        _warn(await self._xray.flush_last())


def _read(stack: AsyncExitStack, datagrams: Datagrams) -> None:
    datagrams.start()
    stack.callback(datagrams.close)


def _at(address: str, port: int) -> str:
    return f"{address.rpartition(':')[0]}:{port}"


def _say(what: str) -> None:
    print(LISTENING, what, flush=True)  # noqa: T201 - the supervisor reads this line


def _say_closed(settings: Settings) -> None:
    closed = settings.emf_addr, settings.statsd_addr, settings.syslog_addr, settings.xray_udp_addr
    if any(address != OFF for address in closed):
        logger.info(
            "EMF, StatsD, syslog and the X-Ray daemon's port know no credentials: off, as TRIMTAB_REQUIRE_AUTH is set"
        )


def _warn(problem: str) -> None:
    if problem:
        logger.error("%s", problem)
