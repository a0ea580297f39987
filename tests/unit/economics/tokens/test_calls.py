"""Calls are read from spans once an hour; of what a scope does not cover none is shown."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.economics.tokens import calls as module
from trimtab.economics.tokens.calls import Calls, SpanCalls
from trimtab.economics.tokens.hours import KeptSums
from trimtab.traces.kept_hours import HOUR_MS, KeptHours

H = HOUR_MS
NAMES = ("account", "region", "service", "trace_id", "span_id", "parent_id", "start_ns", "duration_ns", "failed",
         "said", "resource_said")  # fmt: skip


class Traces:
    """Spans (start in ms, account, region) of calls, as a `TraceReader` gives them."""

    def __init__(self, spans: Sequence[tuple[int, str, str]]) -> None:
        self.spans = list(spans)
        self.reads: list[Scope] = []
        self.windows: list[tuple[int, int]] = []

    async def hour_marks(self, start_ms: int, end_ms: int) -> dict[int, tuple[int, int]]:
        hours = [at // H * H for at, _, _ in self.spans if start_ms <= at < end_ms]
        return {hour: (hours.count(hour), 1) for hour in hours}

    async def model_spans(
        self, scope: Scope, start_ms: int, end_ms: int, marks: object, names: object, around: object, limit: int
    ) -> dict[str, Any]:
        self.reads.append(scope)
        self.windows.append((start_ms, end_ms))
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


def test_calls_are_read_once_for_who_lists_them_and_for_who_adds_them_up() -> None:
    traces = Traces([(5 * H, "a", "x"), (6 * H, "b", "y")])
    calls = _calls(traces)
    sums = KeptSums(calls, traces.hour_marks, lambda: ())
    asyncio.run(calls.over(EVERYTHING, 5 * H, 6 * H))
    found = asyncio.run(sums.over(EVERYTHING, 0, 24 * H, "vendor"))
    assert 2 == sum(tally.calls for tally in found.tallies.values())
    assert [(4 * H, 7 * H), (5 * H, 8 * H)] == traces.windows  # each hour with those beside it, once


def test_a_call_is_whose_a_span_above_it_says_over_one_that_says_nothing() -> None:
    call = {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "7"}
    told: Sequence[dict[str, str]] = ({"tenant": "acme"}, {}, call, {})
    rows = [("a", "x", "chat", "t", f"s{at}", f"s{at - 1}", at, 1, 0, said, {}) for at, said in enumerate(told)]
    columns = zip(NAMES, zip(*rows, strict=True), strict=True)
    found = module._calls({name: np.array(values, object) for name, values in columns}, len(rows))
    assert [("acme", "s2")] == [(call.tenant, call.span_id) for call in found.calls]
    assert found.cut  # all that were read count, whatever they say


def test_minutes_are_read_by_themselves_and_not_with_their_hours() -> None:
    traces = Traces([(5 * H, "a", "x"), (5 * H + 60_000, "b", "x")])
    calls = _calls(traces)
    scope = Scope(accounts=frozenset({"a"}))
    for times in (1, 2):
        found = asyncio.run(calls.over(scope, 5 * H, 5 * H + 60_000))
        assert ([5 * H], [scope] * times) == ([one.at_ms for one in found.calls], traces.reads)


def test_a_list_of_more_calls_than_it_may_have_is_the_first_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 3)
    spread = Traces([(hour * 50 * H, "a", "x") for hour in range(1, 5)])
    found = asyncio.run(_calls(spread).over(EVERYTHING, 0, 250 * H))
    assert ([50 * H, 100 * H, 150 * H], True) == ([one.at_ms for one in found.calls], found.cut)


def test_hours_that_are_too_much_together_are_read_one_by_one_and_lack_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 9)
    spans = [(hour * H + at, "a", "x") for hour in range(5, 11) for at in range(2)]
    assert {hour * H: (2, False) for hour in range(5, 11)} == _walked(Traces(spans))


def test_an_hour_with_many_spans_beside_it_is_read_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 6)
    spans = [(5 * H + at, "a", "x") for at in range(4)] + [(6 * H + at * 60_000, "a", "x") for at in (1, 6, 7)]
    traces = Traces(spans)
    assert {5 * H: (4, False), 6 * H: (3, False)} == _walked(traces)
    assert (5 * H - 300_000, 6 * H + 300_000) in traces.windows  # traces go on beyond an hour


def test_an_hour_of_more_spans_than_are_read_is_said_to_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SPANS", 3)
    spans = [(5 * H + at, "a", "x") for at in range(4)] + [(9 * H, "a", "x")]
    assert {5 * H: (3, True), 9 * H: (1, False)} == _walked(Traces(spans))
    found = asyncio.run(_calls(Traces(spans)).over(EVERYTHING, 5 * H, 6 * H))
    assert (3, True) == (len(found.calls), found.cut)


def _walked(traces: Traces) -> dict[int, tuple[int, bool]]:
    """By hour how many calls it has, and whether some were not read; as whoever keeps hours reads them."""
    calls = _calls(traces)
    kept: KeptHours[Calls] = KeptHours(traces.hour_marks, calls.by_hour)
    hours = asyncio.run(kept.over(0, 20 * H))
    assert all(hour.hour_ms == one.at_ms // H * H for hour in hours for one in hour.calls)
    return {hour.hour_ms: (len(hour.calls), hour.cut) for hour in hours}
