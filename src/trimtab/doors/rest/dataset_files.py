"""Rows of datasets that are no JSON: an Arrow stream in record batches, or CSV.

GET|POST /rest/v1/datasets/{name}/arrow, …/csv     a question by query parameters, or as JSON
POST     /rest/v1/dataset-sql/arrow, …/csv         a statement
"""

import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import msgspec
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.client import datasets_wire as wire
from trimtab.doors.rest.dataset_answers import flat, money_text, query_of, sql_of
from trimtab.doors.rest.datasets import ABOUT, PATH
from trimtab.doors.rest.endpoint import BODY_LIMIT
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.reports.datasets.field import Field, Type
from trimtab.reports.datasets.reading import Answer
from trimtab.reports.datasets.room import DatasetRoom

FORMATS = ("arrow", "csv")
ARROW = "application/vnd.apache.arrow.stream"
BATCH = 65_536
"""Rows of a record batch: a reader sees the first after some megabytes."""
_DEFAULT_LIMIT = 100_000
T = TypeVar("T")


def routes(room: DatasetRoom) -> list[BaseRoute]:
    """The routes."""

    async def rows(request: Request, format_: str) -> Response:
        name = request.path_params["name"]
        answer = await room.read(_reader(request), name, query_of(await _asked(request), room.clock))
        return _file(answer, format_, name)

    async def sql(request: Request, format_: str) -> Response:
        who = _reader(request)
        statement = _decoded(await _body(request), wire.SqlStatement)
        return _file(await room.sql(who, sql_of(statement, room.clock)), format_, "sql")

    return [
        *(
            DoorRoute(f"{ABOUT}sql/{format_}", _answering(sql, format_), Role.FINANCE, bound=True, methods=["POST"])
            for format_ in FORMATS
        ),
        *(
            DoorRoute(
                f"{PATH}/{{name}}/{format_}",
                _answering(rows, format_),
                Role.FINANCE,
                bound=True,
                methods=["GET", "POST"],
            )
            for format_ in FORMATS
        ),
    ]


def _answering(work: Callable[[Request, str], Awaitable[Response]], format_: str) -> Callable[..., Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await work(request, format_)
        except TrimtabError as problem:
            return answer_error(problem)

    return answer


def _reader(request: Request) -> Principal:
    principal: Principal = request.scope["state"]["principal"]
    if not principal.may(Role.FINANCE):
        raise AccessDenied(f"cannot read datasets: {principal.name!r} has role {principal.role}")
    return principal


async def _asked(request: Request) -> wire.DatasetQuery:
    """The question: a JSON body, or query parameters (`column=name=expression`, `where`, `order`, `limit` …)."""
    if request.method == "POST":
        body = await _body(request)
        return _decoded(body, wire.DatasetQuery) if body.strip() else wire.DatasetQuery(limit=_DEFAULT_LIMIT)
    given = request.query_params
    form = {
        "columns": [_column(text) for text in given.getlist("column")],
        "where": given.getlist("where"),
        "order": given.getlist("order"),
        "parameters": dict(_pair(text) for text in given.getlist("parameter")),
        "limit": given.get("limit", str(_DEFAULT_LIMIT)),
        **{name: given[name] for name in ("start", "end") if name in given},
    }
    unknown = sorted(set(given) - {"column", "where", "order", "parameter", "limit", "start", "end"})
    if unknown:
        raise InvalidInput(f"cannot read query: there is no parameter {unknown[0][:80]!r}", field=unknown[0][:80])
    try:
        return typed.convert(form, wire.DatasetQuery, strict=False)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot read query: {problem}") from None


def _column(text: str) -> dict[str, str]:
    name, _, expression = text.partition("=")
    return {"name": name, "expression": expression}


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(f"cannot read parameter {text[:80]!r}; expected name=value", field="parameter")
    return name, value


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise InvalidInput(f"cannot take a body above {BODY_LIMIT} bytes")
    return bytes(body)


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return typed.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InvalidInput(f"cannot read body: {problem}", field="body") from None


def _file(answer: Answer, format_: str, name: str) -> Response:
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in name)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    headers["Content-Disposition"] = f'attachment; filename="{plain}.{format_}"'
    parts, media = (arrow_stream(answer), ARROW) if format_ == "arrow" else (csv_lines(answer), "text/csv")
    return StreamingResponse(parts, 200, headers, media)


def arrow_stream(answer: Answer) -> Iterator[bytes]:
    """An answer as an Arrow IPC stream, a record batch at a time; its ages and notes are the schema's metadata."""
    until = msgspec.json.encode(dict(answer.until_ms))
    told = {b"trimtab.until_ms": until, b"trimtab.notes": msgspec.json.encode(list(answer.notes))}
    told[b"trimtab.more"] = b"true" if answer.more else b"false"
    if answer.extracted_ms is not None:
        told[b"trimtab.extracted_ms"] = str(answer.extracted_ms).encode()
    units = [
        column.with_metadata({b"unit": one.unit.encode(), b"type": one.type.value.encode()})
        for column, one in zip(answer.table.schema, answer.fields, strict=True)
    ]
    schema = pa.schema(units, metadata=told)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in answer.table.cast(schema).to_batches(max_chunksize=BATCH):
            writer.write_batch(batch)
            yield _taken(sink)
    yield _taken(sink)


def csv_lines(answer: Answer) -> Iterator[bytes]:
    """An answer as CSV: times as ISO 8601, money exact, labels as JSON."""
    table = flat(answer.table, answer.fields)
    yield _line(table.column_names)
    for batch in table.to_batches(max_chunksize=BATCH):
        columns = [_texts(column, one) for column, one in zip(batch.columns, answer.fields, strict=True)]
        yield b"".join(_line(row) for row in zip(*columns, strict=True))


def _texts(column: pa.Array, field: Field) -> list[object]:
    values = column.to_pylist()
    if field.type is Type.MONEY:
        return ["" if one is None else money_text(one) for one in values]
    if field.type is Type.TIME:
        return ["" if one is None else f"{one:%Y-%m-%dT%H:%M:%S}.{one.microsecond // 1000:03d}Z" for one in values]
    if field.type is Type.TEXT:
        return ["" if one is None else _safe(one) for one in values]
    return ["" if one is None else one for one in values]


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: names come from whoever sends telemetry."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _line(values: object) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(values)  # type: ignore[arg-type]  # a row of any values
    return out.getvalue().encode()


def _taken(sink: io.BytesIO) -> bytes:
    found = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return found
