"""Days on which more was spent than before: spikes, steps, slow drifts and things that are new, in daily amounts.

What a day should cost is told from the same weekdays of the weeks before it and from the level of the last week; the
first and last days of a month from the same days of the months before, where those stood out; what is used now and
then from the dearest of its days. A day that was too dear is remembered as what it should have cost, so that an anomaly
does not become the norm, until it has lasted `SETTLED` days: then it is the new level, and the anomaly has ended. A
drift too slow for any single day is held against the level before the last four weeks, and the growth before that. All
series are judged at once, a row each; nothing after a day is used to judge it.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Values = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WARM = 21
"""Days of history before anything is judged."""
SETTLED = 7
"""Days after which what was too dear is the new level."""
_LAST_OF_RAMP = 3
"""Days at the end of the week that settles whose rise is that of the new level."""
_OF_ITS_OWN = 1.25
"""A day of that week that rose by less than so many times of it says nothing of its weekday: it was noise, or still on
the way up.
"""
_WEEK = 7
_WEEKS = 5
_NOISE_DAYS = 56
_TAIL = 3.0
_WIDE = 5.0
"""Standard deviations of noise that are too much: four of what a day is off from what it should have cost."""
_LEAST_SHARE = 0.15
"""A day counts from this share above what it should cost, however even the amounts are: storage that is billed by the
month costs a tenth more a day in February.
"""
_LEAST_LARGE_SHARE = 0.05
"""The share for amounts that are large beside everything else."""
_DRIFT_BACK = 28
_DRIFT_WARM = 2 * _DRIFT_BACK + 2 * _WEEK
"""Days of history without which a drift cannot be told from growth."""
_DRIFT_SHARE = 0.2
_DRIFT_NOISE = 2.8
"""Standard deviations of a day that the last week must be above growth: four of that difference of averages."""
_SINGLE_GAP = 1
_OFTEN = 56
_SPORADIC = 0.05
"""What costs less than this share of its dearest days on most days is used now and then."""
_MAD = 1.4826022185056018
"""1 / the 75 % point of the normal distribution."""
_TINY = 1e-6


class Overspend(Struct, frozen=True):
    """Days `[start, end)` that cost `actual` in all where `expected` was due. Scores are 0 to 1, how far out of noise.

    `score` is the highest of its days, `last_score` that of the last. `open`: it still goes on at the last day.
    `drift`: it came slowly. `new`: nothing was spent before.
    """

    start: int
    end: int
    actual: float
    expected: float
    peak: float
    score: float
    last_score: float
    open: bool
    drift: bool
    new: bool

    @property
    def impact(self) -> float:
        """What it cost more than expected."""
        return self.actual - self.expected


class Bar(Struct, frozen=True):
    """What counts: days from `share` above what they should cost, and `width` standard deviations of noise; drifts.

    Thousands of small series need a higher bar than a few large ones: one of them is out of its noise on every day.
    """

    share: float = _LEAST_SHARE
    width: float = _WIDE
    drifts: bool = True


_BAR = Bar()


class Judged(Struct, frozen=True):
    """By series and day: what it should have cost, how much more is too much, whether it was, whether by drift."""

    expected: Values
    width: Values
    flagged: Bools
    drifting: Bools


def find(amounts: Values, marks: Bools | None = None, least: float = 0.0) -> list[Overspend]:
    """The overspends of one series of daily amounts; `marks` as `forecast.calendar` takes them, `least` an impact."""
    return find_each(amounts[None, :], marks, least)[0]


def find_each(
    amounts: Values, marks: Bools | None = None, least: float = 0.0, large: float = np.inf
) -> list[list[Overspend]]:
    """The overspends of every row of `amounts`. A day that cost `large` more counts from a smaller share on."""
    return overspends(amounts, judge(amounts, marks, large), least)


def overspends(amounts: Values, judged: Judged, least: float = 0.0) -> list[list[Overspend]]:
    """The overspends of every row of `amounts` that was judged."""
    found: list[list[Overspend]] = [[] for _ in amounts]
    for row in np.flatnonzero(judged.flagged.any(axis=1)).tolist():
        every = (
            _overspend(amounts, judged, row, start, end)
            for start, end in _runs(judged.flagged[row], judged.drifting[row])
        )
        found[row] = [one for one in every if one.impact > max(least, 0.0)]
    return found


def judge(amounts: Values, marks: Bools | None = None, large: float = np.inf, bar: Bar = _BAR) -> Judged:
    """Judge every day of every series from the days before it."""
    series, days = amounts.shape
    believed = amounts.astype(np.float64).copy()
    found = Judged(
        believed.copy(),
        np.full((series, days), np.inf),
        np.zeros((series, days), dtype=np.bool_),
        np.zeros((series, days), dtype=np.bool_),
    )
    lasting = np.zeros(series, dtype=np.int64)
    settled = np.full(series, -_DRIFT_WARM, dtype=np.int64)
    for day in range(WARM, days):
        due, noise = _due(believed, amounts, found, lasting, day, marks)
        share = np.clip(large, _LEAST_LARGE_SHARE * due, bar.share * due)
        wide = np.maximum(np.maximum(bar.width * noise, share), _TINY)
        over = amounts[:, day] - due > wide
        found.flagged[:, day], found.expected[:, day], found.width[:, day] = over, due, wide
        believed[over, day] = due[over]
        lasting = np.where(over, lasting + 1, 0)
        ripe = np.flatnonzero(lasting >= SETTLED)
        _settle(believed, amounts, ripe, day)
        lasting[ripe], settled[ripe] = 0, day
        if bar.drifts:
            _note_drift(believed, amounts, found, day, ~over & (day - settled > _DRIFT_BACK + _WEEK), wide)
    return found


def _due(
    believed: Values, amounts: Values, found: Judged, lasting: Ints, day: int, marks: Bools | None
) -> tuple[Values, Values]:
    """What a day should cost, and the noise around that."""
    due = np.maximum(_usual(believed, day), 0.0)
    noise = _noise(believed[:, max(0, day - _NOISE_DAYS) : day])
    if marks is not None and day < len(marks) and marks[day].any():
        extra, known = _of_marked(believed, amounts, day, marks)
        # Of such a day that was never seen fees may come; what goes on for days already, or never was, is none.
        known |= (lasting > 0) | ~np.any(amounts[:, :day] > 0, axis=1)
        due, noise = due + extra, np.where(known, noise, np.inf)
    again = found.flagged[:, day - _WEEK] & ~found.drifting[:, day - _WEEK]
    due = np.where(again, np.maximum(due, amounts[:, day - _WEEK]), due)  # what comes back on its weekday is a habit
    return np.maximum(due, _now_and_then(amounts, lasting, day)), noise


def _usual(believed: Values, day: int) -> Values:
    """The level of the last week, and what the day's weekday was above that in the weeks before, extremes left out."""
    weeks = min(_WEEKS, day // _WEEK)
    past = believed[:, day - _WEEK * weeks : day].reshape(len(believed), weeks, _WEEK)
    above = np.sort(past[:, :, 0] - past.mean(axis=2), axis=1)
    usual: Values = past[:, -1].mean(axis=1) + above[:, 1:-1].mean(axis=1)
    return usual


def _noise(past: Values) -> Values:
    """The standard deviation of a day, from the differences to the same weekday of the week before, tails clipped."""
    residual = past[:, _WEEK:] - past[:, :-_WEEK]
    residual -= np.median(residual, axis=1, keepdims=True)
    middle = _MAD * np.median(np.abs(residual), axis=1, keepdims=True)
    spread: Values = np.clip(residual, -_TAIL * middle, _TAIL * middle).std(axis=1) / np.sqrt(2)
    return spread


def _of_marked(believed: Values, amounts: Values, day: int, marks: Bools) -> tuple[Values, Bools]:
    """What days of a kind really cost more than those around them, and whether one was seen.

    A fee that comes each month is no anomaly; what came once of three times is no fee.
    """
    alike = [at for at in range(day - 1, -1, -1) if (marks[at] & marks[day]).any()][:3]
    if not alike:
        return np.zeros(len(amounts)), np.zeros(len(amounts), dtype=np.bool_)
    extras = np.stack([amounts[:, at] - np.median(believed[:, max(0, at - 3) : at + 4], axis=1) for at in alike])
    extras = np.sort(extras, axis=0)
    steady = extras[-2] if len(alike) > 1 else extras[0]
    seen: Bools = np.any(amounts[:, alike] > 0, axis=1)
    return np.maximum(steady, 0.0), seen


def _now_and_then(amounts: Values, lasting: Ints, day: int) -> Values:
    """What the third dearest of the days before cost where most days cost next to nothing; 0 elsewhere."""
    past = amounts[:, max(0, day - _OFTEN) : day]
    at = np.arange(past.shape[1])[None, :]
    past = np.where(at < past.shape[1] - lasting[:, None], past, 0.0)  # the anomaly that goes on is no habit
    third = np.partition(past, -3, axis=1)[:, -3]
    return np.where(np.median(past, axis=1) < _SPORADIC * third, third, 0.0)


def _settle(believed: Values, amounts: Values, rows: Ints, day: int) -> None:
    """The last week is the level now: what came before is remembered as if it had been, weekday by weekday.

    What the last days of that week rose by, in proportion, is what all rose by, but weekdays that rose by much more.
    """
    first = day - SETTLED + 1
    for row in rows.tolist():
        spent, due = amounts[row, first : day + 1], believed[row, first : day + 1]
        moved, last = spent - due, slice(-_LAST_OF_RAMP, None)
        if due.sum() > _SPORADIC * spent.sum():
            risen = due * (np.median(spent[last] / np.maximum(due[last], _TINY)) - 1)
        else:
            risen = np.full(SETTLED, np.median(moved[last]))
        moved = np.where(moved < _OF_ITS_OWN * risen, risen, moved)
        believed[row, : day + 1] += np.resize(moved[::-1], day + 1)[::-1]


def _note_drift(believed: Values, amounts: Values, found: Judged, day: int, may: Bools, wide: Values) -> None:
    """Flag the series whose last week is above the level of four weeks ago by more than noise, a fifth and growth."""
    if day < _DRIFT_WARM or not may.any():
        return
    now, middle = _level(believed, day, _WEEK), _level(believed, day - _DRIFT_BACK // 2, _WEEK)
    then, earlier = (_level(believed, day - back + _WEEK // 2, 2 * _WEEK) for back in (_DRIFT_BACK, 2 * _DRIFT_BACK))
    grown = then + np.maximum(then - earlier, 0.0)
    noise = _noise(believed[:, day - _NOISE_DAYS : day])
    much = np.maximum(_DRIFT_SHARE * grown, _DRIFT_NOISE * noise)
    slow = may & (now - grown > much) & (then < middle) & (middle < now)
    slow &= amounts[:, day] > grown
    found.flagged[slow, day] = found.drifting[slow, day] = True
    found.expected[slow, day] = grown[slow]
    found.width[slow, day] = np.maximum(amounts[slow, day] - grown[slow], wide[slow]) / 2


def _level(believed: Values, day: int, days: int) -> Values:
    """The average of `days` up to a day."""
    level: Values = believed[:, day - days + 1 : day + 1].mean(axis=1)
    return level


def _overspend(amounts: Values, judged: Judged, row: int, start: int, end: int) -> Overspend:
    spent, due = amounts[row, start:end], judged.expected[row, start:end]
    strength = np.maximum((spent - due) / np.maximum(judged.width[row, start:end], 1e-9), 0.0)
    scores = 1 - 1 / (1 + strength)
    return Overspend(
        start=start,
        end=end,
        actual=float(spent.sum()),
        expected=float(due.sum()),
        peak=float((spent - due).max()),
        score=float(scores.max()),
        last_score=float(scores[-1]),
        open=end == amounts.shape[1],
        drift=bool(judged.drifting[row, start:end][judged.flagged[row, start:end]].all()),
        new=not amounts[row, :start].any(),
    )


def _runs(flagged: Bools, drifting: Bools) -> list[tuple[int, int]]:
    """Runs of flagged days; one quiet day within does not end one, and of a drift a quiet week does not."""
    days = np.flatnonzero(flagged)
    if not len(days):
        return []
    slow = drifting[days]
    gaps = np.where(slow[1:] & slow[:-1], _WEEK, _SINGLE_GAP)
    breaks = np.flatnonzero(np.diff(days) > 1 + gaps)
    starts = np.concatenate([days[:1], days[breaks + 1]])
    ends = np.concatenate([days[breaks], days[-1:]]) + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
