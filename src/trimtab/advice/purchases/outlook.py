"""What use is to be expected: typical weeks of the coming months, in three outcomes.

A commitment is bought for what comes, not for what was. Of each line the shape of its week comes from the last weeks,
and its level, month by month, from the forecast of its daily on-demand value: low, expected and high. Beyond what can
be forecast the last level stays and its interval widens with the root of time. All lines are low, or high, together:
the careful assumption. Nothing after the end of `history` is looked at.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.advice.purchases.model import HOUR_MS, NANO, Floats, Use
from trimtab.base.records import replace
from trimtab.timeseries.forecast.model import Forecast, Question

WEEK = 168
_DAY = 24
_MONTH = 730.0
_SHAPE_WEEKS = 4
_LEVEL = 0.8
"""The share of outcomes between low and high."""
_MOST_AHEAD = 90
"""Days that are forecast at most: what is further away has its level from there."""
_UNKNOWN = 0.25
"""Half the width of the interval, of the level, where there is too little history to judge a forecast."""
OUTCOMES = ("low", "expected", "high")
WEIGHTS: Mapping[str, float] = {"low": 0.25, "expected": 0.5, "high": 0.25}
"""How much each outcome counts: mean and variance of three points are then near those of the forecast."""


class Outlook(Struct, frozen=True):
    """Use of the term by outcome; each of its hours stands for `hours_each` real ones.

    `error` is that of the forecast's own replay (None where there was too little history, which `note` says).
    """

    uses: Mapping[str, Use]
    hours_each: Floats
    error: float | None
    note: str = ""

    def first(self, hours: float) -> "Outlook":
        """The hours that stand for the first so many real ones."""
        kept = int(np.searchsorted(np.cumsum(self.hours_each), hours - 1e-6)) + 1
        uses = {name: use.span(0, kept) for name, use in self.uses.items()}
        return Outlook(uses, self.hours_each[:kept], self.error, self.note)


def question_of(history: Use) -> Question | None:
    """What to ask the forecaster of all use together, by day; None where there is not a week of it."""
    days = history.hours // _DAY
    if days < 7:
        return None
    daily = _daily(history, days)
    ahead = max(1, min(_MOST_AHEAD, (days - 15) // 2))
    return Question(daily, ahead, (7,), _LEVEL, least=0.0)


def outlook(
    history: Use, months: int, decline: float = 0.0, forecast: Forecast | None = None, cuts: Sequence[int] = ()
) -> Outlook:
    """Typical weeks of `months` months after `history`: one a month, spread over it.

    `forecast` is the answer to `question_of(history)`, None where there is too little history for one. `decline`: by
    which share use falls a year beyond the first, for terms that outlast every forecast. At `cuts` (UTC ms), where
    commitments begin or end, a month is parted, with a typical week on either side.
    """
    short = "there is less than a week of hourly use" if question_of(history) is None else "there is too little history"
    note = "" if forecast else short
    base = _daily(history, max(history.hours // _DAY, 1))[-28:]
    levels = _levels(float(base[-7:].mean()), forecast, months, decline)
    shape = _week(history)
    parts = _parts(start_of(history), months, cuts)
    at_ms = np.concatenate([_spread(first, last) for _, first, last in parts])
    each = np.concatenate([np.full(WEEK, (last - first) / HOUR_MS / WEEK) for _, first, last in parts])
    uses = {}
    for name, level in levels.items():
        quantity = np.concatenate([shape * level[month] for month, _, _ in parts], axis=1)
        uses[name] = Use(history.lines, quantity, at_ms, history.currency)
    return Outlook(uses, each, forecast.error if forecast else None, note)


def start_of(history: Use) -> int:
    """Where what is expected begins: the end of the history."""
    return int(history.at_ms[-1]) + HOUR_MS if history.hours else 0


def until_of(history: Use, months: int) -> int:
    """Where it ends."""
    return start_of(history) + round(months * _MONTH) * HOUR_MS


def _parts(start_ms: int, months: int, cuts: Sequence[int]) -> list[tuple[int, int, int]]:
    """The number, start and end of each month, or part of one."""
    edges = [start_ms + round(month * _MONTH) * HOUR_MS for month in range(months + 1)]
    inner = [one for one in cuts if start_ms < one < edges[-1]]
    every = sorted({*edges, *inner})
    return [
        (max(0, int(np.searchsorted(edges, first, side="right")) - 1), first, last) for first, last in pairwise(every)
    ]


def _spread(first_ms: int, last_ms: int) -> npt.NDArray[np.int64]:
    """The hours of a week, spread evenly over a time."""
    return first_ms + (np.arange(WEEK) * (last_ms - first_ms) // WEEK).astype(np.int64)


def _daily(use: Use, days: int) -> Floats:
    """Dollars a day at on-demand rates; the last whole days."""
    hours = use.at_on_demand().sum(axis=0).astype(np.float64)[-days * _DAY :] / NANO
    return np.asarray(hours[: len(hours) // _DAY * _DAY].reshape(-1, _DAY).sum(axis=1)) if days else np.zeros(0)


def _week(history: Use) -> Floats:
    """The quantity of each line in each hour of a typical week: the mean of the last ones; of less the mean hour."""
    whole = min(history.hours // WEEK, _SHAPE_WEEKS)
    if not whole:
        return np.repeat(history.quantity.mean(axis=1, keepdims=True), WEEK, axis=1)
    last = history.quantity[:, -whole * WEEK :]
    return np.asarray(last.reshape(len(history.lines), whole, WEEK).mean(axis=1))


def _levels(now: float, forecast: Forecast | None, months: int, decline: float) -> dict[str, list[float]]:
    """Of each month and outcome, its level as a share of today's."""
    found: dict[str, list[float]] = {name: [] for name in OUTCOMES}
    for month in range(months):
        middle, low, high = _share(now, forecast, month)
        fall = (1 - decline) ** max(0.0, (month - 11.5) / 12)
        for name, one in zip(OUTCOMES, (low, middle, high), strict=True):
            found[name].append(max(one, 0.0) * fall)
    return found


def _share(now: float, forecast: Forecast | None, month: int) -> tuple[float, float, float]:
    if forecast is None or now <= 0:
        wide = _UNKNOWN * max(1.0, ((month + 1) / 3) ** 0.5)
        return 1.0, 1.0 - wide, 1.0 + wide
    horizon = len(forecast.mean)
    first, last = round(month * _MONTH / _DAY), round((month + 1) * _MONTH / _DAY)
    inside = slice(min(first, max(horizon - 7, 0)), min(last, horizon))
    middle = float(forecast.mean[inside].mean())
    # What is off on a day is mostly off by itself; what stays off for a month is what a commitment feels.
    wide = max(middle - float(forecast.lower[inside].mean()), float(forecast.upper[inside].mean()) - middle)
    further = max(1.0, (last / horizon) ** 0.5)
    return middle / now, (middle - wide * further) / now, (middle + wide * further) / now


def moved_to_spot(use: Use, shares: Sequence[float]) -> Use:
    """The use that is left when `shares[line]` of each line runs on spot."""
    return replace(use, quantity=use.quantity * (1 - np.array(shares, dtype=np.float64))[:, None])
