"""Queries that are asked together answer what each answers alone; a fault stays with its own query."""

import asyncio

from trimtab.access.scope import EVERYTHING
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.engine import Answer, PromQL, RangeQuery
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.problems import BadQuery

END_MS = 600_000
TEXTS = ("a", "sum(a)", "rate(a[1m])", "a + 1", "b")


def engine() -> PromQL:
    source = MemorySource()
    for at in range(0, END_MS + 1, 15_000):
        for name in ("x", "y"):
            source.add(sets.make({"__name__": "a", "l": name}), at, float(at))
    return PromQL(source)


def plain(answer: object) -> list[tuple[object, list[int], list[float]]]:
    assert isinstance(answer, Answer), answer
    return [(one.labels, one.times.tolist(), one.values.tolist()) for one in answer.series]


def test_asked_together_is_asked_alone() -> None:
    promql = engine()
    # The same selector over the same times in two steps, and as one instant, among them.
    asked = [RangeQuery(text, 0, END_MS, step) for text in TEXTS for step in (60_000, 75_000)]
    asked.append(RangeQuery("a", END_MS, END_MS, 60_000))
    together = asyncio.run(promql.query_ranges(EVERYTHING, asked))
    for one, answer in zip(asked, together, strict=True):
        alone = asyncio.run(promql.query_range(EVERYTHING, one.text, one.start_ms, one.end_ms, one.step_ms))
        assert plain(alone) == plain(answer), one


def test_a_fault_is_the_answer_of_its_own_query() -> None:
    asked = [RangeQuery(text, 0, END_MS, 60_000) for text in ("sum(", "a", "a and on() group_left a")]
    wrong, right, other = asyncio.run(engine().query_ranges(EVERYTHING, asked))
    assert isinstance(wrong, BadQuery)
    assert isinstance(other, BadQuery)
    assert 2 == len(plain(right))


def test_nothing_asked_is_nothing_answered() -> None:
    assert [] == asyncio.run(engine().query_ranges(EVERYTHING, []))
