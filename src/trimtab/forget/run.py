"""Carries out what was asked to be forgotten: by the server, at its start, before it opens any door.

Nothing arrives then, the jobs process does not run, and nobody remembers anything. So what goes is all that is there,
late points too, and what arrives afterwards is kept. A kill at any point leaves the request as it is, and the next
start does every step again: what is gone already is not found again.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct
from sqlalchemy import select

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.forget import state_rows
from trimtab.forget.engine import EngineRows
from trimtab.forget.files import clean_aside, clean_copies
from trimtab.forget.model import Owner, Request, Step
from trimtab.forget.requests import ForgetRequests
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.store.state.database import State
from trimtab.store.state.schema.datasets import dataset_extracts
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog

logger = logging.getLogger(__name__)

_SETTLE_S = 600.0


class Forgetting(Struct, frozen=True):
    """What it needs. `lock` is the one of the jobs, of whichever trimtab works on this state."""

    telemetry: Telemetry
    state: State
    logs: Sequence[IngestLog]
    data_dir: Path
    clock: Clock
    lock: Lock

    async def run(self) -> int:
        """Do all that is pending; how many requests are done. What cannot be done now is told in its request."""
        requests = ForgetRequests(self.state, self.clock)
        pending = await asyncio.to_thread(requests.pending_sync)
        if not pending:
            return 0
        done = 0
        async with self._alone() as alone:
            for request in pending:
                try:
                    if not alone:
                        raise Unavailable("another trimtab works on this state: stop it, and start this one again")
                    await self._forget(requests, request)
                    done += 1
                except TrimtabError as problem:
                    logger.error("cannot forget %s %s yet: %s", request.owner.kind, request.owner.name, problem)
                    await asyncio.to_thread(requests.note_sync, request.id, problem=str(problem))
        return done

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """Hold the lock of the jobs; whether it was to be had within the lease of one that was killed."""
        until = self.clock.monotonic() + LEASE_MS / 1000 + 5
        while not (held := await self.lock.renew()) and self.clock.monotonic() < until:  # noqa: ASYNC110 - another's
            await asyncio.sleep(1)
        renewing = asyncio.create_task(self._renew())
        try:
            yield held
        finally:
            renewing.cancel()
            if held:
                await self.lock.release()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 3000)
            with suppress(TrimtabError):  # it is tried again long before the lease ends
                await self.lock.renew()

    async def _forget(self, requests: ForgetRequests, request: Request) -> None:
        owner = request.owner
        rows = EngineRows(self.telemetry, owner)
        counts, unreadable = dict(request.counts), list[str]()

        async def step(name: Step, work: Callable[[], object]) -> None:
            logger.info("forgetting %s %s…: %s", owner.kind, request.digest[:12], name)
            await asyncio.to_thread(requests.note_sync, request.id, step=name)
            await asyncio.to_thread(work)

        def aside() -> None:
            taken, left = clean_aside(self.data_dir, rows)
            counts["rows set aside"] = counts.get("rows set aside", 0) + taken
            unreadable.extend(left)

        def copies() -> None:
            counts["files"] = counts.get("files", 0) + clean_copies(self.data_dir, owner)

        await step(Step.LOG, lambda: None)
        await self._empty_logs()
        if not counts:  # else a kill came later, and much is gone already
            counts |= await asyncio.to_thread(counted, self.telemetry, self.state, owner)
            began = {"began_ms": self.clock.now_ms(), "counts": json.dumps(counts)}
            await asyncio.to_thread(requests.note_sync, request.id, **began)
        await step(Step.SERIES, rows.gather_series)
        await step(Step.ASIDE, aside)
        await step(Step.ENGINE, rows.take_out)
        await step(Step.FILES, copies)
        await step(Step.STATE, lambda: self._take_out_of_state(owner))
        await step(Step.PURGE, rows.purge)
        await asyncio.to_thread(self.state.compact)
        problem = f"left, as nobody can read them: {', '.join(unreadable)}" if unreadable else ""
        gone = {name: many for name, many in counts.items() if many}
        await asyncio.to_thread(requests.finish_sync, request, gone, problem)
        await asyncio.to_thread(self.state.compact)
        logger.info("forgot %s %s…: %s", owner.kind, request.digest[:12], counts)

    async def _empty_logs(self) -> None:
        """Bring what was acknowledged into the engine, and have no segment that holds it."""
        for log in self.logs:
            if not await log.settled(_SETTLE_S):
                raise Unavailable(f"the log of {log.name} is not in the engine after {_SETTLE_S:.0f} s")
            if await asyncio.to_thread(log.drop_drained) != 1:
                raise Unavailable(f"the log of {log.name} keeps old segments")

    def _take_out_of_state(self, owner: Owner) -> None:
        """The extracts of datasets too: they may hold anybody's rows, and are made again."""
        query = select(dataset_extracts.c.table_name).where(dataset_extracts.c.table_name != "")
        for table in self.state.read_sync(lambda connection: connection.scalars(query).all()):
            self.telemetry.command("DROP TABLE IF EXISTS {table:Identifier} SYNC", {"table": table})
        self.state.change_sync(lambda connection: state_rows.take_out(connection, owner))


def counted(telemetry: Telemetry, state: State, owner: Owner) -> dict[str, int]:
    """What would go: rows by table, of the engine and of the state."""
    found = EngineRows(telemetry, owner).count()
    return found | state.read_sync(lambda connection: state_rows.count(connection, owner))
