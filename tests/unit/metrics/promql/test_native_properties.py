"""Whatever is asked of native histograms is answered or refused, and a range is the sum of its instants."""

import asyncio
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.access.scope import EVERYTHING
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.engine import Answer, PromQL
from trimtab.metrics.promql.histograms.model import CUSTOM, Buckets, Hint, Histogram
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.problems import BadQuery, ExecutionFailed

END_MS = 300_000
HINTS = (Hint.UNKNOWN, Hint.UNKNOWN, Hint.GAUGE, Hint.RESET, Hint.NOT_RESET)
SELECTORS = st.sampled_from(["h", "g", 'h{x="1"}', "h offset 1m", "g @ 100", "h smoothed"])
RANGES = st.sampled_from(["h[2m]", "g[90s]", "h[3m:1m]", "h[2m] smoothed", "g[2m] anchored"])
FUNCTIONS = st.sampled_from(
    ["rate", "increase", "delta", "irate", "idelta", "resets", "changes", "sum_over_time", "avg_over_time",
     "last_over_time", "max_over_time"]
)  # fmt: skip
NUMBERS = st.sampled_from(["0", "2", "-1.5", "0.75", "Inf", "NaN"])
QUERIES = st.recursive(
    SELECTORS | st.builds("{}({})".format, FUNCTIONS, RANGES),
    lambda inner: (
        st.builds("sum by (x) ({})".format, inner)
        | st.builds("avg({})".format, inner)
        | st.builds("-({})".format, inner)
        | st.builds("({}) {} {}".format, inner, st.sampled_from(["+", "*", "/", "==", "</", ">/", ">"]), NUMBERS)
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(["+", "-", "*", "==", "or", "unless"]), inner)
        | st.builds("histogram_quantile({}, {})".format, st.sampled_from(["0", "0.1", "0.9", "1", "2"]), inner)
        | st.builds("histogram_fraction(-1, {}, {})".format, NUMBERS, inner)
        | st.builds("{}({})".format, st.sampled_from(["histogram_count", "histogram_sum", "histogram_stdvar"]), inner)
    ),
    max_leaves=4,
)


def histogram(dice: random.Random) -> Histogram:
    """One with exponential or custom buckets, whose sum may be no number."""
    hint, total = dice.choice(HINTS), dice.choice((1.0, -3.0, 50.0, math.nan))
    if dice.random() < 0.3:
        bounds = tuple(sorted(dice.sample((-5.0, 0.0, 1.0, 2.0, 10.0), dice.randint(0, 4))))
        counts = [float(dice.choice((0, 1, 3))) for _ in range(len(bounds) + 1)]
        return Histogram(CUSTOM, sum(counts), total, positive=Buckets.of(0, counts), custom=bounds, hint=hint)
    positive, negative = (
        Buckets.of(dice.randint(-3, 4), [float(dice.choice((0, 1, 2, 10))) for _ in range(dice.randint(1, most))])
        for most in (6, 2)
    )
    zero = float(dice.choice((0, 2)))
    count = zero + float(positive.count.sum() + negative.count.sum())
    schema, threshold = dice.choice((0, 1, -1, 3)), dice.choice((0.0, 0.5, 1.5))
    return Histogram(schema, count, total, zero, threshold, positive, negative, hint=hint)


def source(seed: int) -> MemorySource:
    """Four series of histograms with gaps, floats between them, and starts."""
    dice, found = random.Random(seed), MemorySource()
    for name, x in (("h", "1"), ("h", "2"), ("g", "1"), ("g", "2")):
        for at in range(0, END_MS, 30_000):
            if dice.random() < 0.85:
                value = 7.0 if dice.random() < 0.1 else histogram(dice)
                start = dice.choice((0, 0, at, at - 1_000, at - 30_000, at + 5))
                found.add(sets.make({"__name__": name, "x": x}), at, value, max(start, 0))
    return found


def cells(answer: Answer) -> dict[tuple[object, int], str]:
    """Every sample, as text with ten digits; 0 has no sign."""
    found: dict[tuple[object, int], str] = {}
    for series in answer.series:
        for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True):
            found[series.labels, at] = f"{value + 0.0:.10g}"
        for at, one in zip(series.histogram_times.tolist(), series.histograms, strict=True):
            numbers = (f"{number + 0.0:.10g}" for number in (one.count, one.sum, one.zero_count))
            found[series.labels, at] = f"{one.schema} {one.custom} {one.zero_threshold} {' '.join(numbers)}"
    return found


@settings(deadline=None, max_examples=examples(160))
@given(QUERIES, st.integers(0, 20), st.sampled_from([45_000, 70_000]))
def test_a_range_of_native_histograms_is_the_sum_of_its_instants(text: str, seed: int, step_ms: int) -> None:
    engine = PromQL(source(seed))

    async def both() -> None:
        try:
            whole = await engine.query_range(EVERYTHING, text, 0, END_MS, step_ms)
        except (BadQuery, ExecutionFailed):
            return
        instants = [await engine.query(EVERYTHING, text, at) for at in range(0, END_MS + 1, step_ms)]
        assert cells(whole) == {key: value for answer in instants for key, value in cells(answer).items()}

    asyncio.run(both())
