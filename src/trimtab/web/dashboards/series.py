"""A widget's lines as the time-series element reads them: one grid, short numbers, colours, axes and annotations."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.charts.palette import OTHER, in_order, slots
from trimtab.metrics.statistics import Family
from trimtab.reports.dashboards.lines import Line, WidgetData
from trimtab.web.format import FRACTION, NUMBER, Unit, unit_of

MOST_LINES = 8
"""UI.md §Design language 6: colours that can be told apart. The rest is one line, "Other"."""
_BAND_SLOT = 8
"""Bands are grey, as on CloudWatch: what is compared with them has a colour."""
_BRIDGE = 2.6
_SUMMED = frozenset({Family.SUM, Family.SAMPLE_COUNT, Family.RATE})
Grid = npt.NDArray[np.float64]


def payload(data: WidgetData, since_ms: int | None = None) -> dict[str, Any]:
    """What the element draws; with `since_ms` only the buckets from there on."""
    step = max(data.period_s, 1) * 1000
    t0 = min((int(line.times[0]) for line in data.lines if len(line.times)), default=data.span.start_ms)
    t0 = min(t0, data.span.start_ms // step * step)
    count = max(-(-(data.span.end_ms - t0) // step), 1)
    lines = [(line, _placed(line, t0, step, count)) for line in data.lines]
    total = len(lines)
    if len(lines) > MOST_LINES:
        lines = _with_other(lines)
    places = {label: place for place, label in enumerate(in_order({line.label for line, _ in lines}))}
    if data.widget.properties.get("stacked"):
        lines.sort(key=lambda pair: places[pair[0].label])
    colours = slots([line.label for line, _ in lines])
    offset = 0 if since_ms is None else min(max((since_ms - t0) // step, 0), count)
    unit = common_unit([line for line, _ in lines if not line.right] or [line for line, _ in lines])
    right = common_unit([line for line, _ in lines if line.right])
    return {
        "t0": t0, "step": step, "count": count, "offset": offset,
        "start": data.span.start_ms, "end": data.span.end_ms,
        "partial": data.span.moving and data.span.end_ms % step != 0,
        "format": unit.format, "suffix": unit.suffix, "total": total, "note": data.note,
        "right": {"format": right.format, "suffix": right.suffix},
        "axes": data.widget.properties.get("yAxis", {}),
        "marks": _marks(data),
        "series": [
            {
                "key": line.key, "label": line.label, "slot": _BAND_SLOT if line.edge else slot,
                "gap": _gap(values, line.period_s * 1000 / step), "right": line.right, "color": line.color,
                "edge": line.edge,
                "values": [_short(value) for value in values[offset:].tolist()],
            }
            for (line, values), slot in zip(lines, colours, strict=True)
        ],
    }  # fmt: skip


def unit_for(line: Line) -> Unit:
    """How the values of a line are written."""
    if line.unit == "fraction":
        return FRACTION
    return unit_of(line.unit, line.metric, line.statistic)


def common_unit(lines: Sequence[Line]) -> Unit:
    """The unit of all lines, or none where they differ."""
    units = {unit_for(line) for line in lines}
    return units.pop() if len(units) == 1 else NUMBER


def _placed(line: Line, t0: int, step: int, count: int) -> Grid:
    values = np.full(count, np.nan)
    index = (line.times - t0) // step
    inside = (index >= 0) & (index < count)
    values[index[inside]] = line.values[inside]
    return values


def _with_other(lines: list[tuple[Line, Grid]]) -> list[tuple[Line, Grid]]:
    """The largest lines by their mean, and one for the rest: their sum where they add up, else their mean."""
    ranked = sorted(lines, key=lambda pair: -_mean(pair[1]))
    top, rest = ranked[: MOST_LINES - 1], ranked[MOST_LINES - 1 :]
    stacked = np.vstack([values for _, values in rest])
    known = ~np.isnan(stacked)
    counts = known.sum(axis=0)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    adds = all(line.statistic.family in _SUMMED for line, _ in rest)
    merged = np.where(counts > 0, sums if adds else sums / np.maximum(counts, 1), np.nan)
    first = rest[0][0]
    word = "sum" if adds else "mean"
    label = f"{OTHER} ({word} of {len(rest)})"
    other = Line(
        OTHER,
        label,
        first.times,
        first.values,
        first.period_s,
        "",
        first.right,
        first.unit,
        first.metric,
        first.statistic,
    )
    return [*top, (other, merged)]


def _mean(values: Grid) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else -math.inf


def _gap(values: Grid, steps: float) -> int:
    """Steps that a line still joins over: its own spacing, and one lost report."""
    at = np.flatnonzero(~np.isnan(values))
    usual = float(np.median(np.diff(at))) if len(at) > 1 else steps
    return math.ceil(max(usual, steps) * _BRIDGE)


def _marks(data: WidgetData) -> dict[str, Any]:
    across = [
        {
            "low": None if math.isinf(one.low) else one.low,
            "high": None if one.high is None or math.isinf(one.high) else one.high,
            "band": one.high is not None, "label": one.label, "color": one.color, "right": one.right,
        }
        for one in data.annotations.across
    ]  # fmt: skip
    along = [
        {"start": one.start_ms, "end": one.end_ms, "line": one.line, "label": one.label, "color": one.color}
        for one in data.annotations.along
    ]
    return {"across": across, "along": along}


def _short(value: float) -> float | None:
    """Six significant digits: more than a pixel shows, half the bytes."""
    return None if math.isnan(value) else float(f"{value:.6g}")
