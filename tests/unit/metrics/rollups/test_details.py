"""Rows lack details until they are asked for, and no read takes a row that lacks what it needs for one that has it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.conftest import START, run
from tests.unit.metrics.rollups.conftest import HOUR, Room, samples

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import Unavailable
from trimtab.metrics.model import Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.rollups.build import GRACE_MS, RollupBuilder
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.details import DetailRow, Details
from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.retention import RetentionJob
from trimtab.metrics.rollups.tiers import DAY_MS, FIVE_MINUTES, ONE_HOUR, ONE_MINUTE, Retention
from trimtab.metrics.statistics import parse_statistic

DAY = START // DAY_MS
METRIC, OTHER = ("ns", "m"), ("ns", "other")


def test_rows_have_the_details_of_a_metric_from_the_version_that_followed_its_being_asked_for() -> None:
    details = Details(10, {METRIC: 20, OTHER: 0})
    assert 20 == details.since(FIVE_MINUTES, [METRIC])
    assert [False, True, True, False] == [
        details.lacking(RolledHour(1, version=version), 20) for version in (9, 10, 19, 20)
    ]
    assert details.lacking(RolledHour(1, version=10**9), details.since(FIVE_MINUTES, [METRIC, OTHER]))
    assert details.lacking(RolledHour(1, version=10**9), details.since(FIVE_MINUTES, [METRIC, ("ns", "unknown")]))
    assert 0 == details.since(ONE_HOUR, [OTHER]) == details.since(FIVE_MINUTES, [])


def test_rows_that_were_carried_over_are_as_the_version_that_they_come_from() -> None:
    details = Details(10, {METRIC: 20})
    assert details.lacking(RolledHour(1, version=30, base=15), 20)
    assert not details.lacking(RolledHour(1, version=30, base=9), 20)


def test_before_a_lean_version_was_written_no_row_lacks_anything() -> None:
    assert not Details(0, {}).lacking(RolledHour(1, version=5), 1 << 32)


def test_rows_of_a_minute_are_those_since_they_began_to_be_written() -> None:
    assert 30 == Details(10, {METRIC: 20}, minutes=30).since(ONE_MINUTE, [METRIC])
    assert 1 << 32 == Details(10, {}, minutes=30, no_minutes=40).since(ONE_MINUTE, [])
    assert 0 == Details(10, {}, minutes=30, no_minutes=40).since(FIVE_MINUTES, [])


def test_a_builder_notes_what_changes_once() -> None:
    lean = DetailRow("lean", "", "", 7)
    assert [lean] == Details(0, {}).due(7, minutes=False)
    assert [lean, DetailRow("minutes", "", "", 7)] == Details(0, {}).due(7, minutes=True)
    assert [DetailRow("metric", "ns", "other", 30)] == Details(10, {METRIC: 20, OTHER: 0}).due(30, minutes=False)
    assert [] == Details(10, {METRIC: 20}, minutes=12).due(30, minutes=True)
    assert [DetailRow("no minutes", "", "", 30)] == Details(10, {}, minutes=12).due(30, minutes=False)
    assert [DetailRow("minutes", "", "", 40)] == Details(10, {}, minutes=12, no_minutes=30).due(40, minutes=True)


class Lean:
    """The room as it is set up by default: no rows of a minute, details of what was asked for."""

    def __init__(self, room: Room) -> None:
        self.room, self.kept = room, Retention()
        self.choice = RollupChoice(room.engine, room.clock, self.kept)
        self.reader = MetricReader(room.engine, room.registry, room.log, self.choice)
        self.series = room.series("g", Kind.GAUGE)
        self.values = np.random.default_rng(5).normal(50, 9, 5 * 240)

    def write(self, first: int, last: int) -> None:
        at = range(first * 240, last * 240)
        times = [START + n * 15_000 for n in at]
        run(self.room.ingest.write(samples(self.series, times, self.values[list(at)].tolist())))
        self.room.clock.at_ms = START + last * HOUR + GRACE_MS

    def roll(self) -> None:
        RollupBuilder(self.room.engine, self.room.clock, self.kept).roll()

    def ask(self, name: str, period: int, reader: MetricReader | None = None) -> StatSeries:
        request = StatRequest((self.series,), parse_statistic(name), period)
        return run((reader or self.reader).statistics(EVERYTHING, [request], START, START + 4 * HOUR))[0]

    def rows(self, table: str) -> list[tuple[int, float, int]]:
        """(Hour, rises, size of the sketch) of each row that counts."""
        found = self.room.engine.fetch_sync(
            f"SELECT intDiv(toUnixTimestamp64Milli(time) - {START}, 3600000) AS hour, rises, length(buckets) AS size "
            f"FROM {table} WHERE version = (SELECT max(version) FROM metric_rollup_hours FINAL "
            f"WHERE metric_rollup_hours.hour = intDiv(toUnixTimestamp64Milli(time), 3600000)) ORDER BY time"
        )
        return list(zip(found["hour"].tolist(), found["rises"].tolist(), found["size"].tolist(), strict=True))

    def drop_raw(self) -> None:
        self.room.clock.at_ms = (DAY + 3) * DAY_MS
        self.roll()
        self.room.clock.at_ms = (DAY + 17) * DAY_MS
        RetentionJob(self.room.engine, self.room.clock, self.kept).drop()


@pytest.fixture
def lean(room: Room) -> Iterator[Lean]:
    yield Lean(room)


def test_only_rows_of_an_hour_have_sketches_of_what_nobody_asked_for(lean: Lean) -> None:
    lean.write(0, 2)
    lean.roll()
    assert {(0.0, 0)} == {row[1:] for row in lean.rows(FIVE_MINUTES.table)}
    assert all(rises == 239 and size > 1 for _, rises, size in lean.rows(ONE_HOUR.table))
    assert [] == lean.rows(ONE_MINUTE.table)


@pytest.mark.parametrize("name", ["p90", "Rate"])
def test_what_is_asked_for_is_kept_from_then_on_and_answered_from_raw_points_before(lean: Lean, name: str) -> None:
    lean.write(0, 2)
    lean.roll()
    exact = lean.ask(name, 300, lean.room.reader)
    np.testing.assert_array_equal(lean.ask(name, 300).values, exact.values)
    lean.write(2, 4)
    lean.roll()
    kept = lean.rows(FIVE_MINUTES.table)
    assert all((size > 1) is (hour >= 2) and (rises == 19) is (hour >= 2) for hour, rises, size in kept)
    lean.room.engine.queries.clear()
    found = lean.ask(name, 300)
    assert any("versions" in query for query in lean.room.engine.queries)
    np.testing.assert_allclose(found.values, lean.ask(name, 300, lean.room.reader).values, rtol=0.01)
    assert 48 == len(found.values)


def test_where_raw_points_are_gone_rows_without_details_have_no_percentiles_but_by_hour(lean: Lean) -> None:
    lean.write(0, 2)
    lean.roll()
    lean.ask("p90", 300)
    lean.write(2, 4)
    lean.roll()
    by_hour = lean.ask("p90", 3600, lean.room.reader)
    lean.drop_raw()
    assert [START + 2 * HOUR, START + 4 * HOUR - 300_000] == lean.ask("p90", 300).times[[0, -1]].tolist()
    np.testing.assert_allclose(lean.ask("p90", 3600).values, by_hour.values, rtol=0.01)
    assert 48 == len(lean.ask("Average", 300).values)


def test_rows_of_an_older_trimtab_have_every_detail(lean: Lean) -> None:
    lean.write(0, 4)
    lean.ask("p90", 300)
    lean.roll()
    lean.room.engine.command("TRUNCATE TABLE metric_detailed")  # as before the table was known
    lean.room.engine.queries.clear()
    assert 48 == len(lean.ask("p90", 300).values)
    assert any("versions" in query for query in lean.room.engine.queries)
    lean.drop_raw()
    assert 48 == len(lean.ask("p90", 300).values)


def test_minutes_that_are_kept_longer_from_now_on_come_from_raw_points_before(lean: Lean) -> None:
    lean.write(0, 2)
    lean.roll()
    lean.kept = Retention(tier_days=(60, 63, 455))
    reader = MetricReader(
        lean.room.engine, lean.room.registry, lean.room.log, RollupChoice(lean.room.engine, lean.room.clock, lean.kept)
    )
    lean.write(2, 4)
    lean.roll()
    assert {2, 3} == {row[0] for row in lean.rows(ONE_MINUTE.table)}
    exact = lean.ask("Average", 60, lean.room.reader)
    np.testing.assert_allclose(lean.ask("Average", 60, reader).values, exact.values)


def test_a_note_that_fails_is_made_with_the_next_read(lean: Lean, monkeypatch: pytest.MonkeyPatch) -> None:
    lean.write(0, 1)
    insert = lean.room.engine.insert

    def refuse(*_: Any) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(lean.room.engine, "insert", refuse)
    assert 12 == len(lean.ask("p90", 300).values)
    monkeypatch.setattr(lean.room.engine, "insert", insert)
    lean.ask("p90", 300)
    assert [("ns", "g")] == _noted(lean.room)


def _noted(room: Room) -> list[tuple[str, str]]:
    found = room.engine.fetch_sync("SELECT namespace, name FROM metric_detailed WHERE what = 'metric'")
    return list(zip(found["namespace"].tolist(), found["name"].tolist(), strict=True))
