"""Reports of rules: the top contributors of a range, and how many there were by period. The engine does the counting.

A rule is evaluated over the events that are there, those from before it was put too. What AWS collects only while a
rule is enabled is here cut off where it was disabled.
"""

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.logs.contributors.rule import Groups, Rule, read_rule
from trimtab.logs.contributors.statement import Matched, matched
from trimtab.logs.contributors.store import StoredRule
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group
from trimtab.logs.read import LogReader
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry

_QUERIES = load_queries("trimtab.logs.contributors")
_LIMITS = ReadLimits(seconds=60, memory_mb=1024, threads=2)
MOST_CONTRIBUTORS = 100
"""Contributors of one report, as documented."""
MOST_POINTS = 1440
"""Periods of one report: a day of minutes, as in one answer of CloudWatch's statistics."""
MOST_GROUPS = 1000


_FITTING_S = (60, 300, 900, 3600, 21_600, 86_400)
_PARTS = 100


class Order(StrEnum):
    """What contributors are ranked by: what they add up to, or their largest single value."""

    SUM = "Sum"
    MAXIMUM = "Maximum"


METRICS = ("UniqueContributors", "MaxContributorValue", "SampleCount", "Sum", "Minimum", "Maximum", "Average")
"""The metrics of a rule, by period: names that reports and INSIGHT_RULE_METRIC take."""


