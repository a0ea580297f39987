"""Attribute values as text: OpenTelemetry's AnyValue has seven types, a dimension has one.

Strings stay as they are, numbers and booleans as JSON writes them, bytes as base64, arrays and maps as JSON with
sorted keys. The same value always gives the same text. An empty value is no dimension.
"""

import base64
import json
import math

from trimtab.base.errors import InvalidInput
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed

Value = str | bool | int | float | bytes | list["Value"] | dict[str, "Value"] | None

_KEY, _VALUE = 1, 2  # of KeyValue
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY, _MAP, _BYTES = 1, 2, 3, 4, 5, 6, 7  # of AnyValue
_STRING_TAG = _STRING << 3 | LENGTH
_ITEMS = 1  # of ArrayValue, KeyValueList
_DEPTH = 16  # nesting that a person could still mean; far below Python's limit of recursion


def stringify(value: Value) -> str:
    """The text of a value."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _base64(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"  # as protobuf's JSON has them
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_base64)


def read_attributes(body: bytes, start: int, end: int, number: int, most: int | None = None) -> dict[str, str]:
    """The attributes (fields `number`, messages KeyValue) in `body[start:end]`.

    Raises Malformed, and InvalidInput for more than `most`: those after it are not even decoded.
    """
    attributes: dict[str, str] = {}
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if field == number and kind == LENGTH:
            if len(attributes) == most:
                raise InvalidInput(too_many(most))
            key, value = _key_value(body, begin, stop, 0)
            attributes[key] = stringify(value)
    return {key: value for key, value in attributes.items() if value}


def read_attribute(body: bytes, start: int, end: int) -> tuple[str, str]:
    """The KeyValue in `body[start:end]`, "" for an empty value. Raises Malformed."""
    key, value = _key_value(body, start, end, 0)
    return key, stringify(value)


def too_many(most: int) -> str:
    """The refusal of a point with more attributes than any series may have."""
    return f"received a series whose number of labels exceeds the limit (actual: more than {most})"


def read_any_value(body: bytes, start: int, end: int) -> Value:
    """The AnyValue in `body[start:end]`. Raises Malformed."""
    return _any_value(body, start, end, 0)


def _key_value(body: bytes, start: int, end: int, depth: int) -> tuple[str, Value]:
    key, value = "", None
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if field == _KEY and kind == LENGTH:
            key = wire.text(body, begin, stop)
        elif field == _VALUE and kind == LENGTH:
            value = _any_value(body, begin, stop, depth)
    return key, value


def _any_value(body: bytes, start: int, end: int, depth: int) -> Value:
    if end - start > 1 and body[start] == _STRING_TAG:  # as most are, and nothing behind it
        length, begin = wire.varint(body, start + 1, end)
        if begin + length == end:
            return wire.text(body, begin, end)
    value: Value = None
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == LENGTH:
            value = _long_value(body, field, begin, stop, depth)
        elif kind == VARINT and field == _BOOL:
            value = bool(wire.varint(body, begin, stop)[0])
        elif kind == VARINT and field == _INT:
            value = wire.signed(wire.varint(body, begin, stop)[0])
        elif kind == FIXED64 and field == _DOUBLE:
            value = wire.double(body, begin)
    return value


def _long_value(body: bytes, field: int, start: int, end: int, depth: int) -> Value:
    if field == _STRING:
        return wire.text(body, start, end)
    if field == _BYTES:
        return body[start:end]
    if field not in (_ARRAY, _MAP):
        return None
    if depth >= _DEPTH:
        raise Malformed(start, "an attribute value is nested too deeply")
    items = [
        (begin, stop)
        for number, kind, _, begin, stop in wire.fields(body, start, end)
        if (number, kind) == (_ITEMS, LENGTH)
    ]
    if field == _ARRAY:
        return [_any_value(body, begin, stop, depth + 1) for begin, stop in items]
    return dict(_key_value(body, begin, stop, depth + 1) for begin, stop in items)


def _base64(value: object) -> str:
    assert isinstance(value, bytes)  # noqa: S101 - for the type checker: nothing else is a Value
    return base64.b64encode(value).decode()
