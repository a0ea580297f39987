"""Runs queries whose time has come. Of runs that were missed while nothing ran the newest is made up for."""

import asyncio
from collections.abc import Callable

from msgspec import Struct, field
from sqlalchemy import Connection

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound, QueryAborted, TrimtabError
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.jobs.schedule import Schedule
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.logs.insights.run import Ask, LogInsights
from trimtab.logs.schedules import store
from trimtab.logs.schedules.delivery import Deliveries, packed
from trimtab.logs.schedules.model import FINISHED, Delivery, Run, ScheduledQuery, Status
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import ReadLimits

_LIMITS = ReadLimits(seconds=290, memory_mb=1024, threads=1)  # connections to the engine end after 300 s
_AT_ONCE = 4
_MISSED = 10_000  # runs that are skipped in one look


class ScheduledRuns(Struct):
    """A job of the jobs process, while `may_write`."""

    state: State
    insights: LogInsights
    deliveries: Deliveries
    clock: Clock
    may_write: Callable[[], bool] = lambda: True
    _running: set[str] = field(default_factory=set)

    async def turn(self) -> int:
        """Run what is due; how many queries ran."""
        if not self.may_write():
            return 0
        now_ms, running = self.clock.now_ms(), tuple(self._running)
        await self.state.change(lambda connection: store.abandon(connection, running))
        waiting = await self.state.read(lambda connection: store.due(connection, now_ms, _AT_ONCE))
        await asyncio.gather(*(self._begin(query, now_ms) for query in waiting))
        return len(waiting)

    async def _begin(self, query: ScheduledQuery, now_ms: int) -> None:
        schedule = parse_schedule(query.expression, query.zone, anchor_ms=query.start_ms or query.created_ms)
        triggered_ms, following = _newest(schedule, query.next_ms or now_ms, now_ms)
        next_ms = store.next_time(query, following)
        run = await self.state.change(lambda connection: store.begin(connection, query, triggered_ms, next_ms))
        if run is None:
            return
        self._running.add(run.id)
        try:
            await self._perform(query, run)
        finally:
            self._running.discard(run.id)

    async def _perform(self, query: ScheduledQuery, run: Run) -> None:
        start, end = (run.triggered_ms - 1000 * offset for offset in (query.start_offset_s, query.end_offset_s))
        ask = Ask(query.query, query.account, query.region, query.groups, start, end, language=query.language)
        result = b""
        try:
            found = await self.insights.run(Scope.of(query.account, query.region), ask, _LIMITS)
        except QueryAborted as problem:
            run = replace(run, status=Status.TIMEOUT, error=str(problem))
        except (InvalidInput, NotFound) as problem:
            run = replace(run, status=Status.INVALID, error=str(problem))
        except TrimtabError as problem:
            run = replace(run, status=Status.FAILED, error=str(problem))
        else:
            result = packed(found)
            run = replace(run, status=Status.COMPLETE, rows=len(found.rows))
            try:
                delivery, name = await self.deliveries.send(query, run, found)
                run = replace(run, delivery=delivery, delivered_to=name)
            except InvalidInput as problem:
                run = replace(run, delivery=Delivery.CLIENT_ERROR, delivery_error=str(problem))
            except TrimtabError as problem:
                run = replace(run, delivery=Delivery.FAILED, delivery_error=str(problem))
        await self.state.change(lambda connection: self._end(connection, query, run, result))

    def _end(self, connection: Connection, query: ScheduledQuery, run: Run, result: bytes) -> None:
        store.end(connection, run, result)
        body = {
            "account": query.account, "region": query.region, "scheduledQueryArn": query.arn, "name": query.name,
            "queryId": run.id, "status": str(run.status), "rows": run.rows, "error": run.error,
            "destination": run.delivered_to, "title": f"{run.status}: scheduled query {query.name}, {run.rows} rows",
        }  # fmt: skip
        emit(connection, self.clock, FINISHED, query.arn, body)


def _newest(schedule: Schedule, due_ms: int, now_ms: int) -> tuple[int, int | None]:
    """The newest time of a schedule from `due_ms` to `now_ms`, and the one after it."""
    following = schedule.next_after(due_ms)
    for _ in range(_MISSED):
        if following is None or following > now_ms:
            break
        due_ms, following = following, schedule.next_after(following)
    return due_ms, following
