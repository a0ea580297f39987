"""`/rest/v1/logs/groups` and `/rest/v1/logs/events`: log groups, their events by pages, and storing events."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.client import log_events_wire as wire
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.logs.filters.condition import condition
from trimtab.logs.model import Event, LogEvent, Position
from trimtab.logs.read import EventQuery

_DOOR = "rest"
_GROUP_PART = Annotated[str, Meta(max_length=512)]


class GroupsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which groups."""

    prefix: _GROUP_PART = ""
    contains: Annotated[str, Meta(max_length=512, description="Part of the name, in any case.")] = ""
    after: _GROUP_PART = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events of a group."""

    group: wire.GroupName
    stream: Annotated[str, Meta(max_length=512)] = ""
    filter: Annotated[str, Meta(max_length=1024, description="A filter pattern of CloudWatch Logs.")] = ""
    start: Instant = "-1h"
    end: Instant = "now"
    after: Annotated[str, Meta(max_length=200, description="A position: what is answered begins behind it.")] = ""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    newest: Annotated[bool, Meta(description="Newest first, going back.")] = False
    unmask: Annotated[bool, Meta(description="Without the masks of data protection; role admin.")] = False


def operations(writing: LogWriting) -> list[Operation]:
    """The operations on log groups and events."""
    logs = writing.logs

    async def groups(call: Call[GroupsQuery, None]) -> wire.LogGroupPage:
        asked = call.query
        found = await logs.groups.listed(
            call.principal.account or writing.account,
            writing.region,
            prefix=asked.prefix,
            contains=asked.contains,
            after=asked.after,
            limit=asked.limit + 1,
        )
        page = found[: asked.limit]
        shown = [
            wire.LogGroup(one.name, one.arn, one.created_ms, one.retention_days, one.class_)
            for one in await logs.reader.visible(call.principal.scope, page)
        ]
        return wire.LogGroupPage(shown, page[-1].name if len(found) > asked.limit else None)

    async def events(call: Call[EventsQuery, None]) -> wire.LogEventPage:
        asked, scope = call.query, call.principal.scope
        account = call.principal.account or writing.account
        if asked.unmask and not call.principal.may(Role.ADMIN):
            raise AccessDenied("cannot unmask: a key with the role admin may")
        group = await logs.reader.group(scope, account, writing.region, asked.group)
        range_ = time_range(asked.start, asked.end, logs.clock.now_ms())
        where, params = condition(asked.filter)
        streams = [(await logs.groups.stream(group, asked.stream)).id] if asked.stream else None
        await logs.reader.fresh()
        query = EventQuery(
            start_ms=range_.start_ms,
            end_ms=range_.end_ms,
            limit=asked.limit,
            backward=asked.newest,
            position=_position(asked.after),
            streams=streams,
            where=where,
            params=params,
            unmask=asked.unmask,
        )
        page = await logs.reader.page(scope, [group], query)
        found = [_shown(one) for one in (page.events[::-1] if asked.newest else page.events)]
        return wire.LogEventPage(found, found[-1].position if page.more else None)

    async def put(call: Call[Any, wire.PutLogEvents]) -> wire.PutLogAnswer:
        body, now_ms = call.body, logs.clock.now_ms()
        given = [_taken(one, now_ms) for one in body.events]
        taken = sorted((one for one in given if writing.in_time(one.time_ms)), key=lambda one: one.time_ms)
        if taken:
            account = call.principal.account or writing.account
            await writing.write(_DOOR, {(body.group, body.stream): taken}, account, None, call.body_bytes)
        return wire.PutLogAnswer(len(taken), len(given) - len(taken))

    return [
        Operation(
            "GET",
            "/rest/v1/logs/groups",
            "list log groups",
            "Log groups by name.",
            groups,
            wire.LogGroupPage,
            query=GroupsQuery,
            tag="logs",
            bound=True,
        ),
        Operation(
            "GET",
            "/rest/v1/logs/events",
            "list log events",
            "Events of a log group that a filter pattern matches, by time.",
            events,
            wire.LogEventPage,
            query=EventsQuery,
            errors=(404, 504),
            tag="logs",
            bound=True,
        ),
        Operation(
            "POST",
            "/rest/v1/logs/events",
            "put log events",
            "Store log events of one stream; the answer comes when they are durable.",
            put,
            wire.PutLogAnswer,
            body=wire.PutLogEvents,
            errors=(429, 507),
            role=Role.WRITE,
            tag="logs",
        ),
    ]


def _position(text: str) -> Position | None:
    if not text:
        return None
    try:
        time_ms, id_ = decode_token(text)
        return Position(int(time_ms), int(id_))
    except (InvalidInput, TypeError, ValueError, OverflowError):
        raise InvalidInput("cannot go on after this: expected the position of an event", field="after") from None


def _shown(event: Event) -> wire.LogEvent:
    return wire.LogEvent(
        encode_token([event.time_ms, str(event.id)]),
        event.time_ms,
        event.ingested_ms,
        event.stream,
        event.message,
        event.severity,
        event.trace_id,
        event.span_id,
        dict(event.attributes),
    )


def _taken(event: wire.NewLogEvent, now_ms: int) -> LogEvent:
    return LogEvent(
        now_ms if event.time_ms is None else event.time_ms,
        event.message,
        event.severity,
        event.trace_id,
        event.span_id,
        event.attributes,
    )
