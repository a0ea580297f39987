"""Copies events into files, in the layout of CloudWatch's exports:

    <prefix>/aws-logs-write-test
    <prefix>/<task id>/<stream>/000000.gz      a line an event: its time in ISO 8601, a space, the message

Events are in order within their stream. A task that a crash cut is made again, over the same files.
"""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import iso
from trimtab.base.errors import TrimtabError
from trimtab.logs.exports.places import Files, files_of
from trimtab.logs.exports.tasks import ExportTask, ExportTasks, Status
from trimtab.logs.model import Event
from trimtab.logs.read import EventQuery, LogReader

_PAGE = 10_000
_FILE_BYTES = 16 << 20  # of lines in a file, before compression
_HELD_BYTES = 64 << 20  # of lines of all streams in memory
_TEST = "aws-logs-write-test"


class _Held(Struct):
    """Lines that are not in a file yet."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    files: int = 0


class Exporting(Struct, frozen=True):
    """A job of the jobs process, while `may_write`: one task at a time."""

    tasks: ExportTasks
    reader: LogReader
    exports: Path
    may_write: Callable[[], bool] = lambda: True

    async def turn(self) -> int:
        """Work on the oldest task until it is over; how many there were."""
        task = await self.tasks.waiting() if self.may_write() else None
        if task is None:
            return 0
        try:
            whole = await self._copy(task, files_of(task.destination, task.prefix, self.exports))
        except TrimtabError as problem:
            await self._over(task, Status.FAILED, str(problem))
        else:
            if whole:
                await self._over(task, Status.COMPLETED, "Completed successfully")
            elif self.may_write():
                await self.tasks.note(task, Status.CANCELLED)
        return 1

    async def _over(self, task: ExportTask, status: Status, message: str) -> None:
        if not await self.tasks.note(task, status, message):
            await self.tasks.note(task, Status.CANCELLED)

    async def _copy(self, task: ExportTask, files: Files) -> bool:
        """Write all files; False where the task was cancelled or this process may work no more."""
        if not await self.tasks.note(task, Status.RUNNING):
            return False
        await asyncio.to_thread(files.write, _TEST, b"Permission Check Successful")
        scope = Scope.of(task.account, task.region)
        group = await self.reader.group(scope, task.account, task.region, task.log_group)
        held: dict[str, _Held] = defaultdict(_Held)
        position = None
        more = True
        while more:
            query = EventQuery(task.from_ms, task.to_ms + 1, _PAGE, position=position, stream_prefix=task.stream_prefix)
            page = await self.reader.page(scope, [group], query)
            for event in page.events:
                _hold(held[event.stream], event)
            total = sum(one.size for one in held.values())
            for stream, one in held.items():
                if one.size >= _FILE_BYTES or (one.size and total >= _HELD_BYTES):
                    await _flush(files, task, stream, one)
            if not self.may_write() or not await self.tasks.note(task, Status.RUNNING):
                return False
            more, position = page.more, page.events[-1].position if page.events else None
        for stream, one in held.items():
            if one.size:
                await _flush(files, task, stream, one)
        return True


def _hold(held: _Held, event: Event) -> None:
    line = f"{_time(event.time_ms)} {event.message}\n".encode("utf-8", "replace")
    held.lines.append(line)
    held.size += len(line)


def _time(ms: int) -> str:
    text = iso(ms)
    return text if "." in text else text[:-1] + ".000Z"


async def _flush(files: Files, task: ExportTask, stream: str, held: _Held) -> None:
    name = f"{task.id}/{stream.replace('/', '-')}/{held.files:06d}.gz"
    body = b"".join(held.lines)
    held.lines, held.size, held.files = [], 0, held.files + 1
    await asyncio.to_thread(lambda: files.write(name, gzip.compress(body, mtime=0)))
