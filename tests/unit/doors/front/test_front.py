"""The front: refuses before any door sees a request, and hands the rest to the right one."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Throttled, Unavailable
from trimtab.doors import login
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, Policy


class Keys:
    """One token, `good`, whose session is `s-good.<expiry>`."""

    down = False

    def principal_of_token(self, token: str) -> Principal | None:
        if self.down:
            raise Unavailable("cannot reach the state database: down")
        return Principal("someone", None, Role.WRITE, EVERYTHING) if token == "good" else None

    def principal_of_session(self, session: str) -> Principal | None:
        return self.principal_of_token("good") if session.startswith("s-good.") else None

    def open_session(self, token: str, expires_s: int) -> str | None:
        return f"s-good.{expires_s}" if token == "good" else None


async def whoami(request: Request) -> Response:
    return JSONResponse({"name": request.state.principal.name, "role": request.state.principal.role})


async def read_all(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def aws(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("aws")(scope, receive, send)


class People:
    """One user, `ann`, with the password `right`."""

    async def sign_in(self, name: str, password: str, expires_s: int) -> str | None:
        return f"s-good.{expires_s}" if (name, password) == ("ann", "right") else None


class Tries:
    """Two tries."""

    count = 0

    async def begin(self, name: str | None, address: str) -> None:
        self.count += 1
        if self.count > 2:
            raise Throttled("too many failed sign-ins: try again in 30 s", retry_after_s=30)

    async def succeeded(self, name: str | None, address: str) -> None:
        self.count -= 1


@dataclass
class Access:
    keys: Keys
    people: People = field(default_factory=People)
    lockout: Tries = field(default_factory=Tries)


@pytest.fixture
def keys() -> Keys:
    return Keys()


def client(keys: Keys, *, auth: bool = False, **options: Any) -> AsgiClient:
    site = Starlette(
        routes=[
            Route("/", whoami),
            Route("/who", whoami, methods=["GET", "POST"]),
            Route("/body", read_all, methods=["POST"]),
            *login.routes(Access(keys), ManualClock()),
        ]
    )
    front = Front(
        site,
        Guard(Policy(auth_required=auth), keys),
        aws=aws,
        is_aws=lambda scope: any(name == b"x-amz-target" for name, _ in scope["headers"]),
        **options,
    )
    return AsgiClient(front)


@pytest.fixture
def local(keys: Keys) -> AsgiClient:
    return client(keys, max_body=100)


@pytest.fixture
def guarded(keys: Keys) -> AsgiClient:
    return client(keys, auth=True)


def test_the_site_learns_who_calls(local: AsgiClient, guarded: AsgiClient) -> None:
    assert local.get("/who").json() == {"name": "local", "role": "admin"}
    answer = guarded.get("/who", headers={"Authorization": "Bearer good"})
    assert answer.json() == {"name": "someone", "role": "write"}


def test_every_answer_of_the_site_has_the_security_headers(guarded: AsgiClient) -> None:
    for answer in (
        guarded.get("/who"),
        guarded.get("/login"),
        guarded.get("/who", headers={"Authorization": "Bearer good"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_an_aws_request_goes_to_the_gateway_without_a_token(guarded: AsgiClient) -> None:
    answer = guarded.post("/", headers={"X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics"})
    assert answer.text == "aws"
    assert "x-frame-options" not in answer.headers


def test_an_aws_request_from_another_site_is_refused_in_aws_shape(local: AsgiClient) -> None:
    answer = local.post("/", headers={"X-Amz-Target": "x", "Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert answer.json()["__type"] == "AccessDeniedException"


def test_a_refusal_is_json_for_programs(guarded: AsgiClient) -> None:
    answer = guarded.get("/who")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="trimtab"'
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert answer.json()["error"]["field"] is None


def test_a_foreign_host_is_refused_before_anything_else(local: AsgiClient) -> None:
    answer = local.get("/who", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "host_not_allowed"


def test_signing_in_sets_a_strict_cookie_and_goes_back_to_the_page(guarded: AsgiClient) -> None:
    sent_away = guarded.get("/who?x=1", headers={"Accept": "text/html"})
    assert sent_away.status_code == 303
    form = guarded.get(sent_away.headers["location"])
    assert form.status_code == 200
    assert 'value="/who?x=1"' in form.text
    answer = guarded.post("/login", data={"token": " good ", "next": "/who?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/who?x=1")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert guarded.get("/who").json()["name"] == "someone"
    gone = guarded.post("/logout")
    assert gone.headers["location"] == "/login"
    assert guarded.get("/who").status_code == 401


def test_a_cookie_is_secure_where_a_proxy_says_that_the_browser_speaks_tls(guarded: AsgiClient) -> None:
    through = {"X-Forwarded-Proto": "https"}
    assert "; secure" in guarded.post("/login", data={"token": "good"}, headers=through).headers["set-cookie"].lower()
    assert "; secure" in guarded.post("/logout", headers=through).headers["set-cookie"].lower()
    plain = guarded.post("/login", data={"token": "good"}, headers={"X-Forwarded-Proto": "http"})
    assert "; secure" not in plain.headers["set-cookie"].lower()


def test_a_wrong_token_is_told_so_and_gets_no_cookie(guarded: AsgiClient) -> None:
    answer = guarded.post("/login", data={"token": "bad", "next": "/who"})
    assert answer.status_code == 401
    assert "not a live token" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/a\r\nb", ""])
def test_signing_in_never_leads_to_another_site(guarded: AsgiClient, target: str) -> None:
    answer = guarded.post("/login", data={"token": "good", "next": target})
    assert answer.headers["location"] == "/"


def test_the_sign_in_page_escapes_what_it_was_given(guarded: AsgiClient) -> None:
    page = guarded.get("/login", params={"next": '/"><script>x</script>'}).text
    assert "<script>" not in page


def test_signing_in_from_another_site_is_refused(guarded: AsgiClient) -> None:
    answer = guarded.post("/login", data={"token": "good"}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_a_link_from_another_site_is_bounced_through_a_page_of_ours(guarded: AsgiClient) -> None:
    answer = guarded.get('/who?a="', headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0; url=/who?a=%22"' in answer.text


def test_a_declared_body_above_the_limit_is_refused_unread(local: AsgiClient) -> None:
    answer = local.post("/body", content=b"x" * 101)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    assert local.post("/body", content=b"x" * 100).text == "100"


def chunks(number: int) -> Iterator[bytes]:
    for _ in range(number):
        yield b"x" * 10


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(local: AsgiClient) -> None:
    assert local.post("/body", content=chunks(10)).text == "100"
    answer = local.post("/body", content=chunks(11))
    assert answer.status_code == 413


def test_while_keys_cannot_be_read_callers_are_asked_to_come_back(guarded: AsgiClient, keys: Keys) -> None:
    keys.down = True
    answer = guarded.get("/who", headers={"Authorization": "Bearer good"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["error"]["code"] == "unavailable"


def test_a_web_socket_is_refused(keys: Keys) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    front = Front(Starlette(), Guard(Policy(), keys))
    asyncio.run(front({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_request_that_a_stop_cuts_off_is_told_to_come_again(keys: Keys) -> None:
    """503, which every sender tries again; uvicorn itself would say 500, after which OTLP's drop what they hold."""

    async def go() -> list[Any]:
        entered, sent = asyncio.Event(), []

        async def never(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/stream":
                await send({"type": "http.response.start", "status": 200, "headers": []})
            entered.set()
            await asyncio.Event().wait()

        async def keep(message: Any) -> None:
            sent.append(message)

        front = Front(never, Guard(Policy(), keys))
        for path in ("/x", "/stream"):
            entered.clear()
            asked = {"type": "http", "method": "POST", "path": path, "headers": [(b"host", b"localhost")]}
            task = asyncio.create_task(front(asked, asyncio.Event().wait, keep))  # type: ignore[arg-type]  # not read
            await entered.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return sent

    stopped, body, begun = asyncio.run(go())
    assert (503, 200) == (stopped["status"], begun["status"])
    assert (b"retry-after", b"1") in stopped["headers"]
    assert b"stopping" in body["body"]


def test_a_user_signs_in_with_a_name_and_a_password(guarded: AsgiClient) -> None:
    wrong = guarded.post("/login", data={"user": "ann", "password": "wrong", "next": "/who"})
    assert wrong.status_code == 401
    assert "no user of that name and password" in wrong.text
    right = guarded.post("/login", data={"user": " ann ", "password": "right", "next": "/who"})
    assert (right.status_code, right.headers["location"]) == (303, "/who")
    assert guarded.get("/who").json()["name"] == "someone"


def test_who_fails_too_often_is_429_and_told_when_to_try_again(guarded: AsgiClient) -> None:
    for _ in range(2):
        assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    refused = guarded.post("/login", data={"token": "good"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert "Too many failed sign-ins: try again in 30 s." in refused.text
