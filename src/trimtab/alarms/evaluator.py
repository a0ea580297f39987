"""The evaluator: finds the evaluations that are due, judges every alarm at each, and writes what changed.

One round is one transaction: the clock of evaluations moves on with the states, the history and the events. A round
that dies before its end leaves nothing behind and is made again; one that another process made first writes nothing.
So every evaluation time counts exactly once, and no transition is lost or told twice.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec import Struct, field

from trimtab.alarms.book import SLOW_S, Book, Entry
from trimtab.alarms.contributors import ContributorChange, changes, read, write
from trimtab.alarms.evaluate import VALUES, Codes, Verdict, transitions
from trimtab.alarms.history import KEPT_MS, trim
from trimtab.alarms.look import Look
from trimtab.alarms.look_burns import BurnLooks
from trimtab.alarms.look_expressions import ExpressionLooks
from trimtab.alarms.look_logs import LogLooks, Queries
from trimtab.alarms.look_metrics import MetricLooks
from trimtab.alarms.look_promql import look_at_promql
from trimtab.alarms.model import (
    AlarmKey,
    BurnRateAlarm,
    LogAlarm,
    MetricAlarm,
    PromQLAlarm,
    State,
    Transition,
)
from trimtab.alarms.ports import Budgets, Expressions, PromQL, Reader, Registry
from trimtab.alarms.round import Found, Heard, Round, write_round
from trimtab.alarms.schedule import Due, due, upcoming
from trimtab.alarms.warm_up import hold_back, warming
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, QueryAborted
from trimtab.metrics.expressions.model import MetricStat
from trimtab.store.state.database import State as Database
from trimtab.store.state.upcoming import Upcoming

logger = logging.getLogger(__name__)

_AT_ONCE = 4
"""PromQL queries that run side by side: each may hold much memory, and the engine answers others too."""
_TRIM_MS = 3_600_000
"""How often history past its days is forgotten."""


class EvaluatorParts(Struct, frozen=True):
    """What the evaluator is made of. `may_write` says whether this process leads.

    Without `promql` or `logs` such alarms wait; without `budgets` those on objectives of service levels fail.
    """

    database: Database
    clock: Clock
    reader: Reader
    registry: Registry
    expressions: Expressions
    promql: PromQL | None = None
    logs: Queries | None = None
    budgets: Budgets | None = None
    may_write: Callable[[], bool] = field(default=lambda: True)


class AlarmEvaluator:
    """Evaluates every alarm. Make one a process, and call `run` often: it does what is due."""

    def __init__(self, parts: EvaluatorParts) -> None:
        self._parts = parts
        self._book = Book()
        self._metrics = MetricLooks(parts.reader, parts.registry)
        self._expressions = ExpressionLooks(parts.expressions)
        self._burns = BurnLooks(parts.reader, parts.registry, parts.budgets)
        self._logs = None if parts.logs is None else LogLooks(parts.logs)
        self._upcoming = Upcoming(parts.database, *upcoming())
        self._trimmed_ms = 0

    async def run(self) -> int:
        """Make every evaluation that is due, oldest first; returns how many evaluation times that were."""
        made = 0
        while self._parts.may_write() and await self._upcoming.due(self._parts.clock.now_ms()):
            dues = await self._parts.database.read(partial(due, now_ms=self._parts.clock.now_ms()))
            if not dues:
                break
            await self._round(dues)
            made += sum(len(one.times) for one in dues)
        await self._trim()
        return made

    async def _round(self, dues: Sequence[Due]) -> None:
        await self._parts.database.read(self._book.refresh)
        await self._follow()
        found: list[Found] = []
        heard: list[Heard] = []
        scaling: list[AlarmKey] = []
        states: dict[AlarmKey, str | None] = {}
        for due_ in dues:
            entries = [entry for entry in self._book.entries.values() if entry.cadence_s == due_.cadence_s]
            looks, troubles = await self._look(entries, due_)
            found += [one for look in looks for one in _found(look, due_)]
            heard += [one for look in looks for one in _heard(look, due_)]
            if due_.cadence_s == SLOW_S:
                scaling = [entry.alarm.key for entry in self._book.entries.values() if entry.scales]
            states |= _evaluation_states(entries, troubles)
        round_ = Round(dues, found, heard, scaling, states)
        if self._parts.may_write():
            with contextlib.suppress(Conflict):  # another process made it
                await self._parts.database.change(partial(write_round, round_=round_, clock=self._parts.clock))

    async def _look(self, entries: Sequence[Entry], due_: Due) -> tuple[list[Look], dict[int, str]]:
        """The looks at all entries, and the evaluation states of those (`id(entry)`) that have one."""
        kinds = _by_kind(entries)
        looks = await self._metrics.look(kinds.single, due_.times)
        looks += await self._expressions.look(kinds.several, due_.times, due_.delay_ms)
        looks += await self._burns.look(kinds.burns, due_.times)
        failed = set(self._expressions.failed) | self._burns.failed
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(entry: Entry) -> Look | None:
            async with gate:
                return await self._promql(entry, due_)

        for entry, look in zip(kinds.promql, await asyncio.gather(*map(one, kinds.promql)), strict=True):
            if look is None:
                failed.add(id(entry))
            elif look.times:
                looks.append(look)
        troubles = dict.fromkeys(failed, "EVALUATION_ERROR")
        if kinds.logs and self._logs is not None:
            looks += await self._logs.look(kinds.logs, due_.times, due_.delay_ms)
            troubles |= dict.fromkeys(self._logs.failed, "EVALUATION_ERROR")
            troubles |= dict.fromkeys(self._logs.partial, "PARTIAL_DATA")
        return looks, troubles

    async def _promql(self, entry: Entry, due_: Due) -> Look | None:
        if self._parts.promql is None:
            return None
        try:
            return await look_at_promql(self._parts.promql, entry, due_.times, due_.delay_ms)
        except (InvalidInput, QueryAborted) as problem:
            logger.warning("cannot evaluate alarm %s: %s", entry.alarm.key.name, problem)
            return None

    async def _follow(self) -> None:
        """Learn of new series, and look the metrics up again that have some."""
        fresh = await self._parts.registry.follow()
        if fresh:
            for entry in self._book.entries.values():
                for stat in [stat for stat in entry.series if (stat.namespace, stat.name) in fresh]:
                    del entry.series[stat]

    async def _trim(self) -> None:
        now_ms = self._parts.clock.now_ms()
        if now_ms - self._trimmed_ms >= _TRIM_MS and self._parts.may_write():
            self._trimmed_ms = now_ms
            await self._parts.database.change(partial(trim, before_ms=now_ms - KEPT_MS))


class _Kinds(Struct, frozen=True):
    """Entries by how they are evaluated."""

    single: list[Entry] = field(default_factory=list)
    several: list[Entry] = field(default_factory=list)
    burns: list[Entry] = field(default_factory=list)
    promql: list[Entry] = field(default_factory=list)
    logs: list[Entry] = field(default_factory=list)


def _by_kind(entries: Sequence[Entry]) -> _Kinds:
    kinds = _Kinds()
    for entry in entries:
        alarm = entry.alarm
        if isinstance(alarm, MetricAlarm):
            one = len(alarm.queries) == 1 and isinstance(alarm.queries[0].source, MetricStat)
            (kinds.single if one and alarm.band is None else kinds.several).append(entry)
        elif isinstance(alarm, BurnRateAlarm):
            kinds.burns.append(entry)
        elif isinstance(alarm, PromQLAlarm):
            kinds.promql.append(entry)
        elif isinstance(alarm, LogAlarm):
            kinds.logs.append(entry)
    return kinds


def _found(look: Look, due_: Due) -> list[Found]:
    """The transitions in a look."""
    if not look.times:
        return []
    times = np.array(look.times, dtype=np.int64)
    gates = np.array([entry.gate_ms for entry in look.entries], dtype=np.int64)[:, None]
    codes: Codes = np.where(times[None, :] + due_.delay_ms > gates, look.codes, np.int8(Verdict.KEEP)).astype(np.int8)
    hold_back(look, codes, due_.delay_ms)
    now = np.array([_CODES[entry.state] for entry in look.entries], dtype=np.int8)[:, None]
    rows = np.flatnonzero(((codes != Verdict.KEEP) & (codes != now)).any(axis=1))
    found = []
    for row in rows.tolist():
        entry = look.entries[row]
        for at_, old, new in transitions(codes[row], entry.state):
            why = look.explain(row, at_, old, new)
            at_ms = look.times[at_] + due_.delay_ms
            state = State(new, why.reason, why.data, at_ms, at_ms)
            known = None if look.contributors is None or row not in look.contributors else look.contributors[row][at_]
            found.append(Found(entry, Transition(old, state), known))
    return found


_CODES = {value: verdict for verdict, value in VALUES.items()}


def _heard(look: Look, due_: Due) -> list[Heard]:
    """How contributors changed at each of the times, where they did."""
    told = []
    for row, after in (look.contributors or {}).items():
        entry = look.entries[row]
        known = read(entry.contributors)
        cold = warming(look, row, due_.delay_ms)
        found: list[ContributorChange] = []
        for at_, (time, now) in enumerate(zip(look.times, after, strict=True)):
            if cold is None or not cold[at_]:  # while the alarm warms up, its series are watched in silence
                found += changes(known, now, time + due_.delay_ms)
            known = now
        text = write(known)
        if found or text != entry.contributors:
            told.append(Heard(entry, text, found))
    return told


def _evaluation_states(entries: Sequence[Entry], troubles: Mapping[int, str]) -> dict[AlarmKey, str | None]:
    """What is new of which alarms cannot be evaluated, or not wholly."""
    changed: dict[AlarmKey, str | None] = {}
    for entry in entries:
        state = troubles.get(id(entry))
        if state != entry.evaluation_state:
            changed[entry.alarm.key] = state
    return changed
