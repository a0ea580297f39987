import asyncio

import pytest
from sqlalchemy import func, select

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.inventory import sources as module
from trimtab.inventory.sources import Rejection, Source, SourceLedger
from trimtab.store.state.database import State
from trimtab.store.state.tables import rejections, sources

AGENT = ("otlp", "Host on a", "123456789012", "us-east-1")
AGENT_ID = "otlp/123456789012/us-east-1/Host on a"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def reopened(state: State, clock: ManualClock) -> SourceLedger:
    ledger = SourceLedger(state, clock)
    asyncio.run(ledger.load())
    return ledger


def test_requests_add_up_by_source(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    ledger.accepted(*AGENT, rows=10, bytes_=100)
    clock.advance(30)
    ledger.accepted(*AGENT, rows=20, bytes_=200)
    ledger.rejected(*AGENT, reason="time is 0", example="cpu", rows=3)
    (source,) = ledger.list()
    expected = Source(AGENT_ID, *AGENT, clock.at_ms - 30_000, clock.at_ms, 30, 300, 3, 0.5)
    assert expected == source


def test_the_rate_is_of_the_last_minute_and_the_age_of_the_last_rows(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    ledger.accepted(*AGENT, rows=600, bytes_=1)
    assert 10 == ledger.list()[0].rows_per_s
    clock.advance(61)
    ledger.rejected(*AGENT, reason="r", example="", rows=1)
    assert 0 == ledger.list()[0].rows_per_s
    assert 61 == ledger.list()[0].age_s(clock.at_ms)


def test_a_reason_repeated_within_a_minute_is_one_rejection(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    for _ in range(5):
        ledger.rejected(*AGENT, reason="time is 0", example="cpu", rows=2)
        clock.advance(10)
    ledger.rejected(*AGENT, reason="NaN", example="mem", rows=1)
    clock.advance(11)
    ledger.rejected(*AGENT, reason="time is 0", example="disk", rows=1)
    now = clock.at_ms
    expected = [
        Rejection(AGENT_ID, now, "time is 0", "disk", 1),
        Rejection(AGENT_ID, now - 11_000, "NaN", "mem", 1),
        Rejection(AGENT_ID, now - 21_000, "time is 0", "cpu", 10),
    ]
    assert expected == list(ledger.rejections(10))
    assert expected[:1] == list(ledger.rejections(1))


def test_a_restart_goes_on_from_what_was_flushed(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    ledger.accepted(*AGENT, rows=10, bytes_=100)
    ledger.rejected(*AGENT, reason="NaN", example="mem", rows=1)
    asyncio.run(ledger.flush())
    ledger.rejected(*AGENT, reason="NaN", example="mem", rows=1)
    asyncio.run(ledger.flush())
    clock.advance(5)
    again = reopened(state, clock)
    assert (10, 100, 2) == ((source := again.list()[0]).rows, source.bytes, source.rejected)
    assert [Rejection(AGENT_ID, clock.at_ms - 5000, "NaN", "mem", 2)] == list(again.rejections(10))
    again.rejected(*AGENT, reason="NaN", example="mem", rows=1)
    again.accepted(*AGENT, rows=1, bytes_=1)
    asyncio.run(again.flush())
    third = reopened(state, clock)
    assert [3] == [row.rows for row in third.rejections(10)]
    assert 11 == third.list()[0].rows


def test_sources_and_rejections_are_bounded(state: State, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SOURCES", 3)
    monkeypatch.setattr(module, "MAX_REJECTIONS", 4)
    ledger = SourceLedger(state, clock)
    for number in range(8):
        ledger.accepted("otlp", f"host {number}", "1", "r", 1, 1)
        ledger.rejected("otlp", f"host {number}", "1", "r", f"reason {number}", "", 1)
        clock.advance(1)
        if number % 2:
            asyncio.run(ledger.flush())
    assert ["host 7", "host 6", "host 5"] == [source.name for source in ledger.list()]
    assert [f"reason {number}" for number in (7, 6, 5, 4)] == [row.reason for row in ledger.rejections(10)]
    counts = state.read_sync(
        lambda connection: [
            connection.execute(select(func.count()).select_from(table)).scalar() for table in (sources, rejections)
        ]
    )
    assert [3, 4] == counts


def test_what_failed_to_flush_goes_with_the_next(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    ledger.accepted(*AGENT, rows=10, bytes_=100)
    working, state.change = state.change, fail  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        asyncio.run(ledger.flush())
    state.change = working  # type: ignore[method-assign]
    asyncio.run(ledger.flush())
    assert 10 == reopened(state, clock).list()[0].rows


async def fail(_work: object) -> None:
    raise Unavailable("no database")


def test_long_names_are_cut_to_the_column(state: State, clock: ManualClock) -> None:
    ledger = SourceLedger(state, clock)
    ledger.accepted("otlp", "n" * 1000, "a" * 100, "r" * 100, 1, 1)
    ledger.rejected("otlp", "n" * 1000, "a" * 100, "r" * 100, "x" * 5000, "y" * 5000, 1)
    asyncio.run(ledger.flush())
    assert 256 == len(reopened(state, clock).list()[0].name)
