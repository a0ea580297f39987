"""Insights in the state database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import trace_insight_events, trace_insights
from trimtab.traces.insights.model import ACTIVE, Impact, Insight, InsightEvent

_insights, _events = trace_insights.c, trace_insight_events.c


class InsightStore:
    """Writes and reads insights and their events."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def get(self, account: str, region: str, id_: str) -> Insight:
        """One insight. Raises NotFound."""
        where = (_insights.id == id_, _insights.account == account, _insights.region == region)
        found = await self._listed(*where)
        if not found:
            raise NotFound(f"cannot find insight {id_}: there is none")
        return found[0]

    async def between(
        self, account: str, region: str, start_ms: int, end_ms: int, *, group: str = "", states: Sequence[str] = ()
    ) -> list[Insight]:
        """Insights that went on during `[start_ms, end_ms)`, the newest first."""
        where = [
            _insights.account == account,
            _insights.region == region,
            _insights.start_ms < end_ms,
            _insights.end_ms.is_(None) | (_insights.end_ms >= start_ms),
        ]
        if group:
            where.append(_insights.group == group)
        if states:
            where.append(_insights.state.in_(states))
        return await self._listed(*where)

    async def active(self) -> list[Insight]:
        """Every insight that goes on, of every place."""
        return await self._listed(_insights.state == ACTIVE)

    async def events(self, id_: str) -> list[InsightEvent]:
        """How an insight went on, the newest first."""
        query = select(trace_insight_events).where(_events.insight == id_).order_by(_events.at_ms.desc())

        def read(connection: Connection) -> list[InsightEvent]:
            rows = connection.execute(query)
            return [InsightEvent(row.at_ms, typed.decode(row.body, type=Impact)) for row in rows]

        return await self._state.read(read)

    async def forget(self, before_ms: int) -> None:
        """Delete insights that ended before a time, with their events."""

        def write(connection: Connection) -> None:
            old = _insights.end_ms < before_ms
            gone = [row.id for row in connection.execute(select(_insights.id).where(old))]
            connection.execute(delete(trace_insight_events).where(_events.insight.in_(gone)))
            connection.execute(delete(trace_insights).where(old))

        await self._state.change(write)

    async def _listed(self, *where: Any) -> list[Insight]:
        query = select(trace_insights).where(*where).order_by(_insights.start_ms.desc(), _insights.id)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query)])


def put(connection: Connection, insight: Insight) -> None:
    """Write an insight and how it stands now, in the caller's transaction."""
    row = _row(insight)
    if not connection.execute(update(trace_insights).where(_insights.id == insight.id).values(row)).rowcount:
        connection.execute(insert(trace_insights).values(row))
    event = {"insight": insight.id, "at_ms": insight.updated_ms, "body": row["body"]}
    same = (_events.insight == insight.id, _events.at_ms == insight.updated_ms)
    connection.execute(delete(trace_insight_events).where(*same))
    connection.execute(insert(trace_insight_events).values(event))


def _row(insight: Insight) -> dict[str, Any]:
    return {
        "id": insight.id,
        "account": insight.account,
        "region": insight.region,
        "group": insight.group,
        "service": insight.service,
        "type": insight.type,
        "state": insight.state,
        "start_ms": insight.start_ms,
        "end_ms": insight.end_ms,
        "updated_ms": insight.updated_ms,
        "body": msgspec.json.encode(insight.impact).decode(),
    }


def _read(row: Row[Any]) -> Insight:
    named = row._mapping
    return Insight(
        row.id,
        row.account,
        row.region,
        named["group"],
        row.service,
        row.type,
        row.state,
        row.start_ms,
        row.end_ms,
        row.updated_ms,
        typed.decode(row.body, type=Impact),
    )
