"""What is drawn over amounts in time: where they are going, and which of them are unusual."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from trimtab.base.errors import Unavailable
from trimtab.base.records import replace
from trimtab.base.timerange import parse_duration_ms
from trimtab.reports.analyses.asking import Plan
from trimtab.reports.analyses.grouping import FIXED_MS, MONTHS
from trimtab.reports.analyses.model import Ahead, Band, Shown
from trimtab.reports.analyses.periods import after
from trimtab.timeseries.bands import Settings, fit_bands
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

DAY_MS = 86_400_000
_PAST_DAYS = {"minute": 2, "hour": 14, "day": 70, "week": 400, "month": 400, "quarter": 400, "year": 400}
"""How far back is learnt from, at least: some cycles of a day, a week or a year."""
_CYCLES = {"minute": (60, 1440), "hour": (24, 168), "day": (7,), "month": (12,), "quarter": (4,)}
_MOST_STEPS = 400
_WIDTH = 3.0
"""Standard deviations from what is expected within which a value is usual."""
_LEVEL = 0.8


class Predicts(Protocol):
    """Who forecasts: a process of its own."""

    async def predict(self, question: Question) -> Forecast:
        """One forecast. Raises TooLittleHistory, Unavailable."""


class Overlays:
    """Forecasts and bands over the first amount of a visual, of all its series together."""

    def __init__(self, forecaster: Predicts) -> None:
        self._forecaster = forecaster

    def from_ms(self, made: Plan) -> int:
        """From where the past is read."""
        days = _PAST_DAYS[made.dimensions[0].grain]
        return min(made.start_ms, (made.end_ms // DAY_MS - days) * DAY_MS)

    async def over(self, shown: Shown, made: Plan, series: Sequence[tuple[int, float]]) -> Shown:
        """A visual with what was asked for; a note says why there is none."""
        shown = replace(shown, series=tuple(one for one in series if one[0] >= made.start_ms))
        if made.visual.forecast:
            shown = await self._ahead(shown, made, series)
        if made.visual.anomalies:
            shown = await asyncio.to_thread(_banded, shown, made, series)
        return shown

    async def _ahead(self, shown: Shown, made: Plan, series: Sequence[tuple[int, float]]) -> Shown:
        grain = made.dimensions[0].grain
        step = FIXED_MS.get(grain) or MONTHS[grain] * 30 * DAY_MS
        number = min(max(-(-parse_duration_ms(made.visual.forecast) // step), 1), _MOST_STEPS)
        history = np.array([value for _, value in series])
        least = 0.0 if made.amounts[0].additive and not np.any(history < 0) else -np.inf
        try:
            found = await self._forecaster.predict(
                Question(history, number, _CYCLES.get(grain, ()), level=_LEVEL, least=least)
            )
        except (TooLittleHistory, Unavailable) as problem:
            return replace(shown, notes=(*shown.notes, f"No forecast: {problem}"))
        start = after(series[-1][0], grain)
        steps = [
            (after(start, grain, at), float(mean), float(low), float(high))
            for at, (mean, low, high) in enumerate(zip(found.mean, found.lower, found.upper, strict=True))
        ]
        return replace(shown, ahead=Ahead(steps, found.level, found.error))


def _banded(shown: Shown, made: Plan, series: Sequence[tuple[int, float]]) -> Shown:
    times = np.array([at for at, _ in series], np.int64)
    values = np.array([value for _, value in series])
    low = 0.0 if made.amounts[0].additive and not np.any(values < 0) else -np.inf
    model = fit_bands(times, times, values, settings=Settings(low=low))
    if model is None:
        return replace(shown, notes=(*shown.notes, f"No band of what is usual: {len(values)} periods, of at least 15"))
    upper, lower = model.limits(times, times, _WIDTH)
    outside = {
        int(at)
        for at, value, top, bottom in zip(times, values, upper, lower, strict=True)
        if at >= made.start_ms and (value > top or value < bottom)
    }
    limits = [
        (int(at), float(bottom), float(top))
        for at, bottom, top in zip(times, lower, upper, strict=True)
        if at >= made.start_ms
    ]
    return replace(shown, band=Band(limits, frozenset(outside)))
