"""The alarms as the evaluator knows them: definitions parsed once, states read anew at every evaluation."""

import json

from msgspec import Struct, field
from sqlalchemy import Connection, select, update

from trimtab.access.scope import Scope
from trimtab.alarms.form import read_alarm
from trimtab.alarms.limits import FAST_PERIODS
from trimtab.alarms.model import Alarm, AlarmKey, AlarmKind, MetricAlarm, PromQLAlarm, StateValue
from trimtab.alarms.notification import is_scaling
from trimtab.alarms.rows import at
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import MetricStat
from trimtab.store.state.tables import alarms

FAST_S, SLOW_S = 10, 60
"""Seconds between evaluations: every 10 for alarms with periods of 10, 20 or 30 seconds, else every minute."""


class Entry(Struct):
    """An alarm with what changes about it. `gate_ms` is when it was last changed by hand: nothing before counts.

    `series` are the ids that the metrics of its queries have, once they were looked up.
    """

    alarm: Alarm
    configured: int
    version: int = 0
    state: StateValue = StateValue.INSUFFICIENT_DATA
    gate_ms: int = 0
    warm_from_ms: int | None = None
    contributors: str | None = None
    evaluation_state: str | None = None
    series: dict[MetricStat, tuple[int, ...]] = field(default_factory=dict)

    @property
    def cadence_s(self) -> int:
        """How often it is evaluated."""
        return cadence_of(self.alarm)

    @property
    def scope(self) -> Scope:
        """What the alarm may read: its own account and region."""
        return Scope.of(self.alarm.key.account, self.alarm.key.region)

    @property
    def scales(self) -> bool:
        """Whether an action of its present state is a scaling policy's."""
        return any(is_scaling(arn) for arn in self.alarm.actions.of(self.state))


def cadence_of(alarm: Alarm) -> int:
    """How often an alarm is evaluated (s)."""
    if isinstance(alarm, PromQLAlarm):
        return FAST_S if alarm.interval_s < SLOW_S else SLOW_S
    if isinstance(alarm, MetricAlarm):
        periods = [query.source.period_s for query in alarm.queries if isinstance(query.source, MetricStat)]
        return FAST_S if alarm.period_s in FAST_PERIODS or set(periods) & set(FAST_PERIODS) else SLOW_S
    return SLOW_S


class Book:
    """Every alarm but composite ones, by key. Used by one evaluator."""

    def __init__(self) -> None:
        self.entries: dict[AlarmKey, Entry] = {}

    def refresh(self, connection: Connection) -> None:
        """Read what changed: states of all, definitions of those that are new or were put again."""
        columns = alarms.c
        rows = connection.execute(
            select(
                columns.account,
                columns.region,
                columns.name,
                columns.configured,
                columns.version,
                columns.state,
                columns.updated_ms,
                columns.configured_ms,
                columns.warm_from_ms,
                columns.contributors,
                columns.evaluation_state,
            ).where(columns.kind != AlarmKind.COMPOSITE.value)
        )
        entries: dict[AlarmKey, Entry] = {}
        for account, region, name, configured, version, state, updated, put, warm, contributors, evaluation in rows:
            key = AlarmKey(account, region, name)
            entry = self.entries.get(key)
            if entry is None or entry.configured != configured:
                entry = self._read(connection, key)
            if entry is None:
                continue
            entry.version, entry.state = version, StateValue(state)
            entry.gate_ms = max(updated, put)
            entry.warm_from_ms, entry.contributors, entry.evaluation_state = warm, contributors, evaluation
            entries[key] = entry
        self.entries = entries

    def _read(self, connection: Connection, key: AlarmKey) -> Entry | None:
        columns = alarms.c
        row = connection.execute(select(columns.kind, columns.config, columns.configured).where(at(key))).first()
        if row is None:
            return None
        try:
            alarm = read_alarm(AlarmKind(row.kind), key, json.loads(row.config))
        except InvalidInput:  # written by a release that allowed more
            connection.execute(update(alarms).where(at(key)).values(evaluation_state="EVALUATION_FAILURE"))
            return None
        return Entry(alarm, row.configured)
