"""Chooses, for every fetch of a plan, between raw points and rollups.

Reads that raw points answer quickly stay with them, and so cost nothing more and stay exact:

    simple statistics       up to 24 series-hours (one series for a day): about 6,000 samples at 15 s, 2 ms
    percentiles and such    up to 1,000 series-hours: about 240,000 samples at 15 s, 50 ms; above, within 1 %

unless they reach back to where raw points may have been dropped.
"""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.metrics.buckets import Window
from trimtab.metrics.plan import Atoms, Fetch, Plan, Shape, Source
from trimtab.metrics.rollups.hours import RolledHour, hours_of
from trimtab.metrics.rollups.split import Split, split
from trimtab.metrics.rollups.tiers import HOUR_MS, Retention, coarsest
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

EXACT_SERIES_HOURS = 1_000
CHEAP_SERIES_HOURS = 24

_QUERIES = load_queries("trimtab.metrics.rollups")


class RollupChoice(Struct, frozen=True):
    """The reading side of rollups. `retention` must be the one that the jobs drop by."""

    telemetry: Telemetry
    clock: Clock
    retention: Retention

    async def splits(self, plan: Plan, start_ms: int, end_ms: int) -> dict[Fetch, Split]:
        """How to divide the range of each fetch that should use rollups. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        reads = {
            fetch: Window(start_ms, end_ms, fetch.period_ms, fetch.origin_ms)
            for fetch, atoms in plan.fetches.items()
            if coarsest(fetch.period_ms, fetch.origin_ms) and self._worthwhile(fetch, atoms, start_ms, end_ms, now_ms)
        }
        if not reads:
            return {}
        known = await self._known(min(read.lookback_ms for read in reads.values()), end_ms)
        found = {}
        for fetch, read in reads.items():
            parts = self._split(fetch, read, known, now_ms)
            if parts:
                found[fetch] = parts
        return found

    def _worthwhile(self, fetch: Fetch, atoms: Atoms, start_ms: int, end_ms: int, now_ms: int) -> bool:
        if start_ms < self.retention.raw_from(now_ms):
            return True
        exact = fetch.shape is Shape.SAMPLES and fetch.source is not Source.HISTOGRAMS
        allowed = EXACT_SERIES_HOURS if exact else CHEAP_SERIES_HOURS
        return len(atoms.ids) * (end_ms - start_ms) > allowed * HOUR_MS

    async def _known(self, start_ms: int, end_ms: int) -> dict[int, RolledHour]:
        bounds = {"from": max(start_ms // HOUR_MS, 0), "to": max(-(-end_ms // HOUR_MS), 0)}
        return hours_of(await self.telemetry.fetch(_QUERIES["hours"], bounds))

    def _split(self, fetch: Fetch, read: Window, known: dict[int, RolledHour], now_ms: int) -> Split | None:
        tier = coarsest(fetch.period_ms, fetch.origin_ms)
        if tier is None:
            return None
        differences = fetch.source in (Source.INCREASES, Source.HISTOGRAMS)
        return split(tier, read, known, self.retention.tier_from(tier, now_ms), reach_back=differences)
