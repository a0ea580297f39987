"""`/rest/v1/channels` and `/rest/v1/deliveries`: whom to tell, what was told, and why something did not arrive."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.client import notify_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.notify import kinds, model
from trimtab.notify.channels import Wish
from trimtab.notify.room import NotifyRoom

_PATH, _LOG = "/rest/v1/channels", "/rest/v1/deliveries"
_NAME: Mapping[str, str] = {"name": "The name of the channel."}
_ID: Mapping[str, str] = {"id": "The id of the delivery, as listed."}
_TAG = "notifications"


class DeliveriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries."""

    channel: Annotated[str | None, Meta(description="Of this channel only.")] = None
    state: Annotated[Literal["waiting", "delivered", "failed"] | None, Meta(description="In this state only.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    before: Annotated[Annotated[int, Meta(ge=0, le=2**53)] | None, Meta(description="`next` of the page before.")] = (
        None
    )


def operations(needs: NotifyRoom) -> list[Operation]:
    """The operations on channels and deliveries."""
    return [*_channels(needs), *_deliveries(needs)]


def _channels(needs: NotifyRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.ChannelList:
        found = await needs.channels.list(call.principal.account)
        return wire.ChannelList([channel_on_wire(channel, topics) for channel, topics in found])

    async def create(call: Call[Any, wire.CreateChannel]) -> wire.NewChannel:
        wanted = call.body
        secret = {"signing_secret": wanted.signing_secret, "authorization": wanted.authorization}
        wish = Wish(
            wanted.name,
            wanted.kind,
            wanted.endpoint,
            ({} if wanted.group_s is None else {"group_s": wanted.group_s})
            | ({"owners": list(dict.fromkeys(wanted.owners))} if wanted.owners else {}),
            {**secret, "routing_key": wanted.routing_key},
            tuple(wanted.events),
            tuple(dict.fromkeys(wanted.topics)),
        )
        channel, made = await needs.channels.create(call.principal.account or needs.account, wish)
        return wire.NewChannel(channel_on_wire(channel, list(wish.topics)), made)

    async def remove(call: Call[Any, None]) -> wire.Channel:
        return channel_on_wire(await needs.channels.remove(call.principal.account, call.path["name"]), [])

    async def test(call: Call[Any, None]) -> wire.Delivery:
        found = await needs.log.test(call.principal.account, call.path["name"], call.principal.name)
        return delivery_on_wire(found)

    one, many = f"{_PATH}/{{name}}", wire.ChannelList
    sentence = "Make a channel; a signing secret that was made is in this answer and nowhere else."
    return [
        Operation("GET", _PATH, "list channels", "Every channel, without secrets.", listed, many, tag=_TAG),
        Operation(
            "POST",
            _PATH,
            "create channel",
            sentence,
            create,
            wire.NewChannel,
            body=wire.CreateChannel,
            status=201,
            errors=(409,),
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            one,
            "remove channel",
            "Remove a channel; what waits for it is marked failed.",
            remove,
            wire.Channel,
            errors=(404, 409),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{one}/test",
            "test channel",
            "Send a test; the delivery that is answered tells what comes of it.",
            test,
            wire.Delivery,
            status=202,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def _deliveries(needs: NotifyRoom) -> list[Operation]:
    async def listed(call: Call[DeliveriesQuery, None]) -> wire.DeliveryPage:
        asked = call.query
        found: Sequence[model.Delivery] = await needs.log.page(
            call.principal.account, channel=asked.channel, state=asked.state, before=asked.before, limit=asked.limit
        )
        more = found[-1].seq if len(found) == asked.limit else None
        return wire.DeliveryPage([delivery_on_wire(one) for one in found], more)

    async def get(call: Call[Any, None]) -> wire.DeliveryDetail:
        found, attempts = await needs.log.get(call.principal.account, call.path["id"])
        shown = [typed.convert(one, wire.Attempt, from_attributes=True) for one in attempts]
        return wire.DeliveryDetail(delivery_on_wire(found), shown)

    async def retry(call: Call[Any, None]) -> wire.Delivery:
        return delivery_on_wire(await needs.log.retry(call.principal.account, call.path["id"]))

    one = f"{_LOG}/{{id}}"
    return [
        Operation(
            "GET",
            _LOG,
            "list deliveries",
            "The delivery log, the newest first.",
            listed,
            wire.DeliveryPage,
            query=DeliveriesQuery,
            tag=_TAG,
        ),
        Operation(
            "GET",
            one,
            "get delivery",
            "One delivery with every attempt and its reason.",
            get,
            wire.DeliveryDetail,
            errors=(404,),
            path_parameters=_ID,
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{one}/retry",
            "retry delivery",
            "Try a delivery that waits or failed again now.",
            retry,
            wire.Delivery,
            errors=(404, 409),
            path_parameters=_ID,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def channel_on_wire(channel: model.Channel, topics: list[str]) -> wire.Channel:
    """A channel as it is shown: no secret is in it."""
    return wire.Channel(
        channel.name,
        channel.account,
        channel.kind,
        kinds.shown(channel.kind, channel.endpoint),
        topics,
        list(channel.events),
        kinds.group_s(channel.kind, channel.options),
        channel.created_ms,
        channel.failures,
        channel.open_until_ms,
        channel.last_ok_ms,
        channel.last_error_ms,
        channel.last_error,
        list(kinds.owners(channel.options)),
    )


def delivery_on_wire(delivery: model.Delivery) -> wire.Delivery:
    """A delivery as it is shown."""
    return typed.convert(delivery, wire.Delivery, from_attributes=True)
