"""What a line without a meter costs on a coming day: carried on from its billed days. Pure, all lines at once.

Each way looks at the past alone; the way that was nearest on the line's last two weeks is taken.

    last day         what the last billed day cost
    mean of a week   the mean of the last seven days
    same weekday     what that weekday cost last
    trend            the last day, moved by the median change a day of the last two weeks
    weekday, moved   the same weekday, times the last week over the one before

A line of use that began less than two weeks ago is judged by the days since: a machine of yesterday runs today.
A line that is billed once a month (a fee) falls due on the same first or last days of the month as before. What comes
at the close of a month though it is dated on a day of it (tax, support, credits, refunds) is no part of a day's
estimate: the forecast of the month has it (`costs/closing/`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trimtab.costs.closing.charges import kind_of
from trimtab.costs.outlook import calendar_of
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.model import CATEGORY, RECORD, SERVICE, Floats, Past

_WEEK, _TRIED = 7, 14
_RARE = 0.25
"""The share of the last two weeks' days with a charge, below which a line is not of every day."""


class Carrying:
    """Carries the rows of a table on (columns are days from `start_ms`). What was worked out of its first days is kept:
    days that are estimated one after the other try their ways on the same days before them. `of_use`: which rows count
    what is used; what is charged once may be a fee.
    """

    def __init__(self, values: Floats, start_ms: int, of_use: npt.NDArray[np.bool_] | None = None) -> None:
        self._values = values
        self._start_ms = start_ms
        self._of_use = np.zeros(len(values), np.bool_) if of_use is None else of_use
        self._made: dict[tuple[int, int], Floats] = {}

    def on(self, days: int, ahead: int) -> Floats:
        """Each line's value `ahead` days (1 or more) after the last of the first `days`, which is all that it knows."""
        values = self._values[:, :days]
        if not days:
            return np.zeros(len(values))
        recent = values[:, -_TRIED:] != 0
        since = recent.shape[1] - recent.argmax(axis=1)  # days since the first charge of them
        new = self._of_use & ~(values[:, :-_TRIED] != 0).any(axis=1)
        rare = recent.sum(axis=1) / np.where(new, since, recent.shape[1]) < _RARE
        return np.where(rare, _monthly(values, self._start_ms, ahead), self._best(days, ahead))

    def _best(self, days: int, ahead: int) -> Floats:
        """The forecast of the way with the least error over the last days on which all of them could be tried."""
        ways = self._ways(days, ahead)
        errors = np.zeros(ways.shape)
        for origin in range(max(1, days - _TRIED - ahead), days - ahead + 1):
            errors += np.abs(self._ways(origin, ahead) - self._values[:, origin + ahead - 1])
        best = np.argmin(errors, axis=0)  # the first of those that are alike
        return np.asarray(np.take_along_axis(ways, best[None, :], axis=0)[0], np.float64)

    def _ways(self, days: int, ahead: int) -> Floats:
        made = self._made.get((days, ahead))
        if made is None:
            made = self._made[days, ahead] = np.array(_ways(self._values[:, :days], ahead))
        return made


def _ways(values: Floats, ahead: int) -> Sequence[Floats]:
    days = values.shape[1]
    last = values[:, -1]
    week = values[:, -_WEEK:]
    mean = week.mean(axis=1)
    if days < _WEEK + 1:
        return last, mean, last, last, last
    weekday = values[:, days - 1 + (ahead - 1) % _WEEK + 1 - _WEEK]
    recent = values[:, -_TRIED:]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(recent[:, :-1] > 0, recent[:, 1:] / recent[:, :-1], np.nan)
    known = np.isfinite(steps).any(axis=1)
    step = np.ones(len(values))
    step[known] = np.clip(np.nanmedian(steps[known], axis=1), 0.8, 1.25)
    trend = last * step**ahead
    if days < 2 * _WEEK:
        return last, mean, weekday, trend, weekday
    before = values[:, -2 * _WEEK : -_WEEK].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(before != 0, week.sum(axis=1) / before, 1.0)
    return last, mean, weekday, trend, weekday * np.clip(growth, 0.5, 2.0)


def _monthly(values: Floats, start_ms: int, ahead: int) -> Floats:
    """What fell due on the same marked day of the month (first, second, last) a month before; else nothing."""
    days = values.shape[1]
    marks = calendar_of(start_ms, days + ahead)
    wanted = marks[days + ahead - 1]
    if not wanted.any():
        return np.zeros(len(values))
    same = np.flatnonzero((marks[:days] & wanted).any(axis=1))
    return values[:, same[-1]] if len(same) else np.zeros(len(values))


def at_close(past: Past) -> npt.NDArray[np.bool_]:
    """Which lines of a past come at the close of a month: tax, support, credits and refunds on a few of its days."""
    kinds = [kind_of(*(key.dimensions[at] for at in (RECORD, CATEGORY, SERVICE))) for key in past.keys]
    named = np.array([kind is not None for kind in kinds], np.bool_)
    return named & ((past.billed != 0).mean(axis=1) < _RARE) if past.days else named


def day_of(start_ms: int, column: int) -> int:
    """The start of the day in a column."""
    return start_ms + column * DAY_MS
