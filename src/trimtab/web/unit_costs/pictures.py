"""The drawings of the page: a model's price over time with its deploys, the split of a run, idle dollars by cause."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.viewer_zone import local
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.line_chart import Curve, LineChart, ValueAxis, draw_lines
from trimtab.charts.line_frame import Legend
from trimtab.charts.line_marks import SpanAlong
from trimtab.charts.svg import Svg
from trimtab.economics.unit.idle.model import Cause
from trimtab.economics.unit.idle.split import IdleReport
from trimtab.economics.unit.model import ZERO, Floats
from trimtab.economics.unit.prices import ModelCost
from trimtab.economics.unit.runs import Outcome, RunCost

_WIDE, _NARROW = (1080, 280), (340, 240)
_DAY_MS = 86_400_000
_DOUBLED = 1.6
"""A deploy after which a price is so many times what it was is told in a sentence."""


class Drawing(Struct, frozen=True):
    """The same picture for a wide and for a narrow screen."""

    wide: Svg
    narrow: Svg


class StepUp(Struct, frozen=True):
    """A price that went up at a deploy: what it was in the median before, and is since."""

    at: str
    service: str
    version: str
    before: float
    after: float

    @property
    def times(self) -> float:
        """How many times as much."""
        return self.after / self.before


class CauseBar(Struct, frozen=True):
    """Idle dollars of a cause, and their share of all in its currency."""

    cause: Cause
    cost: Decimal
    currency: str
    gpu_hours: float
    share: float


def price_of(one: ModelCost) -> tuple[Floats, str]:
    """What is drawn of a model: dollars for 1M tokens, or of a model without tokens for 1k requests."""
    if one.prices.per_1m_tokens is not None:
        return one.per_1m_tokens, f"{one.currency} for 1M tokens"
    return one.per_1k_requests, f"{one.currency} for 1k requests"


def trend(one: ModelCost) -> list[float | None]:
    """The price as a small line."""
    values, _ = price_of(one)
    return [None if not np.isfinite(value) else float(value) for value in values]


def over_time(one: ModelCost) -> Drawing:
    """The price by step, with a mark for each deploy."""
    values, unit = price_of(one)
    times = one.start_ms + np.arange(len(values), dtype=np.int64) * one.step_ms + one.step_ms // 2
    known = np.isfinite(values)
    curves = [Curve(unit, times[known], values[known], PAGE_INK.slot(1), 2 * one.step_ms)]
    if one.step_ms < _DAY_MS:  # the load of the hour moves a price; its day tells what changed
        days, means = by_day(one)
        curves.append(Curve(f"{unit}, mean of a day", days, means, PAGE_INK.slot(2), 2 * _DAY_MS))
    marks = [SpanAlong(mark.at_ms, label=f"{mark.version}") for mark in one.deploys]
    end = one.start_ms + len(values) * one.step_ms
    drawn = [
        draw_lines(
            LineChart(
                curves,
                one.start_ms,
                end,
                width,
                height,
                left=ValueAxis(low=0.0, label=unit),
                along=marks,
                legend=Legend.BOTTOM if len(curves) > 1 else Legend.HIDDEN,
                ink=PAGE_INK,
            )
        )
        for width, height in (_WIDE, _NARROW)
    ]
    return Drawing(drawn[0], drawn[1])


def by_day(one: ModelCost) -> tuple[npt.NDArray[np.int64], Floats]:
    """The middle of each day and the price of all that was served on it; days without any are left out."""
    per = max(1, _DAY_MS // one.step_ms)
    tokens = one.prices.per_1m_tokens is not None
    served = one.traffic.input_tokens + one.traffic.output_tokens if tokens else one.traffic.requests
    starts = np.arange(0, len(one.costs), per)
    cost, number = np.add.reduceat(one.costs, starts), np.add.reduceat(served, starts)
    some = number > 0
    middles = one.start_ms + starts * one.step_ms + _DAY_MS // 2
    return middles[some].astype(np.int64), cost[some] / number[some] * (1e6 if tokens else 1e3)


def step_up(one: ModelCost) -> StepUp | None:
    """The deploy after which the price went up most, where it went up by much."""
    values, _ = price_of(one)
    day = max(1, 86_400_000 // one.step_ms)
    found = []
    for mark in one.deploys:
        at = (mark.at_ms - one.start_ms) // one.step_ms + 1
        before, after = values[max(0, at - 1 - day) : max(0, at - 1)], values[at : at + day]
        if np.isfinite(before).any() and np.isfinite(after).any():
            then, now = float(np.nanmedian(before)), float(np.nanmedian(after))
            if then > 0 and now / then >= _DOUBLED:
                found.append(StepUp(f"{local(mark.at_ms):%A %H:%M}", mark.service, mark.version, then, now))
    return max(found, key=lambda one: one.times, default=None)


def split(one: RunCost) -> list[tuple[str, float]]:
    """A run's cost in parts, as shares of it: work, idle, and what nobody measured."""
    if one.cost <= 0:
        return []
    parts = (("work", one.active), ("idle", one.idle), ("not measured", one.held))
    return [(name, float(amount / one.cost)) for name, amount in parts if amount > 0]


def outcomes(runs: Sequence[RunCost]) -> list[tuple[str, str, Decimal, int, float]]:
    """(outcome, currency, cost, runs, share of the currency's), the most first; what was tried again is apart."""
    sums: dict[tuple[str, str], Decimal] = {}
    numbers: dict[tuple[str, str], int] = {}
    for one in runs:
        again = one.retried and one.outcome in (Outcome.FAILED, Outcome.PREEMPTED)
        key = (f"{one.outcome.value}, tried again" if again else one.outcome.value, one.currency)
        sums[key] = sums.get(key, ZERO) + one.cost
        numbers[key] = numbers.get(key, 0) + 1
    whole: dict[str, Decimal] = {}
    for (_, currency), cost in sums.items():
        whole[currency] = whole.get(currency, ZERO) + cost
    order = sorted(sums, key=lambda key: -sums[key])
    return [(*key, sums[key], numbers[key], float(sums[key] / (whole[key[1]] or 1))) for key in order]


def causes(idle: IdleReport) -> list[CauseBar]:
    """The causes, the dearest first and the unexplained last."""
    return [
        CauseBar(cause, cost, currency, hours, float(cost / idle.total[currency]) if idle.total[currency] else 0.0)
        for cause, currency, cost, hours in idle.by_cause()
    ]
