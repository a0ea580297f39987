"""One round of evaluations, written in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, update

from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import Contributors, read, write
from trimtab.alarms.history import CONTRIBUTOR_STATE, Item, record
from trimtab.alarms.model import AlarmKey, Transition
from trimtab.alarms.reasons import compact
from trimtab.alarms.rows import at, read_named, read_one
from trimtab.alarms.schedule import Due, advance
from trimtab.alarms.settle import Change, Settlement
from trimtab.base.clock import Clock
from trimtab.store.state.tables import alarms


@dataclass(frozen=True, slots=True)
class Found:
    """A transition of an alarm at an evaluation time (ms), with its contributors after it where it has some."""

    time: int
    entry: Entry
    transition: Transition
    contributors: Contributors | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What the evaluations of a round found.

    `contributors` are those after the last time (JSON); `scaling` the alarms whose scaling actions are to be repeated;
    `evaluation_states` what is new of alarms that cannot be evaluated.
    """

    due: Due
    found: Sequence[Found]
    contributors: Sequence[tuple[Entry, str | None]] = ()
    scaling: Sequence[AlarmKey] = ()
    evaluation_states: Mapping[AlarmKey, str | None] = field(default_factory=dict)


def write_round(connection: Connection, round_: Round, clock: Clock) -> bool:
    """Write a round in the caller's transaction; False, and nothing, where another process made it first."""
    if not advance(connection, round_.due):
        return False
    unchanged = _unchanged(connection, [one.entry for one in round_.found])
    by_time: dict[int, list[Found]] = {}
    for one in round_.found:
        if one.entry.alarm.key in unchanged:
            by_time.setdefault(one.time, []).append(one)
    for time in sorted({*by_time, round_.due.times[-1]}):
        settlement = Settlement(connection, clock, time + round_.due.delay_ms)
        for one in by_time.get(time, ()):
            _change(connection, settlement, one)
        keys = [one.entry.alarm.key for one in by_time.get(time, ())]
        for account, region in sorted({(key.account, key.region) for key in keys}):
            settlement.cascade(account, region)
        settlement.release()
    last = Settlement(connection, clock, round_.due.times[-1] + round_.due.delay_ms)
    last.repeat_scaling(round_.scaling)
    _keep_contributors(connection, round_)
    for key, state in round_.evaluation_states.items():
        connection.execute(update(alarms).where(at(key)).values(evaluation_state=state))
    return True


def _unchanged(connection: Connection, entries: Sequence[Entry]) -> set[AlarmKey]:
    """The keys of the entries whose alarm is as it was when the round began."""
    places: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in entries:
        key = entry.alarm.key
        places.setdefault((key.account, key.region), {})[key.name] = entry
    found = set()
    for (account, region), named in places.items():
        for name, alarm in read_named(connection, account, region, list(named)).items():
            if alarm.version == named[name].version:
                found.add(alarm.key)
    return found


def _change(connection: Connection, settlement: Settlement, one: Found) -> None:
    alarm = read_one(connection, one.entry.alarm.key)
    if alarm is not None:
        contributors = alarm.contributors if one.contributors is None else write(one.contributors)
        settlement.change(Change(alarm, one.transition, contributors))


def _keep_contributors(connection: Connection, round_: Round) -> None:
    at_ms = round_.due.times[-1] + round_.due.delay_ms
    for entry, text in round_.contributors:
        key = entry.alarm.key
        where = (at(key), alarms.c.configured == entry.configured)
        if connection.execute(update(alarms).where(*where).values(contributors=text)).rowcount:
            record(connection, _contributor_items(entry, text, at_ms))


def _contributor_items(entry: Entry, text: str | None, at_ms: int) -> list[Item]:
    """The history of contributors whose state is not what it was before the round."""
    before, after = read(entry.contributors), read(text)
    items = []
    for id_ in {**before, **after}:
        old, new = before.get(id_), after.get(id_)
        states = [one.state.value if one is not None else "OK" for one in (old, new)]
        if states[0] == states[1]:
            continue
        told = new or old
        summary = f"Alarm contributor updated from {states[0]} to {states[1]}"
        data = compact({"version": "1.0", "oldState": {"stateValue": states[0]}, "newState": {"stateValue": states[1]}})
        attributes = told.attributes if told is not None else {}
        items.append(Item(entry.alarm.key, "MetricAlarm", CONTRIBUTOR_STATE, at_ms, summary, data, id_, attributes))
    return items
