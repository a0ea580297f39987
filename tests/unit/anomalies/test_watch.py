"""The always-on detector: it looks at everything once, survives stops and crashes, and its limits hold."""

import numpy as np
import pytest
from tests.unit.anomalies.conftest import BEGIN, DAY, DAY_MS, World, daily, run

from trimtab.anomalies.model import CALM, SLOT_MS, Direction
from trimtab.anomalies.rehearsal import rehearse
from trimtab.anomalies.shard import ROWS
from trimtab.base.errors import Unavailable
from trimtab.timeseries.anomaly.bank import _advance


def burst(days: int, at: int, length: int, rise: float, seed: int = 0) -> np.ndarray:
    values = daily(days, seed)
    values[at : at + length] += rise
    return values


def test_a_burst_in_stored_history_is_found_at_the_first_run(world: World) -> None:
    id_ = world.add("cpu", burst(9, 7 * DAY + 50, 10, 45.0), host="a")
    world.at(9)
    run(world.watch().run())
    found = [one for one in world.found() if one.start_ms >= BEGIN + 7 * DAY_MS]
    assert len(found) >= 1
    one = min(found, key=lambda anomaly: anomaly.start_ms)
    assert one.series == id_
    assert (one.account, one.region) == ("1", "eu")
    assert 0 <= one.start_ms - (BEGIN + (7 * DAY + 50) * SLOT_MS) <= 6 * SLOT_MS
    assert one.direction is Direction.ABOVE
    assert one.value > one.high > one.low
    assert not one.open
    assert len(one.points) == len(one.lows) == len(one.highs)
    inside = [
        low <= value <= high for value, low, high in zip(one.points[:60], one.lows[:60], one.highs[:60], strict=True)
    ]
    assert np.mean(inside) > 0.9


def test_the_threshold_that_is_set_decides_what_begins_an_anomaly(world: World) -> None:
    world.add("cpu", burst(9, 7 * DAY + 50, 10, 45.0), host="a")
    world.threshold = 99.0
    world.at(9)
    run(world.watch().run())
    assert world.found() == []


def test_an_anomaly_is_shown_while_it_goes_on_and_ends_after_an_hour_of_calm(world: World) -> None:
    world.add("cpu", burst(9, 7 * DAY, 12, 45.0), host="a")
    watch = world.watch()
    world.at(7)
    run(watch.run())
    before = {one.id for one in world.found()}
    world.at(7 + 8 / DAY)
    run(watch.run())
    fresh = [one for one in world.found() if one.id not in before]
    assert [True] == [one.open for one in fresh]
    world.at(7 + (12 + 2 * CALM) / DAY)
    run(watch.run())
    after = [one for one in world.found() if one.id == fresh[0].id]
    assert [False] == [one.open for one in after]
    assert after[0].end_ms > fresh[0].end_ms


@pytest.mark.parametrize("stops", [(7.5,), (7.01, 7.02, 7.1, 8.0)])
def test_a_restart_is_as_if_there_had_been_none(world: World, stops: tuple[float, ...]) -> None:
    for seed in range(5):
        world.add("cpu", burst(10, 7 * DAY + 3 * seed, 14, 30.0, seed), host=str(seed))
    world.at(7)
    run(world.watch().run())
    for stop in (*stops, 10):  # a process for each
        world.at(stop)
        run(world.watch().run())
    with_stops = world.found()
    world.store.telemetry.command("TRUNCATE TABLE anomalies")
    for file in world.directory.iterdir():
        file.unlink()
    watch = world.watch()
    for tick in range(7 * DAY, 10 * DAY + 1):  # one process, a tick at a time
        if tick % 3 == 0 or tick == 10 * DAY:
            world.at(tick / DAY)
            run(watch.run())
    assert len(with_stops) >= 5
    assert with_stops == world.found()


def test_a_memory_that_is_cut_in_half_is_learnt_anew(world: World) -> None:
    world.add("cpu", burst(9, 7 * DAY, 12, 45.0), host="a")
    world.at(8.5)
    run(world.watch().run())
    expected = world.found()
    file = next(world.directory.iterdir())
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    (world.directory / "shard-00009.new").write_bytes(b"of a save that was killed")
    run(world.watch().run())
    assert expected == world.found()


