"""One worker process: started, asked whether it is well, drained, ended. It never outlives the process that runs it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from enum import StrEnum

import httpx
from msgspec import Struct, field

from trimtab.base.errors import Unavailable
from trimtab.scaling.targets.file import PoolSettings

_KEEPER = (
    "import ctypes,os,signal,sys\n"
    "cut=sys.argv.index('--')\n"
    "if sys.platform=='linux': ctypes.CDLL(None).prctl(1,signal.SIGTERM)\n"  # PR_SET_PDEATHSIG
    "if os.getppid()!=int(sys.argv[1]): sys.exit(1)\n"
    "env={k:v for k,v in os.environ.items() if not k.startswith('TRIMTAB_')}\n"
    "env.update(pair.split('=',1) for pair in sys.argv[2:cut])\n"
    "os.execvpe(sys.argv[cut+1],sys.argv[cut+1:],env)\n"
)
"""Asks Linux to end the worker with its parent, takes trimtab's settings (keys, addresses of databases) out of its
environment, and becomes the worker: no code of ours runs in a forked child."""
_HEALTH_S = 2.0


class Life(StrEnum):
    """Where a worker is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    ENDED = "ended"


class Worker(Struct, eq=False):
    """A worker. `failures` are health checks that failed in a row; `serving` requests are with it now."""

    number: int
    zone: str
    port: int
    process: Process
    started_s: float
    life: Life = Life.STARTING
    ready_s: float | None = None
    ended_s: float | None = None
    failures: int = 0
    serving: int = 0
    expected: bool = False
    reason: str = ""
    drained: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """What it is called: `w7 (zone b)`."""
        return f"w{self.number} (zone {self.zone})"

    @property
    def alive(self) -> bool:
        """Whether it counts as one of the pool's: it starts or serves."""
        return self.life in (Life.STARTING, Life.READY)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def healthy(self, client: httpx.AsyncClient, path: str) -> bool:
        """Whether its health path answers 2xx in time."""
        try:
            answer = await client.get(f"{self.url}{path}", timeout=_HEALTH_S)
        except httpx.HTTPError:
            return False
        return answer.is_success

    async def ending(self, patience_s: float) -> None:
        """Return when it has ended, or after `patience_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), patience_s)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)

    async def stop(self, drain_s: float, patience_s: float = 10.0) -> None:
        """Let it end what it serves, then ask it to end, then make it."""
        self.expected = True
        if self.serving:
            self.drained.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.drained.wait(), drain_s)
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), patience_s)
        except TimeoutError:
            self.kill()
            await self.process.wait()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def start(settings: PoolSettings, number: int, zone: str, now_s: float) -> Worker:
    """Start a worker in a zone. Raises Unavailable where the command cannot be run."""
    port = free_port()
    filled = [one.replace("{port}", str(port)).replace("{zone}", zone) for one in settings.command]
    own = {**settings.environment, "PORT": str(port), "ZONE": zone}
    pairs = [f"{name}={value}" for name, value in own.items()]
    command = [sys.executable, "-S", "-c", _KEEPER, str(os.getpid()), *pairs, "--", *filled]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=DEVNULL, cwd=settings.directory or None
        )
    except OSError as problem:
        raise Unavailable(f"cannot start a worker: {problem}") from None
    return Worker(number, zone, port, process, now_s)
