"""Drops what is past its retention, by whole partitions, and the rows that later roll-ups have replaced; merges days
that are over.

Raw points of a day go only when every hour of it is rolled up and clean, and has been for a day, so that a back-fill
of old data is not cut short. Its hours are frozen first: their rollup is then what later roll-ups carry over. Points
that come for a frozen hour later count for series that it did not have; those of the others are past their retention.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.metrics.rollups.build import day_number, raw_days, record
from trimtab.metrics.rollups.hours import RolledHour, hours_of
from trimtab.metrics.rollups.tiers import DAY_MS, FIVE_MINUTES, HOUR_MS, ONE_HOUR, RAW_TABLES, TIERS, Retention
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.schema import METRIC_ROLLUP_HOURS, METRIC_ROLLUP_MARKS

logger = logging.getLogger(__name__)

SETTLED_MS = DAY_MS  # how long a day's rollups must have stood before its raw points go
REPLACED_MS = 6 * HOUR_MS  # how long replaced rows are left: reads that began before may still use them

MERGED_BYTES = 1 << 30  # the most of a day that is merged at once: 20 s; of more, the engine's own merges leave little
_LIMITS = ReadLimits(seconds=600, memory_mb=1024, threads=1)
_QUERIES = load_queries("trimtab.metrics.rollups")
_ALL_HOURS = {"from": 0, "to": (1 << 32) - 1}
_HOURS_A_DAY = 24
_PRUNE_HOURS = 30 * _HOURS_A_DAY  # the records of hours are few: they are pruned a month at a time


class RetentionJob(Struct, frozen=True):
    """Drops by `retention`. In one process at a time, and not while hours are being rolled up."""

    telemetry: Telemetry
    clock: Clock
    retention: Retention
    may_write: Callable[[], bool] = lambda: True

    def drop(self) -> int:
        """Drop all that is due; returns how many partitions went. Blocks. Raises QueryAborted or Unavailable."""
        now_ms = self.clock.now_ms()
        known = hours_of(self.telemetry.fetch_sync(_QUERIES["hours"], _ALL_HOURS))
        dropped = 0
        for day in droppable_days(raw_days(self.telemetry), known, now_ms, self.retention):
            if self.may_write():
                self._freeze(day, known)
                dropped += sum(self._drop_days(table, [day]) for table in RAW_TABLES)
        for tier in TIERS:
            kept = tier in self.retention.written  # else raw points tell the same
            oldest_ms = self.retention.tier_from(tier, now_ms) if kept else now_ms + DAY_MS
            for table in (tier.table, tier.histograms):
                dropped += self._drop(table, [part for part in self._parts(table) if _end_ms(part) <= oldest_ms])
        self._sweep(known, now_ms)
        self._prune(known, now_ms)
        self._merge(known, now_ms)
        if dropped:
            logger.info("dropped %d partitions past their retention", dropped)
        return dropped

    def _freeze(self, day: int, known: dict[int, RolledHour]) -> None:
        hours = [known[hour] for hour in _hours(day) if hour in known]
        frozen = [replace(one, sequence=one.sequence + 1, base=one.version) for one in hours if one.version]
        if frozen:
            record(self.telemetry, frozen)
            known.update((one.hour, one) for one in frozen)

    def _drop_days(self, table: str, days: list[int]) -> int:
        return self._drop(table, [part for part in self._parts(table) if day_number(part) in days])

    def _drop(self, table: str, parts: Iterable[int]) -> int:
        dropped = 0
        for part in parts:
            if self.may_write():
                self.telemetry.command(_QUERIES["drop_partition"], {"table": table, "part": str(part)})
                dropped += 1
        return dropped

    def _parts(self, table: str) -> list[int]:
        found: list[int] = self.telemetry.fetch_sync(_QUERIES["partitions"], {"table": table})["part"].tolist()
        return found

    def _sweep(self, known: Mapping[int, RolledHour], now_ms: int) -> None:
        """Delete the rows of replaced versions, and of attempts that never were committed."""
        due = [one for one in known.values() if one.garbage and one.clean and now_ms - one.rolled_at >= REPLACED_MS]
        if not due:
            return
        for tier in TIERS:
            for table in (tier.table, tier.histograms):
                for part in self._parts(table):
                    here = [one for one in due if _start_ms(part) <= one.hour * HOUR_MS < _end_ms(part)]
                    if here and self.may_write():
                        self._delete_replaced(table, part, here)
        if self.may_write():
            record(self.telemetry, [replace(one, sequence=one.sequence + 1, garbage=0) for one in due])

    def _delete_replaced(self, table: str, part: int, hours: list[RolledHour]) -> None:
        keep = {
            "hours": [one.hour for one in hours],
            "versions": [one.version for one in hours],
            "bases": [one.base for one in hours],
        }
        parameters = {"table": table, "part": str(part), **keep}
        self.telemetry.execute(_QUERIES["drop_replaced"], parameters, limits=_LIMITS)

    def _merge(self, known: Mapping[int, RolledHour], now_ms: int) -> None:
        """Merge each day that is over and settled into one part a table: 5 % smaller, and quicker to read."""
        over = {day for day in raw_days(self.telemetry) if all(_settled(hour, known, now_ms) for hour in _hours(day))}
        for table in (*RAW_TABLES, FIVE_MINUTES.table):
            found = self.telemetry.fetch_sync(_QUERIES["scattered"], {"table": table, "most": MERGED_BYTES})
            for part in found["part"].tolist():
                if day_number(part) in over and self.may_write():
                    self.telemetry.execute(_QUERIES["merge"], {"table": table, "part": str(part)}, limits=_LIMITS)

    def _prune(self, known: Mapping[int, RolledHour], now_ms: int) -> None:
        oldest = self.retention.tier_from(ONE_HOUR, now_ms) // HOUR_MS
        if known and min(known) < oldest - _PRUNE_HOURS and self.may_write():
            for table in (METRIC_ROLLUP_HOURS.name, METRIC_ROLLUP_MARKS.name):
                self.telemetry.execute(_QUERIES["prune_hours"], {"table": table, "oldest": oldest}, limits=_LIMITS)


def droppable_days(
    days: Iterable[int], known: Mapping[int, RolledHour], now_ms: int, retention: Retention
) -> list[int]:
    """The days (numbers) whose raw points may go: past their retention and rolled up, or past every retention."""
    last_ms = min(retention.raw_from(now_ms), *(retention.tier_from(tier, now_ms) for tier in TIERS))

    def rolled_up(day: int) -> bool:
        return all(_settled(hour, known, now_ms) for hour in _hours(day))

    raw_ms = retention.raw_from(now_ms)
    ends = {day: (day + 1) * DAY_MS for day in days}
    return [day for day, end in ends.items() if end <= last_ms or (end <= raw_ms and rolled_up(day))]


def _settled(hour: int, known: Mapping[int, RolledHour], now_ms: int) -> bool:
    rolled = known.get(hour)
    return rolled is not None and rolled.clean and now_ms - rolled.rolled_at >= SETTLED_MS


def _hours(day: int) -> range:
    return range(day * _HOURS_A_DAY, (day + 1) * _HOURS_A_DAY)


def _start_ms(partition: int) -> int:
    """The start of a daily (YYYYMMDD) or monthly (YYYYMM) partition."""
    daily = partition if partition > 999_999 else partition * 100 + 1
    return day_number(daily) * DAY_MS


def _end_ms(partition: int) -> int:
    if partition > 999_999:
        return _start_ms(partition) + DAY_MS
    year, month = divmod(partition, 100)
    return _start_ms((year + month // 12) * 100 + month % 12 + 1)
