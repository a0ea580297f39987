"""What a chart draws: lines as arrays over one grid (t0, step, count), downsampled, the smallest ones as "Other"."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.charts.palette import OTHER, in_order, slots
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.statistics import Family
from trimtab.web.format import NUMBER, Unit, unit_of
from trimtab.web.lines import Line
from trimtab.web.metric_query import MetricQuery
from trimtab.web.window import Window

MOST_POINTS = 1000
"""About one a pixel of the widest panel (UI.md)."""
MOST_LINES = 8
"""UI.md §Design language 6: colours that can be told apart."""
STEPS_S = (1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Periods that CloudWatch accepts too, so that what is copied as boto3 asks the same."""
_ACCUMULATING = frozenset({Family.SUM, Family.SAMPLE_COUNT, Family.RATE, Family.TRIMMED_COUNT, Family.TRIMMED_SUM})
_BRIDGE = 2.6
"""Two neighbours are joined up to this many times the usual spacing: one lost report is no gap, two are."""


class Drawn(Struct, frozen=True):
    """One line with its values on the grid; NaN where there is nothing. `gap` is the steps that a line still joins.

    Two lines with the same `edge` are the upper and the lower edge of a band.
    """

    line: Line
    slot: int
    gap: int
    values: npt.NDArray[np.float64]
    edge: str | None = None


class Chart(Struct, frozen=True):
    """Everything a chart needs. Bucket i starts at `t0_ms + i * step_ms`; `total` lines were found."""

    t0_ms: int
    step_ms: int
    count: int
    start_ms: int
    end_ms: int
    partial: bool
    unit: Unit
    lines: tuple[Drawn, ...]
    total: int

    def payload(self, since_ms: int | None = None) -> dict[str, Any]:
        """As the time-series element reads it; with `since_ms` only the buckets from there on."""
        offset = 0 if since_ms is None else min(max((since_ms - self.t0_ms) // self.step_ms, 0), self.count)
        return {
            "t0": self.t0_ms, "step": self.step_ms, "count": self.count, "offset": offset,
            "start": self.start_ms, "end": self.end_ms, "partial": self.partial,
            "format": self.unit.format, "suffix": self.unit.suffix, "total": self.total,
            "series": [
                {
                    "key": repr((one.line.metric, one.line.dimensions, one.line.label)),
                    "label": one.line.label, "slot": one.slot, "gap": one.gap,
                    "dimensions": dict(one.line.dimensions), "edge": one.edge,
                    "values": [_short(value) for value in one.values[offset:].tolist()],
                }
                for one in self.lines
            ],
        }  # fmt: skip


async def draw(reader: MetricReader, scope: Scope, query: MetricQuery, lines: Sequence[Line], window: Window) -> Chart:
    """Compute the chart of `lines` over `window`. Passes on the reader's errors."""
    step_s = query.period_s or fitting_step(window.span.seconds)
    grid = _Grid.of(window, step_s, query)
    answers = await _read(reader, scope, query, lines, grid)
    if query.period_s is None and (slower := _natural_step(answers, step_s)) > step_s:
        grid = _Grid.of(window, slower, query)
        answers = await _read(reader, scope, query, lines, grid)
    drawn = [(line, grid.place(answer)) for line, answer in zip(lines, answers, strict=True)]
    if len(lines) > MOST_LINES:
        drawn = await _with_other(reader, scope, query, drawn, grid)
    places = {label: place for place, label in enumerate(in_order({line.label for line, _ in drawn}))}
    drawn.sort(key=lambda pair: places[pair[0].label])
    colours = slots([line.label for line, _ in drawn])
    coloured = [Drawn(line, slot, bridged(values), values) for (line, values), slot in zip(drawn, colours, strict=True)]
    return Chart(
        t0_ms=grid.t0_ms, step_ms=grid.step_ms, count=grid.count, start_ms=window.start_ms, end_ms=grid.end_ms,
        partial=grid.partial, unit=_common_unit(lines, query), total=len(lines),
        lines=tuple(coloured),
    )  # fmt: skip


def fitting_step(seconds: float) -> int:
    """The shortest period of STEPS_S that keeps `seconds` within MOST_POINTS."""
    return next((step for step in STEPS_S if seconds / step <= MOST_POINTS), STEPS_S[-1])


class _Grid(Struct, frozen=True):
    t0_ms: int
    step_ms: int
    count: int
    end_ms: int
    partial: bool

    @classmethod
    def of(cls, window: Window, step_s: int, query: MetricQuery) -> "_Grid":
        step = step_s * 1000
        t0 = window.start_ms // step * step
        end = window.end_ms
        # A sum or rate of a bucket that still fills reads low. A narrow last bucket is left out; a wide one is hatched.
        narrow = step * 60 < end - window.start_ms
        if window.moving and narrow and query.statistic.family in _ACCUMULATING:
            end = end // step * step
        count = max(-(-(end - t0) // step), 1)
        partial = window.moving and end % step != 0
        return cls(t0, step, count, window.end_ms, partial)

    def place(self, answer: StatSeries) -> npt.NDArray[np.float64]:
        """The values of `answer` on the grid, NaN elsewhere."""
        values = np.full(self.count, np.nan)
        index = (answer.times - self.t0_ms) // self.step_ms
        inside = (index >= 0) & (index < self.count)
        values[index[inside]] = answer.values[inside]
        return values


async def _read(
    reader: MetricReader, scope: Scope, query: MetricQuery, lines: Sequence[Line], grid: _Grid
) -> list[StatSeries]:
    requests = [StatRequest(line.ids, query.statistic, grid.step_ms // 1000) for line in lines]
    return await reader.statistics(scope, requests, grid.t0_ms, grid.t0_ms + grid.count * grid.step_ms)


def _natural_step(answers: Sequence[StatSeries], step_s: int) -> int:
    """A step no finer than the data: reports every minute drawn at 10 s would be lonely points."""
    spacings = [np.median(np.diff(one.times)) / 1000 for one in answers if len(one.times) > 2]
    usual = min(spacings, default=step_s)
    if usual < 2 * step_s:
        return step_s
    return next((step for step in STEPS_S if step >= usual), STEPS_S[-1])


async def _with_other(
    reader: MetricReader,
    scope: Scope,
    query: MetricQuery,
    drawn: list[tuple[Line, npt.NDArray[np.float64]]],
    grid: _Grid,
) -> list[tuple[Line, npt.NDArray[np.float64]]]:
    """The largest lines by their mean, by name, and one that merges the rest."""
    ranked = sorted(drawn, key=lambda pair: -_mean(pair[1]))
    top, rest = ranked[: MOST_LINES - 1], ranked[MOST_LINES - 1 :]
    merged = tuple(series for line, _ in rest for series in line.series)
    other = Line(OTHER, rest[0][0].metric, (), merged)
    [answer] = await _read(reader, scope, query, [other], grid)
    return [*top, (other, grid.place(answer))]


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else -math.inf


def bridged(values: npt.NDArray[np.float64]) -> int:
    """How many steps apart two neighbours may be and still be joined by a line."""
    at = np.flatnonzero(~np.isnan(values))
    usual = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
    return math.ceil(usual * _BRIDGE)


def _common_unit(lines: Sequence[Line], query: MetricQuery) -> Unit:
    units = {unit_of(one.identity.unit, one.identity.name, query.statistic) for line in lines for one in line.series}
    return units.pop() if len(units) == 1 else NUMBER


def _short(value: float) -> float | None:
    """Six significant digits: more than a pixel shows, half the bytes."""
    return None if math.isnan(value) else float(f"{value:.6g}")
