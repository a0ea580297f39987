"""Calls are read from spans once an hour; of what a scope does not cover none is shown."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.economics.tokens import calls as module
from trimtab.economics.tokens.calls import READY_DAYS, SpanCalls
from trimtab.traces.kept_hours import HOUR_MS

H = HOUR_MS
NAMES = ("account", "region", "service", "trace_id", "span_id", "parent_id", "start_ns", "duration_ns", "failed",
         "said", "resource_said")  # fmt: skip


class Traces:
    """Spans (start in ms, account, region) of calls, as a `TraceReader` gives them."""

    def __init__(self, spans: Sequence[tuple[int, str, str]]) -> None:
        self.spans = list(spans)
        self.reads: list[Scope] = []

    async def hour_marks(self, start_ms: int, end_ms: int) -> dict[int, tuple[int, int]]:
        hours = [at // H * H for at, _, _ in self.spans if start_ms <= at < end_ms]
        return {hour: (hours.count(hour), 1) for hour in hours}

    async def model_spans(
        self, scope: Scope, start_ms: int, end_ms: int, marks: object, names: object, limit: int
    ) -> dict[str, Any]:
        self.reads.append(scope)
        rows = [
            (account, region, "chat", f"t{at}", f"s{at}", "", at * 1_000_000, 1, 0,
             {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "7"}, {"service.version": "2"})
            for at, account, region in sorted(self.spans)
            if start_ms <= at < end_ms
        ]  # fmt: skip
        columns = zip(*rows[:limit], strict=True) if rows else [()] * len(NAMES)
        return {name: np.array(values, object) for name, values in zip(NAMES, columns, strict=True)}


def _calls(traces: Traces) -> SpanCalls:
    return SpanCalls(traces)  # type: ignore[arg-type] # as far as it is asked


def test_calls_of_a_range_are_those_of_its_moments_and_are_read_once() -> None:
    traces = Traces([(5 * H - 1, "a", "x"), (5 * H, "a", "x"), (6 * H, "b", "y"), (7 * H, "b", "x")])
    calls = _calls(traces)
    found = asyncio.run(calls.over(EVERYTHING, 5 * H, 7 * H))
    assert ([5 * H, 6 * H], False) == ([one.at_ms for one in found.calls], found.cut)
    asyncio.run(calls.over(EVERYTHING, 5 * H + 1, 7 * H - 1))
    assert 1 == len(traces.reads)
    calls.forget()
    asyncio.run(calls.over(EVERYTHING, 5 * H, 7 * H))
    assert 2 == len(traces.reads)


def test_a_scope_sees_its_accounts_and_regions() -> None:
    calls = _calls(Traces([(5 * H, "a", "x"), (5 * H + 1, "b", "y"), (5 * H + 2, "b", "x")]))

    def seen(scope: Scope) -> list[int]:
        return [one.at_ms - 5 * H for one in asyncio.run(calls.over(scope, 5 * H, 6 * H)).calls]

    assert [0] == seen(Scope(accounts=frozenset({"a"})))
    assert [0, 2] == seen(Scope(regions=frozenset({"x"})))
    assert [2] == seen(Scope.of("b", "x"))


def test_who_is_bound_to_tags_has_them_read_by_the_engine() -> None:
    traces = Traces([(5 * H, "a", "x")])
    scope = Scope(rows=(RowRule("team", frozenset({"ml"})),))
    asyncio.run(_calls(traces).over(scope, 5 * H, 6 * H))
    assert [scope] == traces.reads


def test_minutes_are_read_by_themselves_and_not_with_their_hours() -> None:
    traces = Traces([(5 * H, "a", "x"), (5 * H + 60_000, "b", "x")])
    calls = _calls(traces)
    scope = Scope(accounts=frozenset({"a"}))
    for times in (1, 2):
        found = asyncio.run(calls.over(scope, 5 * H, 5 * H + 60_000))
        assert ([5 * H], [scope] * times) == ([one.at_ms for one in found.calls], traces.reads)


def test_the_days_that_pages_show_first_are_kept_ready() -> None:
    clock = ManualClock()
    clock.at_ms = 1000 * H
    traces = Traces([(1000 * H - READY_DAYS * 24 * H, "a", "x"), (1000 * H - 1, "a", "x")])
    calls = _calls(traces)
    asyncio.run(calls.job(clock).work())
    read = len(traces.reads)
    assert 2 == len(asyncio.run(calls.over(EVERYTHING, 1000 * H - READY_DAYS * 24 * H, 1000 * H)).calls)
    assert read == len(traces.reads) == 2


def test_an_hour_of_more_spans_than_are_read_is_said_to_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 3)
    traces = Traces([(5 * H + at, "a", "x") for at in range(4)])
    found = asyncio.run(_calls(traces).over(EVERYTHING, 5 * H, 6 * H))
    assert (3, True) == (len(found.calls), found.cut)
    spread = Traces([(hour * 50 * H, "a", "x") for hour in range(1, 5)])
    found = asyncio.run(_calls(spread).over(EVERYTHING, 0, 250 * H))
    assert (3, True) == (len(found.calls), found.cut)


def test_of_very_many_calls_the_newest_days_are_kept_ready_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 10)
    clock = ManualClock()
    clock.at_ms = 1000 * H
    traces = Traces([(1000 * H - day * 24 * H - at, "a", "x") for day in range(READY_DAYS) for at in range(1, 5)])
    calls = _calls(traces)
    asyncio.run(calls.job(clock).work())
    assert 2 == len(traces.reads)
    asyncio.run(calls.job(clock).work())
    assert 2 == len(traces.reads)
    found = asyncio.run(calls.over(EVERYTHING, 1000 * H - READY_DAYS * 24 * H, 1000 * H))
    assert (10, True) == (len(found.calls), found.cut)
