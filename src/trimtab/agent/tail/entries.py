"""Entries of a log file: where one begins, and what each says of its time, severity and trace.

What is sent is an object an entry: its text as it stands in the file, and what was found in it.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from trimtab.agent.tail.times import Times
from trimtab.base import typed

LINE = "_line"
"""The member that holds the text of an entry: what `message_key` names at the server."""
_CONTINUED = re.compile(rb"[ \t]|$")
"""A line that begins so belongs to the entry before it: the frames of a stack trace, and empty lines."""
_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "date", "datetime", "asctime")
_SEVERITY_KEYS = ("severity", "level", "levelname", "log.level", "lvl", "severity_text", "loglevel")
_TRACE_KEYS = ("trace_id", "traceId", "traceid", "trace.id", "otelTraceID", "TraceId")
_SPAN_KEYS = ("span_id", "spanId", "spanid", "span.id", "otelSpanID", "SpanId")
_LEVELS = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}  # of pino and bunyan
_TRACE = re.compile(r"\btrace[_.-]?id\"?[=:]\s*\"?([0-9a-f]{32})\b", re.IGNORECASE)
_SPAN = re.compile(r"\bspan[_.-]?id\"?[=:]\s*\"?([0-9a-f]{16})\b", re.IGNORECASE)
_HEX = {length: re.compile(rf"[0-9a-f]{{{length}}}", re.IGNORECASE) for length in (16, 32)}
_encoder = msgspec.json.Encoder()


class Entries:
    """How the entries of a file are told apart: `begin` says how one begins; without it, what is indented continues."""

    def __init__(self, begin: str, times: Times) -> None:
        self._begin = re.compile(begin.encode()) if begin else None
        self._times = times

    def begins(self, line: bytes) -> bool:
        """Whether an entry begins with this line."""
        return bool(self._begin.match(line)) if self._begin else not _CONTINUED.match(line)

    def last_begin(self, lines: bytes) -> int:
        """Where the last entry of whole `lines` begins; 0 where none does."""
        end = len(lines)
        while end > 0:
            start = lines.rfind(b"\n", 0, end - 1) + 1
            if self.begins(lines[start:end]):
                return start
            end = start
        return 0

    def split(self, whole: bytes) -> Iterator[str]:
        """The entries of whole lines."""
        entry: list[bytes] = []
        for line in whole.split(b"\n"):
            line = line.removesuffix(b"\r")
            if entry and self.begins(line):
                yield from _text(entry)
                entry = []
            entry.append(line)
        yield from _text(entry)

    def records(self, whole: bytes, last_ms: int, now_ms: int) -> tuple[bytes, int]:
        """An object a line for each entry, and the time of the last: one that names none has that of the one before.

        `last_ms` is the time of the entry before these, 0 for none.
        """
        found = []
        for text in self.split(whole):
            record: dict[str, Any] = {LINE: text}
            time_ms = self._read(record, text, now_ms)
            last_ms = time_ms or last_ms or now_ms
            record["date"] = last_ms
            found.append(_encoder.encode(record))
        return b"\n".join(found), last_ms

    def _read(self, record: dict[str, Any], text: str, now_ms: int) -> int | None:
        """Put what `text` says into the record; the time that it names."""
        if text.startswith("{"):
            try:
                members = typed.decode(text)
            except (ValueError, RecursionError):
                members = None
            if isinstance(members, dict):
                record |= _of_members(members)
                at = (self._times.of_value(members[key], now_ms) for key in _TIME_KEYS if key in members)
                return next((time_ms for time_ms in at if time_ms is not None), None)
        if "race" in text:  # a line in a thousand: the search for its id costs more than all else
            record |= {
                name: found[1]
                for name, form in (("trace_id", _TRACE), ("span_id", _SPAN))
                if (found := form.search(text))
            }
        return self._times.of_text(text, now_ms)


def _of_members(members: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    level = next((members[key] for key in _SEVERITY_KEYS if key in members), None)
    if isinstance(level, str | int) and not isinstance(level, bool):
        found["severity"] = _LEVELS.get(level, str(level)) if isinstance(level, int) else level
    for name, keys, digits in (("trace_id", _TRACE_KEYS, 32), ("span_id", _SPAN_KEYS, 16)):
        value = next((members[key] for key in keys if key in members), None)
        if isinstance(value, str) and _HEX[digits].fullmatch(value):
            found[name] = value
    return found


def _text(lines: list[bytes]) -> Iterator[str]:
    text = b"\n".join(lines).rstrip(b"\n").decode("utf-8", "replace")
    if text.strip():
        yield text
