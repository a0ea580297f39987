import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from trimtab.doors.aws.wire.event_stream import CONTENT_TYPE, StreamFault, message
from trimtab.doors.aws.wire.json import JsonCodec
from trimtab.doors.aws.wire.model import load_model


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=200), max_size=4), st.binary(max_size=300))
def test_botocore_reads_what_is_written(headers: dict[str, str], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(message(headers, payload) * 2)
    found = list(buffer)
    assert [(headers, payload)] * 2 == [(one.headers, one.payload) for one in found]


def test_a_stream_begins_with_the_initial_response_and_may_end_with_an_exception() -> None:
    async def events() -> AsyncIterator[Mapping[str, Any]]:
        yield {"sessionUpdate": {"sessionMetadata": {"sampled": False}, "sessionResults": []}}
        raise StreamFault("SessionTimeoutException", "over")

    async def scenario() -> list[Any]:
        model = load_model("logs")
        answer = JsonCodec(model, model.operation("StartLiveTail")).write({"responseStream": events()}, "id")
        assert (b"content-type", CONTENT_TYPE) in answer.headers
        assert answer.stream is not None
        buffer = EventStreamBuffer()
        async for part in answer.stream:
            buffer.add_data(part)
        return list(buffer)

    first, update, fault = asyncio.run(scenario())
    assert "initial-response" == first.headers[":event-type"]
    assert b'{"sessionMetadata":{"sampled":false},"sessionResults":[]}' == update.payload
    assert ("exception", "SessionTimeoutException") == (
        fault.headers[":message-type"],
        fault.headers[":exception-type"],
    )
    assert b'{"message":"over"}' == fault.payload
