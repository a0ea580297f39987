"""Rolls closed hours up: a job that may be killed at any point and goes on where it was.

One attempt takes a run of neighbouring hours, notes the version it is about to write, writes the rows of the tiers
under that version, and commits it. Rows are read by committed version only (hours.py), so there is nothing to undo.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.metrics.rollups.details import details_of, encode_details
from trimtab.metrics.rollups.hours import RolledHour, encode, highest_attempt, hours_of
from trimtab.metrics.rollups.tiers import DAY_MS, HOUR_MS, ONE_MINUTE, RAW_TABLES, TIERS, Retention, Tier
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.schema import METRIC_DETAILED, METRIC_ROLLUP_HOURS

logger = logging.getLogger(__name__)

GRACE_MS = 120_000  # after an hour's end before it is rolled up: stragglers of the last scrape; clocks that differ
REDO_MS = 600_000  # between two roll-ups of one hour, so that a back-fill in many writes does not redo it each time
RUN_ROWS = 5_000_000  # raw rows of one attempt, at most (but one hour at least): what a kill makes it do again
CHUNK_ROWS = 500_000  # raw rows of one statement: 350 MiB of engine memory (measured)
LIMITS = ReadLimits(seconds=600, memory_mb=1024, threads=1)  # one thread: readers and ingest come first

_QUERIES = load_queries("trimtab.metrics.rollups")
_SERIES_IDS = 1 << 64
_HOURS_A_DAY = 24
_ALL_HOURS = {"from": 0, "to": (1 << 32) - 1}


class Run(Struct, frozen=True):
    """Neighbouring hours of one day to roll up together, and about how many raw rows they have."""

    hours: tuple[RolledHour, ...]
    rows: int

    @property
    def span(self) -> tuple[int, int]:
        """Start and end (ms)."""
        return self.hours[0].hour * HOUR_MS, (self.hours[-1].hour + 1) * HOUR_MS


class RollupBuilder:
    """Brings rollups up to date, in one process at a time: `may_write`, the leader's lock, is asked at each attempt."""

    def __init__(
        self, telemetry: Telemetry, clock: Clock, retention: Retention, may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._retention = retention
        self._may_write = may_write

    def roll(self) -> int:
        """Roll up every closed hour that needs it, the newest first; returns how many were. Blocks.

        Raises QueryAborted or Unavailable; what was committed by then stays.
        """
        if not self._may_write():
            return 0
        days = raw_days(self._telemetry)
        marks = self._marks()
        known = hours_of(self._telemetry.fetch_sync(_QUERIES["hours"], _ALL_HOURS))
        version = highest_attempt(known)
        self._note_details(version + 1)
        done = 0
        for run in runs(days, known, marks, self._clock.now_ms(), self._retention):
            if not self._may_write():
                break
            version += 1
            self._attempt(run, version)
            done += len(run.hours)
        if done:
            logger.info("rolled up %d hours", done)
        return done

    def _marks(self) -> dict[int, int]:
        """Read before any point is: a mark that is seen has its points stored."""
        columns = self._telemetry.fetch_sync(_QUERIES["marks"])
        return dict(zip(columns["hour"].tolist(), columns["marks"].tolist(), strict=True))

    def _note_details(self, version: int) -> None:
        """Before rows of `version` are written: which details they have. Rows may have more, never less."""
        details = details_of(self._telemetry.fetch_sync(_QUERIES["details"]))
        due = details.due(version, minutes=ONE_MINUTE in self._retention.written)
        if due:
            self._telemetry.insert(METRIC_DETAILED, encode_details(due), new_id())

    def _attempt(self, run: Run, version: int) -> None:
        begun = [
            replace(one, sequence=one.sequence + 1, attempt=version, garbage=int(one.attempt > 0)) for one in run.hours
        ]
        record(self._telemetry, begun)
        for name, parameters in _statements(run, version, self._retention.written):
            self._telemetry.execute(_QUERIES[name], parameters, limits=LIMITS)
        now_ms = self._clock.now_ms()
        record(
            self._telemetry,
            [
                replace(one, sequence=one.sequence + 1, version=version, marks=one.seen, rolled_at=now_ms)
                for one in begun
            ],
        )


def record(telemetry: Telemetry, hours: list[RolledHour]) -> None:
    """Write rows of `metric_rollup_hours`; a row replaces what an older sequence said of its hour."""
    telemetry.insert(METRIC_ROLLUP_HOURS, encode(hours), new_id())


def runs(
    days: Mapping[int, int],
    known: Mapping[int, RolledHour],
    marks: Mapping[int, int],
    now_ms: int,
    retention: Retention,
) -> Iterator[Run]:
    """The work that is due, the newest day first. `days` are day numbers since the epoch with their raw rows."""
    oldest = min(retention.raw_from(now_ms), *(retention.tier_from(tier, now_ms) for tier in TIERS))
    for day in sorted(days, reverse=True):
        if day * DAY_MS < oldest:
            continue  # Its rows are about to be dropped.
        rows = -(-days[day] // _HOURS_A_DAY)
        most = max(1, RUN_ROWS // max(rows, 1))
        due: list[RolledHour] = []
        for hour in range(day * _HOURS_A_DAY, (day + 1) * _HOURS_A_DAY):
            one = replace(known.get(hour, RolledHour(hour)), seen=marks.get(hour, 0))
            if due and (not _is_due(one, now_ms) or one.base != due[0].base or len(due) == most):
                yield Run(tuple(due), rows * len(due))
                due = []
            if _is_due(one, now_ms):
                due.append(one)
        if due:
            yield Run(tuple(due), rows * len(due))


def _is_due(one: RolledHour, now_ms: int) -> bool:
    closed = (one.hour + 1) * HOUR_MS + GRACE_MS <= now_ms
    return closed and not one.clean and now_ms - one.rolled_at >= REDO_MS


def _statements(run: Run, version: int, tiers: Sequence[Tier]) -> Iterator[tuple[str, dict[str, object]]]:
    start_ms, end_ms = run.span
    base = run.hours[0].base
    common = {"start": start_ms, "end": end_ms, "version": version, "base": base}
    for tier in tiers:
        rollup = {**common, "period": tier.period_ms, "table": tier.table}
        histograms = {**rollup, "table": tier.histograms}
        if base:
            yield "carry_rollup", rollup
            yield "carry_histograms", histograms
        for low, high in _series_ranges(-(-run.rows // CHUNK_ROWS)):
            chunk = {"low": low, "high": high}
            whole = {"whole": int(tier.detailed)}
            yield "roll_samples", {**rollup, **chunk, **whole}
            yield "roll_events", {**rollup, **chunk, **whole}
            yield "roll_cumulative_histograms", {**histograms, **chunk}
            yield "roll_delta_histograms", {**histograms, **chunk}


def _series_ranges(parts: int) -> Iterator[tuple[int, int]]:
    """Ranges of series ids (both ends included) that cut them into `parts`: ids are hashes, so evenly."""
    parts = max(parts, 1)
    edges = [_SERIES_IDS * part // parts for part in range(parts + 1)]
    yield from ((edges[part], edges[part + 1] - 1) for part in range(parts))


def raw_days(telemetry: Telemetry) -> dict[int, int]:
    """The days (numbers since the epoch) that have raw points, with their rows."""
    columns = telemetry.fetch_sync(_QUERIES["raw_days"], {"tables": list(RAW_TABLES)})
    found = zip(columns["day"].tolist(), columns["rows"].tolist(), strict=True)
    return {day_number(day): rows for day, rows in found}


def day_number(partition: int) -> int:
    """The day since the epoch of a daily partition (YYYYMMDD)."""
    day = datetime(partition // 10_000, partition // 100 % 100, partition % 100, tzinfo=UTC)
    return int(day.timestamp()) * 1000 // DAY_MS
