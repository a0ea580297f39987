"""Chooses, for every fetch of a plan, between raw points and rollups.

Reads that raw points answer quickly stay with them, and so cost nothing more and stay exact:

    simple statistics       up to 24 series-hours (one series for a day): about 6,000 samples at 15 s, 2 ms
    percentiles and such    up to 1,000 series-hours: about 240,000 samples at 15 s, 50 ms; above, within 1 %

unless they reach back to where raw points may have been dropped. Hours whose rows lack the details that a fetch needs
(details.py) are read raw; where their raw points are gone, they have no such values.
"""

import asyncio
import logging
from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.metrics.buckets import Window
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import Atoms, Fetch, Plan, Shape, Source
from trimtab.metrics.rollups.details import Details, Metric, asked, details_of, encode_details
from trimtab.metrics.rollups.hours import RolledHour, hours_of
from trimtab.metrics.rollups.split import Split, split
from trimtab.metrics.rollups.tiers import HOUR_MS, ONE_MINUTE, Retention, Tier, coarsest
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema import METRIC_DETAILED

logger = logging.getLogger(__name__)

EXACT_SERIES_HOURS = 1_000
CHEAP_SERIES_HOURS = 24

_QUERIES = load_queries("trimtab.metrics.rollups")


class RollupChoice(Struct, frozen=True):
    """The reading side of rollups. `retention` must be the one that the jobs drop by."""

    telemetry: Telemetry
    clock: Clock
    retention: Retention
    _noted: set[Metric] = field(default_factory=set)  # that were asked for their details, as far as this process knows

    async def splits(self, plan: Plan, start_ms: int, end_ms: int, series: Mapping[int, Series]) -> dict[Fetch, Split]:
        """How to divide the range of each fetch of `series` that should use rollups; notes what needs details.

        Raises QueryAborted, Unavailable.
        """
        now_ms = self.clock.now_ms()
        needs = {fetch: _needed(fetch, atoms, series) for fetch, atoms in plan.fetches.items()}
        await self._note(frozenset().union(*needs.values()))
        reads = {
            fetch: Window(start_ms, end_ms, fetch.period_ms, fetch.origin_ms)
            for fetch, atoms in plan.fetches.items()
            if self._tier(fetch) and self._worthwhile(fetch, atoms, start_ms, end_ms, now_ms)
        }
        if not reads:
            return {}
        known = await self._known(min(read.lookback_ms for read in reads.values()), end_ms)
        details = await self._details(reads, needs)
        found = {}
        for fetch, read in reads.items():
            parts = self._split(fetch, read, known, now_ms, details, needs[fetch])
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

    async def _note(self, metrics: frozenset[Metric]) -> None:
        """Have the builder keep the details of `metrics` from now on."""
        fresh = metrics - self._noted
        if not fresh:
            return
        self._noted.update(fresh)
        try:
            await asyncio.to_thread(self.telemetry.insert, METRIC_DETAILED, encode_details(asked(fresh)), new_id())
        except TrimtabError as problem:  # who reads need not know: the next read tries again
            self._noted.difference_update(fresh)
            logger.warning("cannot note which metrics are asked for percentiles: %s", problem)

    async def _details(self, reads: Mapping[Fetch, Window], needs: Mapping[Fetch, frozenset[Metric]]) -> Details:
        """Read behind the hours, so that what is known of their versions is known."""
        minutes = any(self._tier(fetch) is ONE_MINUTE for fetch in reads)
        if minutes or any(needs[fetch] for fetch in reads):
            return details_of(await self.telemetry.fetch(_QUERIES["details"]))
        return Details(0, {})

    def _tier(self, fetch: Fetch) -> Tier | None:
        return coarsest(fetch.period_ms, fetch.origin_ms, self.retention.written)

    def _split(
        self,
        fetch: Fetch,
        read: Window,
        known: dict[int, RolledHour],
        now_ms: int,
        details: Details,
        needed: frozenset[Metric],
    ) -> Split | None:
        tier = self._tier(fetch)
        if tier is None:
            return None
        since = details.since(tier, needed)
        lacking = frozenset(hour for hour, rolled in known.items() if details.lacking(rolled, since))
        differences = fetch.source in (Source.INCREASES, Source.HISTOGRAMS)
        oldest_ms = self.retention.tier_from(tier, now_ms)
        return split(tier, read, known, oldest_ms, reach_back=differences, lacking=lacking)


def _needed(fetch: Fetch, atoms: Atoms, series: Mapping[int, Series]) -> frozenset[Metric]:
    """The metrics whose details a fetch reads: samples out of sketches, and what gauges rise by."""
    rises = fetch.source is Source.INCREASES
    if fetch.source is Source.HISTOGRAMS or not (rises or fetch.shape is Shape.SAMPLES):
        return frozenset()
    read = (series[id_].identity for id_ in atoms.ids if id_ in series)
    return frozenset(
        (each.namespace, each.name) for each in read if fetch.shape is Shape.SAMPLES or each.kind is Kind.GAUGE
    )
