"""What is past its retention goes by days; tail sampling keeps what failed or was slow, and a share of the rest."""

import asyncio

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.traces.model import Span
from trimtab.traces.preferences import TailPolicy
from trimtab.traces.retention import TraceRetention
from trimtab.traces.room import TracesRoom
from trimtab.traces.tail_sampling import TailSampling

PLACE = "123456789012", "us-east-1"
NS = 1_000_000
DAY_MS = 86_400_000


def _span(trace: int, at_ms: int, ms: int = 5) -> Span:
    return Span(
        *PLACE, "web", f"{trace:032x}", "a" * 16, kind="server", segment=True, start_ns=at_ms * NS, duration_ns=ms * NS
    )


def test_days_past_their_retention_go(room: TracesRoom, engine: Telemetry, clock: ManualClock) -> None:
    now_ms = clock.now_ms()

    async def run() -> None:
        await room.ingest.write([_span(1, now_ms), _span(2, now_ms - 3 * DAY_MS), _span(3, now_ms - 5 * DAY_MS)])
        assert await room.reader.fresh(30)
        assert 1 == await TraceRetention(engine, clock, 4).drop()
        left = await room.reader.traces(EVERYTHING, [f"{number:032x}" for number in (1, 2, 3)])
        assert {f"{1:032x}", f"{2:032x}"} == set(left)
        assert 0 == await TraceRetention(engine, clock, 4).drop()

    asyncio.run(run())


def test_tail_sampling_keeps_what_failed_or_was_slow_and_a_share(
    room: TracesRoom, engine: Telemetry, state: State, clock: ManualClock
) -> None:
    now_ms = clock.now_ms()
    failed, slow, broken_below = 1000, 1001, 1002

    async def run() -> None:
        spans = [_span(number, now_ms) for number in range(400)]
        spans += [replace(_span(failed, now_ms), fault=True), _span(slow, now_ms, 2000)]
        below = replace(_span(broken_below, now_ms), span_id="b" * 16, parent_id="a" * 16, error=True)
        await room.ingest.write([*spans, _span(broken_below, now_ms), below])
        assert await room.reader.fresh(30)
        tail = TailSampling(engine, state, clock)
        clock.advance(120)
        await tail.settle()
        assert 403 == len((await room.reader.search(EVERYTHING, now_ms, now_ms + 1, limit=1000)).found)  # it is off
        await room.preferences.put(*PLACE, TailPolicy(enabled=True, share=0.25, slow_ms=1000, delay_s=60))
        await tail.settle()
        left = {
            int(hit.trace_id, 16)
            for hit in (await room.reader.search(EVERYTHING, now_ms, now_ms + 1, limit=1000)).found
        }
        assert {failed, slow, broken_below} <= left
        assert 60 < len(left) < 150
        await tail.settle()
        again = (await room.reader.search(EVERYTHING, now_ms, now_ms + 1, limit=1000)).found
        assert left == {int(hit.trace_id, 16) for hit in again}

    asyncio.run(run())
