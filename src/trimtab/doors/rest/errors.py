"""The one table from trimtab's errors to HTTP statuses and the codes of the REST API."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trimtab.base import errors
from trimtab.client.wire import Failure, Problem

TABLE: tuple[tuple[type[errors.TrimtabError], int, str], ...] = (
    (errors.LimitExceeded, 400, "limit_exceeded"),
    (errors.InvalidInput, 400, "invalid_input"),
    (errors.Unauthenticated, 401, "unauthenticated"),
    (errors.AccessDenied, 403, "access_denied"),
    (errors.NotFound, 404, "not_found"),
    (errors.Conflict, 409, "conflict"),
    (errors.Throttled, 429, "throttled"),
    (errors.DiskFull, 507, "disk_full"),
    (errors.Unavailable, 503, "unavailable"),
    (errors.QueryAborted, 504, "query_aborted"),
)
"""The first row whose class the error is counts."""

RETRY_LATER_S = "5"
"""Retry-After of a part that cannot answer: an engine restart takes about that long."""


def failure(
    status: int, code: str, message: str, *, field: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """An error answer in the API's one shape."""
    body = msgspec.json.encode(Failure(Problem(code, message, field)))
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def answer_error(error: errors.TrimtabError) -> Response:
    """The answer for an error that trimtab raised on purpose."""
    status, code = next(((status, code) for kind, status, code in TABLE if isinstance(error, kind)), (500, "internal"))
    headers = {}
    if isinstance(error, errors.Throttled):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status in (503, 507):
        headers["Retry-After"] = RETRY_LATER_S
    elif status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="trimtab"'
    field = error.field if isinstance(error, errors.InvalidInput) else None
    return failure(status, code, str(error), field=field, headers=headers)


async def answer_throttled(request: Request, error: Exception) -> Response:
    """The answer where a body found no room while it was read by what has no errors of its own: a page, a form."""
    del request
    assert isinstance(error, errors.Throttled)  # noqa: S101 - for the type checker: it is registered for nothing else
    return answer_error(error)


async def answer_bug(request: Request, error: Exception) -> Response:
    """The answer for an error that nobody expected: app.py registers it for `Exception`. The log has the trace."""
    del error  # its text may hold anything
    return failure(
        500,
        "internal",
        f"cannot answer {request.method} {request.url.path}: this is a bug in trimtab; its log says more",
    )
