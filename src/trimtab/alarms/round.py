"""One round of evaluations, written in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, update

from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import ContributorChange, Contributors, write
from trimtab.alarms.history import contributor_update, record
from trimtab.alarms.model import AlarmKey, Transition
from trimtab.alarms.rows import at, read_named, read_one
from trimtab.alarms.schedule import Due, advance
from trimtab.alarms.settle import Change, Settlement, any_held
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict
from trimtab.store.state.tables import alarms


@dataclass(frozen=True, slots=True)
class Found:
    """A transition of an alarm, with its contributors after it where it has some."""

    entry: Entry
    transition: Transition
    contributors: Contributors | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """How the contributors of an alarm changed during a round, and what they are after it (JSON)."""

    entry: Entry
    after: str | None
    changes: Sequence[ContributorChange] = ()


@dataclass(frozen=True, slots=True)
class Round:
    """What the evaluations of a round found.

    `scaling` are the alarms whose scaling actions are to be repeated; `evaluation_states` what is new of alarms that
    cannot be evaluated.
    """

    dues: Sequence[Due]
    found: Sequence[Found]
    heard: Sequence[Heard] = ()
    scaling: Sequence[AlarmKey] = ()
    evaluation_states: Mapping[AlarmKey, str | None] = field(default_factory=dict)


def write_round(connection: Connection, round_: Round, clock: Clock) -> None:
    """Write a round in the caller's transaction. Raises Conflict where another process made some of it first."""
    for due in round_.dues:
        if not advance(connection, due):
            raise Conflict("cannot write a round of evaluations: another process made it first")
    unchanged = _unchanged(connection, [one.entry for one in round_.found])
    by_moment: dict[int, list[Found]] = {}
    for one in round_.found:
        if one.entry.alarm.key in unchanged:
            by_moment.setdefault(one.transition.new.transitioned_ms, []).append(one)
    moments = sorted({time + due.delay_ms for due in round_.dues for time in due.times})
    held = any_held(connection)
    for at_ms in moments:
        mine = by_moment.get(at_ms, ())
        if mine or held:
            held = _settle(connection, Settlement(connection, clock, at_ms), mine)
    Settlement(connection, clock, moments[-1]).repeat_scaling(round_.scaling)
    _keep_contributors(connection, round_.heard)
    for key, state in round_.evaluation_states.items():
        connection.execute(update(alarms).where(at(key)).values(evaluation_state=state))


def _settle(connection: Connection, settlement: Settlement, found: Sequence[Found]) -> bool:
    """Write the changes of one moment; whether actions are held back after it."""
    for one in found:
        _change(connection, settlement, one)
    places = {(one.entry.alarm.key.account, one.entry.alarm.key.region) for one in found}
    for account, region in sorted(places):
        settlement.cascade(account, region)
    return settlement.release()


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


def _keep_contributors(connection: Connection, heard: Sequence[Heard]) -> None:
    for one in heard:
        where = (at(one.entry.alarm.key), alarms.c.configured == one.entry.configured)
        if connection.execute(update(alarms).where(*where).values(contributors=one.after)).rowcount:
            record(connection, [contributor_update(one.entry.alarm.key, change) for change in one.changes])
