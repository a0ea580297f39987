"""The job that counts lines by pattern in slots of five minutes: metrics, and anomalies of what is new or gone.

A slot is counted when it has been over for GRACE_MS. A group that is new is counted from HISTORY_MS before, so that
what its senders had stored is learnt from. Counts are gauges, a sample a slot: what is written again replaces itself.
What is known moves on with the clock of the group in one transaction, so that of several servers one counts.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict
from trimtab.logs.explore import DIGITS, MOST_LINES
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group
from trimtab.logs.patterns import judge, mask
from trimtab.logs.patterns.anomalies import SLOT_MS, KnownPattern
from trimtab.logs.patterns.anomaly_store import Counted, LogAnomalyStore, PatternClock
from trimtab.logs.patterns.vocabulary import Learnt, Slot, Vocabulary
from trimtab.logs.read import LogReader
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

logger = logging.getLogger(__name__)

_QUERIES = load_queries("trimtab.logs.patterns")
_LIMITS = ReadLimits(seconds=30, memory_mb=1024, threads=1)
GRACE_MS = 90_000
"""How long after its end a slot may still get lines; those that come later are not counted."""
HISTORY_MS = 48 * 3_600_000
"""How much of a new group's past is counted: a day to learn from, and a day to find something in."""
SETTLED_MS = 180_000
"""How long a group has been there before it is counted: history that is sent with it has then arrived."""
STRETCH_MS = 6 * 3_600_000
"""How much is counted at once."""
MOST_GROUPS = 2000
"""Log groups that are counted, by name."""
MEASURED = 40
"""Patterns of a group whose counts become metrics: those with the most lines, errors before others."""
_MOST_SHAPES = 100_000
_LONGEST = 400  # characters of a line that make its pattern, as on the page
_BUDGET_S = 5.0  # of counting what is behind, in one run


class PatternCount(Struct, frozen=True):
    """Lines of a pattern in a slot (its start, ms)."""

    group: Group
    pattern: str
    slot_ms: int
    lines: int


Emit = Callable[[Sequence[PatternCount]], Awaitable[None]]


class CountingParts(Struct, frozen=True):
    """What the job needs of its process."""

    telemetry: Telemetry
    groups: LogGroups
    reader: LogReader
    store: LogAnomalyStore
    emit: Emit
    clock: Clock


