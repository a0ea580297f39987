"""Findings from daily amounts: of the values of a monitor, and of the lines and resources below them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.costs.anomalies.model import Finding, Impact, Kind, Origin
from trimtab.costs.daily import Daily, Values
from trimtab.costs.outlook import calendar_of
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries import overspend
from trimtab.timeseries.overspend import Bar, Judged, Overspend

LEAST_SHARE = 0.001
"""Of an average day of all that a monitor watches: an anomaly that cost less in all is not worth a look."""
LEAST = 1.0
"""And none below one unit of the currency."""
LARGE_SHARE = 0.03
"""Of the same: a day that cost so much more counts, though its own value hides it (5 % of it are enough)."""
BELOW_SHARE = 0.01
"""The same as `LEAST_SHARE` of a line or a resource: there are thousands, and a few of them do anything on any day."""
_ACCOUNT, _LINE = 2, 4
"""The parts of a key within which a rise may be a move: service and account, and of resources their line."""
_MOVED = 0.5
"""The share of a rise that others, which ended, make up for: then it is one that took their place."""
_NOW_AND_THEN = 28
"""Days of which a line that is used now and then cost nothing on most."""
_LEEWAY = 0.2
"""The share of a rise that may be lost in the noise of what is around it."""
_CHANGED = 0.4
"""Of the higher of a week and the week before: what differs by more has begun or ended in them."""
_WEEK = 7
_BAR = Bar(share=0.3, width=6.0, drifts=False)
"""Of lines and resources. What drifts is seen where it matters, in services."""
_DIGITS = Decimal("0.000001")


class Limits(Struct, frozen=True):
    """The least impact of a value and of what is below values, and what a day is large from."""

    least: float
    below: float
    large: float


def limits_of(daily: Daily, currency: str) -> Limits:
    """The limits by the average day of a monitor's values in a currency."""
    rows = [at for at, key in enumerate(daily.keys) if key[-1] == currency]
    whole = float(daily.amounts[rows].sum(axis=0).mean()) if daily.amounts.size else 0.0
    return Limits(max(LEAST, LEAST_SHARE * whole), max(LEAST, BELOW_SHARE * whole), LARGE_SHARE * whole)


def currencies_of(daily: Daily) -> list[str]:
    """The currencies of the series."""
    return sorted({key[-1] for key in daily.keys})


def of_values(daily: Daily, currency: str, limits: Limits, *, by_service: bool = False) -> list[Finding]:
    """What the values of a monitor have too much of. `by_service`: they are services."""
    rows = [at for at, key in enumerate(daily.keys) if key[-1] == currency]
    findings: list[Finding] = []
    each = overspend.find_each(daily.amounts[rows], _marks(daily), limits.least, limits.large)
    for row, found in zip(rows, each, strict=True):
        value = daily.keys[row][0] if len(daily.keys[row]) > 1 else ""
        origin = Origin(value) if by_service else Origin()
        findings += [_finding(one, daily.start_ms, value, origin, currency) for one in found]
    return findings


class Levels(Struct, frozen=True):
    """The daily amounts of services, of the lines below them, and of the resources below those, in one currency.

    Keys are service, account, region, usage type (resource) and currency. Of lines and resources those are here that
    matter by money.
    """

    services: Daily
    lines: Daily
    resources: Daily


def of_levels(levels: Levels, currency: str, limits: Limits) -> list[list[Finding]]:
    """What resources, lines and services have too much of.

    A resource that replaces another is new, and nothing costs more: rises that others made up for by ending, or that
    the line does not show, are left out; so are rises of a service that its lines, each by its habits, do not show.
    """
    lines, resources = levels.lines, levels.resources
    series, judged = _by_line(levels.services, lines, currency)
    by_account = _Rows.of(lines, _ACCOUNT)
    risen = _of_parts(lines, series.amounts, judged, limits)
    moves = [one for one in risen if _moved(one, by_account)]
    of_lines = [one for one in risen if one not in moves]
    row_of = {key: [row] for row, key in enumerate(lines.keys)}
    resources_judged = overspend.judge(resources.amounts, _marks(resources), bar=_BAR)
    found = _of_parts(resources, resources.amounts, resources_judged, limits)
    within = [_Rows.of(resources, parent) for parent in (_LINE, _ACCOUNT)]
    of_resources = [
        one
        for one in found
        if not any(_moved(one, rows) for rows in within)
        and not _sporadic(one, series, row_of.get((*one.origin.line, currency), []))
        and not any(move.origin.holds(one.origin) and move.start_ms <= one.start_ms < move.end_ms for move in moves)
        and _shows(one, series, judged, row_of.get((*one.origin.line, currency), []))
    ]
    of_services = of_values(levels.services, currency, limits, by_service=True)
    return [of_resources, of_lines, _shown(of_services, series, judged)]


def of_values_by_lines(values: Daily, lines: Daily, currency: str, limits: Limits) -> list[Finding]:
    """What the values of a monitor have too much of, as far as their lines, each by its habits, show it.

    Keys of lines are the value, then service, account, region and usage type, and the currency.
    """
    return _shown(of_values(values, currency, limits), *_by_line(values, lines, currency))


