"""Pages and the REST API, audited: whatever changes something is recorded before its answer is sent.

Plain ASGI around the site, behind the guard: who calls is known. What only brings data in is no change.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.base import typed
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.doors.auditing.recorder import Change, ChangeRecorder
from trimtab.doors.guard import LOGIN_PATH, headers_of
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.spec import Operation
from trimtab.doors.roles import SAFE_METHODS, Roles

REST, PAGES, SIGN_IN = "rest.trimtab", "pages.trimtab", "signin.trimtab"
"""Event sources of changes by the REST API and by pages, and of signing in."""
_DATA = (
    "/v1/",
    "/api/v1/",
    "/rest/v1/metrics",
    "/rest/v1/logs/",
    "/rest/v1/runs",
    "/rest/v1/nodes",
    "/rest/v1/inventory",
    "/rest/v1/alertmanager",
    "/rest/v1/audit/events",
    "/rest/v1/costs/uploads/",
    "/rest/v1/profiles/uploads/",
)
"""Paths by which data comes in, many times a minute: CloudTrail too tells data events from management events."""
_TRIES = ("check", "checks", "preview", "diff", "replays", "suggestions", "test-pattern", "query")
"""Last words of paths that try something and change nothing, whatever role they need."""
_BODY = 64 << 10  # bytes of a request or an answer that are looked at
_SIGN_IN = {LOGIN_PATH: "ConsoleLogin", "/logout": "ConsoleLogout"}


def is_change(method: str, path: str, roles: Roles) -> bool:
    """Whether a request asks for a change that the audit keeps."""
    if method in SAFE_METHODS or path.startswith(_DATA):
        return False
    if path in _SIGN_IN:
        return True
    last = path.rstrip("/").rpartition("/")[2]
    if last in _TRIES or last.endswith(tuple(f"-{word}" for word in _TRIES)):
        return False
    return roles.needed(method, path).role.includes(Role.WRITE)


class AuditedSite:
    """The ASGI application `site`, its changes recorded."""

    def __init__(self, site: ASGIApp, recorder: ChangeRecorder, roles: Roles | None = None) -> None:
        self._site = site
        self._roles = roles or Roles()
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection scope."""
        if scope["type"] != "http" or not is_change(scope["method"], scope["path"], self._roles):
            await self._site(scope, receive, send)
            return
        try:
            self._recorder.check_room()
        except TrimtabError as problem:  # nothing is changed that could not be told
            await answer_error(problem)(scope, receive, send)
            return
        asked, answered = _Asked(receive), _Answered(send)
        await self._site(scope, asked.receive, answered.send)
        if scope["path"] == LOGIN_PATH and answered.status in (401, 429):  # counted, and told as counts: nobody came in
            await answered.release()
            return
        try:
            await self._recorder.record(_change(scope, asked, answered))
        except TrimtabError as problem:
            response: Response = answer_error(problem)
            await response(scope, receive, send)
            return
        await answered.release()


class _Asked:
    """Remembers the beginning of a body as it is read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.body = b""
        self.whole = True

    async def receive(self) -> Message:
        message = await self._receive()
        part = message.get("body", b"")
        if len(self.body) + len(part) > _BODY:
            self.whole = False
        else:
            self.body += part
        return message


class _Answered:
    """Holds an answer back until the record is durable."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []

    async def send(self, message: Message) -> None:
        self._held.append(message)

    async def release(self) -> None:
        for message in self._held:
            await self._send(message)

    @property
    def status(self) -> int:
        return next((one["status"] for one in self._held if one["type"] == "http.response.start"), 500)

    @property
    def header(self) -> Mapping[str, str]:
        start = next((one for one in self._held if one["type"] == "http.response.start"), {})
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start.get("headers", ())}

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self._held if one["type"] == "http.response.body")


def _change(scope: Scope, asked: _Asked, answered: _Answered) -> Change:
    headers = headers_of(scope)
    principal: Principal = scope["state"]["principal"]
    source, name = _named(scope)
    document = _json(answered.body) if answered.header.get("content-type", "").startswith("application/json") else None
    problem = _problem(answered.status, document)
    parameters = _parameters(scope, asked, headers.get("content-type", ""))
    operation = _operation(scope)
    if operation is not None and operation.audited is not None:
        parameters, problem = dict(operation.audited(parameters)), (problem[0], "")
    return Change(
        principal=principal,
        source=source,
        name=name,
        request_id=new_id(),
        client=(scope.get("client") or ("", 0))[0],
        user_agent=headers.get("user-agent", ""),
        account=principal.account,
        type="AwsConsoleSignIn" if source == SIGN_IN else "AwsApiCall",
        parameters=parameters,
        answer=document,
        error_code=problem[0],
        error_message=problem[1],
        more={
            "method": scope["method"],
            "path": scope["path"],
            "status": answered.status,
            "by": "no credential was needed" if principal is LOCAL_OPERATOR else "key",
        },
    )


def _named(scope: Scope) -> tuple[str, str]:
    """The event's source and name: of an operation of the API its own, else the words of the path."""
    path = scope["path"]
    if path in _SIGN_IN:
        return SIGN_IN, _SIGN_IN[path]
    operation = _operation(scope)
    if operation is not None:
        return REST, _words(operation.name.split())
    given = {str(value) for value in scope.get("path_params", {}).values()}
    words = [word for word in path.split("/") if word and word not in given]
    source = REST if path.startswith("/rest/") else PAGES
    return source, _words([scope["method"].lower(), *words] if source == REST else words)


def _operation(scope: Scope) -> Operation | None:
    """The operation of the API that was asked for."""
    endpoint = scope.get("endpoint")
    return endpoint.operation_of(scope["method"]) if isinstance(endpoint, Endpoint) else None


def _words(words: list[str]) -> str:
    return "".join(part[:1].upper() + part[1:] for word in words for part in word.replace("_", "-").split("-"))


def _parameters(scope: Scope, asked: _Asked, media: str) -> dict[str, Any]:
    found: dict[str, Any] = {str(key): str(value) for key, value in scope.get("path_params", {}).items()}
    found |= dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
    if not asked.whole:
        return {**found, "body": f"more than {_BODY} bytes"}
    if media.startswith("application/x-www-form-urlencoded"):
        form = parse_qs(asked.body.decode("utf-8", "replace"))
        return found | {key: values[0] if len(values) == 1 else values for key, values in form.items()}
    document = _json(asked.body)
    if isinstance(document, dict):
        return found | document
    return found if document is None else {**found, "body": document}


def _json(raw: bytes) -> Any:
    if not raw or len(raw) > _BODY:
        return None
    try:
        return typed.loads(raw)
    except ValueError:
        return None


def _problem(status: int, document: Any) -> tuple[str, str]:
    """The error code and message of an answer; empty for one that went well."""
    if status < 400:
        return "", ""
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return str(error.get("code") or status), str(error.get("message") or "")
    return str(status), error if isinstance(error, str) else ""
