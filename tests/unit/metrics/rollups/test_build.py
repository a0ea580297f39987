"""When hours are rolled up, and that a roll-up that was killed is done again."""

from typing import Any

import pytest
from tests.unit.metrics.conftest import START, run
from tests.unit.metrics.rollups.conftest import HOUR, Room, samples

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import Unavailable
from trimtab.metrics.model import Kind
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.rollups import build
from trimtab.metrics.rollups.build import RUN_ROWS, RollupBuilder, runs
from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.tiers import DAY_MS, Retention
from trimtab.metrics.statistics import parse_statistic

KEPT = Retention(tier_days=(16, 63, 455))
DAY = 20_000
NOW = DAY * DAY_MS + 3 * HOUR + build.GRACE_MS


def hours_due(
    known: dict[int, RolledHour], marks: dict[int, int], rows: int = 24, now_ms: int = NOW
) -> list[list[int]]:
    return [[one.hour - DAY * 24 for one in work.hours] for work in runs({DAY: rows}, known, marks, now_ms, KEPT)]


def test_hours_are_due_once_they_are_closed_for_a_grace() -> None:
    assert [[0, 1, 2]] == hours_due({}, {})
    assert [[0, 1]] == hours_due({}, {}, now_ms=NOW - 1)


def test_a_clean_hour_is_left_alone_and_a_late_one_done_again_when_it_has_rested() -> None:
    known = {
        DAY * 24 + n: RolledHour(DAY * 24 + n, version=4, attempt=4, marks=1, rolled_at=NOW - HOUR) for n in range(3)
    }
    marks = dict.fromkeys(known, 1)
    assert [] == hours_due(known, marks)
    assert [[1]] == hours_due(known, {**marks, DAY * 24 + 1: 2})
    assert [] == hours_due(known, {**marks, DAY * 24 + 1: 2}, now_ms=NOW - HOUR + build.REDO_MS - 1)


def test_an_attempt_has_a_bounded_number_of_rows_and_one_base() -> None:
    assert [[0], [1], [2]] == hours_due({}, {}, rows=24 * RUN_ROWS)
    frozen = RolledHour(DAY * 24 + 1, version=4, attempt=4, base=4, marks=0)
    assert [[0], [1], [2]] == hours_due({DAY * 24 + 1: frozen}, {DAY * 24 + 1: 9})


def test_only_days_that_some_tier_keeps_are_rolled_up() -> None:
    assert [] == hours_due({}, {}, now_ms=NOW + 456 * DAY_MS)


class Dying:
    """An engine whose process is killed at the n-th statement that writes."""

    def __init__(self, engine: Any, at: int) -> None:
        self._engine = engine
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def execute(self, *arguments: Any, **named: Any) -> None:
        self._die_or(self._engine.execute, *arguments, **named)

    def insert(self, *arguments: Any, **named: Any) -> None:
        self._die_or(self._engine.insert, *arguments, **named)

    def _die_or(self, do: Any, *arguments: Any, **named: Any) -> None:
        if self._left == 0:
            raise Unavailable("killed")
        self._left -= 1
        do(*arguments, **named)


@pytest.mark.parametrize("at", [0, 1, 2, 3, 7, 13, 14])
def test_a_roll_up_that_was_killed_is_done_again(room: Room, at: int) -> None:
    series = room.series("c", Kind.COUNTER)
    run(room.ingest.write(samples(series, [START + n * 15_000 for n in range(240)], list(range(240)))))
    room.clock.at_ms = START + HOUR + build.GRACE_MS
    request = [StatRequest((series,), parse_statistic(name), 300) for name in ("Sum", "SampleCount", "Last")]
    exact = [answer.values.tolist() for answer in run(room.reader.statistics(EVERYTHING, request, START, START + HOUR))]
    with pytest.raises(Unavailable):
        RollupBuilder(Dying(room.engine, at), room.clock, KEPT).roll()
    for _ in range(2):
        answers = run(room.rolled.statistics(EVERYTHING, request, START, START + HOUR))
        assert exact == [answer.values.tolist() for answer in answers]
        room.roll()
    assert 0 == room.roll()


def test_nothing_is_rolled_up_without_the_lock(room: Room) -> None:
    run(room.ingest.write(samples(room.series("g", Kind.GAUGE), [START], [1.0])))
    assert 0 == RollupBuilder(room.engine, room.clock, KEPT, may_write=lambda: False).roll()
    assert 0 < room.roll()


def test_points_that_land_while_an_hour_is_rolled_up_make_it_due_again(room: Room) -> None:
    series = room.series("g", Kind.GAUGE)
    run(room.ingest.write(samples(series, [START], [1.0])))

    class Racing(Dying):
        def insert(self, *arguments: Any, **named: Any) -> None:
            self._engine.insert(*arguments, **named)
            if self._left:
                self._left = 0
                run(room.ingest.write(samples(series, [START + 1], [1.0])))

        def execute(self, *arguments: Any, **named: Any) -> None:
            self._engine.execute(*arguments, **named)

    RollupBuilder(Racing(room.engine, 1), room.clock, KEPT).roll()
    room.clock.advance(3600)
    assert 2 == room.roll()  # with the hour that has closed since
