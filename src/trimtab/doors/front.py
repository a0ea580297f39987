"""The first thing a request meets on the HTTP port: the guard, then the AWS gateway or the site.

    request ─ source ok? ─┬─ AWS ──────────────── gateway (verifies signatures itself)
                          └─ caller and role ok? ─ site (pages, REST, OTLP, Prometheus)

It is plain ASGI, so that the AWS door pays for nothing it does not use.
"""

import asyncio
import html
import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimtab.access.principal import Principal
from trimtab.base.errors import Unavailable
from trimtab.doors.asker import asker_of
from trimtab.doors.guard import DEFAULT_MAX_BODY, Guard, Refusal, headers_of, is_page_request
from trimtab.doors.inflight import AWS, Counted, InFlight, door_of
from trimtab.egress.asker import asking

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every answer of the site. The content security policy comes from `web`, which knows what its pages load."""

_INVOKES = "/invocations"
"""In paths of SageMaker and Lambda whose answer comes from elsewhere, as late as it likes."""
_BOUNCE = '<!doctype html><meta http-equiv="refresh" content="0; url={location}"><title>trimtab</title>'


class Front:
    """The root ASGI application. `is_aws` says whether a scope is for `aws`; everything else is for `site`."""

    def __init__(
        self,
        site: ASGIApp,
        guard: Guard,
        *,
        aws: ASGIApp | None = None,
        is_aws: Callable[[Scope], bool] | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        inflight: InFlight | None = None,
    ) -> None:
        self._site = site
        self._guard = guard
        self._aws = aws
        self._is_aws = is_aws
        self._max_body = max_body
        self._inflight = inflight or InFlight()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection scope."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._site(scope, receive, send)
        else:  # no door speaks WebSocket: refuse before anything could be driven through one
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        refusal = self._guard.check_source(scope, headers) or self._too_large(headers.get("content-length", ""))
        if self._aws is not None and self._is_aws is not None and self._is_aws(scope):
            if refusal is not None:
                await _refuse_aws(send, refusal)
            else:
                await self._counted(self._aws, AWS, scope, receive, send, headers)
            return
        caller = refusal or self._identify(scope, headers)
        send = _secured(send)
        if isinstance(caller, Refusal):
            scope.setdefault("state", {})["refused"] = caller.who
            await _refuse(scope, headers, send, caller)
            return
        scope.setdefault("state", {})["principal"] = caller
        with asking(asker_of(caller)):
            await self._counted(self._site, door_of(scope["path"]), scope, receive, send, headers)

    def _identify(self, scope: Scope, headers: Mapping[str, str]) -> Principal | Refusal:
        try:
            return self._guard.identify(scope, headers)
        except Unavailable as problem:
            return Refusal(503, "unavailable", str(problem), (("Retry-After", "1"),))

    def _too_large(self, length: str) -> Refusal | None:
        if not length.isdecimal() or int(length) <= self._max_body:
            return None
        return Refusal(
            413,
            "too_large",
            f"cannot take a body of {length} bytes: expected at most {self._max_body}; send it in parts",
        )

    async def _counted(
        self, app: ASGIApp, door: str, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]
    ) -> None:
        body = Counted(self._inflight, door, receive, in_turn=_INVOKES not in scope["path"])
        answer = _Answer(send, body.worked)
        try:
            await self._bounded(app, scope, body.receive, answer.send, headers)
        except asyncio.CancelledError:  # a stop whose grace is over: nothing was acknowledged, and another will take it
            if answer.started:
                raise
            text = b"cannot answer: trimtab is stopping; try again"
            await _answer(send, 503, "text/plain; charset=utf-8", text, (("Retry-After", "1"),))
        finally:
            body.close()

    async def _bounded(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]
    ) -> None:
        if "content-length" in headers or "transfer-encoding" not in headers:
            with suppress(ClientDisconnect):  # gone in mid-body: nobody is left to answer
                await app(scope, receive, send)  # the HTTP parser holds the body to the length that was checked
            return
        body = _CountedBody(self._max_body, receive, send)
        try:
            await app(scope, body.receive, body.send)
        except ClientDisconnect:
            if not body.passed:
                raise
        refusal = self._too_large(str(body.seen)) if body.passed and not body.started else None
        if refusal is not None:
            await _refuse(scope, headers, send, refusal)


class _Answer:
    """Passes an answer on, and knows whether it began; `begins` is told."""

    def __init__(self, send: Send, begins: Callable[[], None]) -> None:
        self._send = send
        self._begins = begins
        self.started = False

    async def send(self, message: Message) -> None:
        if not self.started:
            self.started = True
            self._begins()
        await self._send(message)


class _CountedBody:
    """Counts a body of unknown length as it is read; past the limit the application sees a client that hung up."""

    def __init__(self, limit: int, receive: Receive, send: Send) -> None:
        self._limit = limit
        self._receive = receive
        self._send = send
        self.seen = 0
        self.started = False

    @property
    def passed(self) -> bool:
        """Whether the body is longer than the limit."""
        return self.seen > self._limit

    async def receive(self) -> Message:
        """The next message, or a disconnect once the limit was passed."""
        message = await self._receive()
        self.seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.passed else message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless the refusal takes its place."""
        if self.passed and not self.started:
            return
        self.started = True
        await self._send(message)


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [item for item in SECURITY_HEADERS if item[0] not in names]}
        await send(message)

    return secured


async def _refuse(scope: Scope, headers: Mapping[str, str], send: Send, refusal: Refusal) -> None:
    if refusal.location and not refusal.bounce:
        await _answer(send, 303, "text/plain; charset=utf-8", b"", (("Location", refusal.location),))
    elif refusal.location:
        page = _BOUNCE.format(location=html.escape(refusal.location, quote=True)).encode()
        await _answer(send, 200, "text/html; charset=utf-8", page, (("Content-Security-Policy", "default-src 'none'"),))
    elif is_page_request(scope, headers):
        await _answer(send, refusal.status, "text/plain; charset=utf-8", refusal.message.encode(), refusal.headers)
    else:
        body = {"error": {"code": refusal.code, "message": refusal.message, "field": None}}
        await _answer(send, refusal.status, "application/json", json.dumps(body).encode(), refusal.headers)


async def _refuse_aws(send: Send, refusal: Refusal) -> None:
    code = "RequestEntityTooLargeException" if refusal.status == 413 else "AccessDeniedException"
    body = json.dumps({"__type": code, "message": refusal.message}).encode()
    await _answer(send, refusal.status, "application/x-amz-json-1.0", body, (("x-amzn-errortype", code),))


async def _answer(
    send: Send, status: int, content_type: str, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    fields = [
        ("content-type", content_type),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        *headers,
    ]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
