"""Asynchronous invocations: taken at once, carried out behind, answered as an object where the endpoint says.

What was taken is kept in memory only: invocations that a server had not carried out when it ended are lost, and their
output never comes. The service promises more.
"""

import asyncio
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.inference.invoke import Asked, Invoker
from trimtab.inventory.served.model import CONFIG, ENDPOINT

logger = logging.getLogger(__name__)
_MOST_WAITING = 1000
_MOST_INPUT = 1 << 30  # bytes: the service's limit of an asynchronous payload
_AT_ONCE = 4  # where MaxConcurrentInvocationsPerInstance is not given


class Objects(Protocol):
    """Reads and writes objects of S3."""

    def fetch(self, uri: str, into: Path, only: Sequence[str] = ()) -> Path:
        """Copy what is under a prefix into a folder."""
        ...

    def store(self, folder: Path, uri: str) -> None:
        """Copy a folder's files under a prefix."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """An invocation that was taken: where its output, or the reason of its failure, will be."""

    id: str
    output: str
    failure: str


@dataclass(slots=True)
class AsyncInvoker:
    """Carries invocations out. `folder` holds copies while one is carried out."""

    invoker: Invoker
    objects: Objects
    folder: Path
    _gates: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(
        self, place: tuple[str, str], endpoint: str, asked: Asked, source: str, inference_id: str = ""
    ) -> Taken:
        """Take an invocation with its body, or with the object at `source` as its body.

        Raises NotFound without the endpoint, InvalidInput for one that is not asynchronous, Unavailable when full.
        """
        found = await self.invoker.served.get(place, ENDPOINT, endpoint)
        config = await self.invoker.served.get(place, CONFIG, found.form["EndpointConfigName"])
        settings: Mapping[str, Any] = config.form.get("AsyncInferenceConfig") or {}
        output = (settings.get("OutputConfig") or {}).get("S3OutputPath")
        if not output:
            raise InvalidInput(f"Endpoint {endpoint} is not an asynchronous endpoint: it has no AsyncInferenceConfig.")
        if not source and not asked.body:
            raise InvalidInput("Either InputLocation or Body must be given.")
        if len(self._tasks) >= _MOST_WAITING:
            raise Unavailable(f"{_MOST_WAITING} asynchronous invocations wait already")
        id_ = inference_id or new_id()
        failed = (settings["OutputConfig"].get("S3FailurePath") or output).rstrip("/")
        taken = Taken(id_, f"{output.rstrip('/')}/{id_}.out", f"{failed}/{id_}-error.out")
        most = (settings.get("ClientConfig") or {}).get("MaxConcurrentInvocationsPerInstance") or _AT_ONCE
        gate = self._gates.setdefault(f"{place}/{endpoint}/{most}", asyncio.Semaphore(most))
        task = asyncio.create_task(self._carry_out(gate, place, endpoint, asked, source, taken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return taken

    async def close(self) -> None:
        """End what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_out(
        self, gate: asyncio.Semaphore, place: tuple[str, str], endpoint: str, asked: Asked, source: str, taken: Taken
    ) -> None:
        folder = self.folder / new_id()
        try:
            async with gate:
                try:
                    body = await asyncio.to_thread(self._body, source, folder) if source else asked.body
                    given = Asked(body, asked.content_type, asked.accept, asked.attributes)
                    answer = await self.invoker.invoke(place, endpoint, given)
                except TrimtabError as problem:
                    await asyncio.to_thread(self._keep, folder, taken.failure, str(problem).encode())
                else:
                    await asyncio.to_thread(self._keep, folder, taken.output, answer.body)
        except (TrimtabError, OSError) as problem:
            logger.warning("cannot keep the answer of asynchronous invocation %s: %s", taken.id, problem)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _body(self, source: str, folder: Path) -> bytes:
        name = source.rpartition("/")[2]
        copied = self.objects.fetch(source, folder / "in", [name]) / name
        if copied.stat().st_size > _MOST_INPUT:
            raise InvalidInput(f"{source} has more than {_MOST_INPUT} bytes")
        return copied.read_bytes()

    def _keep(self, folder: Path, uri: str, body: bytes) -> None:
        prefix, _, name = uri.rpartition("/")
        out = folder / "out"
        out.mkdir(parents=True)
        (out / name).write_bytes(body)
        self.objects.store(out, prefix)
