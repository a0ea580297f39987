"""Visuals answered from made-up sources by the real engine: groups, others, the period before, exact money."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from made_datasets import DAY_MS, FIRST, NOW, SOURCES, A, B, reader
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.answering import Answering, Wanted
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.overlays import Overlays
from trimtab.reports.analyses.spec import Visual, read_analysis, text_of, yaml_of
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.spec import Dataset, Use
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.forecast.model import Forecast, Question

Show = Callable[..., Shown]


class Straight:
    """A forecaster that says the last value again."""

    async def predict(self, question: Question) -> Forecast:
        ahead = np.full(question.horizon, question.history[-1])
        return Forecast(ahead, ahead - 1, ahead + 1, question.level, 0.1, 0.8, 5, ())


@pytest.fixture
def answering(engine: Telemetry) -> Answering:
    clock = ManualClock(NOW)
    return Answering(DatasetReader(engine, SOURCES, clock), Overlays(Straight()), clock)


@pytest.fixture
def show(answering: Answering) -> Show:
    def run(source: str = "bill", who: Any = None, where: Sequence[str] = (), range_ms: int = 3 * DAY_MS,
            **visual: Any) -> Shown:  # fmt: skip
        wanted = Wanted(
            msgspec.convert(visual, Visual), source, Dataset([Use(source)]), tuple(where), range_ms=range_ms
        )
        return asyncio.run(answering.show(wanted, who or reader()))

    return run


def told(shown: Shown) -> list[tuple[Any, ...]]:
    return [(*row.keys, *row.values) for row in shown.rows]


def test_a_time_and_a_field_are_columns_of_exact_money(show: Show) -> None:
    shown = show(by=["day", "team"], measures=["sum(cost)"])
    assert "columns" == shown.kind
    assert [
        (FIRST, "vision", Decimal("10.10")),
        (FIRST, "speech", Decimal("0.000000000001")),
        (FIRST + DAY_MS, "speech", Decimal("7.77")),
        (FIRST + DAY_MS, "vision", Decimal("3.30")),
        (FIRST + 2 * DAY_MS, "(none)", Decimal("-1.17")),
    ] == told(shown)
    assert shown.total is not None
    assert (Decimal("20.000000000001"),) == shown.total.values
    assert "USD" == shown.amounts[0].unit
    assert "Cost by day and team" == shown.title


def test_the_largest_groups_are_kept_and_the_others_are_one_more(show: Show) -> None:
    shown = show(by=["team"], measures=["sum(cost)"], top=1)
    assert [("vision", Decimal("13.40")), ("Other", Decimal("6.600000000001"))] == told(shown)
    assert [("vision", Decimal("13.40"))] == told(show(by=["team"], measures=["sum(cost)"], top=1, others=False))
    # Others are asked for again rather than added up: a mean of theirs is a mean of rows.
    shown = show(by=["team"], measures=["avg(hours)"], top=1)
    assert [("vision", 5.0), ("Other", 2.0)] == told(shown)


def test_a_measure_for_each_of_another_is_null_where_there_is_none(show: Show) -> None:
    shown = show(by=["service"], measures=["sum(cost)"], per="sum(hours)")
    assert [("EC2", Decimal("1.624545454545")), ("S3", None)] == [(key, value) for key, value in told(shown)]
    assert ("cost per hours", "USD/h") == (shown.amounts[0].label, shown.amounts[0].unit)


def test_the_period_before_lies_under_the_same_days(show: Show) -> None:
    shown = show(by=["day"], measures=["sum(cost)"], range_ms=DAY_MS, compare="previous")
    assert (FIRST + DAY_MS, NOW - DAY_MS) == shown.before
    assert [(FIRST + 2 * DAY_MS, (Decimal("-1.17"),), (Decimal("11.07"),))] == [
        (row.keys[0], row.values, row.before) for row in shown.rows
    ]
    tile = show(measures=["sum(cost)"], range_ms=DAY_MS, compare="previous")
    assert "kpi" == tile.kind
    assert [((Decimal("-1.17"),), (Decimal("11.07"),))] == [(row.values, row.before) for row in tile.rows]


def test_the_chart_follows_from_what_is_shown(show: Show) -> None:
    assert "bars" == show(by=["team"], measures=["sum(cost)"]).kind
    assert "scatter" == show(by=["team"], measures=["sum(cost)", "sum(hours)"]).kind
    assert "line" == show(by=["day"], measures=["avg(hours)"]).kind
    assert "sankey" == show(by=["account", "service", "team"], measures=["sum(cost)"]).kind
    assert "heat" == show(source="errors", by=["severity", "time@hour-of-day"], measures=["sum(n)"]).kind
    assert "table" == show(by=["team"], measures=["sum(cost)", "sum(hours)", "count()"]).kind


def test_nobody_sees_more_than_the_dataset_shows_them(show: Show) -> None:
    mine = show(by=["account"], measures=["sum(cost)"], who=reader(A))
    assert [A] == [row.keys[0] for row in mine.rows]
    assert mine.total is not None
    assert (Decimal("13.400000000001"),) == mine.total.values
    nothing = show(by=["account"], measures=["sum(cost)"], who=reader(A), where=[f"account = '{B}'"])
    assert () == nothing.rows


def test_what_a_click_leads_to_are_the_rows_behind_the_mark(show: Show) -> None:
    shown = show(by=["day@week", "team"], measures=["sum(cost)"])
    for row in shown.rows:
        where = [one.condition(key) for one, key in zip(shown.dimensions, row.keys, strict=True)]
        behind = show(measures=["sum(cost)"], where=[one for one in where if one])
        assert row.values == behind.rows[0].values


def test_forecast_and_band_are_of_all_series_together(engine: Telemetry) -> None:
    days = 60
    start = NOW - days * DAY_MS

    async def read(window: Window) -> Rows:
        rows = [(start + at * DAY_MS, A, team, None, Decimal(90 if at == days - 2 else 10), 1.0, {})
                for at in range(days) for team in ("vision", "speech")]  # fmt: skip
        return Rows([row for row in rows if window.start_ms <= row[0] < window.end_ms], NOW)

    bill = SOURCES["bill"]
    source = Source("bill", bill.title, bill.grain, bill.fields, read)
    clock = ManualClock(NOW)
    answering = Answering(DatasetReader(engine, {"bill": source}, clock), Overlays(Straight()), clock)
    visual = Visual(by=["day", "team"], measures=["sum(cost)"], forecast="3d", anomalies=True)
    shown = asyncio.run(answering.show(Wanted(visual, "bill", Dataset([Use("bill")]), range_ms=14 * DAY_MS), reader()))
    assert shown.ahead is not None
    assert [(NOW + at * DAY_MS, 20.0, 19.0, 21.0) for at in range(3)] == list(shown.ahead.steps)
    assert shown.band is not None
    assert {NOW - 2 * DAY_MS} == shown.band.outside


@pytest.mark.parametrize(
    ("visual", "place"),
    [
        ({"by": ["nothing"], "measures": ["sum(cost)"]}, "by"),
        ({"by": ["tags"], "measures": ["sum(cost)"]}, "by"),
        ({"by": ["team@week"], "measures": ["sum(cost)"]}, "by"),
        ({"by": ["team"], "measures": ["team"]}, "measures"),
        ({"by": ["team"], "measures": ["max(team)"]}, "measures"),
        ({"by": ["team"], "kind": "line", "measures": ["sum(cost)"]}, "by"),
        ({"by": [], "kind": "heat", "measures": ["sum(cost)"]}, "by"),
    ],
)
def test_what_cannot_be_shown_says_why(show: Show, visual: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as found:
        show(**visual)
    assert place == found.value.field


def test_a_spec_reads_as_it_is_written() -> None:
    document = {"dataset": "bill", "visuals": [{"id": "a", "by": ["day"], "measures": ["sum(cost)"]}]}
    spec = read_analysis(document)
    assert document == msgspec.json.decode(text_of(spec)) == msgspec.yaml.decode(yaml_of(spec))
    for wrong, place in (
        ({**document, "visuals": [{"id": "A"}]}, "visuals[0].id"),
        ({**document, "visuals": [{"id": "a"}, {"id": "a"}]}, "visuals[1].id"),
        ({"visuals": [{"id": "a"}]}, "visuals[0].dataset"),
        ({**document, "visuals": [{"id": "a", "forecast": "2y"}]}, "visuals[0].forecast"),
        ({**document, "visuals": [{"id": "a", "thresholds": [{}]}]}, "visuals[0].thresholds[0]"),
        ({**document, "colour": "red"}, "the analysis"),
    ):
        with pytest.raises(InvalidInput) as found:
            read_analysis(wrong)
        assert place == found.value.field
