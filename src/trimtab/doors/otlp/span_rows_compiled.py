"""OTLP spans, from protobuf straight to rows of the table `spans`, compiled. `span_rows.py` says what for.

Field numbers: opentelemetry-proto, trace.proto. A span with anything rare (events, links, a trace state, a message of
its status) is marked and left to plain Python. Of values that are neither text, integer nor boolean plain Python makes
texts, and the span is written by a second call.
"""

import numpy as np
import numpy.typing as npt

from trimtab.doors.otlp.span_scan_compiled import FULL, find
from trimtab.doors.protobuf import jit
from trimtab.doors.protobuf.jit import compiled
from trimtab.doors.protobuf.key_value_compiled import FALSE, INT, OTHER, TEXT, TRUE, key_value
from trimtab.doors.protobuf.primitives import (
    FIXED64,
    LENGTH,
    VARINT,
    Bytes,
    Int,
    extent,
    fixed64,
    skip,
    tag,
    varint,
)
from trimtab.doors.protobuf.rowbinary_compiled import (
    any_byte,
    is_utf8,
    put,
    put_byte,
    put_hex,
    put_int64,
    put_length,
    put_text,
    same,
)

__all__ = ["FULL", "LATER", "find", "is_cached", "rows", "warm"]

Table = npt.NDArray[np.int64]

PLAIN, LATER = -1, -2
"""Of a span that has no row: plain Python reads it, or its row is written once its other values have texts."""
MOST_ATTRIBUTES = 64
"""Of a span; with more it is left to plain Python."""
# Texts as RowBinary has them, each after its length.
_KINDS = np.frombuffer(b"\x08internal\x08internal\x06server\x06client\x08producer\x08consumer", np.uint8)
_KIND_AT = np.array([0, 9, 18, 25, 32, 41, 50], np.int64)
_STATUSES = np.frombuffer(b"\x05unset\x02ok\x05error", np.uint8)
_STATUS_AT = np.array([0, 6, 9, 15], np.int64)
_REMOTE = np.frombuffer(b"\x06remote", np.uint8)
_DATABASE = np.frombuffer(b"\x08Database", np.uint8)
_MESSAGING = np.frombuffer(b"\x09Messaging", np.uint8)
_GEN_AI = np.frombuffer(b"\x05GenAI", np.uint8)
_NS_A_MS = 1_000_000
_MAX_NS = 65_535 * 86_400 * 1_000_000_000 - 1  # as traces.rows has it
_MAX_BYTES = 200 << 10  # of a span
_AWS_LENGTH = 7  # of aws-api

# Places of the names in `span_rows.NAMES`.
_METHOD, _STATUS_CODE, _URL, _PEER, _DB, _MESSAGE, _GEN, _RPC, _RPC_SYSTEM, _HOST = 0, 2, 4, 8, 9, 11, 13, 15, 16, 18
_NAMES = 21


@compiled
def rows(
    body: Bytes,
    spans: Table,
    parts: Bytes,
    places: Table,
    names: Bytes,
    name_at: Table,
    latest_ns: Int,
    ingested_ms: Int,
    texts: Table,
    others: Table,
    out: Bytes,
) -> tuple[Int, Table, Int]:
    """Write the rows of `spans` into `out`; (bytes written, told, values noted).

    `parts[places[r]]` are, of each resource, its head, its origin and its tail: five positions. `told` has a row for
    each span: the end of its row in `out` (PLAIN: left to plain Python, LATER: wants texts), its start (ns), where its
    trace id is in `body`. Where values that this code does not write lie is noted in `others` (start, end), span after
    span. Who calls again with those spans alone gives `texts`: where in `body` (behind the spans) the text of each is.
    """
    told = np.empty((len(spans), 3), np.int64)
    fields = np.empty(24, np.int64)
    attributes = np.empty((MOST_ATTRIBUTES, 6), np.int64)
    known = np.empty(_NAMES, np.int64)
    at, noted, used = 0, 0, 0
    for number in range(len(spans)):
        count = _read(body, spans[number, 1], spans[number, 2], fields, attributes, names, name_at, known)
        told[number, 0], told[number, 1], told[number, 2] = PLAIN, fields[6], fields[0]
        small = spans[number, 2] - spans[number, 1] <= _MAX_BYTES
        if count < 0 or not small or not _is_plain(body, fields, latest_ns):
            continue
        rare = _others(attributes, count)
        if rare and not len(texts):
            if noted + rare <= len(others):
                told[number, 0] = LATER
                noted = _note_others(attributes, count, others, noted)
            continue
        used += rare
        if rare and not _resolve(attributes, count, texts, used - rare):
            continue
        at = _write(body, fields, attributes, count, known, parts, places[spans[number, 0]], ingested_ms, out, at)
        told[number, 0] = at
    return at, told, noted


