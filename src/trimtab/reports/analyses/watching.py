"""Arms visuals with alarms, and answers those that are watched when they are due."""

import logging
import re
from typing import Protocol

import numpy as np
from msgspec import Struct

from trimtab.access.principal import Principal, unbound_only
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.store import AlarmStore
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, TrimtabError
from trimtab.base.tags import make_tags
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry
from trimtab.reports.analyses.metric_alarms import alarm_form, dimensions_of
from trimtab.reports.analyses.model import Shown, is_other, number_of
from trimtab.reports.analyses.periods import complete
from trimtab.reports.analyses.room import AnalysisRoom, Opened
from trimtab.reports.analyses.spec import Threshold, Visual
from trimtab.reports.analyses.watches import METRIC, NAMESPACE, Watch, WatchStore

logger = logging.getLogger(__name__)
PERIODS_S = (300, 900, 3600, 21_600, 86_400)
"""How often a visual may be answered for an alarm."""
_LOOK_S = 20.0
_AT_ONCE = 5
_MINUTE_MS = 60_000


class Writes(Protocol):
    """Who keeps points of metrics."""

    async def write(self, batch: MetricBatch, key: str | None = None) -> object:
        """Make points durable. Raises Throttled, Unavailable."""


class Armed(Struct, frozen=True):
    """An alarm that was made of a visual's threshold; `watch` is None where it judges a metric itself."""

    key: AlarmKey
    watch: Watch | None


class Watching(Struct, frozen=True):
    """Everything about alarms of visuals. `region` is where alarms are made."""

    room: AnalysisRoom
    watches: WatchStore
    alarms: AlarmStore
    ingest: Writes
    registry: SeriesRegistry
    lock: Lock
    clock: Clock
    region: str

    async def arm(
        self, principal: Principal, opened: Opened, visual: Visual, limit: Threshold, every_s: int, actions: list[str]
    ) -> Armed:
        """Make an alarm of a threshold. Raises InvalidInput, LimitExceeded, AccessDenied."""
        _refuse_bound(principal)
        if opened.stored is None:
            raise InvalidInput("cannot watch a visual that is not saved: save the analysis first", field="analysis")
        if every_s not in PERIODS_S:
            listed = ", ".join(str(one) for one in PERIODS_S)
            raise InvalidInput(f"cannot watch every {every_s} s; expected one of {listed}", field="every_s")
        account = self.room.datasets.account_of(principal)
        wanted = await self.room.wanted(principal, opened.spec, visual)
        self.room.answering.planned(wanted, await self.room.datasets.teams.reader(principal))
        name = alarm_name(opened.name, visual.id, limit)
        key = AlarmKey(account, self.region, name)
        form = alarm_form(wanted, opened.name, limit, every_s, actions)
        await self.alarms.put(AlarmKind.METRIC, key, {"AlarmName": name, **form}, {})
        if "Metrics" in form:
            return Armed(key, None)
        watch = Watch("", account, self.region, opened.name, visual.id, name, limit, every_s * 1000, principal, 0, 0)
        return Armed(key, await self.watches.put(watch))

    async def disarm(self, principal: Principal, analysis: str, alarm: str = "") -> list[str]:
        """Remove the alarms of an analysis that are published, or one of them; their names.

        Raises NotFound, and AccessDenied for one.
        """
        if alarm:
            _refuse_bound(principal)
        account = self.room.datasets.account_of(principal)
        gone = [one.alarm for one in await self.watches.remove(account, analysis, alarm)]
        if gone:
            await self.alarms.delete(account, self.region, gone)
        return gone

    async def turn(self) -> int:
        """Answer and publish what is due; how many were."""
        due = await self.watches.due(self.clock.now_ms(), _AT_ONCE)
        for watch in due:
            try:
                value, problem = await self._value(watch), ""
                if value is None:
                    problem = "it has no rows"
                else:
                    await self._publish(watch, value)
            except TrimtabError as failed:
                value, problem = None, str(failed)
                logger.warning("cannot answer %s of analysis %s: %s", watch.visual, watch.analysis, failed)
            await self.watches.note(watch, value, problem)
        return len(due)

    def jobs(self) -> list[Job]:
        """What it does by itself; of several servers that share a state the one with the lock does it."""

        async def look() -> None:
            if self.lock.held:
                await self.turn()

        return [
            Job("hold the lock of watched visuals", LEASE_MS / 3000, self.lock.renew),
            Job("answer watched visuals", _LOOK_S, look),
        ]

    async def _value(self, watch: Watch) -> float | None:
        opened = await self.room.open(watch.principal, watch.analysis)
        visual = opened.spec.visual(watch.visual)
        if visual is None:
            raise NotFound(f"the analysis has no visual {watch.visual} any more")
        bare = Visual(
            visual.id, "", "", visual.dataset, visual.kind, visual.by, visual.measures[:1], visual.per, visual.where,
            visual.top, visual.others,
        )  # fmt: skip
        return worst_of(await self.room.show(watch.principal, opened.spec, bare), watch.limit)

    async def _publish(self, watch: Watch, value: float) -> None:
        dimensions = make_tags(dimensions_of(watch.analysis, watch.visual))
        series = self.registry.add(
            Identity(watch.account, watch.region, NAMESPACE, METRIC, dimensions, "None", kind=Kind.GAUGE)
        )
        at = self.clock.now_ms() // _MINUTE_MS * _MINUTE_MS
        await self.ingest.write(MetricBatch(samples=np.array([(series, at, value)], SAMPLE_ROW)))


def worst_of(shown: Shown, limit: Threshold) -> float | None:
    """The first amount that a limit is held against: over groups the largest, or the least where that is too little.

    Of periods only the newest whole one counts. The others together are no group.
    """
    rows = [row for row in shown.rows if not any(is_other(key) for key in row.keys)]
    timely = next((at for at, one in enumerate(shown.dimensions) if one.timely), None)
    if timely is not None:
        until = min(shown.end_ms, shown.known_until_ms or shown.end_ms)
        moments = sorted({key for row in rows if isinstance(key := row.keys[timely], int)})
        first = complete(moments, shown.dimensions[timely].grain, until)
        whole = [at for at in moments if first is None or at < first]
        rows = [row for row in rows if whole and row.keys[timely] == whole[-1]]
    values = [number for row in rows if (number := number_of(row.values[0])) is not None]
    return (max(values) if limit.above is not None else min(values)) if values else None


def alarm_name(analysis: str, visual: str, limit: Threshold) -> str:
    """The name of a threshold's alarm: the same one again replaces it."""
    side = "above" if limit.above is not None else "below"
    return re.sub(r"[^\w .@-]+", "-", f"{analysis} {visual} {side} {limit.value:g}")[:255]


def _refuse_bound(principal: Principal) -> None:
    """An alarm has a team by its tag alone, and what is published for it is a metric that has none."""
    if principal.bound:
        raise AccessDenied(f"cannot change alarms of visuals: {unbound_only(principal)}")
