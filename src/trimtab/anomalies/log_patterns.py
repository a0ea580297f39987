"""What is unusual about log patterns: those that are new or gone, and rates that the always-on detector found."""

from collections.abc import Sequence
from math import isnan

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.anomalies.model import Anomaly
from trimtab.anomalies.read import AnomalyReader
from trimtab.anomalies.sentence import what_happened
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group
from trimtab.logs.patterns.anomalies import (
    GROUP_DIMENSION,
    METRIC,
    NAMESPACE,
    PATTERN_DIMENSION,
    KnownPattern,
    LogAnomaly,
    Unusual,
)
from trimtab.logs.patterns.anomaly_store import AnomalyFilter, LogAnomalyStore
from trimtab.logs.read import LogReader
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry

MOST_GROUPS = 2000
"""Log groups whose patterns are named."""


class LogPatternAnomalies(Struct, frozen=True):
    """Anomalies of log patterns, of both kinds, within a caller's scope."""

    store: LogAnomalyStore
    groups: LogGroups
    reader: LogReader
    registry: SeriesRegistry
    found: AnomalyReader

    async def listed(self, scope: Scope, start_ms: int, end_ms: int) -> list[LogAnomaly]:
        """Those that touch `[start_ms, end_ms)`, the last begun first. Raises QueryAborted, Unavailable."""
        seen = await self.reader.visible(scope, await self.groups.everywhere(MOST_GROUPS))
        places = frozenset((one.account, one.region, one.name) for one in seen)
        known = await self.store.listed(scope, AnomalyFilter(start_ms, end_ms, places))
        rates = await self._rates(scope, seen, start_ms, end_ms)
        return sorted([*known, *rates], key=lambda one: (-one.first_ms, one.id))

    async def _rates(self, scope: Scope, groups: Sequence[Group], start_ms: int, end_ms: int) -> list[LogAnomaly]:
        series = {one.id: one for one in self.registry.find(scope, SeriesQuery(NAMESPACE, METRIC))}
        if not series:
            return []
        found = [one for one in await self.found.in_range(scope, start_ms, end_ms) if one.series in series]
        mine = {(one.account, one.region, one.name): one for one in groups}
        wanted = {id_: mine.get(_place(series[id_])) for id_ in {one.series for one in found}}
        patterns = await self.store.patterns(group.id for group in wanted.values() if group is not None)
        made = []
        for one in found:
            group = wanted[one.series]
            id_ = series[one.series].dimensions.get(PATTERN_DIMENSION, "")
            pattern = next((known for known in patterns.get(group.id, ()) if known.id == id_), None) if group else None
            if group is not None and pattern is not None:
                made.append(_rate(one, series[one.series], group, pattern))
        return made


def _place(series: Series) -> tuple[str, str, str]:
    identity = series.identity
    return identity.account, identity.region, series.dimensions.get(GROUP_DIMENSION, "")


def _rate(one: Anomaly, series: Series, group: Group, pattern: KnownPattern) -> LogAnomaly:
    middle = (one.low + one.high) / 2
    return LogAnomaly(
        id=one.id,
        account=group.account,
        region=group.region,
        log_group=group.name,
        pattern=pattern.id,
        template=pattern.template,
        example=pattern.example,
        severity=pattern.severity,
        unusual=Unusual.RATE,
        first_ms=one.start_ms,
        last_ms=one.end_ms,
        active=one.open,
        expected=0.0 if isnan(middle) else middle,
        description=what_happened(series, one),
        counts={one.peak_ms: round(one.value)},
        series=one.series,
    )
