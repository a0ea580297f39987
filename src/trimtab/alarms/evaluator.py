"""The evaluator: finds the evaluations that are due, judges every alarm at each, and writes what changed.

One round is one transaction: the clock of evaluations moves on with the states, the history and the events. A round
that dies before its end leaves nothing behind and is made again; one that another process made first writes nothing.
So every evaluation time counts exactly once, and no transition is lost or told twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from trimtab.alarms.book import FAST_S, SLOW_S, Book, Entry
from trimtab.alarms.contributors import write
from trimtab.alarms.evaluate import VALUES, Codes, Verdict, transitions
from trimtab.alarms.history import KEPT_MS, trim
from trimtab.alarms.look import Look
from trimtab.alarms.look_burns import BurnLooks
from trimtab.alarms.look_expressions import ExpressionLooks
from trimtab.alarms.look_metrics import MetricLooks
from trimtab.alarms.look_promql import look_at_promql
from trimtab.alarms.model import (
    AlarmKey,
    BurnRateAlarm,
    MetricAlarm,
    PromQLAlarm,
    State,
    Transition,
)
from trimtab.alarms.ports import Expressions, PromQL, Reader, Registry
from trimtab.alarms.round import Found, Round, write_round
from trimtab.alarms.schedule import Due, due
from trimtab.alarms.warm_up import hold_back
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import MetricStat
from trimtab.store.state.database import State as Database

logger = logging.getLogger(__name__)

_TRIM_MS = 3_600_000
"""How often history past its days is forgotten."""


@dataclass(frozen=True, slots=True)
class EvaluatorParts:
    """What the evaluator is made of. `may_write` says whether this process leads; without `promql` such alarms wait."""

    database: Database
    clock: Clock
    reader: Reader
    registry: Registry
    expressions: Expressions
    promql: PromQL | None = None
    may_write: Callable[[], bool] = field(default=lambda: True)


class AlarmEvaluator:
    """Evaluates every alarm. Make one a process, and call `run` often: it does what is due."""

    def __init__(self, parts: EvaluatorParts) -> None:
        self._parts = parts
        self._book = Book()
        self._metrics = MetricLooks(parts.reader, parts.registry)
        self._expressions = ExpressionLooks(parts.expressions)
        self._burns = BurnLooks(parts.reader, parts.registry)
        self._trimmed_ms = 0

    async def run(self) -> int:
        """Make every evaluation that is due, oldest first; returns how many evaluation times that were."""
        made = 0
        for cadence_s in (SLOW_S, FAST_S):
            while self._parts.may_write():
                now_ms = self._parts.clock.now_ms()
                round_ = await self._parts.database.run(partial(due, cadence_s=cadence_s, now_ms=now_ms))
                if not round_.times:
                    break
                await self._round(round_)
                made += len(round_.times)
        await self._trim()
        return made

    async def _round(self, due_: Due) -> None:
        await self._parts.database.run(self._book.refresh)
        await self._follow()
        entries = [entry for entry in self._book.entries.values() if entry.cadence_s == due_.cadence_s]
        looks, failed = await self._look(entries, due_.times)
        found = [one for look in looks for one in _found(look, due_)]
        quiet = [one for look in looks for one in _contributors(look, due_)]
        scaling = [entry.alarm.key for entry in entries if entry.scales] if due_.cadence_s == SLOW_S else []
        round_ = Round(due_, found, quiet, scaling, _evaluation_states(entries, failed))
        if self._parts.may_write():
            await self._parts.database.run(partial(write_round, round_=round_, clock=self._parts.clock))

    async def _look(self, entries: Sequence[Entry], times: Sequence[int]) -> tuple[list[Look], set[int]]:
        """The looks at all entries, and the ids (`id(entry)`) of those that could not be evaluated."""
        single: list[Entry] = []
        several: list[Entry] = []
        burns: list[Entry] = []
        promql: list[Entry] = []
        for entry in entries:
            alarm = entry.alarm
            if isinstance(alarm, MetricAlarm):
                one = len(alarm.queries) == 1 and isinstance(alarm.queries[0].source, MetricStat)
                (single if one and alarm.band is None else several).append(entry)
            elif isinstance(alarm, BurnRateAlarm):
                burns.append(entry)
            elif isinstance(alarm, PromQLAlarm):
                promql.append(entry)
        looks = await self._metrics.look(single, times)
        looks += await self._expressions.look(several, times)
        looks += await self._burns.look(burns, times)
        failed = set(self._expressions.failed)
        for entry in promql:
            look = await self._promql(entry, times)
            if look is None:
                failed.add(id(entry))
            elif look.times:
                looks.append(look)
        return looks, failed

    async def _promql(self, entry: Entry, times: Sequence[int]) -> Look | None:
        if self._parts.promql is None:
            return None
        try:
            return await look_at_promql(self._parts.promql, entry, times)
        except InvalidInput as problem:
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
            await self._parts.database.run(partial(trim, before_ms=now_ms - KEPT_MS))


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
            found.append(Found(look.times[at_], entry, Transition(old, state), known))
    return found


_CODES = {value: verdict for verdict, value in VALUES.items()}


def _contributors(look: Look, due_: Due) -> list[tuple[Entry, str | None]]:
    """The contributors after the last of the times, where they changed."""
    told = []
    for row, after in (look.contributors or {}).items():
        text, entry = write(after[-1]), look.entries[row]
        if text != entry.contributors and look.times[-1] + due_.delay_ms > entry.gate_ms:
            told.append((entry, text))
    return told


def _evaluation_states(entries: Sequence[Entry], failed: set[int]) -> dict[AlarmKey, str | None]:
    """What is new of which alarms cannot be evaluated."""
    changed: dict[AlarmKey, str | None] = {}
    for entry in entries:
        state = "EVALUATION_ERROR" if id(entry) in failed else None
        if state != entry.evaluation_state:
            changed[entry.alarm.key] = state
    return changed
