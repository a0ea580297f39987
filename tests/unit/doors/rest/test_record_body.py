"""Doors of records read them alike: an array, an object, objects a line, packed or not; what is no record is named."""

import gzip
import json
from collections.abc import Sequence

import pytest
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import Unavailable
from trimtab.doors.rest.record_body import Record, record_route

TWO = [{"a": 1}, {"a": 2}]


class Taken(Struct):
    records: list[Record]
    size: int


async def take(request: Request, records: Sequence[Record], size: int) -> Taken:
    if "broken" in request.query_params:
        raise Unavailable("the store is away")
    return Taken(list(records), size)


def client(role: Role = Role.WRITE) -> AsgiClient:
    door = Starlette(routes=[record_route("/in", "logs", take)])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = Principal("w", None, role, EVERYTHING)
        await door(scope, receive, send)

    return AsgiClient(app)


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (json.dumps(TWO), TWO),
        ('{"a": 1}\n{"a": 2}\n', TWO),
        ('{"a": 1}', TWO[:1]),
        ("[]", []),
        ("\n [" + ",".join(['{"a": 1}'] * 20_000) + "]", TWO[:1] * 20_000),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_records_come_as_an_array_or_a_line_each(body: str, records: list[Record], packed: bool) -> None:
    sent = gzip.compress(body.encode()) if packed else body.encode()
    answer = client().post("/in", content=sent, headers={"Content-Encoding": "gzip"} if packed else {})
    assert (200, {"records": records, "size": len(sent)}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[1]", "cannot ingest logs: got a int; expected objects"),
        ('{"a": 1}\n[2]', "cannot ingest logs: got a list; expected objects"),
        ("no", "cannot ingest logs: the body is no JSON; expected an array or an object a line"),
        ("[" * 100_000, "cannot ingest logs: the body is no JSON"),
    ],
)
def test_what_is_no_record_is_refused_whole(body: str, words: str) -> None:
    answer = client().post("/in", content=body)
    assert 400 == answer.status_code
    assert words in answer.json()["error"]["message"]


def test_who_may_only_read_is_refused_and_trouble_has_its_own_status() -> None:
    assert 403 == client(Role.READ).post("/in", content="[]").status_code
    assert 503 == client().post("/in?broken=1", content="[]").status_code