@compiled
def _others(attributes: Table, count: Int) -> Int:
    """How many of a span's values are neither text, integer nor boolean."""
    found = 0
    for row in range(count):
        if attributes[row, 5] == OTHER:
            found += 1
    return found


@compiled
def _note_others(attributes: Table, count: Int, others: Table, noted: Int) -> Int:
    for row in range(count):
        if attributes[row, 5] == OTHER:
            others[noted, 0], others[noted, 1] = attributes[row, 2], attributes[row, 3]
            noted += 1
    return noted


@compiled
def _resolve(attributes: Table, count: Int, texts: Table, used: Int) -> bool:
    """Give such values their texts. False where one is empty, as an attribute without a value is none."""
    for row in range(count):
        if attributes[row, 5] == OTHER:
            start, end = texts[used, 0], texts[used, 1]
            attributes[row, 2], attributes[row, 3], attributes[row, 4], attributes[row, 5] = (
                start,
                end,
                end - start,
                TEXT,
            )
            used += 1
            if start == end:
                return False
    return True


@compiled
def _read(
    body: Bytes, at: Int, end: Int, fields: Table, attributes: Table, names: Bytes, name_at: Table, known: Table
) -> Int:
    """How many attributes a span has; -1 where it has anything rare.

    `fields`: trace, span, parent, name (start, end as pairs, but ids only their start: 0, 1, 2, 3, 4), kind (5), start
    (6), end (7), status (8), lengths of the ids (9, 10, 11).
    """
    fields[:] = 0
    known[:] = -1
    count = 0
    while at < end:
        field, wire, at = tag(body, at, end)
        if at < 0:
            return -1
        if wire == LENGTH:
            start, at = extent(body, at, end)
            if at < 0 or field in (3, 11, 13):
                if at < 0 or at > start:
                    return -1
                continue
            if field == 1:
                fields[0], fields[9] = start, at - start
            elif field == 2:
                fields[1], fields[10] = start, at - start
            elif field == 4:
                fields[2], fields[11] = start, at - start
            elif field == 5:
                if not is_utf8(body, start, at):
                    return -1
                fields[3], fields[4] = start, at
            elif field == 9:
                if count == MOST_ATTRIBUTES or not key_value(body, start, at, attributes, count):
                    return -1
                if attributes[count, 4] == 0 or not _note(body, attributes, count, names, name_at, known):
                    return -1
                count += 1
            elif field == 15 and not _status(body, start, at, fields):
                return -1
        elif wire == FIXED64:
            if at + 8 > end:
                return -1
            if field == 7:
                fields[6] = np.int64(fixed64(body, at))
            elif field == 8:
                fields[7] = np.int64(fixed64(body, at))
            at += 8
        elif wire == VARINT:
            value, at = varint(body, at, end)
            if at < 0:
                return -1
            if field == 6:
                fields[5] = value
        else:
            at = skip(body, at, end, wire)
            if at < 0:
                return -1
    system = _first(known, _RPC_SYSTEM, 2)
    if known[_RPC] >= 0 and system >= 0 and attributes[system, 4] == _AWS_LENGTH:
        return -1  # aws-api, perhaps
    return count


@compiled
def _status(body: Bytes, at: Int, end: Int, fields: Table) -> bool:
    while at < end:
        field, wire, at = tag(body, at, end)
        if at < 0 or wire != VARINT or field != 3:
            return False
        fields[8], at = varint(body, at, end)
        if at < 0:
            return False
    return True


