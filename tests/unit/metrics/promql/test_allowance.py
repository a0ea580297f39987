"""Limits hold for all that an evaluation reads and makes, and what nobody waits for ends."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import QueryAborted
from trimtab.metrics.promql import evaluate
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.aggregations.values import count_values
from trimtab.metrics.promql.allowance import Allowance, Limits
from trimtab.metrics.promql.engine import Answer, PromQL, RangeQuery
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import TooManySamples
from trimtab.metrics.promql.range_functions import rates
from trimtab.metrics.promql.source import Read
from trimtab.metrics.promql.values import Points, Samples, Vector
from trimtab.metrics.promql.windows import Windows

T = TypeVar("T")
END_MS, STEP_MS, STEPS = 90_000, 30_000, 4


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def source() -> MemorySource:
    """Two series of `a` and of `b`, and one native histogram, with a sample every half minute."""
    found = MemorySource()
    for at in range(0, END_MS + 1, STEP_MS):
        for number in ("1", "2"):
            for name in ("a", "b"):
                found.add(sets.make({"__name__": name, "n": number}), at, float(at) + float(number))
        found.add(sets.make({"__name__": "h"}), at, Histogram(count=float(at), sum=1.0))
    return found


def asked(limits: Limits, text: str) -> Answer:
    return run(PromQL(source(), limits=limits).query_range(EVERYTHING, text, 0, END_MS, STEP_MS))


@pytest.mark.parametrize(
    ("text", "series"), [("a", 2), ("a + a", 2), ("a + b", 4), ("rate(a[1m]) or b", 4), ("count(a) + count(b)", 4)]
)
def test_series_of_all_selectors_count(text: str, series: int) -> None:
    assert asked(Limits(series=series), text).series
    with pytest.raises(TooManySamples, match=rf"cannot read {series} series .* at most {series - 1}"):
        asked(Limits(series=series - 1), text)


@pytest.mark.parametrize(("text", "samples"), [("a", 8), ("a + b", 16), ("h", 4), ("h * 2 or a", 12)])
def test_samples_of_all_selectors_count(text: str, samples: int) -> None:
    assert asked(Limits(samples=samples), text).series
    with pytest.raises(TooManySamples, match="too many samples"):
        asked(Limits(samples=samples - 1), text)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a", 8),
        ("(((a)))", 8),
        ("-a", 16),  # an operand is there as long as its result is not
        ("a + b", 24),
        ("sum(a) + sum(b)", 4 + 8 + 4),  # of the first sum its own cells are left
        ("sum(a + b)", 24),  # the sum itself is small
        ("a + on () group_left () sum(b)", 8 + 4 + 8),
        ("rate(a[1m])", 8),
        ("max_over_time(a[1m:10s])", 30 + 8),  # two series at fifteen steps
        ('count_values("v", a)', 8 + 32),  # eight values, each at all steps
        ("scalar(sum(a))", 12),
    ],
)
def test_cells_that_are_held_at_one_time_count(text: str, cells: int) -> None:
    assert asked(Limits(cells=cells), text).series
    with pytest.raises(TooManySamples, match="too many samples"):
        asked(Limits(cells=cells - 1), text)


def test_pairs_are_counted_before_they_are_made() -> None:
    # Three series of each side that never meet at a step: nine pairs.
    found = MemorySource()
    for place in range(3):
        for name in ("x", "y"):
            found.add(sets.make({"__name__": name, "n": str(place)}), place * 600_000, 1.0)
    for cells, fits in ((9 * 3 + 18, True), (9 * 3 + 17, False)):
        work = PromQL(found, limits=Limits(cells=cells)).query_range(EVERYTHING, "x + on () y", 0, 1_200_000, 600_000)
        if fits:
            assert len(run(work).series) == 1
        else:
            with pytest.raises(TooManySamples):
                run(work)


@pytest.mark.parametrize(
    ("text", "step_ms", "cells", "made"),
    [
        ("a", 30_000, 7, "instant"),
        ("rate(a[1m])", 30_000, 7, "RangeVector"),
        ("rate(a[1m:1m])", 1_000, 181, "RangeVector"),  # few cells within, two series at 91 steps without
    ],
)
def test_arrays_that_would_be_too_large_are_not_made(
    monkeypatch: pytest.MonkeyPatch, text: str, step_ms: int, cells: int, made: str
) -> None:
    monkeypatch.setattr(evaluate, made, None)
    with pytest.raises(TooManySamples):
        run(PromQL(source(), limits=Limits(cells=cells)).query_range(EVERYTHING, text, 0, END_MS, step_ms))


def refuse(cells: int) -> None:
    raise TooManySamples(f"{cells} cells")


def test_values_are_not_counted_where_there_are_too_many() -> None:
    vector = Vector([()], np.array([[1.0, 2.0, 3.0]]), np.ones((1, 3), np.bool_), np.zeros(1, np.bool_))
    with pytest.raises(TooManySamples, match="9 cells"):
        count_values(vector, "v", (), refuse, without=False)


def test_windows_are_laid_out_as_long_as_somebody_waits() -> None:
    allowance = Allowance(Limits())
    points = Points(np.array((0, 1)), np.array((0,)), np.array((1.0,)))
    windows = Windows.of(points, np.array((-1,)), np.array((0,)))
    parts = windows.expanded(windows.count > 0, Notes("", allowance.go_on))
    assert next(parts).count.tolist() == [1]
    allowance.stop()
    with pytest.raises(QueryAborted):
        next(windows.expanded(windows.count > 0, Notes("", allowance.go_on)))


class Endless:
    """A source that never answers, and knows when nobody waits for it any more."""

    def __init__(self) -> None:
        self.asked, self.cancelled = asyncio.Event(), False

    async def read(self, scope: Scope, reads: list[Read], allowance: Allowance) -> list[Samples]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return []


def test_a_query_whose_time_is_over_ends_its_reads() -> None:
    async def late() -> bool:
        endless = Endless()
        with pytest.raises(QueryAborted, match="query timed out in expression evaluation"):
            await PromQL(endless, limits=Limits(seconds=0.01)).query(EVERYTHING, "a", 0)
        return endless.cancelled

    assert run(late())


def test_queries_that_are_asked_together_have_one_time() -> None:
    async def late() -> list[object]:
        asked_for = [RangeQuery(text, 0, END_MS, STEP_MS) for text in ("a", "sum(", "b")]
        return list(await PromQL(Endless(), limits=Limits(seconds=0.01)).query_ranges(EVERYTHING, asked_for))

    first, wrong, last = run(late())
    assert isinstance(first, QueryAborted)
    assert "parse error" in str(wrong)
    assert first is last


def test_what_is_too_much_together_is_asked_alone() -> None:
    engine = PromQL(source(), limits=Limits(series=3))
    asked_for = [RangeQuery(text, 0, END_MS, STEP_MS) for text in ("a", "b", "a + b")]
    first, second, third = run(engine.query_ranges(EVERYTHING, asked_for))
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (len(first.series), len(second.series)) == (2, 2)
    assert isinstance(third, TooManySamples)


@pytest.mark.parametrize("timed_out", [True, False])
def test_the_thread_of_a_query_that_nobody_waits_for_ends(monkeypatch: pytest.MonkeyPatch, timed_out: bool) -> None:
    entered, leave, calls = threading.Event(), threading.Event(), []

    def slow(*_args: object, **_more: object) -> None:
        calls.append(1)
        entered.set()
        assert leave.wait(30)

    monkeypatch.setattr(rates, "increase_of", slow)

    async def left() -> None:
        engine = PromQL(source(), limits=Limits(seconds=0.2 if timed_out else 60))
        work = asyncio.create_task(engine.query_range(EVERYTHING, "increase(h[1m1s])", 0, END_MS, STEP_MS))
        await asyncio.to_thread(entered.wait, 30)
        if not timed_out:
            work.cancel()
        with pytest.raises(QueryAborted if timed_out else asyncio.CancelledError):
            await work
        leave.set()

    run(left())  # waits for the threads
    assert len(calls) == 1
