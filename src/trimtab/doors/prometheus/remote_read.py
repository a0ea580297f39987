"""Prometheus' remote read: `POST /api/v1/read`, the samples of series as they are, for another Prometheus to query.

Source: Prometheus documentation, "Remote Read API", and prompb/remote.proto. Of the two ways to answer, samples and
streamed chunks, this is the first, which every client takes. Native histograms are left out: they are asked by PromQL.
"""

import asyncio
import struct
from collections.abc import Iterator

import cramjam
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.doors.prometheus.query import failure
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import LENGTH, VARINT
from trimtab.doors.roles import DoorRoute
from trimtab.metrics.promql.engine import PromQL, Series
from trimtab.metrics.promql.labels import label
from trimtab.metrics.promql.language.literals import quoted

PATH = "/api/v1/read"
_LIMIT = 1 << 20
"""Bytes of a request, decompressed: it holds matchers and times."""
_MOST_QUERIES = 32
"""Queries of a request; Prometheus sends one."""
_OPERATORS = ("=", "!=", "=~", "!~")
"""By the number of LabelMatcher.Type."""
_QUERIES = 1  # of ReadRequest
_START, _END, _MATCHERS = 1, 2, 3  # of Query
_TYPE, _NAME, _VALUE = 1, 2, 3  # of LabelMatcher
_SAMPLE = struct.Struct("<BdB")  # of Sample: the tag of the value, the value, the tag of the time


class Asked(Struct, frozen=True):
    """One query: a selector, and the times (ms) of samples, both included."""

    selector: str
    start_ms: int
    end_ms: int


def routes(promql: PromQL) -> list[BaseRoute]:
    """The route."""

    async def read(request: Request) -> Response:
        principal: Principal = request.scope["state"]["principal"]
        try:
            asked = read_request(await request.body())
            found = [await _series(promql, principal, one) for one in asked]
        except TrimtabError as error:
            return failure(error)
        body = await asyncio.to_thread(_packed, found)
        return Response(body, media_type="application/x-protobuf", headers={"Content-Encoding": "snappy"})

    return [DoorRoute(PATH, read, Role.READ, bound=True, methods=["POST"])]


async def _series(promql: PromQL, principal: Principal, asked: Asked) -> list[Series]:
    """The series of a query: a range of PromQL begins behind its start, hence the millisecond more."""
    if asked.end_ms < asked.start_ms:
        return []
    text = f"{asked.selector}[{asked.end_ms - asked.start_ms + 1}ms]"
    return (await promql.query(principal.scope, text, asked.end_ms)).series


def read_request(raw: bytes) -> list[Asked]:
    """The queries of a ReadRequest, packed by snappy. Raises InvalidInput."""
    try:
        size, _ = wire.varint(raw, 0, len(raw))
        if size > _LIMIT:
            raise InvalidInput(f"cannot read {size} bytes of queries: expected at most {_LIMIT}")
        body = bytes(cramjam.snappy.decompress_raw(raw))
        parts = [part for part in wire.fields(body, 0, len(body)) if (part[0], part[1]) == (_QUERIES, LENGTH)]
        asked = [_query(body, start, end) for _, _, _, start, end in parts]
    except (cramjam.DecompressionError, wire.Malformed) as problem:
        raise InvalidInput(f"cannot read the queries: expected a ReadRequest packed by snappy ({problem})") from None
    if len(asked) > _MOST_QUERIES:
        raise InvalidInput(f"cannot answer {len(asked)} queries at once: expected at most {_MOST_QUERIES}")
    return asked


def _query(body: bytes, start: int, end: int) -> Asked:
    times = {_START: 0, _END: 0}
    matchers = []
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == VARINT and number in times:
            times[number] = wire.signed(wire.varint(body, begin, stop)[0])
        elif (number, kind) == (_MATCHERS, LENGTH):
            matchers.append(_matcher(body, begin, stop))
    return Asked(f"{{{','.join(matchers)}}}", max(times[_START], 0), times[_END])


def _matcher(body: bytes, start: int, end: int) -> str:
    type_, texts = 0, {_NAME: "", _VALUE: ""}
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if (number, kind) == (_TYPE, VARINT):
            type_ = wire.varint(body, begin, stop)[0]
        elif kind == LENGTH and number in texts:
            texts[number] = wire.text(body, begin, stop)
    if type_ >= len(_OPERATORS):
        raise InvalidInput(f"cannot read a matcher: got type {type_}; expected 0 to {len(_OPERATORS) - 1}")
    return f"{label(texts[_NAME])}{_OPERATORS[type_]}{quoted(texts[_VALUE])}"


def _packed(found: list[list[Series]]) -> bytes:
    """A ReadResponse with a result for each query, packed by snappy."""
    results = (_field(1, b"".join(_field(1, _time_series(one)) for one in series)) for series in found)
    return bytes(cramjam.snappy.compress_raw(b"".join(results)))


def _time_series(series: Series) -> bytes:
    labels = (_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in series.labels)
    return b"".join((*labels, *_samples(series)))


def _samples(series: Series) -> Iterator[bytes]:
    for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
        yield _field(2, _SAMPLE.pack(0x09, value, 0x10) + _varint(at))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
