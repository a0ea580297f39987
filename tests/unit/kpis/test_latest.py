import asyncio
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.kpis.latest import Question, ask
from trimtab.metrics.plan import StatRequest, StatSeries

NOW = 1_764_000_004_000


class Counter:
    """A reader of one counter that grows by `per_s` a second and reports every `every_s`, the last time `ago_s` ago."""

    def __init__(self, per_s: float, every_s: int, ago_s: int = 3, reports: int = 100) -> None:
        self._per_s, self._every_s, self._ago_s, self._reports = per_s, every_s, ago_s, reports

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        step = requests[0].period_s * 1000
        last = NOW - self._ago_s * 1000
        reports = np.array([last - number * self._every_s * 1000 for number in range(self._reports)][::-1], np.int64)
        reports = reports[(reports >= start_ms) & (reports < end_ms)]
        times, counts = np.unique(reports // step * step, return_counts=True)
        return [StatSeries(times, counts * self._per_s * self._every_s / requests[0].period_s)]


def rate(reader: Counter) -> float | None:
    question = Question()
    ticket = question.rate([1])
    return asyncio.run(ask(cast("Any", reader), EVERYTHING, question, NOW)).newest(ticket)


@pytest.mark.parametrize("every_s", [1, 10, 30, 60])
def test_a_rate_is_right_whatever_the_interval_of_reporting(every_s: int) -> None:
    assert rate(Counter(500, every_s)) == pytest.approx(500, rel=0.2)


def test_one_report_has_no_rate() -> None:
    assert rate(Counter(500, 10, reports=1)) is None


def test_no_report_has_no_rate() -> None:
    assert rate(Counter(500, 10, ago_s=3600)) is None


def test_no_question_asks_nothing() -> None:
    assert asyncio.run(ask(cast("Any", None), EVERYTHING, Question(), NOW)).newest(None) is None
