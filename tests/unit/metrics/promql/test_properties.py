"""What holds of every query: its text can be written and read again, and a range is the sum of its instants."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.access.scope import EVERYTHING
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.engine import Answer, PromQL
from trimtab.metrics.promql.language.parse import parse
from trimtab.metrics.promql.language.write import written
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.problems import BadQuery
from trimtab.metrics.promql.values import STALE

STEP_MS, SAMPLES = 15_000, 60
_STALE = float(np.uint64(STALE).view(np.float64))

SELECTORS = st.sampled_from(["a", 'a{x="1"}', 'a{x=~"1|2"}', "b", "a offset 1m", "b @ 300", "nothing"])
RANGES = st.sampled_from(["a[1m]", "b[5m]", 'a{x!="1"}[2m] offset 30s', "a[3m:1m]", "(a > 0)[5m:25s]"])
OVER_TIME = st.sampled_from(
    ["rate", "increase", "delta", "sum_over_time", "max_over_time", "count_over_time", "changes", "deriv", "irate"]
)
VECTORS = st.recursive(
    SELECTORS | st.builds("{}({})".format, OVER_TIME, RANGES),
    lambda inner: (
        st.builds("sum by (x) ({})".format, inner)
        | st.builds("avg({})".format, inner)
        | st.builds("topk(2, {})".format, inner)
        | st.builds("-({})".format, inner)
        | st.builds("abs({})".format, inner)
        | st.builds("({}) {} 2".format, inner, st.sampled_from(["+", "*", "/", ">", "<= bool", "^"]))
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(["or", "and", "unless"]), inner)
    ),
    max_leaves=5,
)


def source(seed: int) -> MemorySource:
    """Counters and gauges with gaps, resets and stale marks."""
    dice, found = np.random.default_rng(seed), MemorySource()
    for name, x in (("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")):
        labels = sets.make({"__name__": name, "x": x})
        values = np.cumsum(dice.poisson(5, SAMPLES)).astype(float)
        values[dice.integers(10, SAMPLES) :] -= 100
        for place in np.nonzero(dice.random(SAMPLES) < 0.8)[0]:
            value = _STALE if dice.random() < 0.05 else float(values[place])
            found.add(labels, int(place) * STEP_MS + int(dice.integers(0, 3000)), value)
    return found


def cells(answer: Answer) -> dict[tuple[object, int], float]:
    return {
        (series.labels, at): value
        for series in answer.series
        for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True)
    }


@settings(deadline=None, max_examples=examples(60))
@given(VECTORS, st.integers(0, 5), st.integers(7_000, 70_000))
def test_a_range_is_the_sum_of_its_instants(text: str, seed: int, step_ms: int) -> None:
    engine, end = PromQL(source(seed)), SAMPLES * STEP_MS

    async def both() -> tuple[Answer, list[Answer]]:
        whole = await engine.query_range(EVERYTHING, text, 0, end, step_ms)
        return whole, [await engine.query(EVERYTHING, text, at) for at in range(0, end + 1, step_ms)]

    whole, instants = asyncio.run(both())
    expected = {key: value for answer in instants for key, value in cells(answer).items()}
    found = cells(whole)
    assert found.keys() == expected.keys()
    for key, value in found.items():
        same = math.isclose(value, expected[key], rel_tol=1e-9, abs_tol=1e-9)
        assert same or (math.isnan(value) and math.isnan(expected[key])), key


@given(VECTORS)
def test_a_query_that_is_written_reads_the_same(text: str) -> None:
    once = written(parse(text))
    assert written(parse(once)) == once


@given(st.text(alphabet="ab(){}[]\"'=~!<>+-*/^%,.:@ 0159msd\\\n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        written(parse(text))
    except BadQuery as refused:
        assert "parse error" in str(refused) or "invalid" in str(refused)


@pytest.mark.parametrize("text", ["sum(", "a[5m", 'a{x="1}', "rate(a)", "a + + +", "a[0s]"])
def test_faults_name_the_character(text: str) -> None:
    with pytest.raises(BadQuery, match=r"\d+:\d+: parse error"):
        parse(text)
