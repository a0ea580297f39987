"""What is pushed down, what is not, and where the engine's answer is not taken."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.conftest import START
from tests.unit.metrics.promql.pushdown.conftest import Both, cells

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import QueryAborted, Unavailable
from trimtab.base.tags import make_tags
from trimtab.metrics.model import SAMPLE_ROW, VALUE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.promql.allowance import Limits
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import Answer, PromQL, RangeQuery
from trimtab.metrics.promql.problems import BadQuery, TooManySamples
from trimtab.metrics.promql.pushdown import stored
from trimtab.metrics.promql.translation import PROMETHEUS
from trimtab.metrics.promql.values import STALE

Same = Callable[[str, tuple[Answer, Answer]], None]
_STALE = float(np.uint64(STALE).view(np.float64))


def test_windows_are_open_to_the_left_and_closed_to_the_right(both: Both, same: Same) -> None:
    both.put("m", [(60_000, 1.0), (90_000, 2.0), (120_000, 4.0), (420_000, 8.0)])
    for text in ("m", "count_over_time(m[1m])", "sum_over_time(m[30s])", "rate(m[2m])", "sum(m)"):
        same(text, both.answers(text))
    assert [1.0, 4.0, 8.0] == [value for _, value in sorted(cells(both.answers("sum_over_time(m[30s])")[0]).items())]


def test_a_repeated_sample_replaces_and_a_marker_ends(both: Both, same: Same) -> None:
    both.put("m", [(60_000, 1.0), (120_000, 2.0), (180_000, 3.0)])
    both.put("m", [(180_000, 9.0), (240_000, _STALE), (300_000, 5.0)])
    both.put("m", [(300_000, _STALE)])
    for text in ("m", "sum(m)", "last_over_time(m[3m])", "count_over_time(m[10m])", "sum(max_over_time(m[2m]))"):
        same(text, both.answers(text))
    assert 9.0 in cells(both.answers("m")[0]).values()
    assert (("__name__", "m"),) not in {labels for labels, at in cells(both.answers("m")[0]) if at > START + 180_000}


def test_sums_that_cancel_are_worked_out_from_the_series(both: Both, same: Same) -> None:
    for place, value in enumerate((1e16, 1.0, -1e16)):
        both.put("m", [(0, value)], n=str(place))
    both.put("w", [(0, 1e308)], n="0")
    both.put("w", [(0, 1e308)], n="1")
    for text, expected in (("sum(m)", 1.0), ("avg(m)", 1 / 3), ("avg(w)", 1e308), ("sum(w)", math.inf)):
        same(text, both.answers(text, steps=2))
        assert expected in cells(both.answers(text, steps=2)[0]).values()
        assert ["groups", "grids"] == both.statements
    assert {3.0} == set(cells(both.answers("count(m)")[0]).values())
    assert ["groups"] == both.statements


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rate(m_total[3m])", [0.0, math.inf, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("increase(m_total[2m])", [0.1, 1e9 + 0.3, 0.2, 1e8 + 0.7, 0.3, 0.3, 0.3, 0.3]),
        ("avg_over_time(m_total[3m])", [1e308, 1e308, 1e308, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("sum_over_time(m_total[3m])", [1.0, math.inf, -math.inf, 1.0, 2.0, 3.0, 4.0, 5.0]),
    ],
)
def test_functions_that_the_engine_may_get_wrong_are_evaluated(
    both: Both, same: Same, text: str, values: list[float]
) -> None:
    both.put("m_total", [(at * 30_000, value) for at, value in enumerate(values)])
    same(text, both.answers(text))
    assert ["grids", "samples"] == both.statements
    same(f"sum({text})", both.answers(f"sum({text})"))
    assert ["groups", "grids", "samples"] == both.statements


def test_a_counter_of_fractions_that_was_reset_once_is_pushed(both: Both, same: Same) -> None:
    both.put("m_total", [(at * 30_000, value) for at, value in enumerate((0.1, 0.7, 0.2, 0.4, 0.9, 1.1))])
    same("sum(rate(m_total[1m]))", both.answers("sum(rate(m_total[1m]))"))
    assert ["groups"] == both.statements


def test_parts_of_a_group_are_put_together(both: Both, same: Same, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_IDS_A_STATEMENT", 2)
    for place in range(7):
        both.put("m", [(0, float(place)), (90_000, float(-place))], n=str(place), x=str(place % 3))
    for aggregate in ("sum", "avg", "min", "max", "count", "group"):
        text = f"{aggregate} by (x) (m)"
        same(text, both.answers(text, steps=3))
        assert ["groups"] * 4 == both.statements
        same(text, both.instants(text, 0))


def test_few_samples_are_read_instead(both: Both) -> None:
    both.put("m", [(0, 1.0)])
    both.least = stored.LEAST_SAMPLES
    both.answers("sum(m)")
    assert ["samples"] == both.statements
    both.least = 100  # 20 minutes and the look-back, a sample every 15 s
    both.answers("sum(m)")
    assert ["groups"] == both.statements


def test_series_that_are_no_plain_samples_are_read(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    events = both.room.series("m", Kind.EVENTS)
    rows = np.array([(events, START, 4.0, 2.0)], VALUE_ROW)
    asyncio.run(both.room.ingest.write(MetricBatch(values=rows)))
    both.answers('sum({__name__=~"m.*"})')
    assert "groups" not in both.statements


def test_what_is_no_counter_is_told_as_the_evaluator_tells_it(both: Both, same: Same) -> None:
    both.put("m", [(0, 1.0), (30_000, 2.0)], n="1")
    both.put("k_total", [(0, 1.0), (30_000, 2.0)], n="2")
    for text in ("rate(m[5m])", "sum(rate(m[5m]))", "rate(k_total[5m])", 'sum(increase({__name__=~"m|k_total"}[5m]))'):
        same(text, both.answers(text))
    assert len(both.answers("sum(rate(m[5m]))")[0].infos) == 1
    both.answers('sum(increase({__name__=~"m|k_total"}[5m]))')
    assert ["grids"] == both.statements  # whose series are there is not known of groups


def test_samples_that_the_engine_looked_at_are_counted(both: Both) -> None:
    both.put("m", [(at * 15_000, 1.0) for at in range(40)])
    pushed, evaluated = both.answers("sum(m)", steps=5)
    assert evaluated.samples == pushed.samples == 21


def test_cells_are_bounded(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    both.put("m", [(0, 1.0)], n="2")
    engine = both.pushed()
    engine._limits = Limits(cells=30)
    with pytest.raises(TooManySamples, match="too many samples"):
        asyncio.run(engine.query_range(EVERYTHING, "m", START, START + 20 * 60_000, 60_000))
    answer = asyncio.run(engine.query_range(EVERYTHING, "sum(m)", START, START + 20 * 60_000, 60_000))
    assert 5 == len(answer.series[0].times)


def test_the_other_parts_of_one_that_failed_end(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_IDS_A_STATEMENT", 1)
    both.put("m", [(0, 1.0)], n="1")
    both.put("m", [(0, 1.0)], n="2")

    class Failing:
        reads = cancelled = 0

        async def table(self, sql: str, params: Mapping[str, Any]) -> None:
            self.reads += 1
            if self.reads == 1:
                await asyncio.sleep(0)
                raise Unavailable("cannot reach the engine: it is gone")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise

    telemetry = Failing()
    pushdown = stored.EnginePushdown(telemetry, Catalogue(both.room.registry), least=0)  # type: ignore[arg-type]  # a fake

    async def failed() -> None:
        with pytest.raises(Unavailable, match="it is gone"):
            await PromQL(both.memory, pushdown=pushdown).query(EVERYTHING, "sum(m)", START)
        await asyncio.sleep(0)
        assert (2, 1) == (telemetry.reads, telemetry.cancelled)

    asyncio.run(failed())


@pytest.mark.parametrize(
    "text", ["topk(2, m)", "bottomk by (x) (1, max_over_time(m[90s]))", "topk(1, sum_over_time(m[2m]))"]
)
def test_of_many_series_only_those_that_may_be_kept_come_back(
    both: Both, same: Same, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(stored, "MANY_CELLS", 1)
    monkeypatch.setattr(stored, "_IDS_A_STATEMENT", 5)
    dice = np.random.default_rng(3)
    for place in range(10):
        values = dice.integers(0, 4, 40).astype(float) if place > 1 else np.full(40, math.nan)
        both.put(
            "m", [(at * 30_000, value) for at, value in enumerate(values.tolist())], n=str(place), x=str(place % 2)
        )
    both.put("m", [(0, -5.0), (600_000, -5.0)], n="last", x="0")
    same(text, both.answers(text, steps=3))
    same(text, both.answers(text))
    assert ["groups"] * 3 == both.statements[:3]
    assert "samples" not in both.statements
    pushed, evaluated = both.instants(text, 300_000)
    assert [series.labels for series in evaluated.series] == [series.labels for series in pushed.series]
    first = both.answers("topk(1, m)", steps=0)[0]
    assert 1 == len(first.series)
    assert ["groups"] * 3 + ["grids"] == both.statements  # one of eleven is read
    assert 11 == first.samples


def test_few_cells_all_come_back_to_topk(both: Both, same: Same) -> None:
    both.put("m", [(0, 1.0)], n="1")
    both.put("m", [(0, 2.0)], n="2")
    same("topk(1, m)", both.answers("topk(1, m)"))
    assert ["grids"] == both.statements
    same("topk(0, m)", both.answers("topk(0, m)"))
    same("topk(scalar(m{n='1'}), m)", both.answers("topk(scalar(m{n='1'}), m)", steps=4))


def test_a_statement_ends_with_the_time_of_its_query(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    ended = []

    class Endless:
        async def table(self, sql: str, params: Mapping[str, Any]) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:  # on which the store has the engine end its work
                ended.append(sql)
                raise

    pushdown = stored.EnginePushdown(Endless(), Catalogue(both.room.registry), least=0)  # type: ignore[arg-type]  # a fake
    engine = PromQL(both.memory, limits=Limits(seconds=0.05), pushdown=pushdown)
    with pytest.raises(QueryAborted, match="query timed out"):
        asyncio.run(engine.query(EVERYTHING, "sum(m) + count(m)", START))
    assert 1 == len(ended)


def test_what_is_wrong_with_a_query_is_said_before_anything_of_it_is_worked_out(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    with pytest.raises(TooManySamples, match="cannot run a subquery"):
        both.answers("sum(m) + max_over_time(m[30d:1s])")
    assert [] == both.statements


def test_queries_of_a_page_are_pushed_each_and_read_together(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    texts = ("sum(m)", "deriv(m[5m])", "sum(", "max(m)", "stddev_over_time(m[5m])")
    queries = [RangeQuery(text, START, START + 60_000, 60_000) for text in texts]
    both.room.engine.queries.clear()
    answers = asyncio.run(both.pushed().query_ranges(EVERYTHING, queries))
    assert [1, 0, 1, 1] == [len(each.series) for each in answers if isinstance(each, Answer)]
    assert isinstance(answers[2], BadQuery)
    assert ["groups", "groups", "samples"] == sorted(both.statements)


def test_series_are_bounded(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    both.put("m", [(0, 1.0)], n="2")
    engine = both.pushed()
    engine._limits = Limits(series=3)
    assert 1 == len(asyncio.run(engine.query(EVERYTHING, "sum(m)", START)).series)
    with pytest.raises(TooManySamples, match="cannot read 4 series for one query; expected at most 3"):
        asyncio.run(engine.query(EVERYTHING, "sum(m) + count(m)", START))


def test_series_of_the_same_labels_are_one_and_read(both: Both) -> None:
    both.put("m", [(0, 1.0)], n="1")
    other = both.room.registry.add(Identity("2", "eu", PROMETHEUS, "m", make_tags({"n": "1"}), kind=Kind.GAUGE))
    rows = np.array([(other, START + 1_000, 4.0)], SAMPLE_ROW)
    asyncio.run(both.room.ingest.write(MetricBatch(samples=rows)))
    assert {4.0} == set(cells(both.answers("sum(m)", first_ms=60_000, steps=2)[0]).values())
    assert ["samples"] == both.statements


def test_ranges_that_reach_beyond_themselves_are_read(both: Both, same: Same) -> None:
    both.put("m_total", [(at * 30_000, float(at)) for at in range(40)])
    for text in ("increase(m_total[5m] anchored)", "rate(m_total[5m] smoothed)", "sum(m_total smoothed)"):
        same(text, both.answers(text, first_ms=45_000))
        assert "samples" in both.statements, text