def test_what_could_not_be_written_is_written_later_and_no_memory_knows_of_it_before(world: World) -> None:
    world.add("cpu", burst(9, 7 * DAY, 12, 45.0), host="a")
    world.at(8)
    watch = world.watch()
    world.store.fails = True
    with pytest.raises(Unavailable):
        run(watch.run())
    assert not list(world.directory.glob("*.npz"))
    world.store.fails = False
    run(watch.run())
    later = world.found()
    assert later
    world.store.telemetry.command("TRUNCATE TABLE anomalies")
    for file in world.directory.iterdir():
        file.unlink()
    run(world.watch().run())
    assert later == world.found()


def test_the_newest_slot_of_all_series_is_one_read(world: World) -> None:
    for number in range(300):
        world.add("cpu", daily(2, number), host=str(number))
    world.at(1.5)
    watch = world.watch()
    run(watch.run())
    world.points.asked.clear()
    world.clock.at_ms += SLOT_MS
    assert run(watch.run()) == 300
    assert [(BEGIN + 3 * DAY_MS // 2, BEGIN + 3 * DAY_MS // 2 + SLOT_MS, 300)] == world.points.asked
    assert run(watch.run()) == 0


def test_no_more_series_than_the_limit_are_watched_and_silent_ones_make_room(world: World) -> None:
    world.limit = ROWS + 10
    silent = np.concatenate([daily(2), np.full(28 * DAY, np.nan)])
    for number in range(ROWS + 10):
        world.add("old", silent, host=str(number))
    for number in range(5):
        world.add("new", daily(30, number), host=str(number))
    world.at(3)
    watch = world.watch()
    run(watch.run())
    noted = run(world.room.progress.last())
    assert noted is not None
    assert (noted.watched, noted.learning, noted.beyond) == (ROWS + 10, 0, 5)
    world.at(20)
    run(watch.run())
    run(watch.run())
    noted = run(world.room.progress.last())
    assert noted is not None
    assert (noted.watched, noted.beyond) == (5, 0)


def test_rates_of_log_patterns_are_watched_beside_the_limit(world: World) -> None:
    world.limit = 1
    for host in ("a", "b"):
        world.add("cpu", daily(5), host=host)
    lines = np.random.default_rng(1).poisson(4.0, 5 * DAY).astype(float)
    lines[-12:] += 200.0
    errors = world.add("PatternLines", lines, unit="Count", namespace="trimtab/Logs", LogGroup="/app", Pattern="abc")
    world.at(5)
    watch = world.watch()
    run(watch.run())
    noted = run(world.room.progress.last())
    assert noted is not None
    assert (noted.watched, noted.beyond) == (2, 1)
    bursts = [one.start_ms for one in world.found() if one.series == errors]
    assert BEGIN + (5 * DAY - 12) * SLOT_MS in bursts


def test_buckets_of_histograms_are_not_watched(world: World) -> None:
    world.add("latency_bucket", daily(1), le="0.5")
    world.at(1)
    assert run(world.watch().run()) == 0


def test_without_the_lock_nothing_is_done_and_memory_is_read_again_with_it(world: World) -> None:
    world.add("cpu", daily(3), host="a")
    world.at(2)
    watch = world.watch()
    run(watch.run())
    world.leads = False
    world.at(3)
    assert run(watch.run()) == 0
    world.leads = True
    assert run(watch.run()) == DAY


def test_its_loops_are_compiled_before_the_first_point_is_scored_and_not_before_there_is_one(world: World) -> None:
    id_ = world.add("cpu", np.full(9 * DAY, np.nan), host="a")
    world.registry.seen(np.full(1, id_, np.uint64), np.array([BEGIN]))
    watch = world.watch()
    world.at(8)
    run(watch.run())
    assert 0 == world.compilations
    world.add("cpu", burst(9, 7 * DAY + 50, 10, 45.0), host="b")
    rehearse()
    rehearsed = set(_advance.made().signatures)  # type: ignore[attr-defined]  # a compiled function
    world.at(9)
    run(watch.run())
    assert world.compilations > 0
    assert world.found() != []
    assert rehearsed == set(_advance.made().signatures)  # type: ignore[attr-defined]  # nothing is compiled here
