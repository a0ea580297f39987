"""Replays any alarm: reads its past, judges it with the evaluator's own state machine, and adds up what it found."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.alarms import composite
from trimtab.alarms.form import read_alarm
from trimtab.alarms.look_logs import Queries
from trimtab.alarms.model import (
    Alarm,
    BurnRateAlarm,
    CompositeAlarm,
    LogAlarm,
    MetricAlarm,
    PromQLAlarm,
    StateValue,
)
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.ports import Reader, Registry
from trimtab.alarms.replay.above import replay_composite
from trimtab.alarms.replay.burns import replay_burns
from trimtab.alarms.replay.expressions import Over, replay_expression
from trimtab.alarms.replay.found import Found, entry_of
from trimtab.alarms.replay.logs import replay_logs
from trimtab.alarms.replay.model import CannotReplay, Replay, Span
from trimtab.alarms.replay.outcome import add_up, moves, silence
from trimtab.alarms.replay.pace import Pace, pace
from trimtab.alarms.replay.promql import Ranges, replay_promql
from trimtab.alarms.replay.single import replay_single
from trimtab.alarms.rows import Stored, name_of
from trimtab.alarms.schedule import delay_ms
from trimtab.base.clock import iso
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.rollups.tiers import Retention

MOST_CHILDREN = 100
"""Alarms that the replay of a composite alarm replays, those below its children included."""

Named = Callable[[str, str, Sequence[str]], Awaitable[Mapping[str, Stored]]]
"""The alarms of an account and region that have one of some names."""


class ReplayParts(Struct, frozen=True):
    """What a replay asks of other rooms. `over` makes an expression evaluator over a reader."""

    reader: Reader
    registry: Registry
    over: Over
    named: Named
    kept: Retention
    promql: Ranges | None = None
    logs: Queries | None = None


class Replayer:
    """Replays alarms, saved or not."""

    def __init__(self, parts: ReplayParts) -> None:
        self._parts = parts

    async def replay(self, alarm: Alarm, span: Span, rules: Sequence[MuteRule] = ()) -> Replay:
        """The transitions that `alarm` would have had over `span`, and what they add up to.

        `rules` mark what a mute rule of today would have kept silent. Raises CannotReplay (an InvalidInput) with the
        reason, QueryAborted, Unavailable.
        """
        if isinstance(alarm, CompositeAlarm):
            return await self._composite(alarm, span, rules, (), [0])
        found = await self._found(alarm, span)
        return _finished(alarm, _from_first_point(found), rules)

    async def _found(self, alarm: Alarm, span: Span) -> Found:
        parts = self._parts
        if isinstance(alarm, MetricAlarm):
            source = alarm.queries[0].source
            if len(alarm.queries) == 1 and isinstance(source, MetricStat):
                whole = not source.statistic.simple
                at = self._pace(alarm, span, alarm.period_s, whole=whole, zone=alarm.zone is not None)
                return await replay_single(parts.reader, parts.registry, alarm, source, at)
            stats = [query.source for query in alarm.queries if isinstance(query.source, MetricStat)]
            whole = any(not stat.statistic.simple for stat in stats)
            at = self._pace(alarm, span, alarm.period_s, whole=whole, zone=alarm.zone is not None)
            return await replay_expression(parts.reader, parts.over, alarm, at)
        if isinstance(alarm, BurnRateAlarm):
            return await replay_burns(parts.reader, parts.registry, alarm, self._pace(alarm, span, 60))
        if isinstance(alarm, PromQLAlarm):
            if parts.promql is None:
                raise CannotReplay(f"cannot replay {alarm.key.name}: this server answers no PromQL")
            at = self._pace(alarm, span, alarm.interval_s)
            return await replay_promql(parts.promql, alarm, replace(at, step_s=max(at.step_s, alarm.interval_s)))
        if isinstance(alarm, LogAlarm):
            if parts.logs is None:
                raise CannotReplay(f"cannot replay {alarm.key.name}: this server answers no log queries")
            return await replay_logs(parts.logs, alarm, Pace(span, 60, delay_ms(entry_of(alarm).cadence_s)))
        raise CannotReplay(f"cannot replay {alarm.key.name}: it is of an unknown kind")

    def _pace(self, alarm: Alarm, span: Span, period_s: int, *, whole: bool = False, zone: bool = False) -> Pace:
        late_ms = delay_ms(entry_of(alarm).cadence_s)
        return pace(span, period_s, late_ms, self._parts.kept, whole=whole, zone=zone)

    async def _composite(
        self, alarm: CompositeAlarm, span: Span, rules: Sequence[MuteRule], above: tuple[str, ...], count: list[int]
    ) -> Replay:
        key = alarm.key
        words = composite.children(composite.rule_of(alarm.rule))
        names = list(dict.fromkeys(name_of(word, key.account, key.region) for word in words))
        path = (*above, key.name)
        if set(names) & set(path):
            raise CannotReplay(f"cannot replay {path[0]}: {' → '.join(path)} is a cycle")
        count[0] += len(names)
        if count[0] > MOST_CHILDREN:
            raise CannotReplay(f"cannot replay {path[0]}: more than {MOST_CHILDREN} alarms are below it")
        known = await self._parts.named(key.account, key.region, names)
        children: dict[str, Replay] = {}
        for name in names:
            if name not in known:
                raise CannotReplay(f"cannot replay {path[0]}: its rule names {name}, which does not exist")
            stored = known[name]
            child = read_alarm(stored.kind, stored.key, stored.form)
            if isinstance(child, CompositeAlarm):
                children[name] = await self._composite(child, span, (), path, count)
            else:
                children[name] = await self.replay(child, span)
        begin_ms = max((child.start_ms for child in children.values()), default=span.start_ms)
        began, moved, trace = replay_composite(alarm, children, begin_ms, span.end_ms)
        notes = sorted({f"{name}: {note}" for name, child in children.items() for note in child.notes})
        found = add_up(
            key,
            replace(span, start_ms=begin_ms),
            began,
            silence([one for one in moved if one.at_ms >= begin_ms], key.name, rules),
            trace,
            step_s=max((child.step_s for child in children.values()), default=60),
            evaluations=sum(child.evaluations for child in children.values()),
            notes=notes,
        )
        return replace(found, children={name: child.ended for name, child in children.items()})


def _finished(alarm: Alarm, found: Found, rules: Sequence[MuteRule]) -> Replay:
    began, moved = moves(found.times, found.codes, found.why, found.pace.delay_ms)
    return add_up(
        alarm.key,
        found.pace.span,
        began,
        silence(moved, alarm.key.name, rules),
        found.trace,
        step_s=found.pace.step_s,
        evaluations=len(found.times),
        notes=found.pace.notes,
    )


def _from_first_point(found: Found) -> Found:
    """What was found from the first point on: before there was anything to watch nobody had such an alarm."""
    known = np.flatnonzero(~np.isnan(found.trace.values))
    if not len(known):
        note = "There are no points in this range."
        return replace(found, pace=replace(found.pace, notes=(*found.pace.notes, note)))
    first_ms = int(found.trace.starts[known[0]])
    period_ms = found.trace.period_s * 1000
    skipped = int(np.searchsorted(found.times, first_ms + period_ms))
    if first_ms - found.pace.span.start_ms <= 2 * period_ms or skipped >= len(found.times):
        return found
    note = f"Begins later than asked: the first point is of {iso(first_ms)}."
    span = replace(found.pace.span, start_ms=int(found.times[skipped]))
    why = found.why

    def shifted(number: int, old: StateValue, new: StateValue) -> str:
        return why(number + skipped, old, new)

    return Found(
        found.times[skipped:],
        found.codes[skipped:],
        shifted,
        found.trace,
        replace(found.pace, span=span, notes=(*found.pace.notes, note)),
    )
