import asyncio
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Series
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.chart_data import MOST_POINTS, Chart, draw, fitting_step
from trimtab.web.lines import group_lines
from trimtab.web.metric_query import EACH, MetricQuery
from trimtab.web.window import read_window

NOW = 1_764_000_005_000


class Steady:
    """A reader whose series have the value of their id every `every_s` seconds, but where `missing` says."""

    def __init__(self, every_s: int = 10, missing: range = range(0)) -> None:
        self.every_s = every_s
        self.missing = missing

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        return [self._one(request, start_ms, end_ms) for request in requests]

    def _one(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        step = max(request.period_s, self.every_s) * 1000
        times = np.arange(start_ms // step * step, end_ms, step, dtype=np.int64)
        times = times[[index not in self.missing for index in range(len(times))]]
        return StatSeries(times, np.full(len(times), float(sum(request.series))))


def drawn(
    reader: Steady, lines: int = 1, stat: str = "Average", period: int | None = None, range_: str = "1h"
) -> Chart:
    series = [
        Series(number, Identity("1", "r", "ns", "m", make_tags({"host": f"h{number}"})))
        for number in range(1, lines + 1)
    ]
    query = MetricQuery((("ns", "m"),), parse_statistic(stat), period_s=period)
    window = read_window({"range": range_}, NOW, None)
    return asyncio.run(draw(cast("Any", reader), EVERYTHING, query, group_lines(series, (EACH,)), window))


@pytest.mark.parametrize("seconds", [60, 3600, 21_600, 86_400, 604_800, 30 * 86_400])
def test_no_range_draws_more_points_than_a_panel_shows(seconds: int) -> None:
    assert seconds / fitting_step(seconds) <= MOST_POINTS


def test_the_period_follows_data_that_come_more_slowly() -> None:
    assert drawn(Steady(every_s=10)).step_ms == 10_000
    assert drawn(Steady(every_s=60)).step_ms == 60_000


def test_a_period_that_was_asked_for_is_kept() -> None:
    assert drawn(Steady(every_s=60), period=30).step_ms == 30_000


def test_a_gap_stays_a_gap() -> None:
    chart = drawn(Steady(missing=range(100, 140)))
    values = chart.payload()["series"][0]["values"]
    assert values[90] == 1
    assert values[105:135] == [None] * 30
    assert chart.lines[0].gap < 40


def test_beyond_eight_lines_the_smallest_are_merged() -> None:
    chart = drawn(Steady(), lines=20)
    assert [one.line.label for one in chart.lines] == ["h14", "h15", "h16", "h17", "h18", "h19", "h20", "Other"]
    assert len(chart.lines[-1].line.series) == 13
    assert chart.total == 20


def test_a_rate_leaves_out_the_bucket_that_still_fills() -> None:
    rate, average = drawn(Steady(), stat="Rate"), drawn(Steady(), stat="Average")
    assert rate.t0_ms + rate.count * rate.step_ms <= NOW
    assert average.t0_ms + average.count * average.step_ms > NOW


def test_a_wide_last_bucket_is_shown_as_partial() -> None:
    assert drawn(Steady(), stat="Sum", period=900).partial
    assert not drawn(Steady(), range_="1h", period=5).partial


def test_nothing_is_an_empty_chart() -> None:
    chart = drawn(Steady(), lines=0)
    assert chart.payload()["series"] == []
