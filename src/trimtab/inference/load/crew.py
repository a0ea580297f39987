"""A crew: several generators that hold one load together, each its part, added up while it is held.

`LocalCrew` has them in processes of this machine; `on_ray.py` on the machines of a Ray cluster.
"""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

import msgspec
import uvloop
from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.inference.load.generator import Generator, Heard, Progress, merged
from trimtab.inference.load.held import Held
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look
from trimtab.inference.load.target import Target

_PATIENCE_S = 10.0  # for a worker that was asked to end
_BEYOND_S = 30.0  # that a worker may take beyond a load and its drain before it counts as lost

_progress = msgspec.msgpack.Decoder(Progress).decode


class Worker(Protocol):
    """One generator, wherever it runs."""

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of its `Generator`. Raises Unavailable where it is gone, TrimtabError as the method does."""
        ...

    async def end(self) -> None:
        """End it; nothing of it is left."""
        ...


class Crew(Struct):
    """Workers that hold loads together."""

    workers: Sequence[Worker]
    cpu_s: float = 0.0
    busiest_s: float = 0.0
    _clock: SystemClock = field(default_factory=SystemClock)

    async def open(self, connections: int) -> None:
        """Let every worker connect. Raises InvalidInput where nobody answers."""
        each = max(1, connections // len(self.workers))
        await asyncio.gather(*(one.call("open", each) for one in self.workers))

    async def hold(self, held: Held, limits: Limits, look: Look) -> Record:
        """Hold a load until its limits or `look` end it; what was sent is waited for. Raises Unavailable."""
        parts = [held.part(number, len(self.workers)) for number in range(len(self.workers))]
        await asyncio.gather(
            *(one.call("begin", part, limits.seconds, limits.slice_s, limits.drain_s)
              for one, part in zip(self.workers, parts, strict=True))
        )  # fmt: skip
        start_s, heard, ending = self._clock.monotonic(), [Heard() for _ in self.workers], False
        latest_s = start_s + limits.seconds + limits.drain_s + _BEYOND_S
        while True:
            await self._listen(heard)
            record = merged(heard, start_s, limits.slice_s)
            last = [one.last for one in heard if one.last is not None]
            if all(one.over for one in last):
                break
            if self._clock.monotonic() > latest_s:
                raise Unavailable("a generator of the load test did not end in its time")
            # What is known of all is known up to the slowest; those that are over have said everything.
            told_s = min((one.elapsed_s for one in last if not one.over), default=0.0)
            if not ending and look(record, start_s + told_s):
                ending = True
                await asyncio.gather(*(one.call("stop") for one in self.workers))
            await asyncio.sleep(limits.slice_s)
        self.cpu_s = sum(one.cpu_s for one in last)
        self.busiest_s = max(one.cpu_s for one in last)
        return record

    async def close(self) -> None:
        """End every worker, whatever state it is in."""
        for one in self.workers:
            with contextlib.suppress(TrimtabError, TimeoutError):
                await asyncio.wait_for(one.call("close"), _PATIENCE_S)
        await asyncio.gather(*(one.end() for one in self.workers))

    async def _listen(self, heard: Sequence[Heard]) -> None:
        answers = await asyncio.gather(*(one.call("poll") for one in self.workers))
        for one, answer in zip(heard, answers, strict=True):
            progress = _progress(answer)
            if progress.failed:
                raise Unavailable(f"a generator of the load test failed: {progress.failed}")
            one.hear(progress)


class LocalWorker(Struct):
    """A generator in a process of this machine, over a pipe."""

    process: BaseProcess
    pipe: Connection
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def start(cls, make: Callable[[], Target]) -> "LocalWorker":
        """Start one; it ends when this process does."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, make), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call a method; one at a time."""
        async with self._turn:
            try:
                self.pipe.send((method, arguments))
                failed, answer = await asyncio.to_thread(self.pipe.recv)
            except (EOFError, OSError):
                raise Unavailable("a generator of the load test has ended: its process is gone") from None
        if failed:
            raise answer
        return answer

    async def end(self) -> None:
        """End the process, and close the pipe."""
        self.process.terminate()
        await asyncio.to_thread(self.process.join, _PATIENCE_S)
        if self.process.is_alive():
            self.process.kill()
            await asyncio.to_thread(self.process.join)
        self.pipe.close()
        self.process.close()


def local_crew(workers: int, make: Callable[[], Target]) -> Crew:
    """A crew of processes of this machine."""
    return Crew([LocalWorker.start(make) for _ in range(workers)])


def _serve(pipe: Connection, make: Callable[[], Target]) -> None:
    uvloop.run(_answer(pipe, Generator(make)))


async def _answer(pipe: Connection, generator: Generator) -> None:
    """Answer calls until the pipe is closed: by whoever leads, or by its end."""
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pipe.fileno(), called.set)
    try:
        while True:
            await called.wait()
            called.clear()
            while pipe.poll():
                method, arguments = pipe.recv()
                try:
                    answer = False, await getattr(generator, method)(*arguments)
                except TrimtabError as problem:
                    answer = True, problem
                pipe.send(answer)
    except (EOFError, OSError):
        pass  # whoever led is gone
    finally:
        loop.remove_reader(pipe.fileno())
        await generator.close()
