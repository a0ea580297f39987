"""Judges the bill: the daily amounts of every value of a monitor, all in one query and at once.

Only days that are over are judged, and the last of them again whenever a bill comes: late lines revise what was found.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from trimtab.base.clock import Clock
from trimtab.costs.anomalies.causes import Causes
from trimtab.costs.anomalies.form import ReadFilter, where_of
from trimtab.costs.anomalies.model import METRIC, Anomaly, Cause, Finding, Impact, Kind, Monitor
from trimtab.costs.daily import Daily
from trimtab.costs.model import CostQuery, Granularity
from trimtab.costs.outlook import calendar_of
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries import overspend
from trimtab.timeseries.overspend import Overspend

HISTORY_DAYS = 210
"""Days that are read: those judged, and three months before them for what their days of the month usually cost."""
JUDGED_DAYS = 120
"""Days back from the last one whose anomalies are found and revised."""
LEAST_SHARE = 0.001
"""Of an average day of all that a monitor watches: an anomaly that cost less in all is not worth a look."""
LEAST = 1.0
"""And none below one unit of the currency."""
LARGE_SHARE = 0.03
"""Of the same: a day that cost so much more counts, though its own value hides it (5 % of it are enough)."""
_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a monitor's bill holds. `span` are the days that were judged anew: anomalies outside it stay as they are."""

    findings: tuple[Finding, ...]
    span: tuple[int, int]
    values: int


@dataclass(frozen=True, slots=True)
class DayOf:
    """A day of a series: what it cost, what it should have, from which amount on it is too dear, and whether it was."""

    start_ms: int
    actual: float
    expected: float
    limit: float | None
    flagged: bool


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges monitors over a bill."""

    reader: CostReader
    read: ReadFilter
    clock: Clock
    causes: Causes

    async def judge(self, monitor: Monitor, known: Sequence[Anomaly] = ()) -> Judgement:
        """What a monitor's bill holds; of what is `known` and did not change the causes are not asked again.

        Raises errors of its filter, QueryAborted, Unavailable.
        """
        daily = await self._daily(monitor)
        if daily is None:
            return Judgement((), (0, 0), 0)
        found = await asyncio.to_thread(_find, daily)
        end_ms = daily.start_ms + daily.amounts.shape[1] * DAY_MS
        first = end_ms - JUDGED_DAYS * DAY_MS
        kept = {_core(one.finding): one.finding for one in known}
        findings = []
        for one in found:
            if one.end_ms > first:
                same = kept.get(_core(one))
                findings.append(same or replace(one, causes=await self._causes(monitor, one)))
        return Judgement(tuple(findings), (first, end_ms), len(daily.keys))

    async def days(self, monitor: Monitor, finding: Finding, start_ms: int, end_ms: int) -> list[DayOf]:
        """The days of a finding's series in `[start_ms, end_ms)`, judged as they were: for charts."""
        daily = await self._daily(monitor)
        key = (finding.currency,) if monitor.facet is None else (finding.value, finding.currency)
        if daily is None or key not in daily.keys:
            return []
        count = daily.amounts.shape[1]
        _, large = _limits(daily, finding.currency)
        amounts = daily.amounts[[daily.keys.index(key)]]
        judged = await asyncio.to_thread(overspend.judge, amounts, calendar_of(daily.start_ms, count), large)
        return [
            DayOf(
                daily.start_ms + day * DAY_MS,
                float(amounts[0, day]),
                float(judged.expected[0, day]),
                float(judged.expected[0, day] + judged.width[0, day]) if np.isfinite(judged.width[0, day]) else None,
                bool(judged.flagged[0, day]),
            )
            for day in range(count)
            if start_ms <= daily.start_ms + day * DAY_MS < end_ms
        ]

    async def _daily(self, monitor: Monitor) -> Daily | None:
        """The daily amounts of every value of a monitor, up to the last day that has any."""
        extent = await self.reader.extent()
        if extent is None:
            return None
        end_ms = min(extent[1], self.clock.now_ms() // DAY_MS * DAY_MS)
        start_ms = max(extent[0], end_ms - HISTORY_DAYS * DAY_MS)
        if end_ms <= start_ms:
            return None
        where, facet = where_of(monitor, self.read), monitor.facet
        group_by = () if facet is None else (facet,)
        query = CostQuery(start_ms, end_ms, (METRIC,), Granularity.DAILY, group_by, where)
        return _trimmed(await self.reader.daily(monitor.scope, query))

    async def _causes(self, monitor: Monitor, finding: Finding) -> tuple[Cause, ...]:
        extent = await self.reader.extent()
        where = where_of(monitor, self.read)
        return await self.causes.of(monitor.scope, finding, where, monitor.facet, extent[0] if extent else 0)


def _trimmed(daily: Daily) -> Daily:
    """Without the days at the end of which the bill has nothing yet."""
    used = np.flatnonzero(daily.amounts.any(axis=0))
    return replace(daily, amounts=daily.amounts[:, : used[-1] + 1 if len(used) else 0])


def _find(daily: Daily) -> list[Finding]:
    """The overspends of every series."""
    findings: list[Finding] = []
    marks = calendar_of(daily.start_ms, daily.amounts.shape[1])
    for currency in sorted({key[-1] for key in daily.keys}):
        rows = [at for at, key in enumerate(daily.keys) if key[-1] == currency]
        amounts = daily.amounts[rows]
        each = overspend.find_each(amounts, marks, *_limits(daily, currency))
        for row, found in zip(rows, each, strict=True):
            value = daily.keys[row][0] if len(daily.keys[row]) > 1 else ""
            findings += [_finding(one, daily.start_ms, value, currency) for one in found]
    return findings


def _limits(daily: Daily, currency: str) -> tuple[float, float]:
    """The least impact, and what a day is large from, by the average day of a monitor in a currency."""
    rows = [at for at, key in enumerate(daily.keys) if key[-1] == currency]
    whole = float(daily.amounts[rows].sum(axis=0).mean()) if daily.amounts.size else 0.0
    return max(LEAST, LEAST_SHARE * whole), LARGE_SHARE * whole


def _finding(one: Overspend, start_ms: int, value: str, currency: str) -> Finding:
    impact = Impact(*(Decimal(repr(amount)).quantize(_DIGITS) for amount in (one.peak, one.actual, one.expected)))
    return Finding(
        value=value,
        currency=currency,
        start_ms=start_ms + one.start * DAY_MS,
        end_ms=start_ms + one.end * DAY_MS,
        open=one.open,
        kind=Kind.NEW if one.new else Kind.DRIFT if one.drift else Kind.RISE,
        max_score=round(one.score, 4),
        current_score=round(one.last_score, 4),
        impact=impact,
    )


def _core(finding: Finding) -> Finding:
    return replace(finding, causes=())
