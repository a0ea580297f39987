"""The job of the always-on detector: it looks at every series in every slot of five minutes, with no set-up.

A slot is looked at when it has been over for GRACE_MS. What is behind (new series, whose stored history is learnt from
first; everything after a stop) is caught up in the order of time, in stretches, with at most BUDGET_S seconds of work
in a run. Anomalies are written before the memory that knows them is saved: a crash repeats rows, and loses none.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.anomalies.episodes import Owner
from trimtab.anomalies.expectation import CHUNK
from trimtab.anomalies.model import SLOT_MS, Anomaly
from trimtab.anomalies.progress import Progress, ProgressStore
from trimtab.anomalies.shard import Shard, load, save, slot_of
from trimtab.anomalies.subjects import request_of, watchable
from trimtab.anomalies.write import Inserter, write
from trimtab.base.clock import Clock
from trimtab.logs.patterns.anomalies import NAMESPACE
from trimtab.metrics.postings import NOTHING, Ordinals
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.timeseries.anomaly.alerts import THRESHOLD
from trimtab.timeseries.anomaly.bank import HISTORY, Times, Values

logger = logging.getLogger(__name__)

GRACE_MS = 90_000
"""How long after its end a slot may still get points: agents send every minute at least, the log drains at once."""
BUDGET_S = 10.0
"""Seconds of work on what is behind in one run: a third of a core where runs come every 30 s."""
_SETTLED_MS = 180_000
"""How long a series has been known before it is watched: history that is sent with it has then arrived."""
_LEARNT_AT_ONCE = 6_000_000
"""Points of stored history that new series are learnt from in all, some minutes of work: each has its share of them."""
_LEAST_LEARNT = 864
"""Slots learnt from at least: three days, with which a time of day is known. Most are two weeks."""
_LIVE = 12
"""Slots within which series are read together: beyond an hour they are behind."""
_READ_AT_ONCE = 2048
"""Series of one read of the newest slots."""
_SAVE_AFTER_MS = 1_800_000
"""How much a crash may make the detector read again."""
_SAVES_A_RUN = 4
PATTERNS = 2_000
"""Series of log patterns that are watched beside the limit: the newest of all, they would else come too late."""
_SILENT_MS = 15 * 86_400_000
"""A series without a point for this long gives its row up."""


class WatchParts(Struct, frozen=True):
    """What the job needs of its process. `limit` is how many series are watched at most, but for log patterns.

    `threshold` is the score that begins an anomaly. `compiled` is awaited before the first point is scored.
    """

    registry: SeriesRegistry
    reader: MetricReader
    store: Inserter
    progress: ProgressStore
    clock: Clock
    directory: Path
    limit: int
    may_write: Callable[[], bool]
    compiled: Callable[[], Awaitable[None]]
    threshold: float = THRESHOLD


class AnomalyWatch:
    """The always-on detector. Make one a process, and call `run` often: it does what is due."""

    def __init__(self, parts: WatchParts) -> None:
        self._parts = parts
        self._shards: list[Shard] | None = None
        self._known = 0
        self._watched: set[int] = set()
        self._waiting: Ordinals = NOTHING
        self._pruned_ms = 0
        self._unwritten: list[Anomaly] = []

    async def run(self) -> int:
        """Look at all that is due; how many points were scored. Raises QueryAborted, Unavailable."""
        if not self._parts.may_write():
            self._shards = None  # Another process goes on from its own memory, and so must this one when it is back.
            return 0
        if self._shards is None:
            self._shards = await asyncio.to_thread(load, self._parts.directory)
            self._watched = {one.series for shard in self._shards for one in shard.owners.values()}
            self._known, self._waiting, self._unwritten = 0, NOTHING, []
        await asyncio.to_thread(self._write)
        now_ms = self._parts.clock.now_ms()
        target_ms = slot_of(now_ms - GRACE_MS)
        self._admit(self._shards, target_ms, now_ms)
        scored = await self._newest(self._shards, target_ms)
        scored += await self._catch_up(self._shards, target_ms)
        await self._save(self._shards, now_ms)
        await self._report(self._shards, target_ms, now_ms)
        return scored

    def _admit(self, shards: list[Shard], target_ms: int, now_ms: int) -> None:
        """Watch the series that are new in the registry, as far as the limit allows."""
        table = self._parts.registry.table
        fresh = watchable(table, np.arange(self._known, len(table), dtype=np.uint32))
        self._known = len(table)
        known = np.fromiter(self._watched, np.uint64, len(self._watched))
        fresh = fresh[~np.isin(table.ids[fresh], known)]
        self._waiting = np.concatenate((self._waiting, fresh))
        settled = self._waiting[table.first_seen[self._waiting] <= now_ms - _SETTLED_MS]
        patterns = len(self._patterns())
        room = max(self._parts.limit - len(self._watched) + patterns, 0)
        telling = self._is_pattern(settled)
        chosen = np.append(settled[telling][: max(PATTERNS - patterns, 0)], settled[~telling][:room])
        self._waiting = self._waiting[~np.isin(self._waiting, chosen)]
        taken = [Owner(table.id_at(ordinal), *table.shapes[table.shape_of[ordinal]][:2]) for ordinal in chosen.tolist()]
        share = _LEARNT_AT_ONCE // max(len(taken), 1)
        begin_ms = target_ms - min(max(share, _LEAST_LEARNT), HISTORY) * SLOT_MS
        for owner in taken:
            self._watched.add(owner.series)
            if any(shard.add(owner, begin_ms) is not None for shard in shards):
                continue
            shards.append(Shard(max((one.number for one in shards), default=0) + 1))
            shards[-1].add(owner, begin_ms)

    def _patterns(self) -> list[int]:
        """The series of log patterns that are watched."""
        ids = np.fromiter(self._watched, np.uint64, len(self._watched))
        ordinals = self._parts.registry.table.ordinals(ids)
        known = ordinals >= 0
        patterns: list[int] = ids[known][self._is_pattern(ordinals[known])].tolist()
        return patterns

    def _is_pattern(self, ordinals: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Whether these are series of log patterns."""
        table = self._parts.registry.table
        patterns = np.array([shape[2] == NAMESPACE for shape in table.shapes], np.bool_)
        flags: npt.NDArray[np.bool_] = patterns[table.shape_of.view[ordinals]]
        return flags

    async def _newest(self, shards: Sequence[Shard], target_ms: int) -> int:
        """Look at the newest slots of every series that is not far behind."""
        groups: dict[int, list[tuple[Shard, int]]] = defaultdict(list)
        for shard in shards:
            for row in shard.owners:
                until_ms = int(shard.until[row])
                if target_ms - _LIVE * SLOT_MS <= until_ms < target_ms:
                    groups[until_ms].append((shard, row))
        scored = 0
        for from_ms, group in sorted(groups.items()):
            for at in range(0, len(group), _READ_AT_ONCE):
                if self._parts.may_write():
                    scored += await self._look(group[at : at + _READ_AT_ONCE], from_ms, target_ms)
        return scored

    async def _catch_up(self, shards: Sequence[Shard], target_ms: int) -> int:
        """Look at what is behind, a shard after another, until the budget is spent."""
        began, scored = self._parts.clock.monotonic(), 0
        while self._parts.may_write() and self._parts.clock.monotonic() - began < BUDGET_S:
            behind = [
                (int(shard.until[row]), shard)
                for shard in shards
                for row in shard.owners
                if shard.until[row] < target_ms - _LIVE * SLOT_MS
            ]
            if not behind:
                break
            from_ms, shard = min(behind, key=lambda one: (one[1].number, one[0]))
            rows = [row for row in shard.owners if shard.until[row] == from_ms]
            to_ms = min(from_ms + CHUNK * SLOT_MS, target_ms)
            scored += await self._look([(shard, row) for row in rows], from_ms, to_ms)
        return scored

    async def _look(self, group: Sequence[tuple[Shard, int]], from_ms: int, to_ms: int) -> int:
        """Read and score the slots `[from_ms, to_ms)` of some series; how many points those were."""
        registry = self._parts.registry
        known = [(shard, row, registry.get(shard.owners[row].series)) for shard, row in group]
        asked = [(shard, row, request_of(series)) for shard, row, series in known if series is not None]
        read = await self._parts.reader.statistics(EVERYTHING, [one for _, _, one in asked], from_ms, to_ms)
        points: dict[int, dict[int, tuple[Times, Values]]] = defaultdict(dict)
        owners = {shard.number: shard for shard, _ in group}
        for shard, row in group:
            points[shard.number][row] = (np.empty(0, np.int64), np.empty(0))
        total = 0
        for (shard, row, _), found in zip(asked, read, strict=True):
            usable = np.isfinite(found.values) & (found.times >= from_ms)
            points[shard.number][row] = (found.times[usable], found.values[usable])
            total += int(usable.sum())
        if total:
            await self._parts.compiled()
        if not self._parts.may_write():
            return 0
        await asyncio.to_thread(self._score, owners, points, to_ms)
        return total

    def _score(self, shards: dict[int, Shard], points: dict[int, dict[int, tuple[Times, Values]]], to_ms: int) -> None:
        for number, mine in points.items():
            self._unwritten += shards[number].take(mine, to_ms, self._parts.threshold)
        self._write()

    def _write(self) -> None:
        """Write what has not been; memory that knows of it is saved only afterwards."""
        if self._unwritten:
            write(self._parts.store, self._unwritten)
            self._unwritten = []

    async def _save(self, shards: Sequence[Shard], now_ms: int) -> None:
        self._give_up(shards, now_ms)
        due = [shard for shard in shards if shard.oldest_ms - shard.saved_ms >= _SAVE_AFTER_MS]
        for shard in sorted(due, key=lambda one: one.saved_ms)[:_SAVES_A_RUN]:
            if self._parts.may_write():
                try:  # Whatever it found is written: a write that fails ends the run before.
                    await asyncio.to_thread(save, shard, self._parts.directory)
                except OSError as problem:
                    logger.warning("cannot save the memory of the anomaly detector, will try again: %s", problem)

    def _give_up(self, shards: Sequence[Shard], now_ms: int) -> None:
        """Once an hour: series that have long been silent make room for others."""
        if now_ms - self._pruned_ms < 3_600_000:
            return
        self._pruned_ms = now_ms
        for shard in shards:
            for row, owner in list(shard.owners.items()):
                last_ms = shard.bank.last_ms(row) or int(shard.until[row])
                if shard.until[row] - last_ms > _SILENT_MS:
                    shard.drop(row)
                    self._watched.discard(owner.series)

    async def _report(self, shards: Sequence[Shard], target_ms: int, now_ms: int) -> None:
        late = [int(shard.until[row]) for shard in shards for row in shard.owners if shard.until[row] < target_ms]
        learning = sum(1 for one in late if one < target_ms - _LIVE * SLOT_MS)
        until_ms = min(late, default=target_ms)
        beyond = len(self._waiting) if len(self._watched) >= self._parts.limit else 0
        if self._parts.may_write():
            await self._parts.progress.note(Progress(len(self._watched), learning, beyond, until_ms, now_ms))
