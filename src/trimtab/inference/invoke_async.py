"""Asynchronous invocations: taken at once, carried out behind, answered as an object where the endpoint says.

What was taken is on the disk before it is acknowledged (`async_journal.py`): a server that is killed goes on with it
when it starts again. The model may be asked more than once; there is exactly one object, the output or the failure.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.inference.async_journal import Invocation, Journal
from trimtab.inference.invoke import Asked, Invoker
from trimtab.inventory.served.model import CONFIG, ENDPOINT

logger = logging.getLogger(__name__)
_MOST_WAITING = 1000
_ANSWER_BYTES = 256 << 20  # they are held whole on their way to the object
_MOST_INPUT = 1 << 30  # bytes: the service's limit of an asynchronous payload
_AT_ONCE = 4  # where MaxConcurrentInvocationsPerInstance is not given
_TRIES = 5  # of a model or an input that does not answer, with growing pauses: 15 s in all, for a machine that boots
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0
_STORES_MS = 86_400_000  # for a day an object that cannot be written is tried again


class Objects(Protocol):
    """Reads and writes objects of S3."""

    def fetch(self, uri: str, into: Path, only: Sequence[str] = ()) -> Path:
        """Copy what is under a prefix into a folder."""
        ...

    def store(self, folder: Path, uri: str) -> None:
        """Copy a folder's files under a prefix."""
        ...


class Wish(Struct, frozen=True):
    """What else a request says: where its body lies, its id, its object's name, and for how long it is good.

    `lives_s` is how long it may wait, `timeout_s` how long the model may take: the service's defaults. `token` is the
    same over a client's retries of one call, which are one invocation.
    """

    source: str = ""
    id: str = ""
    file: str = ""
    extension: str = ""
    lives_s: int = 21_600
    timeout_s: int = 900
    token: str = ""


