"""Days on which more was spent than before: spikes, steps, slow drifts and things that are new, in daily amounts.

What a day should cost is told from the same weekdays of the five weeks before it and from the level of the last week;
the first and last days of a month from the same days of the months before, where those stood out. A day that was too
dear is remembered as what it should have cost, so that an anomaly does not become the norm, until it has lasted
`SETTLED` days: then it is the new level, and the anomaly has ended. A drift too slow for any single day is held against
the weeks before the last four. Pure arrays; nothing after a day is used to judge it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.robust import mad_sigma

Values = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WARM = 21
"""Days of history before anything is judged."""
_WEEK = 7
SETTLED = _WEEK
_WEEKS = 5
_WIDE = 5.0
_LEAST_SHARE = 0.15
"""A day counts from this share above what it should cost, however even the amounts are."""
_NOISE_DAYS = 28
_DRIFT_SPAN, _DRIFT_BACK = 7, 28
_DRIFT_SHARE = 0.2
_SINGLE_GAP = 1


@dataclass(frozen=True, slots=True)
class Overspend:
    """Days `[start, end)` that cost `actual` in all where `expected` was due. `score`: 0 to 1, how far out of noise.

    `open`: it still goes on at the last day. `drift`: it came slowly. `new`: nothing was spent before.
    """

    start: int
    end: int
    actual: float
    expected: float
    peak: float
    score: float
    open: bool
    drift: bool
    new: bool

    @property
    def impact(self) -> float:
        """What it cost more than expected."""
        return self.actual - self.expected


def find(amounts: Values, marks: Bools | None = None, least: float = 0.0) -> list[Overspend]:
    """The overspends of a series of daily amounts; `marks` as `forecast.calendar` takes them, `least` an impact."""
    expected, width, flagged, drifting = judge(amounts, marks)
    found = []
    for start, end in _runs(flagged):
        inside = slice(start, end)
        over = amounts[inside] - expected[inside]
        strength = float(np.max(over / np.maximum(width[inside], 1e-9)))
        one = Overspend(
            start=start,
            end=end,
            actual=float(amounts[inside].sum()),
            expected=float(expected[inside].sum()),
            peak=float(over.max()),
            score=float(1 - 1 / (1 + max(strength, 0.0))),
            open=end == len(amounts),
            drift=bool(drifting[inside].all()),
            new=not amounts[:start].any(),
        )
        if one.impact > max(least, 0.0):
            found.append(one)
    return found


def judge(amounts: Values, marks: Bools | None = None) -> tuple[Values, Values, Bools, Bools]:
    """By day: what it should have cost, how much more than that is too much, whether it was, whether by drift."""
    count = len(amounts)
    believed = amounts.astype(np.float64).copy()
    expected, width = believed.copy(), np.full(count, np.inf)
    flagged, drifting = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    lasting, settled = 0, -_DRIFT_BACK
    for day in range(WARM, count):
        due, noise = _due(believed, amounts, day, marks)
        if flagged[day - _WEEK] and not drifting[day - _WEEK]:
            due = max(due, float(amounts[day - _WEEK]))  # what comes back on its weekday is a habit
        wide = max(_WIDE * noise, _LEAST_SHARE * due, 1e-6)
        over = amounts[day] - due
        old, slow = _drift(believed, day)
        if over > wide:
            flagged[day], expected[day], width[day] = True, due, wide
            lasting += 1
            believed[day] = due
            if lasting >= SETTLED:
                _settle(believed, amounts, day)
                lasting, settled = 0, day
            continue
        lasting = 0
        expected[day], width[day] = due, wide
        if slow and day - settled > _DRIFT_BACK + _WEEK:  # weeks on two sides of a step would look like one
            flagged[day] = drifting[day] = True
            expected[day], width[day] = old, max(amounts[day] - old, wide) / 2
    return expected, width, flagged, drifting


def _settle(believed: Values, amounts: Values, day: int) -> None:
    """The last week is the level now: what came before is remembered as if it had been, weekday by weekday."""
    first = day - SETTLED + 1
    moved = amounts[first : day + 1] - believed[first : day + 1]
    believed[: day + 1] += np.resize(moved[::-1], day + 1)[::-1]


def _due(believed: Values, amounts: Values, day: int, marks: Bools | None) -> tuple[float, float]:
    """What a day should cost, and the noise around that."""
    shape = believed[max(0, day - _WEEK * _WEEKS) : day]
    same = believed[list(range(day - _WEEK, -1, -_WEEK))[:_WEEKS]]
    recent = believed[day - _WEEK : day]
    before = believed[max(0, day - 2 * _WEEK) : day - _WEEK]
    moved = float(np.median(recent - before[-len(recent) :])) if len(before) == len(recent) else 0.0
    due = float(np.median(same[:3])) + (moved / 2 if abs(moved) > 0 else 0.0)
    residual = shape[_WEEK:] - shape[:-_WEEK]
    noise = mad_sigma(residual) / np.sqrt(2) if len(residual) else 0.0
    if marks is not None and day < len(marks) and marks[day].any():
        kind = marks[day]
        alike = [at for at in range(day - 1, -1, -1) if (marks[at] & kind).any() and amounts[at] > 0][:3]
        if alike:  # what such days really cost: a fee that comes each month is no anomaly
            extra = max(amounts[at] - np.median(believed[max(0, at - 3) : at + 4]) for at in alike)
            due += max(0.0, float(extra))
        else:
            noise = np.inf  # such a day was never seen: fees may come
    return max(due, 0.0), float(noise)


def _drift(believed: Values, day: int) -> tuple[float, bool]:
    """The level before the last weeks, and whether the last week is above it by more than noise and a fifth."""
    if day < _DRIFT_BACK + 2 * _WEEK:
        return 0.0, False
    then = believed[day - _DRIFT_BACK - _WEEK : day - _DRIFT_BACK]
    now = believed[day - _DRIFT_SPAN + 1 : day + 1]
    level = float(np.median(then))
    noise = mad_sigma(believed[day - _NOISE_DAYS + _WEEK : day] - believed[day - _NOISE_DAYS : day - _WEEK])
    middle = float(np.median(believed[day - _DRIFT_BACK // 2 - _WEEK + 1 : day - _DRIFT_BACK // 2 + 1]))
    rising = level < middle < float(np.median(now))
    slow = float(np.median(now)) - level > max(_DRIFT_SHARE * level, 3 * noise / np.sqrt(_WEEK)) and rising
    return level, bool(slow)


def _runs(flagged: Bools) -> list[tuple[int, int]]:
    """Runs of flagged days; one quiet day within does not end one."""
    days = np.flatnonzero(flagged)
    if not len(days):
        return []
    breaks = np.flatnonzero(np.diff(days) > 1 + _SINGLE_GAP)
    starts = np.concatenate([days[:1], days[breaks + 1]])
    ends = np.concatenate([days[breaks], days[-1:]]) + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
