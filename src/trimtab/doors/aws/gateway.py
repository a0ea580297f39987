"""The AWS gateway: a request's whole life, in order, on this page.

    recognise → read the body → decompress → identify service, operation and protocol → verify the signature
    → parse → check the model's constraints → call the operation → serialise; errors are mapped at the end.

Plain ASGI: no framework touches a request on its way.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from itertools import count
from typing import Any

from msgspec import Struct

from trimtab.access.key import AwsKey
from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role, unbound_only
from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.doors.asker import asker_of
from trimtab.doors.aws.audited import Auditor, Called, is_change
from trimtab.doors.aws.body import ClientGone, decompress, read_body, too_large
from trimtab.doors.aws.faults import AwsError, of_domain
from trimtab.doors.aws.routing import FAULTS, Router, Target, protocol_of
from trimtab.doors.aws.service import CallContext, Operation, Service
from trimtab.doors.aws.sessions import PREFIX as SESSION_PREFIX
from trimtab.doors.aws.sessions import key_of
from trimtab.doors.aws.sigv4 import KeyLookup, Signature, Verifier, read_signature
from trimtab.doors.aws.wire.constraints import Problem
from trimtab.doors.aws.wire.fault import resolve
from trimtab.doors.aws.wire.http import HttpAnswer, HttpRequest
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.egress.asker import asking

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logging.getLogger(__name__)

_OTHERS = ("/api/v1/", "/rest/", "/static/")
_OTHER_PATHS = frozenset({"/v1/metrics", "/v1/logs", "/v1/traces", "/healthz", "/readyz", "/metrics"})
"""Paths of other doors. Prometheus and the OpenTelemetry collector can sign what they send there with SigV4 too."""
_UNSIGNED_PATHS = frozenset({"/GetSamplingRules", "/SamplingTargets"})
"""What SDKs of X-Ray ask of the daemon, which signs it for them: here it comes without a signature."""
_LARGE = 64 << 10
"""Bytes of a body that a thread reads: one of a megabyte would keep every other request waiting for tens of ms."""
_UNKNOWN_LIMIT = 1 << 20
"""Bytes a body of an unknown service may decompress to: it is only read for its Action."""


def is_aws_request(scope: Mapping[str, Any]) -> bool:
    """Whether an HTTP scope is for this gateway: a target, a SigV4 signature, an RPC path or a query form."""
    path: str = scope["path"]
    if path in _OTHER_PATHS or path.startswith(_OTHERS):
        return False
    if path in _UNSIGNED_PATHS:
        return True
    form = False
    for name, value in scope["headers"]:
        if name in (b"x-amz-target", b"smithy-protocol"):
            return True
        if name == b"authorization" and value.startswith(b"AWS4-HMAC-SHA256"):
            return True
        if name == b"content-type" and value.startswith(b"application/x-www-form-urlencoded"):
            form = True
    if path == "/" and ((form and scope["method"] == "POST") or b"Action=" in scope.get("query_string", b"")):
        return True
    return b"X-Amz-Signature=" in scope.get("query_string", b"") or (
        path.startswith("/service/") and "/operation/" in path
    )


class GatewayOptions(Struct, frozen=True):
    """What the gateway is built from.

    Without `auth_required` any signature is taken and none is needed: the caller is the local operator, in the
    account of the key that the signature names where it is known, else in `account_id`. `audit` is told of changes.
    """

    services: Iterable[Service]
    keys: KeyLookup
    clock: Clock
    account_id: str
    region: str
    auth_required: bool
    audit: Auditor | None = None


class Gateway:
    """The ASGI application of the AWS door."""

    def __init__(self, options: GatewayOptions) -> None:
        self._options = options
        self._router = Router(options.services)
        self._verifier = Verifier(options.keys, options.clock)
        self._ids = _RequestIds()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = HttpRequest.of(scope)
        request_id = self._ids.next()
        try:
            request.sent = await read_body(receive)
        except ClientGone:
            return
        except TrimtabError as error:
            answer = self._fault(error, Target(protocol_of(request), None, ""), request, request_id)
            await _respond(send, answer, request_id)
            return
        answer = await self.answer(request, request_id)
        if answer.stream is not None:
            await _stream(receive, send, answer, answer.stream, request_id)
            return
        await _respond(send, answer, request_id)

    async def answer(self, request: HttpRequest, request_id: str) -> HttpAnswer:
        """The answer to a request whose body is read. Every failure becomes an error in the request's own protocol."""
        target = Target(protocol_of(request), None, "")
        try:
            signature = self._signature(request)
            target = self._identify(request, target.protocol, signature)
            context = self._authenticate(request, target, signature, request_id)
            with asking(asker_of(context.principal, self._options.account_id)):
                return await self._perform(request, target, context)
        except TrimtabError as error:
            return self._fault(error, target, request, request_id)
        except RecursionError:
            return self._fault(
                Malformed("a document of fewer levels", "one nested too deeply"), target, request, request_id
            )
        except Exception:  # noqa: BLE001  # the outermost edge: a bug is logged and still answered in the protocol's form
            _log.exception("cannot answer %s: this is a bug in trimtab", target.asked or request.path)
            return self._fault(
                AwsError("InternalFailure", "trimtab failed; its log says why"), target, request, request_id
            )

    def _signature(self, request: HttpRequest) -> Signature | None:
        try:
            return read_signature(request)
        except AwsError:
            if self._options.auth_required:
                raise
            return None

    def _identify(self, request: HttpRequest, protocol: str, signature: Signature | None) -> Target:
        encoding = request.header(b"content-encoding")
        request.body = decompress(
            request.sent, encoding, max((one.body_limit for one in self._router.services), default=_UNKNOWN_LIMIT)
        )
        return self._router.find(request, protocol, signature.service if signature else "")

    def _authenticate(
        self, request: HttpRequest, target: Target, signature: Signature | None, request_id: str
    ) -> CallContext:
        principal, account = LOCAL_OPERATOR, None
        session = self._session(request, signature)
        if self._options.auth_required:
            name = target.service.model.signing_name if target.service else None
            key = self._verifier.verify(request, signature, name, (lambda _: session) if session else None)
            principal, account = key.principal, key.account
        elif session is not None:
            principal, account = session.principal, session.account
        elif signature is not None:
            known = self._options.keys.secret_of(signature.key_id)
            account = known.account if known else None
        key_id = signature.key_id if signature is not None else ""
        account = account or self._options.account_id
        region = signature.region if signature else self._options.region
        return CallContext(
            principal,
            account,
            region,
            _scope(principal, account, region),
            request_id,
            request.header(b"amz-sdk-invocation-id") or None,
            len(request.sent),
            access_key_id=key_id,
        )

    def _session(self, request: HttpRequest, signature: Signature | None) -> AwsKey | None:
        """The key of the assumed role that a request is made with, if it is. Raises AwsError."""
        if signature is None or not signature.key_id.startswith(SESSION_PREFIX):
            return None
        token = request.header(b"x-amz-security-token")
        own = self._options
        if not token and not own.auth_required:  # any signature is taken here: credentials of elsewhere too
            return None
        try:
            return key_of(own.keys, signature.key_id, token, own.clock.now_ms(), open_to_all=not own.auth_required)
        except AwsError as problem:
            if own.auth_required or problem.code == "ExpiredTokenException":
                raise
            return None

    async def _perform(self, request: HttpRequest, target: Target, context: CallContext) -> HttpAnswer:
        service = target.service
        operation = service.operations.get(target.operation) if service else None
        if service is None or operation is None:
            raise self._router.unknown(target)
        if len(request.body) > service.body_limit:
            raise too_large(len(request.body), service.body_limit)
        audit = self._options.audit
        if audit is None or not is_change(service, operation):
            return await self._call(request, target, context, Called(service, operation))
        audit.check_room()  # nothing is changed that could not be told
        called = Called(service, operation)
        try:
            answer = await self._call(request, target, context, called)
        except TrimtabError as error:
            called.failed = of_domain(error, service.invalid_code) if not isinstance(error, Malformed) else None
            await audit.record(request, context, called)
            raise
        await audit.record(request, context, called)
        return answer

    async def _call(self, request: HttpRequest, target: Target, context: CallContext, called: Called) -> HttpAnswer:
        service, operation = called.service, called.operation
        if not context.principal.may(operation.needs):
            raise AwsError("AccessDenied", _denial(context.principal, service, operation))
        if context.principal.bound and not operation.bound:
            raise AwsError("AccessDenied", f"cannot call {operation.name}: {unbound_only(context.principal)}")
        compiled = self._router.compiled(service, target.protocol, operation.name)
        output = await operation.raw(request.body, context) if operation.raw and target.protocol == "json" else None
        if output is None:
            read = compiled.codec.read
            large = len(request.body) > _LARGE
            parsed = called.parameters = await asyncio.to_thread(read, request) if large else read(request)
            if operation.dialect is not None and compiled.check is not None:
                problems: list[Problem] = []
                compiled.check(parsed, (), problems)
                if problems:
                    raise operation.dialect(problems)
            output = await operation.call(parsed, context)
        called.answer = output
        answer = compiled.codec.write(output, context.request_id)
        answer.headers += [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in context.answer_headers.items()
        ]
        return answer

    def _fault(self, error: TrimtabError, target: Target, request: HttpRequest, request_id: str) -> HttpAnswer:
        if isinstance(error, Malformed):
            error = AwsError("MalformedInput", str(error))
        service = target.service
        wire = of_domain(error, service.invalid_code if service else "ValidationError")
        model = service.model if service else None
        answer = FAULTS[target.protocol](resolve(wire, model), model, request, request_id)
        if wire.retry_after_s is not None:
            answer.headers.append((b"retry-after", str(wire.retry_after_s).encode()))
        return answer


