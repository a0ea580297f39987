"""Scheduled queries and their runs in the state database."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.egress.gate import Gate
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.logs.insights.run import parse_in
from trimtab.logs.schedules.delivery import check_destination
from trimtab.logs.schedules.model import Delivery, Run, ScheduledQuery, Status
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_schedules import log_scheduled_queries, log_scheduled_runs
from trimtab.store.state.upcoming import NOW, Upcoming

MOST_QUERIES = 1000
"""Scheduled queries of an account in a region, as documented for saved ones."""
KEPT_RUNS = 100
"""Runs of a query that are kept, with their results."""
_queries, _runs = log_scheduled_queries.c, log_scheduled_runs.c


class ScheduledQueries:
    """Every scheduled query."""

    def __init__(self, state: State, clock: Clock, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._gate = gate

    async def create(self, query: ScheduledQuery) -> ScheduledQuery:
        """Keep a query (its id and times are made here). Raises InvalidInput, Conflict for its name, LimitExceeded."""
        now_ms = self._clock.now_ms()
        made = self._checked(replace(query, id=new_id(), created_ms=now_ms, updated_ms=now_ms))
        await self._admit(made)

        def write(connection: Connection) -> None:
            mine = and_(_queries.account == made.account, _queries.region == made.region)
            names = connection.execute(select(_queries.name).where(mine)).scalars().all()
            if made.name in names:
                raise Conflict(f"cannot create the scheduled query {made.name!r}: there is one of that name")
            if len(names) >= MOST_QUERIES:
                raise LimitExceeded(f"cannot create the scheduled query: there are {MOST_QUERIES}, as many as may be")
            connection.execute(insert(log_scheduled_queries).values(_row(made)))

        await self._state.change(write)
        return made

    async def change(self, query: ScheduledQuery) -> ScheduledQuery:
        """Keep a query in place of that of its id. Raises InvalidInput, NotFound."""
        made = self._checked(replace(query, updated_ms=self._clock.now_ms()))
        await self._admit(made)
        values = {name: value for name, value in _row(made).items() if name != "id"}
        changed = update(log_scheduled_queries).where(_queries.id == made.id).values(values)
        if not await self._state.change(lambda connection: connection.execute(changed).rowcount):
            raise NotFound(f"cannot find the scheduled query {made.name!r}")
        return made

    async def get(self, account: str, region: str, identifier: str) -> ScheduledQuery:
        """A query by name, id or ARN. Raises NotFound."""
        id_ = identifier.rpartition(":scheduled-query:")[2]
        wanted = select(log_scheduled_queries).where(
            _queries.account == account,
            _queries.region == region,
            or_(_queries.name == identifier, _queries.id == id_),
        )
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None:
            raise NotFound(f"cannot find the scheduled query {identifier[:300]!r}")
        return _read(row)

    async def listed(
        self, account: str, region: str, *, after: str = "", enabled: bool | None = None, limit: int = 100
    ) -> list[ScheduledQuery]:
        """Queries by name, those after `after`."""
        wanted = select(log_scheduled_queries).where(
            _queries.account == account, _queries.region == region, _queries.name > after
        )
        if enabled is not None:
            wanted = wanted.where(_queries.enabled == int(enabled))
        ordered = wanted.order_by(_queries.name).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(ordered).mappings()])

    async def delete(self, query: ScheduledQuery) -> None:
        """Remove a query with its runs."""

        def write(connection: Connection) -> None:
            connection.execute(delete(log_scheduled_queries).where(_queries.id == query.id))
            connection.execute(delete(log_scheduled_runs).where(_runs.query == query.id))

        await self._state.change(write)

    async def last_runs(self, queries: Sequence[str]) -> dict[str, Run]:
        """The newest run of each of these queries; those that never ran are absent."""
        wanted = select(*_told()).where(_runs.query.in_(queries)).order_by(_runs.triggered_ms)
        rows = await self._state.read(lambda connection: connection.execute(wanted).mappings().all())
        return {row["query"]: _read_run(row) for row in rows}

    async def history(
        self,
        query: ScheduledQuery,
        start_ms: int,
        end_ms: int,
        statuses: Sequence[str] = (),
        offset: int = 0,
        limit: int = 100,
    ) -> list[Run]:
        """Runs that were triggered in `[start_ms, end_ms]`, the newest first."""
        wanted = select(*_told()).where(_runs.query == query.id, _runs.triggered_ms.between(start_ms, end_ms))
        if statuses:
            wanted = wanted.where(_runs.status.in_(statuses))
        ordered = wanted.order_by(_runs.triggered_ms.desc()).offset(offset).limit(limit)
        rows = await self._state.read(lambda connection: connection.execute(ordered).mappings().all())
        return [_read_run(row) for row in rows]

    async def run(self, account: str, region: str, id_: str) -> tuple[ScheduledQuery, Run, bytes]:
        """A run by id, with its query and its packed result. Raises NotFound."""
        wanted = (
            select(*_told(), _runs.result)
            .join(log_scheduled_queries, _queries.id == _runs.query)
            .where(_queries.account == account, _queries.region == region, _runs.id == id_)
        )
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None:
            raise NotFound(f"Query '{id_[:100]}' does not exist")
        return await self.get(account, region, row["query"]), _read_run(row), row["result"]

    async def _admit(self, query: ScheduledQuery) -> None:
        if query.destination.startswith(("https://", "http://")):
            await self._gate.admit(query.destination, f"scheduled query {query.name}")

    def _checked(self, query: ScheduledQuery) -> ScheduledQuery:
        """The query with its next time. Raises InvalidInput."""
        parse_in(query.language, query.query)
        if not 0 <= query.end_offset_s < query.start_offset_s:
            raise InvalidInput(
                f"cannot read from {query.start_offset_s} s to {query.end_offset_s} s before a run: expected the start "
                "before the end, and no end after the run"
            )
        check_destination(query.destination, query.account, query.region)
        schedule = parse_schedule(query.expression, query.zone, anchor_ms=query.start_ms or query.created_ms)
        return replace(
            query, next_ms=next_time(query, schedule.next_after(max(query.updated_ms, (query.start_ms or 0) - 1)))
        )


def next_time(query: ScheduledQuery, due_ms: int | None) -> int | None:
    """When a query is due, given what its schedule says."""
    over = due_ms is None or (query.end_ms is not None and due_ms > query.end_ms)
    return None if over or not query.enabled else due_ms


def upcoming(state: State) -> Upcoming:
    """When a query is due next, or that one runs."""
    runs = select(NOW).where(_runs.status == str(Status.RUNNING))
    return Upcoming(state, runs, select(func.min(_queries.next_ms)))


def due(connection: Connection, now_ms: int, limit: int) -> list[ScheduledQuery]:
    """Queries whose time has come, the oldest first."""
    wanted = select(log_scheduled_queries).where(_queries.next_ms <= now_ms).order_by(_queries.next_ms).limit(limit)
    return [_read(row) for row in connection.execute(wanted).mappings()]


def begin(connection: Connection, query: ScheduledQuery, triggered_ms: int, next_ms: int | None) -> Run | None:
    """Note that a run began and when the next is due; None where another process did or the query was changed."""
    mine = and_(_queries.id == query.id, _queries.next_ms == query.next_ms)
    if not connection.execute(update(log_scheduled_queries).where(mine).values(next_ms=next_ms)).rowcount:
        return None
    run = Run(new_id(), query.id, triggered_ms, Status.RUNNING)
    row = {
        "id": run.id, "query": query.id, "triggered_ms": triggered_ms, "status": str(run.status), "error": "",
        "rows": 0, "result": b"", "delivery": "", "delivered_to": "", "delivery_error": "",
    }  # fmt: skip
    connection.execute(insert(log_scheduled_runs).values(row))
    old = select(_runs.id).where(_runs.query == query.id).order_by(_runs.triggered_ms.desc()).offset(KEPT_RUNS)
    gone = connection.execute(old.limit(KEPT_RUNS)).scalars().all()
    if gone:
        connection.execute(delete(log_scheduled_runs).where(_runs.id.in_(gone)))
    return run


def end(connection: Connection, run: Run, result: bytes) -> None:
    """Note what became of a run."""
    values = {
        "status": str(run.status), "error": run.error, "rows": run.rows, "result": result,
        "delivery": str(run.delivery), "delivered_to": run.delivered_to, "delivery_error": run.delivery_error,
    }  # fmt: skip
    connection.execute(update(log_scheduled_runs).where(_runs.id == run.id).values(values))


def abandon(connection: Connection, known: Sequence[str]) -> int:
    """Note that runs failed which no process works on any more: those that run and are not `known`; how many."""
    lost: ColumnElement[bool] = and_(_runs.status == str(Status.RUNNING), _runs.id.not_in(known))
    failed = {"status": str(Status.FAILED), "error": "trimtab stopped while the query ran"}
    return connection.execute(update(log_scheduled_runs).where(lost).values(failed)).rowcount


def _told() -> list[Any]:
    return [column for column in log_scheduled_runs.columns if column.name != "result"]


def _row(query: ScheduledQuery) -> Mapping[str, Any]:
    kept = {name: getattr(query, name) for name in ScheduledQuery.__struct_fields__}
    return {**kept, "groups": json.dumps(list(query.groups)), "enabled": int(query.enabled)}


def _read(row: RowMapping) -> ScheduledQuery:
    kept = {name: row[name] for name in ScheduledQuery.__struct_fields__}
    return ScheduledQuery(**{**kept, "groups": tuple(json.loads(row["groups"])), "enabled": bool(row["enabled"])})


def _read_run(row: RowMapping) -> Run:
    return Run(
        row["id"], row["query"], row["triggered_ms"], Status(row["status"]), row["error"], row["rows"],
        Delivery(row["delivery"]), row["delivered_to"], row["delivery_error"],
    )  # fmt: skip
