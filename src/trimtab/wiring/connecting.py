"""Connections that pages make: sources that this server reads by itself, through the gate, into its own doors.

Each is read in a thread, as its command reads it. What is read goes through the doors of this process, as from a client
of the role `write`. Which there are is kept in a file of the data directory: a restart takes them up where they were.
Passwords and tokens of sources are not kept; such a one is asked for again.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, Conflict, NotFound, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.base.loading import Loading, told
from trimtab.client.api import Client
from trimtab.client.in_process import URL, App, InProcess
from trimtab.doors.asker import asker_of
from trimtab.egress.asker import asking
from trimtab.egress.blocking import Transport
from trimtab.egress.gate import Gate
from trimtab.sources.http import connection
from trimtab.sources.kept import Kept
from trimtab.sources.kubernetes.config import Access, from_kubeconfig, from_pod
from trimtab.sources.readings.prometheus import PrometheusReading, Wanted
from trimtab.sources.readings.reading import Progress, Reading, Stopped
from trimtab.sources.readings.schedulers import KubernetesReading, SlurmReading
from trimtab.web.connect.model import Kind, Near, Standing, State
from trimtab.wiring.near import kubeconfig, what_is_near

_log = logging.getLogger(__name__)
READER = Principal("connections", None, Role.WRITE, EVERYTHING)
"""As whom what is read is written."""
SINCE_MS = 60 * 86_400_000
"""How far back a source is read, as the commands do by default."""
_AGAIN_S = 60.0
"""A source that was away for ten minutes is tried again every so often."""
_WRITE_S = 60.0
_MOST = 50
_NOTHING = Progress(rows=0, unit="rows")


class _KeptOne(Struct, frozen=True):
    id: str
    kind: str
    source: str
    since_ms: int
    begun_ms: int
    by: str
    match: str = ""
    secret: bool = False


class _State(Struct):
    connections: list[_KeptOne] = []


@dataclass
class _Running:
    kept: _KeptOne
    name: str
    reading: Reading | None
    state: State = State.READING
    problem: str = ""
    stop: threading.Event = field(default_factory=threading.Event)


class Connecting:
    """Every connection of one server. `attach` gives it the doors, once they are there."""

    def __init__(self, gate: Gate, clock: Clock, data_dir: Path, *, commands_allowed: bool) -> None:
        self._gate = gate
        self._clock = clock
        self._data_dir, self._directory = data_dir, data_dir / "connect"
        self._file: Kept[_State] = Kept(self._directory, "pages", "connections", "this server", _State())
        self._running: dict[str, _Running] = {}
        self._app: App | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.commands_allowed = commands_allowed

    def attach(self, app: App) -> None:
        """Give it the doors, below their guard."""
        self._app = app

    async def take_up(self) -> None:
        """Once, when the server is up: go on with what was connected before."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        for one in self._file.state.connections:
            if one.id not in self._running:
                await asyncio.to_thread(self._resume, one)

    def announced(self) -> Loading | None:
        """What a program beside this one loads into this server, and says so in its data directory."""
        return told(self._data_dir, self._clock.now_ms())

    def near(self) -> Sequence[Near]:
        """What is near."""
        return what_is_near(self._gate, commands_allowed=self.commands_allowed)

    def client(self, principal: Principal) -> Client:
        """A client of this server's own API, as somebody; for threads."""
        return Client(URL, transport=self._transport(principal))

    async def prometheus(self, wanted: Wanted, by: str) -> Standing:
        """Connect one: its place joins the list of those that may be connected to, where its asker may allow it."""
        await self._gate.admit(wanted.url, f"Prometheus {wanted.url}")
        reading = await asyncio.to_thread(self._prometheus, wanted)
        await asyncio.to_thread(reading.check)
        secret = bool(wanted.credentials.basic or wanted.credentials.bearer)
        return self._begin(Kind.PROMETHEUS, wanted.url.rstrip("/"), wanted.since_ms, by, reading, wanted.match, secret)

    async def kubernetes(self, context: str, by: str) -> Standing:
        """Connect the cluster of a context, or of the pod that this is."""
        access = await asyncio.to_thread(access_of, context)
        await self._gate.admit(access.server, f"Kubernetes {access.cluster or access.server}")
        reading = await asyncio.to_thread(self._kubernetes, access)
        return self._begin(Kind.KUBERNETES, context, self._clock.now_ms(), by, reading)

    async def slurm(self, by: str, files: Sequence[Path] = ()) -> Standing:
        """Read SLURM by its commands where the settings allow that, or what they printed."""
        if not files and not self.commands_allowed:
            raise AccessDenied(
                "cannot run sacct, scontrol and squeue here: the settings do not allow it; set "
                "TRIMTAB_CONNECT_COMMANDS=1, run `trimtab connect slurm` on a login node, or drop files here"
            )
        since_ms = self._clock.now_ms() - SINCE_MS
        reading = await asyncio.to_thread(self._slurm, since_ms, files)
        return self._begin(Kind.SLURM, "" if not files else "files", since_ms, by, reading)

    def standings(self) -> Sequence[Standing]:
        """Every connection, the newest first."""
        found = [_standing(one) for one in list(self._running.values())]
        return sorted(found, key=lambda one: -one.begun_ms)

    async def stop(self, id_: str) -> None:
        """End one, and forget it. Raises NotFound."""
        one = self._running.pop(id_, None)
        if one is None:
            raise NotFound(f"there is no connection {id_!r}")
        one.stop.set()
        await asyncio.to_thread(self._keep, [kept for kept in self._file.state.connections if kept.id != id_])

    def _prometheus(self, wanted: Wanted) -> PrometheusReading:
        writer = connection(URL, {}, "", _WRITE_S, transport=self._transport(READER))
        return PrometheusReading(wanted, writer, self._clock, self._directory, lambda: Transport(self._gate))

    def _kubernetes(self, access: Access) -> KubernetesReading:
        def transport(reached: Access) -> Transport:
            return Transport(self._gate, reached.trust())

        return KubernetesReading(access, self.client(READER), self._clock, self._directory, transport)

    def _slurm(self, since_ms: int, files: Sequence[Path]) -> SlurmReading:
        return SlurmReading(self.client(READER), self._clock, self._directory, since_ms, files)

    def _transport(self, principal: Principal) -> InProcess:
        if self._app is None or self._loop is None:
            raise Unavailable("cannot connect now: the server is not up yet; try again in a moment")
        return InProcess(self._app, self._loop, {"principal": principal}, lambda: asking(asker_of(principal)))

    def _begin(
        self, kind: Kind, source: str, since_ms: int, by: str, reading: Reading, match: str = "", secret: bool = False
    ) -> Standing:
        same = (kind, source, match)
        going = [one for one in self._running.values() if not one.state.over]
        if reading.follows and any((one.kept.kind, one.kept.source, one.kept.match) == same for one in going):
            raise Conflict(f"{source or kind} is connected already")
        if len(going) >= _MOST:
            raise Conflict(f"cannot connect another: {_MOST} sources are read here already")
        kept = _KeptOne(new_id(), kind, source, since_ms, self._clock.now_ms(), by, match, secret)
        if reading.follows:
            others = [one for one in self._file.state.connections if (one.kind, one.source, one.match) != same]
            self._keep([*others, kept])
        for id_ in [id_ for id_, one in self._running.items() if one.state.over and one.kept.source == source]:
            del self._running[id_]  # what failed or ended before is told by its successor
        return _standing(self._start(kept, reading))

    def _start(self, kept: _KeptOne, reading: Reading) -> _Running:
        one = _Running(kept, _name(kept), reading)
        self._running[kept.id] = one
        # Whoever asked for it is not who connects in its thread: what may be connected to is on the list by now.
        threading.Thread(
            target=contextvars.Context().run, args=(self._read, one), name=f"connect {one.name}", daemon=True
        ).start()
        return one

    def _read(self, one: _Running) -> None:
        reading = one.reading
        while reading is not None and not one.stop.is_set():
            one.problem = ""
            try:
                reading.run(one.stop)
                one.state = State.STOPPED if one.stop.is_set() else State.DONE
                return
            except Stopped:
                one.state = State.STOPPED
                return
            except Unavailable as problem:
                one.problem = str(problem)
                if not reading.follows or reading.progress().rows == 0:
                    one.state = State.FAILED
                    return
                one.stop.wait(_AGAIN_S)
            except TrimtabError as problem:
                one.state, one.problem = State.FAILED, str(problem)
                return
            except Exception as problem:  # noqa: BLE001 - a thread has nobody to raise it to: logged, and shown
                _log.exception("a connection ended by a bug")
                one.state, one.problem = State.FAILED, f"a bug of trimtab's: {type(problem).__name__}"
                return

    def _resume(self, kept: _KeptOne) -> None:
        """Take up a connection of before; what cannot be is shown with the reason."""
        try:
            if kept.secret:
                raise Unavailable("its password is not kept over a restart: connect it again")
            reading: Reading
            match Kind(kept.kind):
                case Kind.PROMETHEUS:
                    reading = self._prometheus(Wanted(kept.source, kept.since_ms, kept.match))
                case Kind.KUBERNETES:
                    reading = self._kubernetes(access_of(kept.source))
                case Kind.SLURM:
                    if not self.commands_allowed:
                        raise Unavailable("the settings do not allow SLURM's commands any more")
                    reading = self._slurm(kept.since_ms, ())
            self._start(kept, reading)
        except TrimtabError as problem:
            self._running[kept.id] = _Running(kept, _name(kept), None, State.FAILED, str(problem))

    def _keep(self, connections: list[_KeptOne]) -> None:
        self._file.state.connections = connections
        self._file.save()


def access_of(context: str) -> Access:
    """How the cluster of a context of this machine's kubeconfig is reached, or that of the pod. Raises SetupError."""
    return from_kubeconfig(kubeconfig(), context) if kubeconfig().is_file() else from_pod()


def _name(kept: _KeptOne) -> str:
    if kept.kind == Kind.KUBERNETES:
        return f"Kubernetes {kept.source}".strip()
    return "SLURM files" if kept.source == "files" else "SLURM" if kept.kind == Kind.SLURM else kept.source


def _standing(one: _Running) -> Standing:
    progress = one.reading.progress() if one.reading is not None else _NOTHING
    state = one.state
    if state is State.READING and one.reading is not None and one.reading.follows and progress.share >= 1:
        state = State.FOLLOWING
    return Standing(
        one.kept.id, Kind(one.kept.kind), one.name, state, one.kept.begun_ms, one.kept.by, progress, one.problem
    )