@compiled
def _note(body: Bytes, attributes: Table, row: Int, names: Bytes, name_at: Table, known: Table) -> bool:
    """Note the place of an attribute that is known by name. False where it is OTHER, or its key is there twice."""
    start, end = attributes[row, 0], attributes[row, 1]
    for other in range(row):
        if same(body, start, end, body, attributes[other, 0], attributes[other, 1]):
            return False
    for name in range(_NAMES):
        if same(body, start, end, names, name_at[name], name_at[name + 1]):
            known[name] = row
            return bool(attributes[row, 5] != OTHER)
    return True


@compiled
def _is_plain(body: Bytes, fields: Table, latest_ns: Int) -> bool:
    """Whether ids and times are as they should be."""
    if fields[9] != 16 or fields[10] != 8 or fields[11] not in (0, 8):
        return False
    if fields[6] <= 0 or fields[6] > latest_ns or fields[7] < fields[6] or fields[7] > _MAX_NS:
        return False
    return any_byte(body, fields[0], 16) and any_byte(body, fields[1], 8)


@compiled
def _write(
    body: Bytes,
    fields: Table,
    attributes: Table,
    count: Int,
    known: Table,
    parts: Bytes,
    place: Table,
    ingested_ms: Int,
    out: Bytes,
    at: Int,
) -> Int:
    kind = fields[5] if 0 <= fields[5] < 6 else 0
    calls = kind in (3, 4)
    parent = fields[11] == 8 and any_byte(body, fields[2], 8)
    status = fields[8] if 0 <= fields[8] < 3 else 0
    code = _code(body, attributes, known)
    url = _first(known, _URL, 4)
    at = put(parts, place[0], place[1], out, at)
    at = put_int64(fields[6] // _NS_A_MS, out, at)
    at = put_hex(body, fields[0], 16, out, at)
    at = put_hex(body, fields[1], 8, out, at)
    at = put_hex(body, fields[2], 8 if parent else 0, out, at)
    at = put_text(body, fields[3], fields[4], out, at)
    at = put(_KINDS, _KIND_AT[kind], _KIND_AT[kind + 1], out, at)
    at = put_byte(1 if kind in (2, 5) or not parent else 0, out, at)
    at = put_int64(fields[6], out, at)
    at = put_int64(fields[7] - fields[6], out, at)
    at = put(_STATUSES, _STATUS_AT[status], _STATUS_AT[status + 1], out, at)
    error = 400 <= code < 500
    at = put_byte(1 if code >= 500 or (status == 2 and not error) else 0, out, at)
    at = put_byte(1 if error else 0, out, at)
    at = put_byte(1 if code == 429 else 0, out, at)
    at = put_byte(0, out, at)
    at = _value_text(body, attributes, _first(known, _METHOD, 2), out, at)
    at = put_byte(code & 255, out, at)
    at = put_byte(code >> 8, out, at)
    at = _value_text(body, attributes, url, out, at)
    if calls:
        at = _peer(body, attributes, known, url, out, at)
    else:
        at = put_byte(0, out, at)
        at = put(parts, place[1], place[2], out, at)
    at = put(parts, place[2], place[3], out, at)
    at = put_length(count, out, at)
    for row in range(count):
        at = put_text(body, attributes[row, 0], attributes[row, 1], out, at)
        at = _value_text(body, attributes, row, out, at)
    at = put_byte(0, out, at)
    at = put_byte(0, out, at)
    at = put_byte(0, out, at)
    return put_int64(ingested_ms, out, at)


@compiled
def _peer(body: Bytes, attributes: Table, known: Table, url: Int, out: Bytes, at: Int) -> Int:
    """What a call went to, and its type: `span_fields.called`."""
    named, host = _first(known, _PEER, 1), _first(known, _HOST, 3)
    database, messaging = _first(known, _DB, 2), _first(known, _MESSAGE, 2)
    rpc, provider = _first(known, _RPC, 1), _first(known, _GEN, 2)
    if database >= 0:
        if named < 0 and host >= 0:
            at = put_length(attributes[database, 4] + attributes[host, 4] + 1, out, at)
            at = _value_bytes(body, attributes, database, out, at)
            at = put_byte(64, out, at)  # @
            at = _value_bytes(body, attributes, host, out, at)
        else:
            at = _value_text(body, attributes, named if named >= 0 else database, out, at)
        return put(_DATABASE, 0, len(_DATABASE), out, at)
    if messaging >= 0:
        at = _value_text(body, attributes, named if named >= 0 else messaging, out, at)
        return put(_MESSAGING, 0, len(_MESSAGING), out, at)
    if provider >= 0:
        at = _value_text(body, attributes, named if named >= 0 else provider, out, at)
        return put(_GEN_AI, 0, len(_GEN_AI), out, at)
    found = named
    if found < 0:
        found = rpc if rpc >= 0 else host
    if found >= 0:
        at = _value_text(body, attributes, found, out, at)
        return put(_REMOTE, 0, len(_REMOTE), out, at)
    if url >= 0 and attributes[url, 5] == TEXT:
        first, last = _host_of(body, attributes[url, 2], attributes[url, 3])
        if last > first:
            at = put_text(body, first, last, out, at)
            return put(_REMOTE, 0, len(_REMOTE), out, at)
    at = put_byte(0, out, at)
    return put_byte(0, out, at)


@compiled
def _host_of(body: Bytes, start: Int, end: Int) -> tuple[Int, Int]:
    at = start
    while at + 3 <= end and not (body[at] == 58 and body[at + 1] == 47 and body[at + 2] == 47):
        at += 1
    if at + 3 > end:
        return start, start
    first = at + 3
    last = first
    while last < end and body[last] not in (47, 63, 58, 35):  # / ? : #
        last += 1
    return first, last


@compiled
def _code(body: Bytes, attributes: Table, known: Table) -> Int:
    row = _first(known, _STATUS_CODE, 2)
    if row < 0:
        return 0
    if attributes[row, 5] == INT:
        return attributes[row, 2] if 0 <= attributes[row, 2] <= 999 else 0
    if attributes[row, 5] != TEXT or attributes[row, 4] > 5:
        return 0
    code: Int = 0
    for place in range(attributes[row, 2], attributes[row, 3]):
        if not 48 <= body[place] <= 57:
            return 0
        code = code * 10 + np.int64(body[place]) - 48
    return code if code <= 999 else 0


@compiled
def _first(known: Table, name: Int, count: Int) -> Int:
    for place in range(count):
        if known[name + place] >= 0:
            return known[name + place]
    return -1


@compiled
def _value_text(body: Bytes, attributes: Table, row: Int, out: Bytes, at: Int) -> Int:
    """A value with its length before it; an empty text for row -1."""
    if row < 0:
        return put_byte(0, out, at)
    at = put_length(attributes[row, 4], out, at)
    return _value_bytes(body, attributes, row, out, at)


@compiled
def _value_bytes(body: Bytes, attributes: Table, row: Int, out: Bytes, at: Int) -> Int:
    kind = attributes[row, 5]
    if kind == TEXT:
        return put(body, attributes[row, 2], attributes[row, 3], out, at)
    if kind == TRUE:
        out[at], out[at + 1], out[at + 2], out[at + 3] = 116, 114, 117, 101
        return at + 4
    if kind == FALSE:
        out[at], out[at + 1], out[at + 2], out[at + 3], out[at + 4] = 102, 97, 108, 115, 101
        return at + 5
    value, length = attributes[row, 2], attributes[row, 4]
    place = at + length - 1
    if value < 0:
        out[at] = 45
        while value <= -10:
            quotient = -(-value // 10) if value != -9223372036854775808 else -922337203685477580
            out[place] = 48 + (quotient * 10 - value)
            value = quotient
            place -= 1
        out[place] = 48 - value
        return at + length
    while value >= 10:
        out[place] = 48 + value % 10
        value //= 10
        place -= 1
    out[place] = 48 + value
    return at + length


def is_cached() -> bool:
    """Whether an earlier run compiled this module and kept it."""
    return jit.is_cached(rows) and jit.is_cached(find)


def warm() -> None:
    """Call each function once, so that it is compiled."""
    body = np.frombuffer(b"\x0a\x02\x12\x00", np.uint8)
    _, _, spans = find(body, 4)
    empty, places = np.frombuffer(b"\0", np.uint8), np.zeros((1, 4), np.int64)  # read-only, as all but `out` is
    none = np.zeros((0, 2), np.int64)
    rows(body, spans, empty, places, empty, np.zeros(_NAMES + 1, np.int64), 0, 0, none, none, np.empty(1, np.uint8))
