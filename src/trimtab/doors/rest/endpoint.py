"""The life of a REST request: method, caller, query, body, handler, answer; every error in one shape."""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_origin, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trimtab.base import typed
from trimtab.base.deprecated import DEPRECATED, Deprecation, Kind, of_kind
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.doors.rest.errors import answer_error, failure
from trimtab.doors.rest.spec import Call, Operation, Text, WithStatus

BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of a JSON body, before and after gzip: 1,000 datums with 30 long dimensions stay below it."""

_FIELD = re.compile(r" - at `\$\.?([^`]*)`$")


class Endpoint:
    """The operations of one path, as an ASGI application for a Starlette route."""

    def __init__(self, operations: Sequence[Operation], deprecated: Iterable[Deprecation] = DEPRECATED) -> None:
        listed = of_kind(Kind.OPERATION, deprecated)
        named = ((one.method, listed.get(f"{one.method} {one.path}")) for one in operations)
        self._warnings = {method: entry.warning for method, entry in named if entry is not None}
        self._by_method = {operation.method: operation for operation in operations}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    def operation_of(self, method: str) -> Operation | None:
        """The operation of a method of this path."""
        return self._by_method.get(method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        operation = self._by_method.get(request.method)
        if operation is None:
            allowed = ", ".join(sorted(self._by_method))
            message = f"cannot {request.method} {request.url.path}: expected {allowed}"
            response = failure(405, "method_not_allowed", message, headers={"Allow": allowed})
        else:
            response = await _respond(operation, request)
            if operation.method in self._warnings:  # as Kubernetes warns of its own
                response.headers["Warning"] = f'299 - "{self._warnings[operation.method]}"'
        await response(scope, receive, send)


async def _respond(operation: Operation, request: Request) -> Response:
    principal = request.scope["state"]["principal"]
    try:
        if operation.role is not None and not principal.may(operation.role):
            raise AccessDenied(
                f"cannot {operation.name}: {principal.name!r} has role {principal.role}; needs {operation.role}"
            )
        query = read_query(operation.query, request.query_params.multi_items())
        body, size = None, 0
        if operation.body is not None:
            refusal = _refuse_media(request)
            if refusal is not None:
                return refusal
            raw = await _read_body(request)
            if isinstance(raw, Response):
                return raw
            body, size = _decode(raw, operation.body), len(raw)
        answer = await operation.handler(
            Call(principal, query, body, request.path_params, _headers(operation, request), size)
        )
    except TrimtabError as error:
        return answer_error(error)
    except RecursionError:
        return answer_error(InvalidInput("cannot read the request: something in it is nested too deeply"))
    return _answer(operation, answer)


def read_query(kind: type[msgspec.Struct], items: Sequence[tuple[str, str]]) -> Any:
    """The query parameters as the struct `kind`. Raises InvalidInput that names the parameter."""
    repeatable = {name for name, hint in get_type_hints(kind).items() if get_origin(hint) is list}
    values: dict[str, Any] = {}
    for name, value in items:
        if name in repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvalidInput(f"cannot read query: {name!r} is given twice; expected it once", field=name)
        else:
            values[name] = value
    try:
        return typed.convert(values, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise _invalid("query", problem) from None


def _headers(operation: Operation, request: Request) -> Mapping[str, str]:
    for header in operation.headers:
        value = request.headers.get(header.name, "")
        if len(value) > header.max_length:
            raise InvalidInput(
                f"cannot use header {header.name}: got {len(value)} characters; expected at most {header.max_length}",
                field=header.name,
            )
    return request.headers


def _refuse_media(request: Request) -> Response | None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        return failure(
            415, "unsupported_media_type", f"cannot read body: got content type {media!r}; expected application/json"
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        return failure(
            415, "unsupported_media_type", f"cannot read body: got encoding {encoding!r}; expected gzip or none"
        )
    return None


async def _read_body(request: Request) -> bytes | Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return _too_large()
    if request.headers.get("content-encoding", "").strip().lower() != "gzip":
        return bytes(body)
    inflate = zlib.decompressobj(wbits=31)  # 31: a gzip header is expected
    try:
        plain = inflate.decompress(bytes(body), BODY_LIMIT)
    except zlib.error as problem:
        raise InvalidInput(f"cannot read body: it is not gzip ({problem})") from None
    if inflate.unconsumed_tail:
        return _too_large()
    if not inflate.eof:
        raise InvalidInput("cannot read body: the gzip stream is cut short")
    return plain


def _too_large() -> Response:
    return failure(413, "too_large", f"cannot take a body above {BODY_LIMIT} bytes; send it in parts")


def _decode(raw: bytes, kind: type[msgspec.Struct]) -> Any:
    try:
        typed.check_levels(raw)
        return typed.decode(raw, type=kind)
    except msgspec.ValidationError as problem:
        raise _invalid("body", problem) from None
    except (msgspec.DecodeError, ValueError) as problem:  # also of bytes that are no text
        raise InvalidInput(f"cannot read body: it is not JSON ({problem})") from None


def _invalid(part: str, problem: msgspec.ValidationError) -> InvalidInput:
    text = str(problem)
    where = _FIELD.search(text)
    field = where[1] if where else None
    missing = re.search(r"required field `([^`]*)`", text) or re.search(r"unknown field `([^`]*)`", text)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    said = _FIELD.sub("", text)
    return InvalidInput(
        f"cannot read {part}: {said[:1].lower()}{said[1:]}" + (f" at {field!r}" if field else ""), field=field
    )


def _answer(operation: Operation, answer: Any) -> Response:
    status = operation.status
    if isinstance(answer, WithStatus):
        status, answer = answer.status, answer.answer
    if isinstance(answer, Text):
        return Response(answer.body, status, {"Cache-Control": "no-store"}, answer.media_type)
    return Response(msgspec.json.encode(answer), status, {"Cache-Control": "no-store"}, "application/json")
