"""A replay of what the evaluator lived through tells the same changes, at the same times, for the same reasons."""

import json
from typing import Any

import numpy as np
import pytest
from tests.unit.alarms.conftest import ACCOUNT, MINUTE, REGION, START, House, run

from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey
from trimtab.alarms.replay.model import Moved, Span
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.metrics.rollups.tiers import Retention

MINUTES = 90
Told = list[tuple[int, str, str, str]]


def lived(house: House, name: str) -> Told:
    """The changes in the history: when, from, to, why."""
    found = []
    for item in house.history(name):
        data = json.loads(item.data)
        old, new = data["oldState"], data["newState"]
        found.append((item.at_ms, old["stateValue"], new["stateValue"], new["stateReason"]))
    return found


def replayed(house: House, name: str) -> Told:
    metrics: Any = house.metrics
    parts = ReplayParts(metrics, metrics, lambda _reader: metrics, house.room.store.named, Retention())
    stored = house.alarm(name)
    now_ms = house.clock.now_ms()
    alarm = read_alarm(stored.kind, AlarmKey(ACCOUNT, REGION, name), stored.form)
    found = run(Replayer(parts).replay(alarm, Span(START, now_ms, now_ms)))
    return [told(one) for one in found.transitions]


def told(one: Moved) -> tuple[int, str, str, str]:
    return one.at_ms, one.old.value, one.new.value, one.reason


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
        {"EvaluationPeriods": 2, "TreatMissingData": "breaching"},
        {"EvaluationPeriods": 2, "TreatMissingData": "ignore"},
        {"Period": 300, "Statistic": "Maximum", "Threshold": 7.0},
    ],
)
def test_one_metric(house: House, form: dict[str, Any]) -> None:
    random = np.random.default_rng(len(str(form)))
    before = [1.0] * 20  # so that neither begins without data
    values = [None if random.random() < 0.15 else float(random.integers(2, 9)) for _ in range(MINUTES + 5)]
    house.metrics.put("cpu", START - 20 * MINUTE, [*before, *values])
    house.put("cpu", **form)
    for _ in range(MINUTES):
        house.evaluate(1)
    mine = lived(house, "cpu")
    assert len(mine) > 2
    assert mine[0][1] == "INSUFFICIENT_DATA"  # an alarm just made; a range begins in what its first evaluation finds
    assert mine[1:] == [one for one in replayed(house, "cpu") if one[0] > mine[0][0]]
