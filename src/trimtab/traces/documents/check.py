"""Segment documents of X-Ray, read and checked before any of one is kept.

Source: AWS X-Ray Developer Guide, "Segment documents". Codes of what is wrong are X-Ray's own where known.
A document may be as old as it likes: X-Ray refuses what is older than 30 days, retention drops it here.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.traces.model import NS_A_S
from trimtab.traces.rows import MAX_NS

MAX_BYTES = 64 << 10
"""A document, as X-Ray documents it."""
_NAME_LENGTH = 200
_SUBSEGMENT_NAME_LENGTH = 250
_DEPTH = 64  # of subsegments within each other: far beyond what an SDK makes, far below Python's limit of recursion
_ID = re.compile(r"[0-9a-fA-F]{16}")
_TRACE = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}|[0-9a-fA-F]{32}")
_NAME = re.compile(
    r"[\w\s.:/%&#=+\\\-@,()*$?!'\"<>\[\]{}|~;^]+"
)  # X-Ray's symbols, and those that SDKs send all the same

Document = dict[str, Any]


class RefusedSegment(InvalidInput):
    """A document that is not taken. `id` is that of its segment, where it has one; `code` is X-Ray's."""

    def __init__(self, code: str, what: str, id_: str = "", *, kind: str = "segment") -> None:
        super().__init__(f"Invalid {kind}. ErrorCode: {code}. {what}")
        self.code = code
        self.id = id_


def read_document(text: str) -> Document:
    """One document, checked. Raises RefusedSegment."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    try:
        document = typed.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as problem:
        raise RefusedSegment("ParseError", f"Expected a JSON object: {problem}") from None
    if not isinstance(document, dict):
        raise RefusedSegment("ParseError", "Expected a JSON object")
    if size > MAX_BYTES:
        raise RefusedSegment(
            "SegmentTooLarge", f"Got {size} bytes; expected at most {MAX_BYTES}", _id_or_nothing(document)
        )
    alone = document.get("type") == "subsegment"
    _check(document, "subsegment" if alone else "segment", 0)
    _check_place(document, alone)
    return document


def _check(part: Document, kind: str, depth: int) -> None:
    id_ = _id_or_nothing(part)

    def refuse(code: str, what: str) -> RefusedSegment:
        return RefusedSegment(code, what, id_, kind=kind)

    if not id_:
        raise refuse("MissingId" if "id" not in part else "InvalidId", "Expected id: 16 hexadecimal digits")
    name = part.get("name")
    if not isinstance(name, str) or not name:
        raise refuse("MissingName", "Expected name: text")
    longest = _NAME_LENGTH if kind == "segment" else _SUBSEGMENT_NAME_LENGTH
    if len(name) > longest or (kind == "segment" and not _NAME.fullmatch(name)):
        raise refuse("InvalidName", f"Expected name: at most {longest} letters, digits, spaces and symbols")
    start, end = part.get("start_time"), part.get("end_time")
    if not _is_time(start):
        raise refuse("MissingStartTime" if start is None else "InvalidTime", "Expected start_time: seconds, a number")
    if end is None and part.get("in_progress") is not True:
        raise refuse("MissingEndTime", "Expected end_time: seconds, a number; or in_progress: true")
    if end is not None and not _is_time(end):
        raise refuse("InvalidTime", "Expected end_time: seconds, a number")
    for field in ("http", "aws", "sql", "annotations", "metadata", "service"):
        if not isinstance(part.get(field, {}), dict | None):
            raise refuse("ParseError", f"Expected {field}: an object")
    below = part.get("subsegments") or []
    if not isinstance(below, list) or not all(isinstance(one, dict) for one in below):
        raise refuse("ParseError", "Expected subsegments: an array of objects")
    if depth >= _DEPTH:
        raise refuse("ParseError", f"Expected subsegments nested at most {_DEPTH} deep")
    for one in below:
        _check(one, "subsegment", depth + 1)


def _check_place(document: Document, alone: bool) -> None:
    kind, id_ = "subsegment" if alone else "segment", str(document["id"])
    trace, parent = document.get("trace_id"), document.get("parent_id")
    if not isinstance(trace, str) or not trace:
        raise RefusedSegment("MissingTraceId", "Expected trace_id: 1-<8 hex>-<24 hex>", id_, kind=kind)
    if not _TRACE.fullmatch(trace):
        raise RefusedSegment("InvalidTraceId", f"Expected trace_id: 1-<8 hex>-<24 hex>; got {trace!r}", id_, kind=kind)
    if alone and not parent:
        raise RefusedSegment("MissingParentId", "Expected parent_id: 16 hexadecimal digits", id_, kind=kind)
    if parent and not (isinstance(parent, str) and _ID.fullmatch(parent)):
        raise RefusedSegment("InvalidParentId", "Expected parent_id: 16 hexadecimal digits", id_, kind=kind)


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MAX_NS // NS_A_S


def _id_or_nothing(part: Mapping[str, Any]) -> str:
    id_ = part.get("id")
    return id_ if isinstance(id_, str) and _ID.fullmatch(id_) else ""
