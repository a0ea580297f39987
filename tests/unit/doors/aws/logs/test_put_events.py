"""The fast way through PutLogEvents takes what the general path takes, and hands on whatever is unusual."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.doors.aws.logs import put_events
from trimtab.doors.aws.logs.put_events import FUTURE_MS, PAST_MS, SPAN_MS
from trimtab.doors.aws.logs.rooms import operations
from trimtab.doors.aws.wire.constraints import Checker
from trimtab.doors.aws.wire.http import HttpRequest
from trimtab.doors.aws.wire.json import JsonCodec
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.logs.model import Group, LogEvent

MODEL = operations.bind(None).model  # type: ignore[arg-type]  # nothing is called
OPERATION = MODEL.operation("PutLogEvents")
CODEC, CHECK = JsonCodec(MODEL, OPERATION), Checker().of(OPERATION.input_shape)
EVENT = {"timestamp": 1, "message": "a"}
PLAIN: dict[str, Any] = {"logGroupName": "g", "logStreamName": "s", "logEvents": [EVENT]}


def general(body: bytes) -> dict[str, Any] | None:
    """What the general path makes of a body; None where it refuses."""
    try:
        parsed = CODEC.read(HttpRequest("POST", "/", b"/", b"", {}, body=body))
    except Malformed:
        return None
    problems: list[Any] = []
    assert CHECK is not None
    CHECK(parsed, (), problems)
    return None if problems else parsed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sequenceToken": "4"},
        {"logGroupName": "/aws/lambda/a_b-c.d#e"},
        {"logStreamName": "2026/12/01/[$LATEST]é"},
        {"logEvents": [EVENT, {"message": "größe\n\u2028", "timestamp": 1_764_072_000_000}]},
    ],
)
def test_plain_bodies_are_read_as_the_general_path_does(changes: dict[str, Any]) -> None:
    body = json.dumps(PLAIN | changes).encode()
    fast, slow = put_events._read(body), general(body)
    assert fast is not None
    assert slow is not None
    assert (slow["logGroupName"], slow["logStreamName"]) == (fast.log_group_name, fast.log_stream_name)
    assert [(one["timestamp"], one["message"]) for one in slow["logEvents"]] == [
        (one.timestamp, one.message) for one in fast.log_events
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"logGroupName": ""},
        {"logGroupName": "a b"},
        {"logGroupName": "a\n"},
        {"logGroupName": "a" * 513},
        {"logStreamName": "a:b"},
        {"logStreamName": None},
        {"logEvents": []},
        {"logEvents": [EVENT] * 10_001},
        {"logEvents": [{"timestamp": -1, "message": "a"}]},
        {"logEvents": [{"timestamp": 1.5, "message": "a"}]},
        {"logEvents": [{"timestamp": "1", "message": "a"}]},
        {"logEvents": [{"timestamp": 1, "message": ""}]},
        {"logEvents": [{"timestamp": 1}]},
        {"logEvents": [EVENT | {"severity": "x"}]},
        {"sequenceToken": ""},
        {"entity": {"keyAttributes": {"Type": "Service", "Name": "n"}}},
    ],
)
def test_whatever_is_unusual_is_left_to_the_general_path(changes: dict[str, Any]) -> None:
    assert put_events._read(json.dumps(PLAIN | changes).encode()) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_document_is_left_to_the_general_path(body: bytes) -> None:
    assert put_events._read(body) is None


@given(st.lists(st.integers(-2 * PAST_MS, 2 * FUTURE_MS), min_size=1), st.sampled_from([None, 1, 7, 30]))
def test_what_is_taken_is_the_middle_of_times_in_order(offsets: list[int], days: int | None) -> None:
    now_ms = 10 * PAST_MS
    times = sorted(now_ms + offset for offset in offsets)
    group = Group(1, "1", "r", "g", 0, retention_days=days)
    first, end, rejected = put_events._accepted(times, group, now_ms)
    oldest, kept = now_ms - PAST_MS, now_ms - (days or 10_000) * SPAN_MS
    old, expired = sum(time < oldest for time in times), sum(time < max(oldest, kept) for time in times)
    new = sum(time > now_ms + FUTURE_MS for time in times)
    assert (expired, len(times) - new) == (first, end)
    expected = {
        "tooOldLogEventEndIndex": (old, old > 0),
        "expiredLogEventEndIndex": (expired, expired > old),
        "tooNewLogEventStartIndex": (len(times) - new, new > 0),
    }
    assert {name: value for name, (value, is_told) in expected.items() if is_told} == rejected


def test_the_message_before_masking_is_in_no_text_of_an_event() -> None:
    assert "secret" not in repr(LogEvent(1, "***", original="secret"))
