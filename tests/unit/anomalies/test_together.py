"""What changed together is found among what only looks alike every day, and said in plain words."""

import numpy as np
from tests.unit.anomalies.conftest import BEGIN, DAY, World, daily, run

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.anomalies.model import SLOT_MS, Anomaly, Direction
from trimtab.anomalies.sentence import number, what_else, what_happened

AT = 9 * DAY + 100
START = BEGIN + AT * SLOT_MS


def anomaly(series: int, slots: int = 12) -> Anomaly:
    end = START + slots * SLOT_MS
    return Anomaly(series, START, end, "1", "eu", False, 2.5, START, Direction.ABOVE, 91.3, 30.0, 50.0, START)


def moved(seed: int, at: int, rise: float, length: int = 12) -> np.ndarray:
    values = daily(10, seed)
    values[at : at + length] += rise
    return values


def test_series_that_moved_at_the_same_time_are_ranked_before_those_that_share_only_the_day(world: World) -> None:
    own = world.add("cpu", moved(1, AT, 50), host="a")
    with_it = world.add("load", moved(2, AT, 40), host="a")
    against = world.add("idle", moved(3, AT, -40), host="a")
    early = world.add("queue", moved(4, AT - 2, 30), host="b")
    for seed in range(20):
        world.add("cpu", daily(10, 50 + seed), host=f"other-{seed}")
    world.at(10)
    together = run(world.room.comparison.together(EVERYTHING, anomaly(own)))
    assert {with_it, against, early} == {one.series.id for one in together.changed}
    assert together.compared == 23
    likeness = {one.series.id: one.likeness for one in together.changed}
    assert likeness[with_it] > 0.8
    assert likeness[against] < -0.8
    lags = {one.series.id: one.lag_ms for one in together.changed}
    assert lags[early] == -2 * SLOT_MS
    assert lags[with_it] == 0
    sentence = what_else(together)
    assert sentence.startswith(
        "3 other series changed with it, 2 of them of host a; queue of host b moved first, 10 min"
    )


def test_a_caller_sees_nothing_outside_the_scope(world: World) -> None:
    own = world.add("cpu", moved(1, AT, 50), host="a")
    world.add("load", moved(2, AT, 40), host="b")
    world.at(10)
    mine = Scope(rows=(RowRule("host", frozenset({"a"})),))
    together = run(world.room.comparison.together(mine, anomaly(own)))
    assert together.changed == ()
    assert what_else(together) == "There is no other series to compare it with."


def test_an_anomaly_in_plain_words(world: World) -> None:
    own = world.add("cpu", daily(1), host="a", state="user")
    series = world.registry.get(own)
    assert series is not None
    expected = "cpu (user) of host a rose to 91.3 % (expected 30 to 50 %), for 60 minutes."
    assert expected == what_happened(series, anomaly(own))


def test_numbers_have_three_digits() -> None:
    assert [number(value) for value in (0.01234, 12.345, 1234.5, 1_234_567.0)] == [
        "0.0123",
        "12.3",
        "1,230",
        "1,230,000",
    ]
