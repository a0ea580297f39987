"""The documented semantics of predictive scaling, and of scheduled actions."""

from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.scaling.policies.predictive import Predictive, floor_of, forecast
from trimtab.scaling.policies.scheduled import ScheduledAction, bounds_of, unix_cron

FLEET = Fleet((Pool("own", 10.0),), most=40)
HOURS = np.repeat(np.tile([10.0] * 12 + [200.0] * 12, 10), 60)
"""Ten days: nights at 10 a second, days at 200."""


def test_less_than_a_day_gives_no_forecast_and_no_floor() -> None:
    assert forecast(np.ones(23)) is None
    assert 0 == floor_of(HOURS, FLEET, Predictive(0.5))[: 24 * 60].max()


def test_an_hour_is_ready_for_five_minutes_before_it_begins() -> None:
    floor, noon = floor_of(HOURS, FLEET, Predictive(0.5)), (3 * 24 + 12) * 60
    assert [2, 40, 40] == [floor[noon - 6], floor[noon - 5], floor[noon]]
    assert 40 == floor[noon + 12 * 60 - 1]
    assert 2 == floor[noon + 12 * 60]  # the night after


def test_the_maximum_is_honoured_unless_it_may_be_passed() -> None:
    small = Fleet((Pool("own", 10.0),), most=15)
    assert 15 == floor_of(HOURS, small, Predictive(0.5)).max()
    assert 40 == floor_of(HOURS, small, Predictive(0.5, breach_buffer=10.0)).max()


def test_a_forecast_is_refreshed_every_six_hours_only() -> None:
    risen = HOURS.copy()
    risen[7 * 1440 + 60 :] *= 2  # from 1:00 of the eighth day
    floor, before = floor_of(risen, FLEET, Predictive(0.5)), floor_of(HOURS, FLEET, Predictive(0.5))
    assert before[: 7 * 1440 + 6 * 60 - 5].tolist() == floor[: 7 * 1440 + 6 * 60 - 5].tolist()


def test_it_says_why() -> None:
    assert "40 replicas at 50%" in Predictive(0.5).explain(200.0, 10.0)
    with pytest.raises(InvalidInput, match="target"):
        Predictive(0.0)


def test_scheduled_bounds_hold_until_the_next_action() -> None:
    start = int(datetime(2026, 11, 27, tzinfo=UTC).timestamp() * 1000)  # a Friday
    actions = [
        ScheduledAction("open", unix_cron("0 8 * * 1-5"), least=10, most=30),
        ScheduledAction("close", unix_cron("0 20 * * *"), least=2, most=5),
        ScheduledAction("burst", unix_cron("30 9 * * *"), desired=20),
    ]
    least, most = bounds_of(actions, FLEET, start, 2 * 1440)
    assert [1, 10, 2] == [least[8 * 60 - 1], least[8 * 60], least[20 * 60]]
    assert [40, 30, 5] == [most[8 * 60 - 1], most[8 * 60], most[20 * 60]]
    assert [20, 20, 10] == [least[9 * 60 + 30], most[9 * 60 + 30], least[9 * 60 + 31]]
    assert 2 == least[1440 + 8 * 60]  # Saturday stays closed
    assert "minimum 10, maximum 30" in actions[0].explain()


def test_actions_end_and_recurrences_are_read() -> None:
    day = 86_400_000
    action = ScheduledAction("some", unix_cron("0 0 * * 0"), least=1, start_ms=day, end_ms=20 * day)
    assert [3 * day, 10 * day, 17 * day] == action.times(0, 100 * day)  # Sundays of January 1970
    for wrong in ("0 8 * *", "0 8 1 * 1", "x 8 * * *"):
        with pytest.raises(InvalidInput):
            unix_cron(wrong)
    with pytest.raises(InvalidInput, match="needs"):
        ScheduledAction("none", unix_cron("0 0 * * *"))
