"""An alarm is the team's whose tag it has: listed, found, told of, and counted while it fires."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.alarms.conftest import run

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.alarms.firing import Firing, FiringAlarms
from trimtab.alarms.history import Wanted
from trimtab.alarms.listing import AlarmListing
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.store import AlarmStore, Filter
from trimtab.base.clock import ManualClock
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "us-east-1"
FORM = {
    "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
ROWS = (RowRule("team", frozenset(("vision",))), RowRule("env", frozenset(("prod", "test"))))
TAGS = {
    "ours": {"team": "vision", "env": "prod"},
    "half": {"team": "vision"},
    "theirs": {"team": "search", "env": "prod"},
    "bare": {},
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[State]:
    found = State.open("", tmp_path)
    store = AlarmStore(found, ManualClock())
    for name, tags in TAGS.items():
        key = AlarmKey(ACCOUNT, REGION, name)
        run(store.put(AlarmKind.METRIC, key, {**FORM, "AlarmName": name}, tags))
        run(store.set_state(key, StateValue.ALARM, "by hand", None))
    yield found
    found.close()


def test_those_with_a_tag_of_every_rule_are_there(database: State) -> None:
    store = AlarmStore(database, ManualClock())
    assert [one.key.name for one in run(store.listed(ACCOUNT, REGION, Filter(rows=ROWS), 9))] == ["ours"]
    assert list(run(store.named(ACCOUNT, REGION, list(TAGS), ROWS))) == ["ours"]
    assert {one.key.name for one in run(store.history(Wanted(ACCOUNT, REGION, rows=ROWS), 99))} == {"ours"}
    assert [one.alarm.key.name for one in run(AlarmListing(database).within(Scope(rows=ROWS))).alarms] == ["ours"]
    assert run(FiringAlarms(database).now(Scope(rows=ROWS))) == Firing(1, ("ours",))


def test_who_is_bound_to_nothing_has_them_all(database: State) -> None:
    store = AlarmStore(database, ManualClock())
    assert len(run(store.listed(ACCOUNT, REGION, Filter(), 9))) == len(TAGS)
    assert set(run(store.named(ACCOUNT, REGION, list(TAGS)))) == set(TAGS)
    assert {one.key.name for one in run(store.history(Wanted(ACCOUNT, REGION), 99))} == set(TAGS)
    assert run(FiringAlarms(database).now(EVERYTHING)).number == len(TAGS)
