"""Writes changes of state in one transaction: the row, its history, the composite alarms above it, and the events.

The evaluator and SetAlarmState both end here. A change is written only if its alarm is as it was when the change was
found (`version`), so that what a caller changed meanwhile is never overwritten.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection, select, update

from trimtab.alarms import composite
from trimtab.alarms.contributors import ContributorChange
from trimtab.alarms.history import (
    Item,
    action_update,
    contributor_action,
    contributor_update,
    left_alarm_ms,
    record,
    state_update,
)
from trimtab.alarms.hold import Held, HeldBy, Suppressor, holding
from trimtab.alarms.model import AlarmKey, AlarmKind, State, StateValue, Transition
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.mute_rules import read_rules
from trimtab.alarms.notification import (
    CONTRIBUTOR_CHANGED,
    SCALING_REPEATED,
    STATE_CHANGED,
    contributor_body,
    event_body,
    is_for_contributors,
    is_scaling,
    message,
    passes_tags_on,
    propagated,
)
from trimtab.alarms.rows import Stored, all_rows, at, name_of, read_named, read_one, stored, within
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.store.state.tables import alarms
from trimtab.store.state.tables import tags as tags_table


class Change(Struct, frozen=True):
    """A transition of an alarm, as it was when the transition was found; `contributors` replaces what is stored."""

    alarm: Stored
    transition: Transition
    contributors: str | None = None


class Settlement:
    """The changes of one moment (`at_ms`), in the caller's transaction."""

    def __init__(self, connection: Connection, clock: Clock, at_ms: int) -> None:
        self._connection = connection
        self._clock = clock
        self._at_ms = at_ms
        self._changed: dict[tuple[str, str], dict[str, State]] = {}
        self._rules: dict[tuple[str, str], list[MuteRule]] = {}

    def change(self, change: Change) -> bool:
        """Write a transition; False where its alarm changed meanwhile, and nothing was written."""
        alarm, new = change.alarm, change.transition.new
        held = self._held(alarm, new.value)
        values = {
            "state": new.value.value,
            "reason": new.reason,
            "reason_data": new.data,
            "updated_ms": new.updated_ms,
            "transitioned_ms": new.transitioned_ms,
            "contributors": change.contributors,
            "held": None if held is None else held.text(),
            "version": alarm.version + 1,
        }
        where = (at(alarm.key), alarms.c.version == alarm.version)
        if not self._connection.execute(update(alarms).where(*where).values(values)).rowcount:
            return False
        items = [state_update(alarm.key, alarm.alarm_type, alarm.state, new)]
        dropped = alarm.held is not None and alarm.held.old is new.value
        actions = () if held is not None or dropped or not alarm.actions.enabled else alarm.actions.of(new.value)
        self._tell(alarm, alarm.state, new, actions, items)
        key = alarm.key
        self._changed.setdefault((key.account, key.region), {})[key.name] = new
        return True

    def cascade(self, account: str, region: str, fresh: Mapping[str, str] | None = None) -> None:
        """Bring the composite alarms of an account and region up to the states below them.

        `fresh` names those that were just put, with what was done (created, updated): they are evaluated in any case.
        """
        changed = self._changed.setdefault((account, region), {})
        if not changed and not fresh:
            return
        mine = within(account, region)
        rows = self._connection.execute(all_rows().where(mine, alarms.c.kind == AlarmKind.COMPOSITE.value))
        found = {row.name: stored(row) for row in rows}
        refers = {name: self._children(one) for name, one in found.items()}
        states = self._states(account, region, {child for names in refers.values() for child in names.values()})
        for name in composite.order({name: names.values() for name, names in refers.items()}):
            names = refers[name]
            touched = [child for child in names.values() if child in changed]
            if not touched and name not in (fresh or {}):
                continue
            by_word = {word: states[child].value for word, child in names.items() if child in states}
            value = composite.outcome(composite.rule_of(found[name].form["AlarmRule"]), by_word)
            triggers = [(AlarmKey(account, region, child), changed[child]) for child in touched]
            verb = (fresh or {}).get(name, "updated")
            new = composite.transition(found[name].key, found[name].state, value, triggers, self._at_ms, verb)
            if new is not None and self.change(Change(found[name], new)):
                states[name] = new.new

    def hear(self, alarm: Stored, change: ContributorChange) -> None:
        """Write and tell what became of a contributor of `alarm`; its actions are silent while the alarm is muted."""
        quiet = not alarm.actions.enabled or self._muted(alarm.key)
        actions = () if quiet else tuple(filter(is_for_contributors, alarm.actions.of(change.new)))
        body = contributor_body(alarm, change, self._passed_on(alarm), actions)
        emit(self._connection, self._clock, CONTRIBUTOR_CHANGED, f"{alarm.key.arn}/{change.id}", body)
        told = [contributor_action(alarm.key, change, arn) for arn in actions]
        record(self._connection, [contributor_update(alarm.key, change), *told])

    def release(self) -> bool:
        """Run the actions that nothing holds back any more, note what holds the others; whether some still are."""
        held = [stored(row) for row in self._connection.execute(select(alarms).where(alarms.c.held.is_not(None)))]
        still = [self._release(alarm, alarm.held) for alarm in held if alarm.held is not None]
        return any(still)

    def _release(self, alarm: Stored, held: Held) -> bool:
        by = self._holding(alarm, held.since_ms)
        if by is held.by:
            return True
        muted = held.muted or by is HeldBy.MUTE
        next_ = None if by is None else replace(held, by=by, muted=muted)
        values = {"held": None if next_ is None else next_.text(), "version": alarm.version + 1}
        where = (at(alarm.key), alarms.c.version == alarm.version)
        done = self._connection.execute(update(alarms).where(*where).values(values)).rowcount
        if done and next_ is None and held.new is alarm.state.value and alarm.actions.enabled:
            old = State(held.old, "", None, held.since_ms, held.since_ms)
            self._tell(alarm, old, alarm.state, alarm.actions.of(held.new), [], after_mute=muted)
        return next_ is not None

    def repeat_scaling(self, keys: Sequence[AlarmKey]) -> None:
        """Run the scaling actions of alarms that are in their state, once more: CloudWatch does every minute."""
        for key in keys:
            alarm = read_one(self._connection, key)
            if alarm is None or not alarm.actions.enabled or alarm.held is not None:
                continue
            actions = [arn for arn in alarm.actions.of(alarm.state.value) if is_scaling(arn)]
            fresh = alarm.state.transitioned_ms >= self._at_ms  # it was told of with the change itself
            if actions and not fresh and not self._muted(key):
                told = message(alarm, alarm.state, alarm.state, None)
                body = event_body(told, alarm.state, alarm.state, actions)
                emit(self._connection, self._clock, SCALING_REPEATED, key.arn, body)

    def _tell(
        self,
        alarm: Stored,
        old: State,
        new: State,
        actions: tuple[str, ...],
        items: list[Item],
        *,
        after_mute: bool = False,
    ) -> None:
        body = event_body(message(alarm, old, new, self._passed_on(alarm), after_mute=after_mute), old, new, actions)
        emit(self._connection, self._clock, STATE_CHANGED, alarm.key.arn, body)
        tell = partial(action_update, alarm.key, alarm.alarm_type, new.value, at_ms=self._at_ms)
        record(self._connection, [*items, *(tell(arn) for arn in actions)])

    def _held(self, alarm: Stored, new: StateValue) -> Held | None:
        """The action of a change to `new`, if something holds it back."""
        before = alarm.held
        if not alarm.actions.enabled or not alarm.actions.of(new) or (before is not None and before.old is new):
            return None
        by = self._holding(alarm, self._at_ms)
        if by is None:
            return None
        old = alarm.state.value if before is None else before.old
        return Held(old, new, self._at_ms, by, by is HeldBy.MUTE)

    def _holding(self, alarm: Stored, since_ms: int) -> HeldBy | None:
        return holding(since_ms, self._at_ms, self._muted(alarm.key), self._suppressor(alarm))

    def _suppressor(self, alarm: Stored) -> Suppressor | None:
        given = alarm.form.get("ActionsSuppressor")
        if alarm.kind is not AlarmKind.COMPOSITE or given is None:
            return None
        key = replace(alarm.key, name=name_of(given, alarm.key.account, alarm.key.region))
        found = read_one(self._connection, key)
        return Suppressor(
            alarm.form["ActionsSuppressorWaitPeriod"] * 1000,
            alarm.form["ActionsSuppressorExtensionPeriod"] * 1000,
            found is not None and found.state.value is StateValue.ALARM,
            left_alarm_ms(self._connection, key),
        )

    def _muted(self, key: AlarmKey) -> bool:
        place = (key.account, key.region)
        if place not in self._rules:
            self._rules[place] = read_rules(self._connection, *place)
        return any(key.name in rule.alarms and rule.active(self._at_ms) for rule in self._rules[place])

    def _children(self, alarm: Stored) -> dict[str, str]:
        """The names of a rule's alarms by the words (names, ARNs) that the rule has for them."""
        words = composite.children(composite.rule_of(alarm.form["AlarmRule"]))
        return {word: name_of(word, alarm.key.account, alarm.key.region) for word in words}

    def _states(self, account: str, region: str, names: set[str]) -> dict[str, State]:
        return {name: one.state for name, one in read_named(self._connection, account, region, sorted(names)).items()}

    def _passed_on(self, alarm: Stored) -> dict[str, str] | None:
        """The tags that go with the alarm's notifications; None where none do."""
        if not passes_tags_on(alarm.form):
            return None
        rows = self._connection.execute(select(tags_table).where(tags_table.c.arn == alarm.key.arn))
        return propagated(alarm.form, {row.key: row.value for row in rows})


def any_held(connection: Connection) -> bool:
    """Whether an action of any alarm is held back."""
    return connection.execute(select(alarms.c.name).where(alarms.c.held.is_not(None)).limit(1)).first() is not None
