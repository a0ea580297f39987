"""One round of evaluations, written in one transaction."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from sqlalchemy import Connection, update

from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import ContributorChange, Contributors, write
from trimtab.alarms.model import AlarmKey, Transition
from trimtab.alarms.rows import Stored, at, read_named, read_one
from trimtab.alarms.schedule import Due, advance
from trimtab.alarms.settle import Change, Settlement, any_held
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict
from trimtab.store.state.tables import alarms


class Found(Struct, frozen=True):
    """A transition of an alarm, with its contributors after it where it has some."""

    entry: Entry
    transition: Transition
    contributors: Contributors | None = None


class Heard(Struct, frozen=True):
    """How the contributors of an alarm changed during a round, and what they are after it (JSON)."""

    entry: Entry
    after: str | None
    changes: Sequence[ContributorChange] = ()


class Round(Struct, frozen=True):
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
    by_change: dict[int, list[tuple[Stored, ContributorChange]]] = {}
    for alarm, change in _changes(connection, round_.heard):
        by_change.setdefault(change.at_ms, []).append((alarm, change))
    moments = sorted({time + due.delay_ms for due in round_.dues for time in due.times})
    held = any_held(connection)
    for at_ms in moments:
        mine, series = by_moment.get(at_ms, ()), by_change.get(at_ms, ())
        if mine or series or held:
            held = _settle(connection, Settlement(connection, clock, at_ms), mine, series)
    Settlement(connection, clock, moments[-1]).repeat_scaling(round_.scaling)
    for heard in round_.heard:
        where = (at(heard.entry.alarm.key), alarms.c.configured == heard.entry.configured)
        connection.execute(update(alarms).where(*where).values(contributors=heard.after))
    for key, state in round_.evaluation_states.items():
        connection.execute(update(alarms).where(at(key)).values(evaluation_state=state))


def _settle(
    connection: Connection,
    settlement: Settlement,
    found: Sequence[Found],
    heard: Sequence[tuple[Stored, ContributorChange]],
) -> bool:
    """Write the changes of one moment; whether actions are held back after it."""
    stored = _stored(connection, [one.entry for one in found])  # each alarm changes once at a moment
    for one in found:
        alarm = stored.get(one.entry.alarm.key)
        if alarm is not None:
            contributors = alarm.contributors if one.contributors is None else write(one.contributors)
            settlement.change(Change(alarm, one.transition, contributors))
    places = {(one.entry.alarm.key.account, one.entry.alarm.key.region) for one in found}
    for account, region in sorted(places):
        settlement.cascade(account, region)
    for alarm, change in heard:
        settlement.hear(alarm, change)
    return settlement.release()


def _unchanged(connection: Connection, entries: Sequence[Entry]) -> set[AlarmKey]:
    """The keys of the entries whose alarm is as it was when the round began."""
    versions = {entry.alarm.key: entry.version for entry in entries}
    return {key for key, alarm in _stored(connection, entries).items() if alarm.version == versions[key]}


def _stored(connection: Connection, entries: Sequence[Entry]) -> dict[AlarmKey, Stored]:
    """The alarms of entries as they are stored now."""
    places: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        key = entry.alarm.key
        places.setdefault((key.account, key.region), []).append(key.name)
    found: dict[AlarmKey, Stored] = {}
    for (account, region), names in places.items():
        found |= {alarm.key: alarm for alarm in read_named(connection, account, region, names).values()}
    return found


def _changes(connection: Connection, heard: Sequence[Heard]) -> list[tuple[Stored, ContributorChange]]:
    """How the contributors changed of alarms that are still defined as they were."""
    told = []
    for one in heard:
        alarm = read_one(connection, one.entry.alarm.key) if one.changes else None
        if alarm is not None and alarm.configured == one.entry.configured:
            told += [(alarm, change) for change in one.changes]
    return told
