"""Queries that run in the background, and answers that wait to be read; all in memory, so they end with the server."""

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound, QueryAborted, TrimtabError
from trimtab.logs.insights.run import Ask, Found, LogInsights
from trimtab.store.telemetry.client import ReadLimits

MAX_RUNNING = 100
"""Queries of an account that run at a time, as documented."""
MAX_KEPT = 1000  # queries that are remembered, with
MAX_ROWS = 1_000_000  # rows in all; the oldest answers go first
_LIMITS = ReadLimits(seconds=290, memory_mb=2048, threads=2)  # connections to the engine end after 300 s


class State(StrEnum):
    """What has become of a query."""

    SCHEDULED = "Scheduled"
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMEOUT = "Timeout"


class Running(Struct):
    """A query that was started. `found` is there once it is complete, `problem` says why it failed.

    `within` is what its caller sees: who is bound to other tags finds neither it nor its rows.
    """

    id: str
    ask: Ask
    started_ms: int
    by: str
    within: Scope = EVERYTHING
    state: State = State.SCHEDULED
    found: Found | None = None
    problem: str = ""
    ended_ms: int | None = None
    task: asyncio.Task[None] | None = None


class RunningQueries:
    """Every query that was started, the newest last."""

    def __init__(self, insights: LogInsights, clock: Clock) -> None:
        self._insights = insights
        self._clock = clock
        self._all: OrderedDict[str, Running] = OrderedDict()

    async def start(self, scope: Scope, ask: Ask, by: str = "") -> Running:
        """Start a query. Raises QueryProblem, NotFound for a group, LimitExceeded where too many run."""
        await self._insights.prepare(scope, ask)
        busy = sum(one.state in (State.SCHEDULED, State.RUNNING) for one in self.of(ask.account, ask.region))
        if busy >= MAX_RUNNING:
            raise LimitExceeded(f"cannot start the query: {busy} run, of at most {MAX_RUNNING}; wait for one to end")
        query = Running(str(uuid.uuid4()), ask, self._clock.now_ms(), by, scope)
        self._all[query.id] = query
        query.task = asyncio.create_task(self._run(scope, query))
        self._trim()
        return query

    def get(self, account: str, region: str, id_: str, scope: Scope = EVERYTHING) -> Running:
        """A query by id. Raises NotFound, also for one that `scope` does not see."""
        found = next((one for one in self.of(account, region, scope) if one.id == id_), None)
        if found is None:
            raise NotFound(f"Query '{id_}' does not exist")
        return found

    def of(self, account: str, region: str, scope: Scope = EVERYTHING) -> Iterator[Running]:
        """The queries of an account in a region that `scope` sees, the newest first."""
        return (
            one
            for one in reversed(self._all.values())
            if (one.ask.account, one.ask.region) == (account, region) and scope.sees_what_was_made_by(one.within)
        )

    def stop(self, account: str, region: str, id_: str) -> None:
        """Stop a query. Raises NotFound, Conflict for one that has ended."""
        query = self.get(account, region, id_)
        if query.task is None or query.task.done():
            raise Conflict(f"cannot stop query '{id_}': it has ended with {query.state}")
        query.state = State.CANCELLED
        query.ended_ms = self._clock.now_ms()
        query.task.cancel()

    def forget(self) -> None:
        """Stop and forget every query."""
        for query in self._all.values():
            if query.task is not None:
                query.task.cancel()
        self._all.clear()

    async def _run(self, scope: Scope, query: Running) -> None:
        query.state = State.RUNNING
        try:
            query.found = await self._insights.run(scope, query.ask, _LIMITS)
            query.state = State.COMPLETE
        except QueryAborted as problem:
            query.state, query.problem = State.TIMEOUT, str(problem)
        except TrimtabError as problem:
            query.state, query.problem = State.FAILED, str(problem)
        query.ended_ms = self._clock.now_ms()

    def _trim(self) -> None:
        """Forget the oldest queries that have ended, beyond what is kept."""
        rows = sum(len(one.found.rows) for one in self._all.values() if one.found is not None)
        for query in list(self._all.values()):
            if len(self._all) <= MAX_KEPT and rows <= MAX_ROWS:
                return
            if query.ended_ms is not None:
                rows -= len(query.found.rows) if query.found is not None else 0
                del self._all[query.id]
