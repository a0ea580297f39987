"""An insight opens when a service fails more often than usual, names where it began, goes on and closes."""

import asyncio

import numpy as np
import pytest

from trimtab.base.clock import ManualClock
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.traces.insights.detect import MINUTE_MS, binomial_tail, forecast, judge
from trimtab.traces.insights.job import InsightJob
from trimtab.traces.insights.model import ACTIVE, CLOSED, Insight
from trimtab.traces.model import Span
from trimtab.traces.room import TracesRoom

PLACE = "123456789012", "us-east-1"
NS = 1_000_000


def _request(number: int, at_ms: int, *, fault: bool) -> list[Span]:
    trace = f"{number:032x}"
    base = {"start_ns": at_ms * NS, "duration_ns": 5 * NS, "fault": fault}
    return [
        Span(*PLACE, "web", trace, "a" * 16, kind="server", segment=True, **base),  # type: ignore[arg-type]  # a test's shorthand
        Span(*PLACE, "api", trace, "b" * 16, "a" * 16, kind="server", segment=True, **base),  # type: ignore[arg-type]  # as above
        Span(*PLACE, "api", trace, "c" * 16, "b" * 16, kind="client", peer="mysql", **base),  # type: ignore[arg-type]  # as above
    ]


def test_the_chance_of_a_window_is_the_binomial_tail() -> None:
    assert pytest.approx(0.5**10) == binomial_tail(10, 10, 0.5)
    assert pytest.approx(11 * 0.5**10) == binomial_tail(9, 10, 0.5)
    assert 1.0 == binomial_tail(0, 10, 0.5)


def test_what_is_usual_is_no_anomaly_and_what_is_not_is() -> None:
    totals, faults = np.full(180, 100), np.full(180, 2)
    assert not judge(totals, faults).anomalous
    assert judge(totals, faults).calm
    faults[-5:] = 20
    assert judge(totals, faults).anomalous
    few = np.full(180, 1)
    assert not judge(few, np.zeros(180, np.int64)).anomalous


def test_a_forecast_holds_what_is_usual() -> None:
    bands = forecast(np.full(20, 1000), np.full(20, 10))
    assert all(low <= 10 <= high for low, high in bands[1:])


def test_an_insight_opens_names_where_it_began_and_closes(
    room: TracesRoom, engine: Telemetry, state: State, clock: ManualClock
) -> None:
    start_ms = clock.now_ms() // MINUTE_MS * MINUTE_MS
    number = 0
    job = InsightJob(engine, state, room.reader, clock)

    async def minute(faulty: int) -> None:
        nonlocal number
        spans: list[Span] = []
        for one in range(20):
            number += 1
            spans += _request(number, clock.now_ms() + one * 100, fault=one < faulty)
        await room.ingest.write(spans)
        clock.advance(60)

    async def look() -> list[Insight]:
        clock.advance(60)  # spans may be a minute late
        assert await room.reader.fresh(30)
        await job.look()
        clock.advance(-60)
        return await room.insights.between(*PLACE, start_ms, clock.now_ms() + MINUTE_MS)

    async def run() -> None:
        for _ in range(40):
            await minute(0)
        assert [] == await look()
        for _ in range(5):
            await minute(10)
        (found,) = await look()
        assert (ACTIVE, "mysql", "Default") == (found.state, found.service, found.group)
        assert (50, 100) == (found.impact.clients.faults, found.impact.clients.total)
        assert {"web", "api"} == {one.name for one in found.impact.services}
        for _ in range(6):
            await minute(0)
        (closed,) = await look()
        assert (CLOSED, found.id) == (closed.state, closed.id)
        assert closed.end_ms is not None
        assert 2 == len(await room.insights.events(found.id))

    asyncio.run(run())
