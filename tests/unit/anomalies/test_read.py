"""Found anomalies are read within a scope and without those of muted series."""

import pytest
from tests.unit.anomalies.conftest import BEGIN, World, daily, run

from trimtab.access.scope import Scope
from trimtab.anomalies.model import Anomaly, Direction, parse_id
from trimtab.anomalies.write import write
from trimtab.base.errors import NotFound

HOUR = 3_600_000


def stored(world: World, series: int, hour: int, score: float = 2.0, revision: int = 1) -> Anomaly:
    start = BEGIN + hour * HOUR
    one = Anomaly(
        series, start, start + HOUR, "1", "eu", False, score, start, Direction.BELOW, 1.5, 2.0, 3.0, start - HOUR,
        (1.0, 2.0), (0.5, 0.5), (3.0, 3.0), revision,
    )  # fmt: skip
    write(world.store, [one])
    return one


def test_a_row_comes_back_as_it_was_written_and_the_newest_revision_counts(world: World) -> None:
    id_ = world.add("cpu", daily(1), host="a")
    newer = stored(world, id_, 5, score=3.0, revision=4)
    stored(world, id_, 5, score=2.0, revision=2)
    world.at(1)
    assert [newer] == world.found()
    assert newer == run(world.room.found.get(Scope(), newer.id))


def test_a_range_has_what_touches_it_the_most_unusual_first(world: World) -> None:
    id_ = world.add("cpu", daily(1), host="a")
    early, strong, late = (stored(world, id_, hour, score) for hour, score in ((1, 2.0), (3, 3.0), (8, 2.5)))
    read = world.room.found.in_range
    begin = BEGIN + HOUR + HOUR // 2
    assert [strong, early] == run(read(Scope(), begin, BEGIN + 5 * HOUR))
    assert [strong] == run(read(Scope(), BEGIN + 2 * HOUR, BEGIN + 8 * HOUR))
    assert [late] == run(read(Scope(), BEGIN + 8 * HOUR, BEGIN + 9 * HOUR, series=[id_]))
    assert [] == run(read(Scope(), 0, BEGIN + 9 * HOUR, series=[1]))


def test_outside_the_scope_there_is_nothing(world: World) -> None:
    id_ = world.add("cpu", daily(1), host="a")
    one = stored(world, id_, 1)
    world.at(1)
    other = Scope.of("2", "eu")
    assert [] == world.found(other)
    with pytest.raises(NotFound, match="cannot find anomaly"):
        run(world.room.found.get(other, one.id))


def test_a_muted_series_is_hidden_until_the_mute_ends(world: World) -> None:
    id_ = world.add("cpu", daily(1), host="a")
    one = stored(world, id_, 1)
    world.at(1)
    run(world.room.mutes.mute(id_, "1", "eu", world.clock.now_ms() + HOUR, "ann"))
    assert [] == world.found()
    assert [one] == world.found(muted=True)
    world.clock.advance(3601)
    assert [one] == world.found()
    run(world.room.mutes.mute(id_, "1", "eu", 0, "ann"))
    run(world.room.mutes.mute(id_, "1", "eu", 0, "bob"))
    assert [(id_, "bob")] == [(mute.series, mute.muted_by) for mute in run(world.room.mutes.active())]
    run(world.room.mutes.unmute(id_))
    assert [one] == world.found()
    with pytest.raises(NotFound, match="not muted"):
        run(world.room.mutes.unmute(id_))


@pytest.mark.parametrize("text", ["", "7", "7-", "-7", "x-7", "7-7-7", "²-7", str(2**64) + "-1", "1-999999999999"])
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert parse_id(text) is None


def test_an_id_names_a_series_and_a_second() -> None:
    assert parse_id("18446744073709551615-1764028800") == (2**64 - 1, 1_764_028_800_000)
