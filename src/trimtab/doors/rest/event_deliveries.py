"""`/rest/v1/event-deliveries`, `/rest/v1/event-archives`: what was sent, what was given up, what is kept to replay."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.timerange import parse_instant_ms
from trimtab.client import triggers_wire as wire
from trimtab.doors.rest.event_rules import TAG, Triggering, place_of
from trimtab.doors.rest.spec import Call, Operation
from trimtab.triggers.archives import Archive
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import Delivery
from trimtab.triggers.replays import Replay, Wish

_LOG, _ARCHIVES = "/rest/v1/event-deliveries", "/rest/v1/event-archives"
_ID: Mapping[str, str] = {"id": "The id of the delivery, as listed."}
_NAME: Mapping[str, str] = {"name": "The name of the archive."}


class DeliveriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries."""

    rule: Annotated[str | None, Meta(description="Of the rule with this ARN only.")] = None
    state: Annotated[wire.DeliveryStateName | None, Meta(description="In this state only.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    before: Annotated[Annotated[int, Meta(ge=0, le=2**53)] | None, Meta(description="`next` of the page before.")] = (
        None
    )


def operations(needs: Triggering) -> list[Operation]:
    """The operations on deliveries, archives and replays."""
    return [*_deliveries(needs), *_archives(needs)]


def _deliveries(needs: Triggering) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[DeliveriesQuery, None]) -> wire.EventDeliveryPage:
        asked = call.query
        found = await room.log.page(
            call.principal.account, rule=asked.rule, state=asked.state, before=asked.before, limit=asked.limit
        )
        more = found[-1].seq if len(found) == asked.limit else None
        return wire.EventDeliveryPage([on_wire(one) for one in found], more)

    async def get(call: Call[Any, None]) -> wire.EventDeliveryDetail:
        found, attempts, event = await room.log.get(call.principal.account, call.path["id"])
        shown = [typed.convert(one, wire.EventAttempt, from_attributes=True) for one in attempts]
        return wire.EventDeliveryDetail(on_wire(found), found.input, event, shown)

    async def retry(call: Call[Any, None]) -> wire.EventDelivery:
        return on_wire(await room.log.retry(call.principal.account, call.path["id"]))

    one = f"{_LOG}/{{id}}"
    return [
        Operation(
            "GET",
            _LOG,
            "list event deliveries",
            "What rules sent, the newest first.",
            listed,
            wire.EventDeliveryPage,
            query=DeliveriesQuery,
            tag=TAG,
        ),
        Operation(
            "GET",
            one,
            "get event delivery",
            "One delivery with its event and every attempt.",
            get,
            wire.EventDeliveryDetail,
            errors=(404,),
            path_parameters=_ID,
            tag=TAG,
        ),
        Operation(
            "POST",
            f"{one}/retry",
            "retry event delivery",
            "Send a delivery that waits or was given up again now.",
            retry,
            wire.EventDelivery,
            errors=(404, 409),
            path_parameters=_ID,
            role=Role.WRITE,
            tag=TAG,
        ),
    ]


def _archives(needs: Triggering) -> list[Operation]:
    room = needs.room

    async def listed(call: Call[Any, None]) -> wire.ArchiveList:
        place = place_of(needs, call.principal)
        archives = [_archive(one) for one in await room.archives.listed(place)]
        return wire.ArchiveList(archives, [_replay(one) for one in await room.replays.listed(place)])

    async def put(call: Call[Any, wire.PutArchive]) -> wire.EventArchive:
        asked, place = call.body, place_of(needs, call.principal)
        return _archive(
            await room.archives.create(
                place, asked.name, asked.bus, asked.description, asked.pattern, asked.retention_days
            )
        )

    async def remove(call: Call[Any, None]) -> wire.Done:
        await room.archives.delete(place_of(needs, call.principal), call.path["name"])
        return wire.Done(f"removed {call.path['name']}")

    async def replay(call: Call[Any, wire.StartReplay]) -> wire.EventReplay:
        asked, place, now_ms = call.body, place_of(needs, call.principal), room.clock.now_ms()
        archive = await room.archives.get(place, asked.archive)
        start_ms, end_ms = parse_instant_ms(asked.start, now_ms), parse_instant_ms(asked.end, now_ms)
        rules = [place.rule(archive.bus, name) for name in asked.rules]
        return _replay(
            await room.replays.start(place, Wish(asked.name, archive.arn, archive.bus, start_ms, end_ms, rules))
        )

    return [
        Operation("GET", _ARCHIVES, "list event archives", "Archives and replays.", listed, wire.ArchiveList, tag=TAG),
        Operation(
            "POST",
            _ARCHIVES,
            "create event archive",
            "Keep the events of a bus from now on.",
            put,
            wire.EventArchive,
            body=wire.PutArchive,
            status=201,
            errors=(404, 409),
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "DELETE",
            f"{_ARCHIVES}/{{name}}",
            "remove event archive",
            "Remove an archive with its events.",
            remove,
            wire.Done,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "POST",
            "/rest/v1/event-replays",
            "start event replay",
            "Send archived events through the rules once more.",
            replay,
            wire.EventReplay,
            body=wire.StartReplay,
            status=202,
            errors=(404, 409),
            role=Role.WRITE,
            tag=TAG,
        ),
    ]


def on_wire(one: Delivery) -> wire.EventDelivery:
    """A delivery as it is shown."""
    return wire.EventDelivery(
        one.seq,
        one.id,
        one.title,
        one.rule,
        one.target,
        one.arn,
        one.at_ms,
        one.state.value,
        one.attempts,
        one.next_ms,
        one.created_ms,
        one.finished_ms,
        one.status,
        one.reason,
        one.dead_letter,
    )


def _archive(one: Archive) -> wire.EventArchive:
    return wire.EventArchive(
        one.name, one.arn, name_of(one.bus), one.pattern, one.retention_days, one.created_ms, one.events, one.size
    )


def _replay(one: Replay) -> wire.EventReplay:
    return wire.EventReplay(
        one.name,
        name_of(one.archive),
        one.state,
        one.start_ms,
        one.end_ms,
        one.events,
        one.started_ms,
        one.ended_ms,
    )
