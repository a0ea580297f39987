"""Reads: events that a scope covers, by pages from a stable position; facets and the timeline of a search."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.audit.conditions import AuditQuery, scoped, where
from trimtab.audit.model import Attribute, AuditEvent, Page, Position
from trimtab.base.errors import NotFound
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

_QUERIES = load_queries("trimtab.audit")
_FACET_VALUES = 12
_FRESH_S = 2.0


class Drain(Protocol):
    """The log in front of the engine, as far as a reader waits for it."""

    async def settled(self, timeout_s: float) -> bool:
        """Wait until what was appended before is in the engine; whether it is."""
        ...


class FacetValue(Struct, frozen=True):
    """A value of a facet, and how many events have it."""

    value: str
    events: int


class Step(Struct, frozen=True):
    """How many events began in `[at_ms, at_ms + step)`, by kind; `errors` are those that failed, of either kind."""

    at_ms: int
    reads: int
    changes: int
    errors: int


class Counts(Struct, frozen=True):
    """Events of a search; `changes` are those that are not read-only."""

    events: int
    changes: int
    errors: int


class AuditReader:
    """The only reader of audit events. What a scope does not cover is not there."""

    def __init__(self, telemetry: Telemetry, log: Drain) -> None:
        self._telemetry = telemetry
        self._log = log

    async def page(self, scope: Scope, query: AuditQuery, limit: int, after: Position | None = None) -> Page:
        """At most `limit` events, the newest first. Raises QueryAborted, Unavailable."""
        condition, params = where(scope, query, after)
        found = events_of(await self._fetch("page", condition, {**params, "limit": limit + 1}))
        events = found[:limit]
        more = len(found) > limit
        return Page(events, Position(events[-1].time_ms, events[-1].id) if more and events else None)

    async def one(self, scope: Scope, event_id: str) -> AuditEvent:
        """The event with an id. Raises NotFound."""
        found = await self.page(scope, AuditQuery(attributes=((Attribute.EVENT_ID, event_id),)), 1)
        if not found.events:
            raise NotFound(f"cannot find audit event {event_id!r}: there is none with this id")
        return found.events[0]

    async def taken(
        self,
        after: tuple[int, str],
        before_ms: int,
        limit: int,
        scope: Scope = EVERYTHING,
        condition: str = "",
        bound: Mapping[str, Any] | None = None,
    ) -> list[AuditEvent]:
        """Events after a position in the order in which they were taken, (ms, id); those taken before `before_ms`.

        `condition` is a further one over the columns of `audit_events`, with its parameters in `bound`.
        """
        parts, params = scoped(scope)
        params |= {**(bound or {}), "after": after[0], "after_id": after[1], "before": before_ms, "limit": limit}
        return events_of(
            await self._fetch("taken", " AND ".join([*parts, *([condition] if condition else [])]), params)
        )

    async def facets(self, scope: Scope, query: AuditQuery) -> dict[str, list[FacetValue]]:
        """The most frequent values of each facet among the events of a search."""
        condition, params = where(scope, query)
        found = await self._fetch("facets", condition, {**params, "limit": _FACET_VALUES})
        facets: dict[str, list[FacetValue]] = {}
        columns = (found["facet"].tolist(), found["value"].tolist(), found["events"].tolist())
        for facet, value, events in zip(*columns, strict=True):
            facets.setdefault(facet, []).append(FacetValue(value, events))
        return facets

    async def timeline(self, scope: Scope, query: AuditQuery, step_ms: int) -> list[Step]:
        """How many events each step of a search has; steps without any are left out."""
        condition, params = where(scope, query)
        found = await self._fetch("timeline", condition, {**params, "step": step_ms})
        columns = [found[name].tolist() for name in ("at", "reads", "changes", "errors")]
        return [Step(*row) for row in zip(*columns, strict=True)]

    async def count(self, scope: Scope, query: AuditQuery) -> Counts:
        """How many events a search has."""
        found = await self._fetch("count", *where(scope, query))
        return Counts(int(found["events"][0]), int(found["changes"][0]), int(found["errors"][0]))

    async def fresh(self, timeout_s: float = _FRESH_S) -> bool:
        """Wait, at most `timeout_s` seconds, until what was written before can be read; whether it now can."""
        return await self._log.settled(timeout_s)

    async def _fetch(self, query: str, condition: str, params: Mapping[str, Any]) -> Columns:
        return await self._telemetry.fetch(_QUERIES[query].replace("/*and*/", condition), params)


def events_of(found: Columns) -> list[AuditEvent]:
    """Rows of the queries `page` and `taken` as events."""
    columns = {name: column.tolist() for name, column in found.items()}
    return [
        AuditEvent(
            account=columns["account"][row],
            region=columns["region"][row],
            time_ms=at,
            id=columns["event_id"][row],
            name=columns["event_name"][row],
            source=columns["event_source"][row],
            type=columns["event_type"][row],
            category=columns["category"][row],
            read_only=bool(columns["read_only"][row]),
            user_name=columns["user_name"][row],
            session_name=columns["session_name"][row],
            user_type=columns["user_type"][row],
            user_arn=columns["user_arn"][row],
            access_key_id=columns["access_key_id"][row],
            source_ip=columns["source_ip"][row],
            user_agent=columns["user_agent"][row],
            error_code=columns["error_code"][row],
            error_message=columns["error_message"][row],
            request_id=columns["request_id"][row],
            resource_types=tuple(columns["resource_types"][row]),
            resource_names=tuple(columns["resource_names"][row]),
            touched=tuple(columns["touched"][row]),
            origin=columns["origin"][row],
            ingested_ms=columns["ingested_ms"][row],
            record=json.loads(columns["record"][row]),
        )
        for row, at in enumerate(columns["at"])
    ]