class _RequestIds:
    """Ids that look like UUIDs: random once, then counted.

    A random one a request would call the kernel, which lets go of the interpreter lock: 20 µs under load, a tenth of a
    small request. They need to be unique, not secret.
    """

    def __init__(self) -> None:
        self._head = new_id()[:24]
        self._count = count(1)

    def next(self) -> str:
        """An id not given before."""
        return f"{self._head}{next(self._count):012x}"


def _scope(principal: Principal, account: str, region: str) -> Scope:
    if principal is LOCAL_OPERATOR:
        return Scope.of(account, region)
    return Scope(frozenset((account,)), frozenset((region,)), principal.scope.rows)


def _denial(principal: Principal, service: Service, operation: Operation) -> str:
    needed: Role = operation.needs
    return (
        f"User: {principal.name} is not authorized to perform: {service.model.signing_name}:{operation.name} "
        f"because its key has the role {principal.role}; {needed} is needed"
    )


async def _stream(
    receive: Receive, send: Send, answer: HttpAnswer, parts: AsyncGenerator[bytes, None], request_id: str
) -> None:
    """Send the parts of an answer until they end or the client is gone; either way what makes them is closed."""

    async def push() -> None:
        async with contextlib.aclosing(parts):
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    headers = [*answer.headers, (b"x-amzn-requestid", request_id.encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    sending, leaving = asyncio.create_task(push()), asyncio.create_task(gone())
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        found = await asyncio.gather(sending, leaving, return_exceptions=True)
    for problem in found:
        if isinstance(problem, Exception) and not isinstance(problem, OSError):
            raise problem


async def _respond(send: Send, answer: HttpAnswer, request_id: str) -> None:
    headers = [
        *answer.headers,
        (b"x-amzn-requestid", request_id.encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
