"""Writes: what lands in the engine, in which sections, and what a failed or repeated write leaves behind."""

import asyncio

import numpy as np
import pytest
from tests.unit.metrics.conftest import Room, run

from trimtab.base.errors import Throttled
from trimtab.metrics.model import SAMPLE_ROW, SET_ROW, VALUE_ROW, HistogramPoint, Kind, MetricBatch

DAY = 86_400_000


def values(series: int, times: list[int]) -> np.ndarray:
    rows = np.zeros(len(times), VALUE_ROW)
    rows["series"], rows["time"], rows["value"], rows["count"] = series, times, 1.5, 2.0
    return rows


def rows_of(room: Room, table: str) -> list[tuple[object, ...]]:
    return room.engine.client.query(f"SELECT * FROM {table} ORDER BY ALL").result_rows


def test_every_part_of_a_batch_lands_in_its_table(room: Room) -> None:
    series, gauge, histogram = room.series(), room.series("g", Kind.GAUGE), room.series("h", Kind.HISTOGRAM)
    point = HistogramPoint(
        histogram, 1500, 1000, True, 5, 2.5, 0.1, float("inf"), (1.0, 2.0), (1, 2, 2**63), True, -3, 7, 0.25, -9,
        (1, 2), 11, (3,),
    )  # fmt: skip
    batch = MetricBatch(
        values(series, [1000, 1000]),
        np.array([(series, 2000, 3.0, 9.0, 1.0, 5.0)], SET_ROW),
        np.array([(gauge, 3000, 4.5)], SAMPLE_ROW),
        (point,),
    )
    assert 5 == len(batch)
    assert not run(room.ingest.write(batch)).duplicate
    tables = ["metric_series", "metric_values", "metric_sets", "metric_samples", "metric_histograms"]
    assert [*tables, "metric_rollup_marks"] == [section.table for section in room.log.appended[0]]
    assert 3 == len(rows_of(room, "metric_series"))
    assert [1.5, 2.0] == list(rows_of(room, "metric_values")[0][2:4])
    assert [3.0, 9.0, 1.0, 5.0] == list(rows_of(room, "metric_sets")[0][2:6])
    assert [4.5] == list(rows_of(room, "metric_samples")[0][2:])
    stored = rows_of(room, "metric_histograms")[0]
    assert (1, 5, 2.5, 0.1, float("inf"), [1.0, 2.0], [1, 2, 2**63], 1, -3, 7, 0.25, -9, [1, 2], 11, [3]) == stored[3:]


def test_sections_name_their_days_and_none_has_more_than_a_hundred(room: Room) -> None:
    series = room.series()
    times = [day * DAY + 5 for day in range(-20, 230)]
    run(room.ingest.write(MetricBatch(values(series, [*times, *times]))))
    sections = [section for section in room.log.appended[0] if section.table == "metric_values"]
    assert [100, 100, 50] == [len(section.days) for section in sections]
    assert frozenset(range(-20, 230)) == frozenset().union(*(section.days for section in sections))
    assert [200, 200, 100] == [section.rows for section in sections]
    assert all(len(section.body) == section.rows * VALUE_ROW.itemsize for section in sections)


def test_histograms_over_many_days_are_split_too(room: Room) -> None:
    series = room.series("h", Kind.HISTOGRAM)
    points = tuple(HistogramPoint(series, day * DAY, 0, False, 1, 1.0, 1.0, 1.0, (2.0,), (1, 0)) for day in range(150))
    run(room.ingest.write(MetricBatch(histograms=points)))
    assert [100, 50] == [section.rows for section in room.log.appended[0] if section.table == "metric_histograms"]
    assert 150 == len(rows_of(room, "metric_histograms"))


def test_a_series_is_carried_once_and_by_the_first_write_that_succeeds(room: Room) -> None:
    batch = MetricBatch(values(room.series(), [1000]))
    room.log.failure = Throttled("full")
    with pytest.raises(Throttled):
        run(room.ingest.write(batch))
    room.log.failure = None
    run(room.ingest.write(batch))
    run(room.ingest.write(batch))
    assert [["metric_series", "metric_values", "metric_rollup_marks"], ["metric_values", "metric_rollup_marks"]] == [
        [section.table for section in sections] for sections in room.log.appended
    ]


def test_a_repeated_key_writes_nothing_and_keeps_new_series_for_later(room: Room) -> None:
    run(room.ingest.write(MetricBatch(values(room.series("a"), [1000])), "key"))
    assert run(room.ingest.write(MetricBatch(values(room.series("b"), [1000])), "key")).duplicate
    assert 1 == len(rows_of(room, "metric_series"))
    run(room.ingest.write(MetricBatch(values(room.series("c"), [1000])), "other"))
    assert 3 == len(rows_of(room, "metric_series"))


def test_a_cancelled_write_carries_its_series_again(room: Room) -> None:
    async def cancelled() -> None:
        room.log.failure = asyncio.CancelledError()
        await room.ingest.write(MetricBatch(values(room.series(), [1000])))

    with pytest.raises(asyncio.CancelledError):
        run(cancelled())
    assert 1 == len(room.registry.take_unlogged())


def test_a_write_makes_its_series_active(room: Room) -> None:
    series, histogram = room.series(), room.series("h", Kind.HISTOGRAM)
    point = HistogramPoint(histogram, 7000, 0, False, 1, 1.0, 1.0, 1.0)
    run(room.ingest.write(MetricBatch(values(series, [1000, 5000, 3000]), histograms=(point,))))
    assert [5000, 7000] == [room.registry.get(series_id).last_seen_ms for series_id in (series, histogram)]


def test_rows_of_another_shape_are_refused(room: Room) -> None:
    with pytest.raises(ValueError, match="cannot write metric_values"):
        run(room.ingest.write(MetricBatch(values=np.zeros(1, SAMPLE_ROW))))
