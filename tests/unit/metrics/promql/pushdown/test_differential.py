"""Whatever is pushed down into the engine is what the evaluator makes of the same samples."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from tests.unit.metrics.promql.pushdown.conftest import Both

from depth import DEEP
from trimtab.metrics.model import Kind
from trimtab.metrics.promql.engine import Answer
from trimtab.metrics.promql.pushdown.functions import FUNCTIONS
from trimtab.metrics.promql.pushdown.pieces import AGGREGATES as AGGREGATIONS
from trimtab.metrics.promql.values import STALE

Same = Callable[[str, tuple[Answer, Answer]], None]

_STALE = float(np.uint64(STALE).view(np.float64))
_ROUNDED = frozenset(("avg_over_time", "delta", "idelta", "increase", "irate", "rate", "sum_over_time"))
"""Functions that the engine works out in another order of additions and divisions; all others are equal to the bit."""
AGGREGATES = ("", "sum by (x)", "avg without (n)", "min", "max by (x)", "count by (x)", "group by (x)")
SELECTORS = (("c_total", "5m", ""), ("g", "90s", " offset 75s"), ("g", "7m", " @ 1764000600"))
REST = (
    "sum by (x) (rate(c_total[5m])) / count by (x) (c_total)",
    "topk by (x) (1, max_over_time(g[3m]))",
    "bottomk(2, g)",
    "quantile(0.5, avg_over_time(g[2m]))",
    "max_over_time(sum by (x) (rate(c_total[2m]))[10m:45s])",
    "sum(rate(c_total[2m])) > bool 0.5 and on () sum(g)",
    "histogram_quantile(0.9, sum by (le, x) (rate(h_bucket[5m])))",
    'sum({__name__=~"c_total|g"})',
    "absent(sum(nothing))",
    "-(c_total offset -1m)",
    "timestamp(c_total) - timestamp(c_total > 3)",
    "sum(increase(g[5m]))",
    "stddev by (x) (delta(c_total[4m]))",
    "(sum by (x) (g))",
)


def fill(both: Both, seed: int) -> None:
    """Counters of whole numbers, gauges with NaN and negative numbers, buckets; with gaps, resets and stale marks."""
    dice = np.random.default_rng(seed)
    for name, kind in (("c_total", Kind.COUNTER), ("g", Kind.GAUGE), ("h_bucket", Kind.COUNTER)):
        for number in range(6):
            labels = {"x": str(number % 2), "n": str(number)} | ({"le": str(number // 2)} if name[0] == "h" else {})
            gaps = np.where(dice.random(70) < 0.8, 15_000, dice.integers(1, 200_000, 70))
            values = np.cumsum(dice.poisson(3, 70)) * 1.0 if kind is Kind.COUNTER else dice.normal(0, 100, 70)
            values[int(dice.integers(20, 50)) :] -= values[20] if kind is Kind.COUNTER else 0
            values[dice.random(70) < 0.04] = _STALE
            values[dice.random(70) < 0.04] = np.nan
            both.put(name, list(zip(np.cumsum(gaps).tolist(), values.tolist(), strict=True)), kind, **labels)


@pytest.mark.parametrize("seed", range(8 if DEEP else 1))
def test_functions_and_aggregations_are_the_evaluators(both: Both, same: Same, seed: int) -> None:
    fill(both, seed)
    for place, function in enumerate(("", *sorted(FUNCTIONS))):
        for turn, aggregate in enumerate(AGGREGATES):
            metric, length, modifier = SELECTORS[(place + turn + seed) % 3]
            if function in ("rate", "increase"):
                metric = "c_total"
            inner = f"{function}({metric}[{length}]{modifier})" if function else metric + modifier
            text = f"{aggregate} ({inner})" if aggregate else inner
            answers = both.answers(text, steps=12, step_ms=37_123 if turn % 2 else 60_000, first_ms=123 * turn)
            same(text, answers)
            assert both.statements[0] == ("groups" if aggregate else "grids"), text
            assert "samples" not in both.statements, text
            if function not in _ROUNDED and not aggregate.startswith(("sum", "avg")):
                assert [each.values.tobytes() for each in answers[1].series] == [
                    each.values.tobytes() for each in answers[0].series
                ], text


@pytest.mark.parametrize("seed", range(8 if DEEP else 1))
def test_what_is_evaluated_over_what_was_pushed_is_the_same(both: Both, same: Same, seed: int) -> None:
    fill(both, seed)
    for text in REST:
        same(text, both.answers(text, first_ms=60_000))
        assert any(kind != "samples" for kind in both.statements) or "(timestamp" in f"({text}" or "nothing" in text, (
            text
        )
    for text in (*REST, "sum by (x) (g)", "topk(1, count by (x) (c_total))"):
        same(text, both.instants(text, 600_000))


@pytest.mark.parametrize("seed", range(10 if DEEP else 1))
def test_any_expression_is_the_evaluators(both: Both, same: Same, seed: int) -> None:
    fill(both, seed + 100)
    dice = random.Random(seed)
    for _ in range(60 if DEEP else 15):
        text = expression(dice, 3)
        same(text, both.answers(text, steps=12, step_ms=dice.choice((15_000, 60_000, 95_001)), first_ms=300_000))


def expression(dice: random.Random, depth: int) -> str:
    """A vector, made up."""
    leaf = dice.choice(("c_total", "g", 'g{x="1"}', "c_total offset 2m", "h_bucket", "g @ end()", 'c_total{n!~"2|3"}'))
    if depth == 0:
        return leaf
    inner = expression(dice, depth - 1)
    ranged = f"{dice.choice(('c_total', 'h_bucket'))}[{dice.choice(('2m', '5m', '61s'))}]"
    return dice.choice(
        (
            leaf,
            f"{dice.choice(sorted(FUNCTIONS))}({ranged})",
            f"max_over_time(({inner})[4m:50s])",
            f"{dice.choice(sorted(AGGREGATIONS))} {dice.choice(('by', 'without'))} (x) ({inner})",
            f"sum by (x) ({dice.choice(sorted(FUNCTIONS))}({ranged}))",
            f"topk({dice.randint(1, 3)}, {inner})",
            f"({inner}) {dice.choice(('+', '*', '/', '>', '<= bool'))} 2",
            f"sum by (x) ({inner}) {dice.choice(('+', '-', '/', 'or', 'unless'))} on (x) max by (x) ({leaf})",
            f"abs({inner})",
        )
    )
