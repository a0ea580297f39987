"""Patterns that are new or gone: learnt, told once, ended; counted into metrics, also after a stop."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound
from trimtab.logs.model import Group, LogBatch, LogEvent
from trimtab.logs.patterns import judge
from trimtab.logs.patterns.anomalies import SLOT_MS, LogAnomaly, Priority, Suppression, Unusual
from trimtab.logs.patterns.anomaly_store import AnomalyFilter, LogAnomalyStore
from trimtab.logs.patterns.counting import GRACE_MS, CountingParts, PatternCount, PatternCounting
from trimtab.logs.patterns.detector_store import LogDetectorStore
from trimtab.logs.patterns.mask import mask
from trimtab.logs.patterns.vocabulary import MOST_PATTERNS, Slot, Vocabulary
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

GROUP = Group(1, "123456789012", "us-east-1", "/app", 0)
DAY = 86_400_000
HOUR = 3_600_000


def slots(line: str, at: Sequence[int], lines: int = 1) -> list[Slot]:
    """A line in some slots."""
    return [Slot(mask(line), one, lines, line) for one in at]


def names() -> Iterator[str]:
    """Ids."""
    return (str(number) for number in count())


def test_a_line_belongs_to_the_pattern_that_it_matches() -> None:
    words = Vocabulary(1)
    learnt = words.take(slots("GET /a 200 in 5 ms", [0, SLOT_MS]) + slots("worker started", [0]))
    assert len(learnt.new) == 2
    again = words.take(slots("GET /b/c 404 in 77 ms", [2 * SLOT_MS], 3))
    assert again.new == []
    [(id_, counts)] = again.counts.items()
    assert counts == {2 * SLOT_MS: 3}
    assert words.known[id_].lines == 5
    assert (words.known[id_].first_ms, words.known[id_].last_ms, words.known[id_].slots) == (0, 2 * SLOT_MS, 3)


def test_words_that_turn_out_to_vary_make_one_pattern_of_several_which_keeps_its_id() -> None:
    words = Vocabulary(1)
    first = words.take(slots("user ann logged in from web", [0]))
    [id_] = first.new
    for number, name in enumerate(("bob", "cyd", "dan")):
        more = words.take(slots(f"user {name} logged in from web", [number * SLOT_MS]))
        assert set(more.new) == more.variants  # one word apart is more of the same
    words.take(slots("user eve logged in from web", [SLOT_MS]))
    [one] = words.known.values()
    assert (one.id, one.template, one.lines) == (id_, "user <*> logged in from web", 5)


def test_a_group_has_no_more_patterns_than_its_limit() -> None:
    words = Vocabulary(1)
    lines = [
        f"{'abcdefghijklmnopqrstuvwxyz'[at % 26] * (at // 26 + 1)} {'of' * (at % 7 + 1)} this" for at in range(150)
    ]
    words.take([slot for at, line in enumerate(lines) for slot in slots(f"{line} {'x ' * at}", [0])])
    assert len(words.known) == MOST_PATTERNS
    late = words.take(slots("something else entirely", [3 * DAY]))
    assert late.new
    assert len(words.known) == MOST_PATTERNS
    assert len(words.forget(30 * DAY)) == MOST_PATTERNS


def judged(words: Vocabulary, lines: list[Slot], until: int, since: int = 0) -> list[LogAnomaly]:
    """What is found after some slots."""
    return judge.found(GROUP, words.known, words.take(lines), since, until, names())


def test_a_pattern_is_new_only_after_a_day_of_learning() -> None:
    words = Vocabulary(1)
    usual = slots("request done in 5 ms", range(0, 26 * HOUR, SLOT_MS))
    assert judged(words, [*usual, *slots("cache rebuilt twice", [HOUR])], 26 * HOUR) == []
    error = "ERROR KV cache exhausted on worker 3"
    [one] = judged(words, slots(error, [26 * HOUR], 4), 27 * HOUR)
    assert (one.unusual, one.template, one.priority) == (
        Unusual.NEW,
        "ERROR KV cache exhausted on worker <*>",
        Priority.HIGH,
    )
    assert (one.first_ms, one.counts, one.active, one.expected) == (26 * HOUR, {26 * HOUR: 4}, True, 0.0)
    assert "never had before" in one.description
    again = slots(error, [27 * HOUR]) + slots("request done in 7 ms", [27 * HOUR])
    assert judged(words, again, 28 * HOUR) == []
    quiet = judge.followed(one, words.known, {}, 29 * HOUR)
    assert not quiet.active


def test_the_first_lines_of_a_group_are_not_new(counter: "Counter", clock: ManualClock) -> None:
    async def story() -> None:
        await counter.log("ERROR disk 3 is full", [NOW - HOUR])
        clock.advance(300)
        await PatternCounting(counter.parts).run()
        assert await counter.anomalies() == []

    asyncio.run(story())


def test_a_pattern_is_gone_after_a_silence_that_its_rate_does_not_explain() -> None:
    words = Vocabulary(1)
    beats = range(0, 24 * HOUR, SLOT_MS)
    judged(words, [*slots("heartbeat sent", beats, 2), *slots("request done in 5 ms", beats)], 24 * HOUR)
    assert judged(words, slots("request done in 9 ms", [24 * HOUR]), 24 * HOUR + 30 * 60_000) == []
    [one] = judged(words, slots("request done in 9 ms", [25 * HOUR]), 25 * HOUR + SLOT_MS)
    assert (one.unusual, one.template, one.expected) == (Unusual.GONE, "heartbeat sent", 2.0)
    back = judge.followed(one, words.known, {26 * HOUR: 1}, 26 * HOUR)
    assert not back.active


def test_a_log_that_is_silent_as_a_whole_has_lost_no_pattern() -> None:
    words = Vocabulary(1)
    judged(words, slots("heartbeat sent", range(0, 24 * HOUR, SLOT_MS), 2), 24 * HOUR)
    assert judged(words, [], 48 * HOUR) == []


def test_a_pattern_that_always_had_long_gaps_is_not_gone() -> None:
    words = Vocabulary(1)
    nightly = [night * DAY + at * SLOT_MS for night in range(3) for at in range(12)]
    usual = slots("request done in 5 ms", range(0, 3 * DAY, 12 * SLOT_MS))
    judged(words, [*slots("backup wrote 5 files", nightly, 50), *usual], 2 * DAY + HOUR)
    assert judged(words, slots("request done in 9 ms", [3 * DAY - HOUR]), 3 * DAY - HOUR) == []


class Counter:
    """The job over a real engine, and the metrics that it writes."""

    def __init__(self, room: LogsRoom, engine: Telemetry, state: State, clock: ManualClock) -> None:
        self.room, self.clock = room, clock
        self.store = LogAnomalyStore(state, clock)
        self.parts = CountingParts(engine, room.groups, room.reader, self.store, self._emit, clock)
        self.counts: dict[tuple[str, int], int] = {}

    async def _emit(self, counts: Sequence[PatternCount]) -> None:
        for one in counts:
            self.counts[one.pattern, one.slot_ms] = one.lines

    async def log(self, text: str, times: Sequence[int]) -> None:
        """A line at some times (ms)."""
        made, [stream] = await self.room.groups.ensure("123456789012", "us-east-1", "/app", ["s"])
        await self.room.ingest.write([LogBatch(made, stream, [LogEvent(at, text) for at in times])])
        assert await self.room.reader.fresh(30.0)

    async def anomalies(self, scope: Scope = EVERYTHING) -> list[LogAnomaly]:
        """What was found."""
        return await self.store.listed(scope, AnomalyFilter())


@pytest.fixture
def counter(room: LogsRoom, engine: Telemetry, state: State, clock: ManualClock) -> Counter:
    """The job over an empty log."""
    return Counter(room, engine, state, clock)


def test_the_job_counts_history_and_goes_on_where_it_was(counter: Counter, clock: ManualClock) -> None:
    hours = range(NOW - 40 * HOUR, NOW, HOUR // 2)

    async def story() -> None:
        await counter.log("request 5 done", hours)
        await counter.log("ERROR disk 3 is full", [NOW - HOUR])
        assert await PatternCounting(counter.parts).run() == 0  # the group is too young: its history may still come
        clock.advance(300)
        job = PatternCounting(counter.parts)
        assert await job.run() == len(hours) + 1
        [one] = await counter.anomalies()
        assert (one.unusual, one.template, one.severity) == (Unusual.NEW, "ERROR disk <*> is full", "error")
        assert await counter.anomalies(Scope(accounts=frozenset({"999999999999"}))) == []
        assert sum(counter.counts.values()) == len(hours) + 1
        assert {lines for (pattern, _), lines in counter.counts.items() if pattern == one.pattern} == {0, 1}
        assert await job.run() == 0
        clock.advance(600)
        at = (clock.now_ms() - GRACE_MS) // SLOT_MS * SLOT_MS - SLOT_MS
        await counter.log("request 6 done", [at])
        again = PatternCounting(counter.parts)  # another process, which knows what is stored
        assert await again.run() == 1
        assert len(await counter.anomalies()) == 1
        assert counter.counts[next(p for (p, s), n in counter.counts.items() if s == at and n), at] == 1

    asyncio.run(story())


def test_anomalies_are_suppressed_and_detectors_are_kept(counter: Counter, state: State, clock: ManualClock) -> None:
    detectors = LogDetectorStore(state, clock)
    owner = ("123456789012", "us-east-1")

    async def story() -> None:
        await counter.log("request 5 done", range(NOW - 40 * HOUR, NOW, HOUR))
        await counter.log("panic: out of memory", [NOW - HOUR])
        clock.advance(300)
        await PatternCounting(counter.parts).run()
        [one] = await counter.anomalies()
        await counter.store.suppress(*owner, anomaly=one.id, state=Suppression.SUPPRESSED, until_ms=NOW + DAY)
        [quiet] = await counter.store.listed(EVERYTHING, AnomalyFilter(suppressed=True))
        assert (quiet.state, quiet.suppressed_until_ms) == (Suppression.SUPPRESSED, NOW + DAY)
        assert await counter.store.listed(EVERYTHING, AnomalyFilter(suppressed=False)) == []
        await counter.store.suppress(*owner, pattern=one.pattern, state=Suppression.ACTIVE)
        assert len(await counter.store.listed(EVERYTHING, AnomalyFilter(suppressed=False))) == 1
        with pytest.raises(NotFound):
            await counter.store.suppress(*owner, anomaly="none", state=Suppression.BASELINE)
        made = await detectors.create(*owner, "d", [GROUP.arn], frequency="ONE_HOUR")
        with pytest.raises(Conflict):
            await detectors.create(*owner, "e", [GROUP.arn])
        await detectors.change(*owner, made.id, {"paused": True, "visible_days": 7})
        [listed] = await detectors.listed(*owner, GROUP.arn)
        assert (listed.paused, listed.visible_days, listed.frequency) == (True, 7, "ONE_HOUR")
        await detectors.delete(*owner, made.id)
        with pytest.raises(NotFound):
            await detectors.get(*owner, made.id)

    asyncio.run(story())
