"""What is dropped, and that what is left still answers."""

import pytest
from tests.unit.metrics.conftest import START, run
from tests.unit.metrics.rollups.conftest import HOUR, Room, samples

from trimtab.access.scope import EVERYTHING
from trimtab.metrics.model import Kind
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.retention import RetentionJob, droppable_days
from trimtab.metrics.rollups.tiers import DAY_MS, FIVE_MINUTES, ONE_MINUTE, Retention
from trimtab.metrics.statistics import parse_statistic

DAY = START // DAY_MS
KEPT = Retention(tier_days=(16, 63, 455))


def sums(room: Room, series: int, period: int = 3600) -> list[float]:
    request = [StatRequest((series,), parse_statistic("Sum"), period)]
    return run(room.rolled.statistics(EVERYTHING, request, DAY * DAY_MS, (DAY + 1) * DAY_MS))[0].values.tolist()


def rows(room: Room, table: str) -> int:
    return int(room.engine.fetch_sync(f"SELECT count() AS n FROM {table}")["n"][0])


def clean(hour: int, rolled_at: int) -> RolledHour:
    return RolledHour(hour, 1, 1, 1, 2, 0, 0, rolled_at, 2)


def test_raw_days_go_when_every_hour_is_rolled_up_and_has_been_for_a_day() -> None:
    now_ms = (DAY + 16) * DAY_MS
    known = {hour: clean(hour, now_ms - DAY_MS) for hour in range(DAY * 24, (DAY + 1) * 24)}
    assert [DAY] == droppable_days([DAY, DAY + 1], known, now_ms, KEPT)
    assert [] == droppable_days([DAY], known, now_ms - 1, KEPT)
    assert [] == droppable_days([DAY], {**known, DAY * 24 + 5: clean(DAY * 24 + 5, now_ms)}, now_ms, KEPT)
    assert [] == droppable_days([DAY], {**known, DAY * 24 + 5: RolledHour(DAY * 24 + 5)}, now_ms, KEPT)
    assert [DAY] == droppable_days([DAY], {}, (DAY + 456) * DAY_MS, KEPT)


@pytest.fixture
def gauge(room: Room) -> int:
    series = room.series("g", Kind.GAUGE)
    run(room.ingest.write(samples(series, [START + n * 60_000 for n in range(120)], [1.0] * 120)))
    room.clock.at_ms = (DAY + 1) * DAY_MS + 5 * HOUR
    room.roll()
    return series


def test_rollups_answer_after_the_raw_points_went(room: Room, gauge: int) -> None:
    room.clock.at_ms = (DAY + 17) * DAY_MS
    job = RetentionJob(room.engine, room.clock, KEPT)
    assert 2 == job.drop()  # the day's samples and its one-minute rows
    assert 0 == rows(room, "metric_samples")
    assert 0 == rows(room, ONE_MINUTE.table)
    assert 24 == rows(room, FIVE_MINUTES.table)
    assert [60.0, 60.0] == sums(room, gauge)
    assert [] == sums(room, gauge, period=60)
    assert 0 == job.drop()


def test_late_points_of_a_dropped_day_count_for_series_that_it_did_not_have(room: Room, gauge: int) -> None:
    room.clock.at_ms = (DAY + 16) * DAY_MS
    RetentionJob(room.engine, room.clock, KEPT).drop()
    other = room.series("other", Kind.GAUGE)
    run(room.ingest.write(samples(other, [START + 5_000], [7.0])))
    run(room.ingest.write(samples(gauge, [START + 5_000], [7.0])))
    assert 1 == room.roll()
    room.clock.advance(3600)
    run(room.ingest.write(samples(other, [START + 6_000], [7.0])))
    assert 1 == room.roll()
    assert [14.0] == sums(room, other)
    assert [60.0, 60.0] == sums(room, gauge)


def test_replaced_rows_are_swept(room: Room, gauge: int) -> None:
    for _ in range(2):
        run(room.ingest.write(samples(gauge, [START + 5_000], [1.0])))
        room.clock.advance(3600)
        assert 1 == room.roll()
    before = rows(room, ONE_MINUTE.table)
    room.clock.advance(7 * 3600)
    RetentionJob(room.engine, room.clock, KEPT).drop()
    assert before - 2 * 60 == rows(room, ONE_MINUTE.table)
    assert [61.0, 60.0] == sums(room, gauge)
    assert 0 == room.engine.fetch_sync("SELECT sum(garbage) AS n FROM metric_rollup_hours FINAL")["n"][0]


def test_records_of_hours_past_every_retention_are_forgotten(room: Room, gauge: int) -> None:
    room.clock.at_ms = (DAY + 500) * DAY_MS
    RetentionJob(room.engine, room.clock, KEPT).drop()
    for table in (
        "metric_samples",
        "metric_rollup_5m",
        "metric_rollup_1h",
        "metric_rollup_hours",
        "metric_rollup_marks",
    ):
        assert 0 == rows(room, table), table


def test_rows_of_a_minute_go_where_raw_points_tell_the_same(room: Room, gauge: int) -> None:
    assert 1 == RetentionJob(room.engine, room.clock, Retention()).drop()
    assert 0 == rows(room, ONE_MINUTE.table)
    assert 24 == rows(room, FIVE_MINUTES.table)
    assert 120 == rows(room, "metric_samples")


def test_a_day_that_is_over_and_settled_is_merged_into_one_part(room: Room, gauge: int) -> None:
    run(room.ingest.write(samples(gauge, [START + 5_000], [2.0])))
    run(room.ingest.write(samples(room.series("now", Kind.GAUGE), [START + DAY_MS], [2.0])))
    run(room.ingest.write(samples(room.series("now", Kind.GAUGE), [START + DAY_MS + 1], [2.0])))
    room.clock.advance(3600)
    room.roll()
    job = RetentionJob(room.engine, room.clock, KEPT)
    job.drop()
    assert [2, 2] == parts(room, "metric_samples")  # late points may come for a day yet
    room.clock.advance(86_400)
    job.drop()
    assert [1, 2] == parts(room, "metric_samples")
    assert [62.0, 60.0] == sums(room, gauge)


def parts(room: Room, table: str) -> list[int]:
    found = room.engine.fetch_sync(
        "SELECT count() AS n FROM system.parts WHERE active AND database = currentDatabase() "
        f"AND table = '{table}' GROUP BY partition_id ORDER BY partition_id"
    )
    return [int(n) for n in found["n"]]
