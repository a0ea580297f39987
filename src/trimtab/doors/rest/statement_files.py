"""`GET /rest/v1/statements/{month}/export`: a statement as CSV or PDF, of one owner or of all."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, TrimtabError
from trimtab.doors.rest.errors import answer_error
from trimtab.economics.months import named, read_month
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.statements.model import Statement
from trimtab.reports.statements.pdf import as_pdf
from trimtab.reports.statements.table import as_csv

FORMATS = ("csv", "pdf")


def routes(room: EconomicsRoom) -> list[BaseRoute]:
    """The route."""

    async def export(request: Request) -> Response:
        try:
            return await statement_file(room, request, request.path_params["month"])
        except TrimtabError as problem:
            return answer_error(problem)

    return [Route("/rest/v1/statements/{month}/export", export, methods=["GET"])]


async def statement_file(room: EconomicsRoom, request: Request, month_text: str) -> Response:
    """The file that a request's `format` and `owner` ask for. Raises what reading a statement raises."""
    _allow(request)
    format_, owner = request.query_params.get("format", "csv"), request.query_params.get("owner")
    if format_ not in FORMATS:
        raise InvalidInput(f"cannot export as {format_[:30]!r}: expected one of {', '.join(FORMATS)}", field="format")
    statement = await room.statements.statement(read_month(month_text))
    if owner is not None and all(line.key.owner != owner for line in statement.lines):
        raise NotFound(f"cannot export: {named(statement.month)} has no lines of {owner[:100]!r}")
    body = await _body(room, statement, format_, owner)
    name = f"statement-{named(statement.month)}" + (f"-{_safe(owner)}" if owner else "")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{format_}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    media = "application/pdf" if format_ == "pdf" else "text/csv; charset=utf-8"
    return Response(body, 200, headers, media)


async def _body(room: EconomicsRoom, statement: Statement, format_: str, owner: str | None) -> bytes:
    if format_ == "csv":
        return (await asyncio.to_thread(as_csv, statement, owner)).encode()
    rows = await room.statements.reconcile(statement)
    return await asyncio.to_thread(as_pdf, statement, rows, owner)


def _allow(request: Request) -> None:
    who: Principal = request.scope["state"]["principal"]
    if not who.may(Role.FINANCE) or who.account is not None:
        raise AccessDenied(f"cannot read statements: {who.name!r} is bound to account {who.account}")


def _safe(owner: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in owner)[
        :60
    ]
