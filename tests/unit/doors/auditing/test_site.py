"""Changes by pages and the REST API are recorded before they are answered; reads and data are not recorded."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from asgi_client import AsgiClient
from trimtab.access.principal import LOCAL_OPERATOR, Role
from trimtab.audit.model import AuditEvent
from trimtab.base.clock import ManualClock
from trimtab.base.errors import DiskFull, InvalidInput
from trimtab.doors.auditing.recorder import ChangeRecorder
from trimtab.doors.auditing.redact import HIDDEN
from trimtab.doors.auditing.site import AuditedSite, is_change
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.roles import DoorRoute, Roles


class Asked(Struct):
    name: str


class Answer(Struct):
    gone: int


class Ingest:
    """Keeps what is written, or refuses."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.full = ""

    def check_room(self) -> None:
        if self.full == "before":
            raise DiskFull("cannot accept data: full")

    async def write(self, events: Sequence[AuditEvent]) -> object:
        if self.full == "after":
            raise DiskFull("cannot accept data: full")
        self.events += events
        return None


async def change(request: Request) -> Response:
    body = await request.json()
    if body.get("wrong"):
        return JSONResponse({"error": {"code": "invalid_input", "message": "no", "field": None}}, 400)
    return JSONResponse({"made": body["name"], "token": "tt_secret"})


def client(ingest: Ingest) -> AsgiClient:
    site = Starlette(routes=[Route("/things/{thing}/make", change, methods=["POST"])])
    audited = AuditedSite(site, ChangeRecorder(ingest, ManualClock(), "123456789012", "us-east-1"))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = LOCAL_OPERATOR
        await audited(scope, receive, send)

    return AsgiClient(app)


def post(ingest: Ingest, body: dict[str, Any]) -> int:
    return client(ingest).post("/things/one/make?dry=0", json=body).status_code


def test_a_change_is_recorded_with_its_request_and_answer() -> None:
    ingest = Ingest()
    assert post(ingest, {"name": "a", "password": "p"}) == 200
    (event,) = ingest.events
    assert (event.source, event.name, event.user_name, event.error_code) == ("pages.trimtab", "ThingsMake", "local", "")
    assert event.record["requestParameters"] == {"thing": "one", "dry": "0", "name": "a", "password": HIDDEN}
    assert event.record["responseElements"] == {"made": "a", "token": HIDDEN}


def test_a_change_that_failed_is_recorded_with_its_error() -> None:
    ingest = Ingest()
    assert post(ingest, {"wrong": True}) == 400
    (event,) = ingest.events
    assert (event.error_code, event.error_message, event.record["responseElements"]) == ("invalid_input", "no", None)


@pytest.mark.parametrize("when", ["before", "after"])
def test_without_room_for_the_record_the_change_is_not_answered_as_made(when: str) -> None:
    ingest = Ingest()
    ingest.full = when
    assert post(ingest, {"name": "a"}) == 507


async def nothing(*_: object) -> Response:
    return Response()


ROLES = Roles(
    DoorRoute(path, nothing, role, methods=["POST"])
    for path, role in (("/api/v1/query", Role.READ), ("/allocation/preview", Role.FINANCE), ("/figures/ask", Role.READ))
)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/rest/v1/alarms/x", False),
        ("POST", "/rest/v1/metrics", False),
        ("POST", "/v1/traces", False),
        ("POST", "/api/v1/query", False),
        ("POST", "/rest/v1/logs/query", False),
        ("POST", "/allocation/preview", False),
        ("POST", "/figures/ask", False),  # it needs the role read
        ("POST", "/rest/v1/config/diff", False),
        ("POST", "/rest/v1/alarm-replays", False),
        ("POST", "/rest/v1/dashboard-checks", False),
        ("PUT", "/rest/v1/alarms/x", True),
        ("POST", "/rest/v1/config/apply", True),
        ("DELETE", "/rest/v1/keys/AKIA", True),
        ("POST", "/alarms/save", True),
        ("POST", "/login", True),
    ],
)
def test_what_changes_nothing_is_not_recorded(method: str, path: str, expected: bool) -> None:
    assert is_change(method, path, ROLES) is expected


def test_the_record_comes_before_the_answer() -> None:
    order: list[str] = []

    class Slow(Ingest):
        async def write(self, events: Sequence[AuditEvent]) -> object:
            await asyncio.sleep(0)
            order.append("recorded")
            return await super().write(events)

    site = Starlette(routes=[Route("/a", change, methods=["POST"])])
    audited = AuditedSite(site, ChangeRecorder(Slow(), ManualClock(), "1", "r"))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = LOCAL_OPERATOR

        async def seen(message: Any) -> None:
            order.append(message["type"])
            await send(message)

        await audited(scope, receive, seen)

    AsgiClient(app).post("/a", json={"name": "b"})
    assert order == ["recorded", "http.response.start", "http.response.body"]


@pytest.mark.parametrize(("status", "recorded"), [(303, 1), (401, 0), (429, 0), (400, 1)])
def test_failed_sign_ins_are_counted_elsewhere_and_no_records(status: int, recorded: int) -> None:
    async def sign_in(request: Request) -> Response:
        await request.body()
        return Response(status_code=status)

    ingest = Ingest()
    site = Starlette(routes=[Route("/login", sign_in, methods=["POST"])])
    audited = AuditedSite(site, ChangeRecorder(ingest, ManualClock(), "123456789012", "us-east-1"))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = LOCAL_OPERATOR
        await audited(scope, receive, send)

    assert AsgiClient(app).post("/login", data={"user": "ann", "password": "p"}).status_code == status
    assert len(ingest.events) == recorded
    assert all(one.record["requestParameters"] == {"user": "ann", "password": HIDDEN} for one in ingest.events)


def test_an_operation_says_what_the_audit_may_keep_of_its_body() -> None:
    ingest = Ingest()

    async def forget(call: Call[Any, Asked]) -> Answer:
        if call.body.name == "wrong":
            raise InvalidInput("cannot forget wrong: it is nobody")
        return Answer(1)

    operation = Operation(
        "POST", "/rest/v1/gone", "forget", "Forget.", forget, Answer, body=Asked, role=Role.ADMIN,
        audited=lambda body: {"letters": len(body["name"])},
    )  # fmt: skip
    site = Starlette(routes=[Route("/rest/v1/gone", Endpoint([operation]))])
    audited = AuditedSite(site, ChangeRecorder(ingest, ManualClock(), "123456789012", "us-east-1"), Roles(site.routes))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = LOCAL_OPERATOR
        await audited(scope, receive, send)

    for name, status in (("wei", 200), ("wrong", 400)):
        assert status == AsgiClient(app).post("/rest/v1/gone", json={"name": name}).status_code
    assert [{"letters": 3}, {"letters": 5}] == [one.record["requestParameters"] for one in ingest.events]
    assert not any(name in repr(one) for one in ingest.events for name in ("wei", "wrong"))
    assert ["", "invalid_input"] == [one.error_code for one in ingest.events]
