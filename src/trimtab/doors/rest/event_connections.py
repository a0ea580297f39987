"""`/rest/v1/event-connections`: how endpoints outside are signed in to. No answer has a secret."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.client import connections_wire as wire
from trimtab.client.triggers_wire import Done
from trimtab.doors.rest.event_rules import TAG, Triggering, place_of
from trimtab.doors.rest.spec import Call, Operation
from trimtab.triggers.arns import Place
from trimtab.triggers.connections import SignIn
from trimtab.triggers.room import TriggersRoom

_PATH = "/rest/v1/event-connections"
_NAME: Mapping[str, str] = {"name": "The name of the connection."}
_KINDS = {"api key": "API_KEY", "basic": "BASIC", "oauth": "OAUTH_CLIENT_CREDENTIALS"}
_WORDS = {kind: word for word, kind in _KINDS.items()}


def operations(needs: Triggering) -> list[Operation]:
    """The operations on connections and their destinations."""
    room = needs.room

    async def listed(call: Call[Any, None]) -> wire.ConnectionList:
        place = place_of(needs, call.principal)
        return wire.ConnectionList([await _shown(room, place, one) for one in await room.connections.listed(place)])

    async def put(call: Call[Any, wire.PutConnection]) -> wire.Connection:
        asked, place = call.body, place_of(needs, call.principal)
        kind, parameters = _KINDS[asked.kind], _parameters(asked)
        try:
            made = await room.connections.update(place, asked.name, kind, parameters, asked.description)
        except NotFound:
            made = await room.connections.create(place, asked.name, kind, parameters, asked.description)
        if asked.endpoint:
            values = {"connection": made.arn, "endpoint": asked.endpoint, "method": asked.method}
            try:
                await room.destinations.update(place, asked.name, values)
            except NotFound:
                await room.destinations.create(place, asked.name, values)
        return await _shown(room, place, made)

    async def remove(call: Call[Any, None]) -> Done:
        place, name = place_of(needs, call.principal), call.path["name"]
        arn = (await room.connections.get(place, name)).arn
        for one in await room.destinations.listed(place, connection_arn=arn):
            if one.name == name:
                await room.destinations.delete(place, name)
        await room.connections.delete(place, name)
        return Done(f"removed {name}")

    return [
        Operation("GET", _PATH, "list event connections", "Every connection.", listed, wire.ConnectionList, tag=TAG),
        Operation(
            "POST",
            _PATH,
            "put event connection",
            "Make or replace a connection, and an API destination with it.",
            put,
            wire.Connection,
            body=wire.PutConnection,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "DELETE",
            f"{_PATH}/{{name}}",
            "remove event connection",
            "Remove a connection and the API destination of its name.",
            remove,
            Done,
            errors=(404, 409),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=TAG,
        ),
    ]


def _parameters(asked: wire.PutConnection) -> dict[str, Any]:
    if asked.kind == "api key":
        return {"ApiKeyAuthParameters": {"ApiKeyName": asked.user, "ApiKeyValue": asked.secret}}
    if asked.kind == "basic":
        return {"BasicAuthParameters": {"Username": asked.user, "Password": asked.secret}}
    client = {"ClientID": asked.user, "ClientSecret": asked.secret}
    oauth = {"ClientParameters": client, "AuthorizationEndpoint": asked.token_url, "HttpMethod": "POST"}
    return {"OAuthParameters": oauth}


async def _shown(room: TriggersRoom, place: Place, one: SignIn) -> wire.Connection:
    shown = one.shown
    users = (
        shown.get("ApiKeyAuthParameters", {}).get("ApiKeyName"),
        shown.get("BasicAuthParameters", {}).get("Username"),
        shown.get("OAuthParameters", {}).get("ClientParameters", {}).get("ClientID"),
    )
    destinations = await room.destinations.listed(place, connection_arn=one.arn)
    return wire.Connection(
        one.name,
        one.arn,
        _WORDS[one.kind],
        one.state.lower(),
        next((user for user in users if user), ""),
        one.created_ms,
        [destination.arn for destination in destinations],
    )