def _shown(findings: Sequence[Finding], series: Daily, judged: Judged) -> list[Finding]:
    """The findings of values that their lines show; a drift is in no line's habits."""
    rows = _Rows.of(series, 1).siblings
    return [
        one
        for one in findings
        if one.kind is Kind.DRIFT or _shows(one, series, judged, rows.get((one.value, one.currency), []))
    ]


def _by_line(values: Daily, lines: Daily, currency: str) -> tuple[Daily, Judged]:
    """The lines, and behind them what of each value is in no line that matters, judged."""
    keys, rest = list(lines.keys), []
    rows = _Rows.of(lines, 1).siblings
    for key, amounts in zip(values.keys, values.amounts, strict=True):
        if key[-1] == currency:
            value = "" if len(key) == 1 else key[0]
            mine = rows.get((value, currency), [])
            keys.append((value, "", "", "", currency))
            rest.append(np.maximum(amounts - lines.amounts[mine].sum(axis=0), 0.0))
    series = Daily(lines.start_ms, keys, np.vstack([lines.amounts, *rest]))
    return series, overspend.judge(series.amounts, _marks(series), bar=_BAR)


def _of_parts(daily: Daily, amounts: Values, judged: Judged, limits: Limits) -> list[Finding]:
    return [
        _finding(one, daily.start_ms, key[0], Origin(*key[:-1]), key[-1])
        for key, found in zip(daily.keys, overspend.overspends(amounts, judged, limits.below), strict=False)
        for one in found
    ]


class _Rows(Struct, frozen=True):
    """Series by what they are part of: by the first `parent` parts of their keys, and their currency."""

    daily: Daily
    parent: int
    siblings: Mapping[tuple[str, ...], list[int]]

    @classmethod
    def of(cls, daily: Daily, parent: int) -> "_Rows":
        siblings: dict[tuple[str, ...], list[int]] = {}
        for row, key in enumerate(daily.keys):
            siblings.setdefault((*key[:parent], key[-1]), []).append(row)
        return cls(daily, parent, siblings)


def _moved(finding: Finding, rows: _Rows) -> bool:
    """Whether others that ended then, less those that began, make up for a rise: then it took their place."""
    daily, parts = rows.daily, finding.origin.parts
    start, end = _days(finding, daily)
    own = (*parts[: len(daily.keys[0]) - 1], finding.currency)
    others = [row for row in rows.siblings[(*parts[: rows.parent], finding.currency)] if daily.keys[row] != own]
    if not others or start < _WEEK:
        return False
    days = min(end - start, _WEEK)
    there = daily.amounts[others, start - _WEEK : start + days]
    before, now = there[:, :days].mean(axis=1), there[:, _WEEK:].mean(axis=1)
    changed = np.abs(before - now) > _CHANGED * np.maximum(before, now)
    there = there > _CHANGED * there.max(axis=1, keepdims=True)
    changed &= (there[:, 1:] != there[:, :-1]).sum(axis=1) <= 1  # what comes and goes takes nobody's place
    rise = float(finding.impact.total) / (end - start)
    followed = there[:, :_WEEK].all(axis=1) & ~there[:, _WEEK:].any(axis=1)
    followed &= np.abs(before - now - rise) < _MOVED * rise
    return bool(followed.any()) or float((before - now)[changed].sum()) >= _MOVED * rise


def _sporadic(finding: Finding, series: Daily, rows: list[int]) -> bool:
    """Whether a line is used now and then: its resources come and go, and it is judged as a whole."""
    start, _ = _days(finding, series)
    past = series.amounts[rows, max(0, start - _NOW_AND_THEN) : start]
    return bool(((np.median(past, axis=1) == 0) & past.any(axis=1)).any())


def _shows(finding: Finding, series: Daily, judged: Judged, rows: list[int]) -> bool:
    """Whether `rows` cost as much more than each of them should, give or take their noise and a part of the rise."""
    if not rows:
        return False
    start, end = _days(finding, series)
    more = float((series.amounts[rows, start:end] - judged.expected[rows, start:end]).sum())
    noise = np.sqrt((end - start) * float(((judged.width[rows, start:end] / _BAR.width) ** 2).mean(axis=1).sum()))
    impact = float(finding.impact.total)
    return bool(more + min(noise, _LEEWAY * impact) >= _MOVED * impact)


def _days(finding: Finding, daily: Daily) -> tuple[int, int]:
    return (finding.start_ms - daily.start_ms) // DAY_MS, (finding.end_ms - daily.start_ms) // DAY_MS


def _marks(daily: Daily) -> npt.NDArray[np.bool_]:
    return calendar_of(daily.start_ms, daily.amounts.shape[1])


def judged_as(finding: Finding, daily: Daily, limits: Limits) -> Judged:
    """The days of a finding's series judged as they were when it was found."""
    if finding.origin.usage_type:
        return overspend.judge(daily.amounts, _marks(daily), bar=_BAR)
    return overspend.judge(daily.amounts, _marks(daily), limits.large)


def _finding(one: Overspend, start_ms: int, value: str, origin: Origin, currency: str) -> Finding:
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
        origin=origin,
    )
