"""API destinations: credentials of every kind, sent and never shown."""

import json
from typing import Any

import pytest
from tests.unit.notify.receiver import Receiver
from tests.unit.triggers.conftest import HERE, Rooms

from trimtab.triggers.model import DeliveryState

_SECRET = "hunter2-and-more"


def _destination(rooms: Rooms, receiver: Receiver, kind: str, parameters: dict[str, Any], **more: Any) -> str:
    connection = rooms.run(rooms.room.connections.create(HERE, "c", kind, parameters, ""))
    values = {"connection": connection.arn, "endpoint": receiver.url + "/in/*", "method": "POST", **more}
    return str(rooms.run(rooms.room.destinations.create(HERE, "d", values)).arn)


def _delivered(rooms: Rooms, arn: str) -> Any:
    form = {
        "Arn": arn,
        "HttpParameters": {
            "PathParameterValues": ["a b"],
            "QueryStringParameters": {"q": "1"},
            "HeaderParameters": {"X-More": "yes"},
        },
    }
    rooms.rule("r", {"source": ["my.app"]}, form)
    rooms.send(n=1)
    rooms.tick()
    return rooms.deliveries()[0]


def test_an_api_key_is_a_header(rooms: Rooms, receiver: Receiver) -> None:
    parameters = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": _SECRET},
        "InvocationHttpParameters": {
            "BodyParameters": [{"Key": "team", "Value": "ml"}],
            "QueryStringParameters": [{"Key": "t", "Value": _SECRET, "IsValueSecret": True}],
        },
    }
    assert _delivered(rooms, _destination(rooms, receiver, "API_KEY", parameters)).state is DeliveryState.DELIVERED
    path, headers, body = receiver.requests[0]
    assert path == f"/in/a%20b?q=1&t={_SECRET}"
    assert (headers["x-key"], headers["x-more"]) == (_SECRET, "yes")
    assert json.loads(body)["team"] == "ml"


def test_a_user_and_a_password(rooms: Rooms, receiver: Receiver) -> None:
    parameters = {"BasicAuthParameters": {"Username": "u", "Password": _SECRET}}
    _delivered(rooms, _destination(rooms, receiver, "BASIC", parameters))
    assert receiver.requests[0][1]["authorization"].startswith("Basic ")


def test_an_oauth_token_is_fetched_once_and_anew_where_it_is_refused(rooms: Rooms, receiver: Receiver) -> None:
    receiver.body = json.dumps({"access_token": "t0ken", "expires_in": 3600}).encode()
    parameters = {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "id", "ClientSecret": _SECRET},
            "AuthorizationEndpoint": receiver.url + "/token",
            "HttpMethod": "POST",
        }
    }
    arn = _destination(rooms, receiver, "OAUTH_CLIENT_CREDENTIALS", parameters)
    _delivered(rooms, arn)
    assert [request[0].partition("?")[0] for request in receiver.requests] == ["/token", "/in/a%20b"]
    assert _SECRET.encode() in receiver.requests[0][2]
    assert receiver.requests[1][1]["authorization"] == "Bearer t0ken"
    rooms.send(n=2)
    rooms.tick()
    assert len(receiver.requests) == 3
    receiver.statuses = [401]
    rooms.send(n=3)
    rooms.tick()
    assert [request[0].partition("?")[0] for request in receiver.requests[3:]] == ["/in/a%20b", "/token", "/in/a%20b"]
    assert all(one.state is DeliveryState.DELIVERED for one in rooms.deliveries())


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("BASIC", {"BasicAuthParameters": {"Username": "u", "Password": _SECRET}}),
        ("API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": _SECRET}}),
        (
            "OAUTH_CLIENT_CREDENTIALS",
            {
                "OAuthParameters": {
                    "ClientParameters": {"ClientID": "id", "ClientSecret": _SECRET},
                    "AuthorizationEndpoint": "https://example.com/token",
                    "HttpMethod": "POST",
                    "OAuthHttpParameters": {"BodyParameters": [{"Key": "s", "Value": _SECRET, "IsValueSecret": True}]},
                }
            },
        ),
    ],
)
def test_no_secret_comes_out_again(rooms: Rooms, kind: str, parameters: dict[str, Any]) -> None:
    made = rooms.run(rooms.room.connections.create(HERE, "c", kind, parameters, ""))
    assert _SECRET not in json.dumps(made.shown)
    assert _SECRET not in repr(made)


def test_a_connection_that_was_deauthorized_sends_nothing(rooms: Rooms, receiver: Receiver) -> None:
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": _SECRET}}
    arn = _destination(rooms, receiver, "API_KEY", parameters)
    rooms.run(rooms.room.connections.deauthorize(HERE, "c"))
    assert _delivered(rooms, arn).state is DeliveryState.DEAD
    assert receiver.requests == []
