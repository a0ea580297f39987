"""Judges the bill: the daily amounts of every value of a monitor, all in one query and at once; of services also those
of their usage types and resources, as far as they matter by money.

Only days that are over are judged, and the last of them again whenever a bill comes: late lines revise what was found.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.costs.anomalies import finding as findings_of
from trimtab.costs.anomalies.causes import LINE, Causes, narrowed
from trimtab.costs.anomalies.finding import Levels, Limits, limits_of
from trimtab.costs.anomalies.form import ReadFilter, where_of
from trimtab.costs.anomalies.gathering import gathered
from trimtab.costs.anomalies.model import METRIC, Anomaly, Cause, Finding, Monitor
from trimtab.costs.daily import Daily
from trimtab.costs.model import CostQuery, Dimension, Facet, Filter, Granularity
from trimtab.costs.periods import Period
from trimtab.costs.read import Bounds, CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.overspend import SETTLED, WARM

HISTORY_DAYS = 210
"""Days that are read: those judged, and three months before them for what their days of the month usually cost."""
JUDGED_DAYS = 120
"""Days back from the last one whose anomalies are found and revised."""
MOST_PARTS = 5000
"""Lines, and as many resources, that are judged: so many values a managed monitor of AWS tracks, by cost, too."""


class Judgement(Struct, frozen=True):
    """What a monitor's bill holds. `span` are the days that were judged anew: anomalies outside it stay as they are.

    `problem` says why there was nothing to judge; "" otherwise.
    """

    findings: tuple[Finding, ...]
    span: Period
    values: int
    problem: str = ""


class DayOf(Struct, frozen=True):
    """A day of a series: what it cost, what it should have, from which amount on it is too dear, and whether it was."""

    start_ms: int
    actual: float
    expected: float
    limit: float | None
    flagged: bool


class Judging(Struct, frozen=True):
    """Judges monitors over a bill."""

    reader: CostReader
    read: ReadFilter
    clock: Clock
    causes: Causes

    async def judge(self, monitor: Monitor, known: Sequence[Anomaly] = ()) -> Judgement:
        """What a monitor's bill holds; of what is `known` and did not change the causes are not asked again.

        Raises errors of its filter, QueryAborted, Unavailable.
        """
        span = await self._span()
        if span is None:
            return Judgement((), (0, 0), 0)
        daily = await self._daily(monitor, span)
        days = daily.amounts.shape[1]
        if days < WARM:
            return Judgement((), (0, 0), len(daily.keys), too_little(days))
        end_ms = daily.start_ms + days * DAY_MS
        first = end_ms - JUDGED_DAYS * DAY_MS
        kept = {_core(one.finding): one.finding for one in known}
        findings, problem = [], ""
        for currency in findings_of.currencies_of(daily):
            own = _billed_in(daily, currency)
            if own.amounts.shape[1] < WARM:
                problem = f"{too_little(own.amounts.shape[1])} (in {currency})"
                continue
            for one in await self._found(monitor, own, currency, limits_of(own, currency)):
                if one.end_ms > first:
                    same = kept.get(_core(one))
                    findings.append(same or replace(one, causes=await self._causes(monitor, one)))
        return Judgement(tuple(findings), (first, end_ms), len(daily.keys), problem)

    async def _found(self, monitor: Monitor, daily: Daily, currency: str, limits: Limits) -> list[Finding]:
        """What the values of a monitor have too much of in a currency, in services where in them."""
        span = daily.start_ms, daily.start_ms + daily.amounts.shape[1] * DAY_MS
        where, facet = where_of(monitor, self.read), monitor.facet
        bounds = Bounds(limits.below, limits.below / SETTLED, MOST_PARTS)

        async def moving(*by: Facet) -> Daily:
            return await self.reader.moving(monitor.scope, _query(span, by, where), currency, bounds)

        if facet is Dimension.SERVICE:
            levels = Levels(daily, await moving(*LINE), _named(await moving(*LINE, Dimension.RESOURCE_ID)))
            return gathered(await asyncio.to_thread(findings_of.of_levels, levels, currency, limits))
        lines = await moving(*(() if facet is None else (facet,)), *LINE)
        if facet is None:
            lines = replace(lines, keys=[("", *key) for key in lines.keys])
        return await asyncio.to_thread(findings_of.of_values_by_lines, daily, lines, currency, limits)

    async def days(self, monitor: Monitor, finding: Finding, start_ms: int, end_ms: int) -> list[DayOf]:
        """The days of a finding's series in `[start_ms, end_ms)`, judged as they were: for charts."""
        span = await self._span()
        if span is None:
            return []
        every = _billed_in(await self._daily(monitor, span), finding.currency)
        if not every.keys:
            return []
        limits, span = limits_of(every, finding.currency), (every.start_ms, span[1])
        where = narrowed(where_of(monitor, self.read), monitor.facet, finding)
        daily = _trimmed(await self.reader.daily(monitor.scope, _query(span, (), where)))
        if not daily.keys:
            return []
        amounts, count = daily.amounts, daily.amounts.shape[1]
        judged = await asyncio.to_thread(findings_of.judged_as, finding, daily, limits)
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

    async def _span(self) -> Period | None:
        """The days that are read; None without a closed one."""
        extent = await self.reader.extent()
        if extent is None:
            return None
        end_ms = min(extent[1], self.clock.now_ms() // DAY_MS * DAY_MS)
        start_ms = max(extent[0], end_ms - HISTORY_DAYS * DAY_MS)
        return (start_ms, end_ms) if start_ms < end_ms else None

    async def _daily(self, monitor: Monitor, span: Period) -> Daily:
        """The daily amounts of every value of a monitor, up to the last day that has any."""
        by = () if monitor.facet is None else (monitor.facet,)
        return _trimmed(await self.reader.daily(monitor.scope, _query(span, by, where_of(monitor, self.read))))

    async def _causes(self, monitor: Monitor, finding: Finding) -> tuple[Cause, ...]:
        extent = await self.reader.extent()
        where = where_of(monitor, self.read)
        return await self.causes.of(monitor.scope, finding, where, monitor.facet, extent[0] if extent else 0)


def too_little(days: int) -> str:
    """Why a bill of few days is not judged."""
    return f"Too little history: the bill has {days} days, and what is usual can be told from {WARM} on"


def _billed_in(daily: Daily, currency: str) -> Daily:
    """What is billed in a currency, from the first day on that it has: nothing is new on the first day of a bill."""
    rows = [row for row, key in enumerate(daily.keys) if key[-1] == currency]
    amounts = daily.amounts[rows]
    first = int(np.flatnonzero(amounts.any(axis=0)).min(initial=amounts.shape[1]))
    return Daily(daily.start_ms + first * DAY_MS, [daily.keys[row] for row in rows], amounts[:, first:])


def _query(span: Period, by: tuple[Facet, ...], where: Filter) -> CostQuery:
    return CostQuery(*span, (METRIC,), Granularity.DAILY, by, where)


def _named(resources: Daily) -> Daily:
    """Without what belongs to no resource: that is its line's."""
    rows = [row for row, key in enumerate(resources.keys) if key[-2]]
    return replace(resources, keys=[resources.keys[row] for row in rows], amounts=resources.amounts[rows])


def _trimmed(daily: Daily) -> Daily:
    """Without the days at the end of which the bill has nothing yet."""
    used = np.flatnonzero(daily.amounts.any(axis=0))
    return replace(daily, amounts=daily.amounts[:, : used[-1] + 1 if len(used) else 0])


def _core(finding: Finding) -> Finding:
    return replace(finding, causes=())
