"""A server started here under limits, so that smaller machines are tried on this one: cores, address space, threads.

Cores are set by affinity and memory by RLIMIT_AS, both of the process and all that it starts: that takes no right, as
control groups do. Clocks, caches and memory bandwidth stay this machine's, so sizes are emulated, not measured.
"""

import asyncio
import contextlib
import os
import resource
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence

from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput, Unavailable

_LOOK_S = 0.05
_PATIENCE_S = 5.0  # for a server that was asked to end
_SHOWN = 300
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
MIB = 1 << 20


class Size(Struct, frozen=True):
    """What a server may use. `memory_mib` 0 is no limit; `environment` is what is varied besides."""

    cpus: int
    memory_mib: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a table shows it."""
        memory = f" {self.memory_mib} MiB" if self.memory_mib else ""
        varied = "".join(f" {key}={value}" for key, value in self.environment.items())
        return f"{self.cpus} CPU{memory}{varied}"


class Started(Struct, frozen=True):
    """A server that listens: its process's id, and the seconds until it did."""

    pid: int
    setup_s: float


@contextlib.asynccontextmanager
async def served(
    command: Sequence[str],
    size: Size,
    address: tuple[str, int],
    inherited: Mapping[str, str],
    patience_s: float = 120.0,
) -> AsyncIterator[Started]:
    """Start a server under limits; it and all that it started end with the block, however that ends.

    `inherited` is the environment that it is given. Raises InvalidInput for a size that this machine does not have or a
    port that is taken, Unavailable for a server that ends or does not listen in time.
    """
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= size.cpus <= len(cores):
        raise InvalidInput(f"cannot give a server {size.cpus} CPUs: this machine has {len(cores)}")
    if await _listens(address):
        raise InvalidInput(f"cannot start a server at {address[0]}:{address[1]}: something listens there already")
    threads = dict.fromkeys(_THREADS, str(size.cpus))
    clock = SystemClock()
    began_s = clock.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**inherited, **threads, **size.environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # what it starts ends with it
    )
    try:
        # The last cores, so that the generator keeps the first; set at once, before it has started threads.
        os.sched_setaffinity(process.pid, cores[-size.cpus :])
        if size.memory_mib:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (size.memory_mib * MIB, size.memory_mib * MIB))
        while not await _listens(address):
            if process.returncode is not None:
                raise Unavailable(f"the server ended with code {process.returncode} before it listened ({size.name})")
            if clock.monotonic() - began_s > patience_s:
                raise Unavailable(f"the server did not listen within {patience_s:g} s ({size.name})")
            await asyncio.sleep(_LOOK_S)
        yield Started(process.pid, clock.monotonic() - began_s)
    finally:
        await _end(process)


async def _listens(address: tuple[str, int]) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address)  # noqa: TID251 - a server that it just started
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _end(process: Process) -> None:
    """End the process's whole group: asked first, then made to."""
    for one in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, one)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE_S)
            if one is signal.SIGTERM:  # its children may be slower than it
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            return
