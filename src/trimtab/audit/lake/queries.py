"""Lake queries that run in the background, and answers that wait to be read; in memory, so they end with the server."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.audit.conditions import scoped
from trimtab.audit.lake.problem import QueryProblem
from trimtab.audit.lake.stores import PENDING, EventDataStores, Store
from trimtab.audit.read import AuditReader
from trimtab.audit.selectors.condition import Bound, of_advanced, of_insights
from trimtab.audit.selectors.model import DEFAULT_ADVANCED
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound, QueryAborted, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.store.telemetry.client import BlockRefused, ReadLimits, Telemetry, refusal

if TYPE_CHECKING:
    from trimtab.audit.lake.statement import Statement

DAY_MS = 86_400_000
EVERYTHING = "audit_events"
"""The name by which REST and the command line query all records of the caller's scope, without a store."""
_MOST_RUNNING, _MOST_KEPT = 10, 200
_LIMITS = ReadLimits(seconds=120, memory_mb=1024, threads=2)


class QueryState(StrEnum):
    """What has become of a query."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


class Found(Struct, frozen=True):
    """Rows of an answer, and what was read for it."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]
    scanned: int
    bytes: int


class Query(Struct):
    """A query that was started."""

    id: str
    account: str
    region: str
    text: str
    stores: Sequence[str]
    started_ms: int
    by: str
    state: QueryState = QueryState.RUNNING
    found: Found | None = None
    problem: str = ""
    ended_ms: int | None = None
    task: asyncio.Task[None] | None = None


class LakeQueries:
    """Starts queries, runs them, and keeps what they answer for a while."""

    def __init__(self, telemetry: Telemetry, stores: EventDataStores, reader: AuditReader, clock: Clock) -> None:
        self._telemetry = telemetry
        self._stores = stores
        self._reader = reader
        self._clock = clock
        self._all: OrderedDict[str, Query] = OrderedDict()

    async def start(
        self, scope: Scope, account: str, region: str, text: str, given: Sequence[str] = (), by: str = ""
    ) -> Query:
        """Start a query. Raises QueryProblem, NotFound for a store, Conflict for one that is going, LimitExceeded."""
        statement = await self.prepare(scope, account, region, text, given)
        running = sum(one.state is QueryState.RUNNING for one in self._all.values() if one.account == account)
        if running >= _MOST_RUNNING:
            raise LimitExceeded(f"cannot start the query: {running} run, of at most {_MOST_RUNNING}")
        query = Query(new_id(), account, region, text, statement.stores, self._clock.now_ms(), by)
        self._all[query.id] = query
        query.task = asyncio.create_task(self._run(query, statement))
        while len(self._all) > _MOST_KEPT:
            self._all.popitem(last=False)
        return query

    async def prepare(
        self, scope: Scope, account: str, region: str, text: str, given: Sequence[str] = (), *, whole: bool = False
    ) -> "Statement":
        """The statement that a query becomes; with `whole`, EVERYTHING names all records of the scope."""
        from trimtab.audit.lake.statement import compiled, stores_in  # its parser takes half a second to load

        conditions: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for number, name in enumerate(stores_in(text)):
            if whole and name.lower() == EVERYTHING:
                parts, params = scoped(scope)
                conditions[name] = " AND ".join(parts), params
            else:
                conditions[name] = self._of_store(await self._stores.get(account, region, name), f"s{number}_")
        return compiled(text, list(given), conditions.__getitem__)

    async def run(self, statement: "Statement") -> Found:
        """Run a statement at once. Raises QueryProblem for what the engine refuses, QueryAborted, Unavailable."""
        await self._reader.fresh()
        try:
            columns = await self._telemetry.fetch(statement.sql, statement.params, limits=_LIMITS)
        except (BlockRefused, Unavailable) as problem:
            if (told := refusal(problem)) is not None:
                raise QueryProblem(f"the engine does not take the statement: {told}") from None
            raise
        rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
        size = sum(len(value or "") for row in rows for value in row)
        return Found(statement.names, rows, len(rows), size)

    def get(self, account: str, id_: str) -> Query:
        """A query by its id. Raises NotFound."""
        found = self._all.get(id_)
        if found is None or found.account != account:
            raise NotFound(f"Query {id_} was not found")
        return found

    def of(self, account: str, store: str) -> list[Query]:
        """The queries of a store, the newest first."""
        return [one for one in reversed(self._all.values()) if one.account == account and store in one.stores]

    def cancel(self, account: str, id_: str) -> Query:
        """Stop a query. Raises NotFound, Conflict for one that has ended."""
        query = self.get(account, id_)
        if query.state is not QueryState.RUNNING or query.task is None:
            raise Conflict(f"Query {id_} is not running: it is {query.state}")
        query.state, query.ended_ms = QueryState.CANCELLED, self._clock.now_ms()
        query.task.cancel()
        return query

    def forget(self) -> None:
        """Stop and forget every query."""
        for query in self._all.values():
            if query.task is not None:
                query.task.cancel()
        self._all.clear()

    async def _run(self, query: Query, statement: "Statement") -> None:
        try:
            query.found = await self.run(statement)
            query.state = QueryState.FINISHED
        except QueryAborted as problem:
            query.state, query.problem = QueryState.TIMED_OUT, str(problem)
        except TrimtabError as problem:
            query.state, query.problem = QueryState.FAILED, str(problem)
        query.ended_ms = self._clock.now_ms()

    def _of_store(self, store: Store, prefix: str) -> tuple[str, Mapping[str, Any]]:
        """The condition of what a store holds."""
        if store.status == PENDING:
            raise InvalidInput(f"Event data store {store.arn} is about to be deleted: restore it first")
        bound = Bound(prefix)
        selectors = store.body.get("AdvancedEventSelectors") or DEFAULT_ADVANCED
        wanted = of_advanced(selectors, bound)
        if store.body.get("InsightSelectors"):
            wanted = f"({wanted} OR {of_insights(store.body['InsightSelectors'], bound)})"
        if not store.body.get("OrganizationEnabled"):
            wanted += f" AND account IN {bound.bind([store.account])}"
        if not store.body.get("MultiRegionEnabled", True):
            wanted += f" AND region IN {bound.bind([store.region])}"
        since_ms = self._clock.now_ms() - int(store.body.get("RetentionPeriod") or 2557) * DAY_MS
        return f"{wanted} AND time >= fromUnixTimestamp64Milli({max(since_ms, 0)}, 'UTC')", bound.values