class AsyncInvoker(Struct):
    """Carries invocations out. `folder` holds the journal, and copies while one is carried out."""

    invoker: Invoker
    objects: Objects
    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    _gates: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _taking: set[str] = field(default_factory=set)

    @property
    def journal(self) -> Journal:
        """What waits."""
        return Journal(self.folder / "waiting")

    async def take(self, place: tuple[str, str], endpoint: str, asked: Asked, wish: Wish) -> Invocation:
        """Take an invocation with its body, or with the object at `wish.source` as its body. It is durable after this.

        Raises NotFound without the endpoint, InvalidInput for one that is not asynchronous, Unavailable when full.
        """
        if bool(wish.source) == bool(asked.body):
            raise InvalidInput("Exactly one of InputLocation and Body must be given.")
        one = await self._invocation(place, endpoint, asked, wish)
        if one.key in self._tasks or one.key in self._taking:
            return one
        if len(self._tasks) + len(self._taking) >= _MOST_WAITING:
            raise Unavailable(f"{_MOST_WAITING} asynchronous invocations wait already")
        self._taking.add(one.key)
        try:
            await asyncio.to_thread(self.journal.take, one, asked.body)
            self._begin(one)
        except OSError as problem:
            raise Unavailable(f"cannot keep the invocation: {problem}") from None
        finally:
            self._taking.discard(one.key)
        return one

    async def resume(self) -> None:
        """Go on with what is in the journal and not under way here: what an earlier process had taken."""
        if not self._tasks and not self._taking:
            await asyncio.to_thread(self.journal.tidy)
        for one in await asyncio.to_thread(self.journal.waiting):
            if one.key not in self._tasks and one.key not in self._taking and self.journal.holds(one):
                self._begin(one)

    async def close(self) -> None:
        """End what is under way; the next process goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _invocation(self, place: tuple[str, str], endpoint: str, asked: Asked, wish: Wish) -> Invocation:
        found = await self.invoker.served.get(place, ENDPOINT, endpoint)
        config = await self.invoker.served.get(place, CONFIG, found.form["EndpointConfigName"])
        settings: Mapping[str, Any] = config.form.get("AsyncInferenceConfig") or {}
        output = (settings.get("OutputConfig") or {}).get("S3OutputPath")
        if not output:
            raise InvalidInput(f"Endpoint {endpoint} is not an asynchronous endpoint: it has no AsyncInferenceConfig.")
        key = wish.token or new_id()
        id_ = wish.id or key
        failed = settings["OutputConfig"].get("S3FailurePath") or output
        at_once = (settings.get("ClientConfig") or {}).get("MaxConcurrentInvocationsPerInstance") or _AT_ONCE
        further = f"/{wish.extension.strip('/')}" if wish.extension.strip("/") else ""
        return Invocation(
            key, id_, *place, endpoint, wish.source,
            f"{output.rstrip('/')}{further}/{wish.file or f'{id_}.out'}", f"{failed.rstrip('/')}/{id_}-error.out",
            asked.content_type, asked.accept, asked.attributes, self.clock.now_ms(), wish.lives_s, wish.timeout_s,
            at_once,
        )  # fmt: skip

    def _begin(self, one: Invocation) -> None:
        task = self._tasks[one.key] = asyncio.create_task(self._carry_out(one))
        task.add_done_callback(lambda _done: self._tasks.pop(one.key, None))

    async def _carry_out(self, one: Invocation) -> None:
        gate = f"{one.account}/{one.region}/{one.endpoint}/{one.at_once}"
        folder = self.folder / new_id()
        try:
            async with self._gates.setdefault(gate, asyncio.Semaphore(one.at_once)):
                decided = await asyncio.to_thread(self.journal.decided, one)
                uri, body = decided or await self._outcome(one, folder)
                if decided is None:
                    await asyncio.to_thread(self.journal.decide, one, uri, body)
            await self._store(one, folder, uri, body)
            await asyncio.to_thread(self.journal.finish, one)
        except OSError as problem:  # the disk: what is in the journal is tried again at the next start
            logger.warning("cannot carry out asynchronous invocation %s: %s", one.id, problem)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _outcome(self, one: Invocation, folder: Path) -> tuple[str, bytes]:
        """Ask the model: where the object goes, and what is in it."""
        wait_s = _FIRST_PAUSE_S
        for attempt in range(1, _TRIES + 1):
            if self.clock.now_ms() - one.taken_ms > 1000 * one.lives_s:
                return one.failure, f"The request expired: it waited for more than {one.lives_s} seconds.".encode()
            try:
                return one.output, await self._asked(one, folder)
            except Unavailable as problem:
                if attempt == _TRIES:
                    return one.failure, str(problem).encode()
                await self.pause(wait_s)
                wait_s *= 2
            except TrimtabError as problem:
                return one.failure, str(problem).encode()
        raise AssertionError("bug: an invocation without an attempt")

    async def _asked(self, one: Invocation, folder: Path) -> bytes:
        if one.source:
            body = await asyncio.to_thread(self._body, one.source, folder)
        else:
            body = await asyncio.to_thread(self.journal.body, one)
        given = Asked(body, one.content_type, one.accept, one.attributes)
        answer = await self.invoker.invoke(
            (one.account, one.region), one.endpoint, given, timeout_s=one.timeout_s, most_bytes=_ANSWER_BYTES
        )
        return answer.body

    async def _store(self, one: Invocation, folder: Path, uri: str, body: bytes) -> None:
        """Write the object, for a day if need be."""
        wait_s = _FIRST_PAUSE_S
        while True:
            try:
                await asyncio.to_thread(self._keep, folder, uri, body)
            except (TrimtabError, OSError) as problem:
                if self.clock.now_ms() - one.taken_ms > _STORES_MS:
                    logger.error("gave up the answer of asynchronous invocation %s, %s: %s", one.id, uri, problem)
                    return
                logger.warning("cannot keep the answer of asynchronous invocation %s yet: %s", one.id, problem)
                await self.pause(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_PAUSE_S)
            else:
                return

    def _body(self, source: str, folder: Path) -> bytes:
        name = source.rpartition("/")[2]
        copied = self.objects.fetch(source, folder / "in", [name]) / name
        if copied.stat().st_size > _MOST_INPUT:
            raise InvalidInput(f"{source} has more than {_MOST_INPUT} bytes")
        return copied.read_bytes()

    def _keep(self, folder: Path, uri: str, body: bytes) -> None:
        prefix, _, name = uri.rpartition("/")
        out = folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(body)
        self.objects.store(out, prefix)