class PatternCounting:
    """Counts lines by pattern. Make one a process, and call `run` often: it does what is due."""

    def __init__(self, parts: CountingParts) -> None:
        self._parts = parts
        self._known: dict[int, tuple[int, Vocabulary]] = {}

    async def run(self) -> int:
        """Count every slot that is due; how many lines that were. Raises QueryAborted, Unavailable, Throttled."""
        parts, counted = self._parts, 0
        began = parts.clock.monotonic()
        while True:
            now_ms = parts.clock.now_ms()
            target_ms = (now_ms - GRACE_MS) // SLOT_MS * SLOT_MS
            clocks = await parts.store.clocks()
            behind = self._behind(await parts.groups.everywhere(MOST_GROUPS), clocks, target_ms, now_ms)
            if not behind:
                return counted
            from_ms = min(behind)
            counted += await self._stretch(behind[from_ms], clocks, from_ms, min(from_ms + STRETCH_MS, target_ms))
            if parts.clock.monotonic() - began > _BUDGET_S:
                return counted

    def _behind(
        self, groups: Sequence[Group], clocks: Mapping[int, PatternClock], target_ms: int, now_ms: int
    ) -> dict[int, list[Group]]:
        """The groups that are behind, by the first slot that was not counted."""
        found: dict[int, list[Group]] = defaultdict(list)
        for group in groups:
            clock = clocks.get(group.id)
            if clock is None and now_ms - group.created_ms < SETTLED_MS:
                continue
            until_ms = target_ms - HISTORY_MS if clock is None else clock.until_ms
            if until_ms < target_ms:
                found[until_ms].append(group)
        return found

    async def _stretch(
        self, groups: Sequence[Group], clocks: Mapping[int, PatternClock], from_ms: int, to_ms: int
    ) -> int:
        slots = await self._slots(groups, from_ms, to_ms)
        ids = [group.id for group in groups]
        stale = [
            id_
            for id_ in ids
            if self._known.get(id_, (None, None))[0] != from_ms  # another process went on
        ]
        stored = await self._parts.store.patterns(stale)
        for id_ in stale:
            self._known[id_] = (from_ms, Vocabulary(id_, stored.get(id_, ())))
        going = await self._parts.store.active(ids)
        for group in groups:
            mine = slots.get(group.id, [])
            vocabulary = self._known[group.id][1]
            before = {one.id: one for one in vocabulary.known.values()}
            # Thousands of patterns that are new take seconds, for which nobody else must wait.
            learnt = await asyncio.to_thread(vocabulary.take, mine)
            vocabulary.forget(to_ms)
            await self._parts.emit(list(_counts(group, vocabulary.known, before, learnt, from_ms, to_ms)))
            clock = clocks.get(group.id)
            since_ms = from_ms if clock is None else clock.since_ms
            made = [
                one
                for one in judge.found(group, vocabulary.known, learnt, since_ms, to_ms, iter(_new_id, ""))
                if (one.pattern, one.unusual) not in {(old.pattern, old.unusual) for old in going.get(group.id, ())}
            ]
            changed = [
                judge.followed(one, vocabulary.known, learnt.counts.get(one.pattern, {}), to_ms)
                for one in going.get(group.id, ())
            ]
            patterns = list(vocabulary.known.values())
            written = Counted(group.id, clock, PatternClock(since_ms, to_ms), patterns, made, changed)
            try:
                await self._parts.store.write(written)
                self._known[group.id] = (to_ms, vocabulary)
            except Conflict:  # another process counted it
                del self._known[group.id]
        return sum(slot.lines for mine in slots.values() for slot in mine)

    async def _slots(self, groups: Sequence[Group], from_ms: int, to_ms: int) -> dict[int, list[Slot]]:
        window = await self._parts.reader.window(EVERYTHING, groups, from_ms, to_ms)
        telemetry = self._parts.telemetry
        lines = await telemetry.fetch(
            _QUERIES["lines_between"].replace("/*and*/", window.where), window.params, limits=_LIMITS
        )
        one_in = max(-(-int(lines["lines"][0]) // MOST_LINES), 1)
        query = _QUERIES["slots"].replace("/*and*/", window.where).replace("/*mask*/", mask.sql("shape"))
        params = {
            **window.params,
            "step": SLOT_MS,
            "one_in": one_in,
            "most": _MOST_SHAPES,
            "digits": DIGITS,
            "longest": _LONGEST,
        }
        found = await telemetry.fetch(query, params, limits=_LIMITS)
        names = ("in_group", "masked", "slot", "lines", "example", "level")
        slots: dict[int, list[Slot]] = defaultdict(list)
        for group, masked, slot, count, example, level in zip(*(found[name].tolist() for name in names), strict=True):
            slots[group].append(Slot(masked, slot, count * one_in, example, level))
        return slots


def _counts(
    group: Group,
    known: Mapping[str, KnownPattern],
    before: Mapping[str, KnownPattern],
    learnt: Learnt,
    from_ms: int,
    to_ms: int,
) -> Iterator[PatternCount]:
    """A count for each slot of each pattern that is measured; 0 where none of its lines came."""
    ranked = sorted(known.values(), key=lambda one: (one.severity != "error", -one.lines, one.id))
    for one in ranked[:MEASURED]:
        mine = learnt.counts.get(one.id, {})
        first_ms = from_ms if one.id in before else max(one.first_ms, from_ms)
        for slot_ms in range(first_ms, to_ms, SLOT_MS):
            yield PatternCount(group, one.id, slot_ms, mine.get(slot_ms, 0))


def _new_id() -> str:
    return str(uuid.uuid4())
