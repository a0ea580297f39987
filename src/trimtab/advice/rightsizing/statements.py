"""The statements that use is read by: raw points where there are some, rollups where only they are left.

A lookback of 32 or 93 days reaches behind what raw points are kept for: there each bucket of a rollup is a point, its
mean for quantiles and its maximum for the highest use; of five minutes while those are kept, of an hour before that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from msgspec import Struct, field

from trimtab.advice.rightsizing.use import DAY_MS
from trimtab.metrics.rollups.hours import hours_of
from trimtab.metrics.rollups.tiers import FIVE_MINUTES, HOUR_MS, ONE_HOUR, Tier
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

LIMITS = ReadLimits(seconds=120.0, memory_mb=2048, threads=2)
_QUERIES = load_queries("trimtab.advice.rightsizing")
_ROLLUPS = load_queries("trimtab.metrics.rollups")
SETTLES_MS = 15 * 60_000
"""How long after its start a machine or container counts as starting: caches fill, programs compile."""
VALUES, SAMPLES, RATES = "values", "samples", "rates"


class Rolled(Struct, frozen=True):
    """The hours of which only a tier's rollup is left, with their versions."""

    tier: Tier
    hours: tuple[int, ...]
    versions: tuple[int, ...]


class DailyReads(Struct):
    """Reads of days of `[start_ms, start_ms + days)`; what is left of its hours is looked up once."""

    telemetry: Telemetry
    start_ms: int
    days: int
    _rolled: list[Rolled] | None = field(default=None)

    async def read(self, kind: str, ids: Sequence[int], starts: Mapping[int, int] | None = None) -> pa.Table:
        """Distributions by series and day of `ids`, sorted and of one kind; what follows on `starts` (ms) is left out.

        Raises QueryAborted, Unavailable.
        """
        params: dict[str, Any] = {
            "ids": list(ids),
            "first": ids[0],
            "last": ids[-1],
            "start": self.start_ms,
            "end": self.start_ms + self.days * DAY_MS,
        }
        parts = [_QUERIES[kind]]
        if kind == VALUES and (await self.telemetry.fetch(_QUERIES["has_sets"], params, limits=LIMITS))["found"][0]:
            parts.append(_QUERIES["sets"])
        for one in await self.rolled():
            sql, more = _rolled(one, "rolled_rates" if kind == RATES else "rolled")
            parts.append(sql)
            params |= more
        if starts:
            begun = list(starts.values())
            params |= {"started": list(starts), "starts": begun, "settled": [one + SETTLES_MS for one in begun]}
        apart = _QUERIES["apart"] if starts else ""
        sql = _QUERIES["daily"].replace("/*parts*/", " UNION ALL ".join(parts)).replace("/*apart*/", apart)
        return await self.telemetry.table(sql, params, limits=LIMITS)

    async def rolled(self) -> list[Rolled]:
        """Which hours only rollups are left of, by tier."""
        if self._rolled is None:
            self._rolled = await self._looked_up()
        return self._rolled

    async def _looked_up(self) -> list[Rolled]:
        end_ms = self.start_ms + self.days * DAY_MS
        bounds = {"from": max(self.start_ms // HOUR_MS, 0), "to": max(-(-end_ms // HOUR_MS), 0)}
        known = hours_of(await self.telemetry.fetch(_ROLLUPS["hours"], bounds, limits=LIMITS))
        gone = {hour: one.version for hour, one in known.items() if one.frozen and one.version}
        if not gone:
            return []
        oldest = _QUERIES["oldest_rows"].replace("/*table*/", FIVE_MINUTES.table)
        fine_ms = int((await self.telemetry.fetch(oldest, limits=LIMITS))["oldest"][0])
        fine = {hour: version for hour, version in gone.items() if hour * HOUR_MS >= fine_ms > 0}
        coarse = {hour: version for hour, version in gone.items() if hour not in fine}
        return [
            Rolled(tier, tuple(held), tuple(held.values()))
            for tier, held in ((FIVE_MINUTES, fine), (ONE_HOUR, coarse))
            if held
        ]


def _rolled(one: Rolled, query: str) -> tuple[str, Mapping[str, Any]]:
    """A part of a tier, with its parameters."""
    hours, versions = f"hours{one.tier.period_ms}", f"versions{one.tier.period_ms}"
    sql = (
        _QUERIES[query]
        .replace("/*table*/", one.tier.table)
        .replace("/*hours*/", f"{{{hours}:Array(Int64)}}")
        .replace("/*versions*/", f"{{{versions}:Array(UInt32)}}")
        .replace("/*seconds*/", str(one.tier.period_ms // 1000))
    )
    return sql, {hours: list(one.hours), versions: list(one.versions)}