class Span(Struct, frozen=True):
    """A range in periods: `[start_ms, end_ms)` in steps of `period_s` seconds."""

    start_ms: int
    end_ms: int
    period_s: int

    @property
    def parts(self) -> int:
        """Periods, the last one perhaps cut."""
        return max(0, -(-(self.end_ms - self.start_ms) // (self.period_s * 1000)))

    def time_of(self, part: int) -> int:
        """The start of a period."""
        return self.start_ms + part * self.period_s * 1000


def fitting(start_ms: int, end_ms: int) -> int:
    """A period in seconds that cuts a range into at most a hundred parts."""
    wanted = (end_ms - start_ms) / 1000 / _PARTS
    return next((one for one in _FITTING_S if one >= wanted), -(-int(wanted) // 86_400) * 86_400)


class Contributor(Struct, frozen=True):
    """One of the top: the values of the rule's keys, what it is ranked by, and (start in ms, value) by period."""

    keys: tuple[str, ...]
    value: float
    points: tuple[tuple[int, float], ...]


class Points(Struct, frozen=True):
    """The metrics of a rule: period starts in which events matched (ms, ascending), and a value of each metric."""

    times: npt.NDArray[np.int64]
    values: Mapping[str, npt.NDArray[np.float64]]


class Report(Struct, frozen=True):
    """A report. `unique` contributors of the whole range add up to `total`; `groups` were read."""

    rule: Rule
    contributors: tuple[Contributor, ...]
    unique: int
    total: float
    points: Points
    groups: tuple[str, ...]


class Reporter(Struct, frozen=True):
    """Reads reports."""

    telemetry: Telemetry
    groups: LogGroups
    reader: LogReader

    async def report(
        self, scope: Scope, stored: StoredRule, span: Span, most: int = 10, order: Order = Order.SUM
    ) -> Report:
        """The report of a rule over what the scope covers. Raises InvalidInput, QueryAborted, Unavailable."""
        if not 1 <= most <= MOST_CONTRIBUTORS:
            raise InvalidInput(f"cannot report {most} contributors: expected 1 to {MOST_CONTRIBUTORS}")
        rule = read_rule(stored.definition)
        groups, read = await self._ready(scope, stored, rule, span)
        rank = "most" if order is Order.MAXIMUM else "total"
        top, points, whole = await asyncio.gather(
            read("top", {"most": most}, {"/*rank*/": rank}), read("points"), read("whole")
        )
        return Report(
            rule,
            tuple(_contributors(top, span, order)),
            int(whole["contributors"][0]),
            float(whole["total"][0]),
            _points(points, span),
            tuple(sorted(group.name for group in groups)),
        )

    async def metrics(self, scope: Scope, stored: StoredRule, span: Span) -> Points:
        """The metrics of a rule alone: one statement. Raises InvalidInput, QueryAborted, Unavailable."""
        _, read = await self._ready(scope, stored, read_rule(stored.definition), span)
        return _points(await read("points"), span)

    async def _ready(self, scope: Scope, stored: StoredRule, rule: Rule, span: Span) -> tuple[list[Group], Any]:
        """The groups that are read, and what reads one of the queries of them."""
        _check(span)
        groups = await self.reader.visible(scope, await self.groups_of(stored, rule.groups))
        end_ms = span.end_ms if stored.enabled else min(span.end_ms, stored.changed_ms)
        window = await self.reader.window(scope, groups, span.start_ms, end_ms)
        parts: Matched = matched(rule)
        inner = _QUERIES["matched"].replace("/*keys*/", parts.keys).replace("/*value*/", parts.value)
        inner = inner.replace("/*and*/", f"{window.where} AND {parts.where}").rstrip().rstrip(";")
        known = {**parts.params, **window.params, "from": span.start_ms, "step": span.period_s * 1000}

        async def read(
            query: str, params: Mapping[str, Any] | None = None, marks: Mapping[str, str] | None = None
        ) -> Columns:
            sql = _QUERIES[query].replace("/*matched*/", inner)
            for mark, text in (marks or {}).items():
                sql = sql.replace(mark, text)
            return await self.telemetry.fetch(sql, {**known, **(params or {})}, limits=_LIMITS)

        return groups, read

    async def groups_of(self, stored: StoredRule, wanted: Sequence[Groups]) -> list[Group]:
        """The log groups that a rule names and that are there, each once."""
        found: dict[int, Group] = {}
        for one in wanted:
            account, region = one.account or stored.account, one.region or stored.region
            if one.wild:
                some = await self.groups.listed(account, region, prefix=one.name, limit=MOST_GROUPS)
            else:
                try:
                    some = [await self.groups.get(account, region, one.name)]
                except NotFound:  # it may come: a rule may be put before its group
                    some = []
            found |= {group.id: group for group in some}
        return list(found.values())


def _check(span: Span) -> None:
    if span.start_ms >= span.end_ms:
        raise InvalidInput("cannot report: the start is not before the end")
    if span.period_s < 60 or span.period_s % 60:
        raise InvalidInput(f"cannot report periods of {span.period_s} s: expected a multiple of 60")
    if span.parts > MOST_POINTS:
        raise InvalidInput(f"cannot report {span.parts} periods: expected at most {MOST_POINTS}; try a longer period")


def _contributors(top: Columns, span: Span, order: Order) -> list[Contributor]:
    ranked, series = ("most", "mosts") if order is Order.MAXIMUM else ("total", "sums")
    rows = zip(top["keys"], top[ranked].tolist(), top[series], strict=True)
    return [Contributor(tuple(map(str, keys)), float(value), tuple(_pairs(found, span))) for keys, value, found in rows]


def _pairs(series: Any, span: Span) -> list[tuple[int, float]]:
    """What sumMap gives, a pair of arrays or a struct of them by number, as (start, value)."""
    parts, values = series.values() if isinstance(series, Mapping) else (series[0], series[1])
    return [(span.time_of(int(part)), float(value)) for part, value in zip(parts, values, strict=True)]


def _points(found: Columns, span: Span) -> Points:
    times = np.array([span.time_of(int(part)) for part in found["part"]], dtype=np.int64)
    samples, total = found["samples"].astype(np.float64), found["total"].astype(np.float64)
    named = {"UniqueContributors": found["contributors"], "MaxContributorValue": found["most_of_one"],
             "SampleCount": samples, "Sum": total, "Minimum": found["least"], "Maximum": found["most"],
             "Average": total / np.maximum(samples, 1.0)}  # fmt: skip
    return Points(times, {name: np.asarray(values, dtype=np.float64) for name, values in named.items()})
