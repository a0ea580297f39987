"""Answers of the pages: security headers, ETag, gzip, and the three forms HTML, JSON and CSV."""

import csv
import gzip
import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trimtab.reports.spreadsheets import guarded

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Encoding, Cookie, HX-Request-Type",
}
_GZIP_LEVEL = 5  # UI.md: the knee of size against time for pages of 5 to 100 KB
_GZIP_FROM = 600  # bytes; below, the header eats what is saved


def compress(body: bytes) -> bytes:
    """`body` in gzip, the same bytes for the same body (no time in the header)."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def streamed_headers(zipped: bool) -> dict[str, str]:
    """The headers of a page whose parts are sent as they come; no proxy is to gather them."""
    headers = _HEADERS | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return headers | {"Content-Encoding": "gzip"} if zipped else headers


def html(request: Request, text: str, status: int = 200) -> Response:
    """A page or a fragment of one."""
    return _answer(request, text.encode(), "text/html; charset=utf-8", status)


def json(request: Request, value: Any, status: int = 200) -> Response:
    """`value` as JSON; NaN becomes null."""
    return _answer(request, msgspec.json.encode(value), "application/json", status)


def data(request: Request, body: bytes, media_type: str) -> Response:
    """Bytes as they are: a picture."""
    return _answer(request, body, media_type, 200)


def table(request: Request, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Rows as CSV, to be saved as `<name>.csv`. None and NaN are empty cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    response = _answer(request, text.getvalue().encode(), "text/csv; charset=utf-8", 200)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _cell(cell: Any) -> Any:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return guarded(cell) if isinstance(cell, str) else cell


def _answer(request: Request, body: bytes, media_type: str, status: int) -> Response:
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {**_HEADERS, "ETag": etag}
    if status == 200 and etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if len(body) >= _GZIP_FROM and accepts_gzip(request):
        body = compress(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, media_type)
