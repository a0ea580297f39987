"""From scores to anomalies: an alert begins one, an hour without anything unusual ends it.

`Episode` is what is kept of an anomaly that is still open. Following it depends on the points alone, in their order.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.anomalies.expectation import Expectation, expect
from trimtab.anomalies.model import CALM, LONGEST, SLOT_MS, Anomaly, Direction
from trimtab.timeseries.anomaly.bank import Scored, Times, Values

UNUSUAL = 1.0
"""A score from which a point still belongs to the anomaly: as if every view had a chance of 1 in 10."""


class Episode(Struct):
    """An anomaly that has not ended. `number` counts its points, `calm` the last ones that were not unusual.

    `last_ms` is the time of its newest point.
    """

    start_ms: int
    end_ms: int
    last_ms: int
    number: int
    calm: int
    score: float
    peak_ms: int
    value: float
    picture_ms: int
    lows: tuple[float, ...]
    highs: tuple[float, ...]


class Owner(Struct, frozen=True):
    """The series that is followed, and whose it is."""

    series: int
    account: str
    region: str


class Followed(Struct, frozen=True):
    """What came of some points: the anomalies that began, changed or ended, each as it is now, and the open one."""

    anomalies: tuple[Anomaly, ...]
    open: Episode | None


def follow(
    owner: Owner, episode: Episode | None, times: Times, values: Values, said: Scored, past: tuple[Times, Values]
) -> Followed:
    """Follow the anomalies of a series through new points (`times` ms, `values`) of which the detector `said`.

    `past` are the points that are remembered, the new ones included.
    """
    done: list[Anomaly] = []
    at, changed = 0, False
    while at < len(times):
        if episode is None:
            later = np.flatnonzero(said.alerts[at:])
            if not len(later):
                break
            at += int(later[0])
            episode, changed = _begin(float(said.scores[at]), times, values, at, past), True
        else:
            changed = True
            apart = bool(said.alerts[at]) or is_over(episode, int(times[at]))
            if not apart:
                _continue(episode, float(said.scores[at]), int(times[at]), float(values[at]))
            if apart or episode.calm >= CALM or episode.number > LONGEST:
                done.append(ended(owner, episode, past))
                episode, changed = None, False
                if apart:
                    continue  # The same point may begin the next one.
        at += 1
    if episode is not None and changed:
        done.append(_shown(owner, episode, past, open_=True))
    return Followed(tuple(done), episode)


def is_over(episode: Episode, time_ms: int) -> bool:
    """Whether there was no point for so long before `time_ms` that the anomaly ended with the last one."""
    return time_ms - episode.last_ms > (CALM + 1) * SLOT_MS


def ended(owner: Owner, episode: Episode, past: tuple[Times, Values]) -> Anomaly:
    """The anomaly that `episode` was, over."""
    return _shown(owner, episode, past, open_=False)


def _begin(score: float, times: Times, values: Values, at: int, past: tuple[Times, Values]) -> Episode:
    start_ms = int(times[at])
    expected = expect(*past, start_ms)
    return Episode(
        start_ms,
        start_ms + SLOT_MS,
        start_ms,
        1,
        0,
        score,
        start_ms,
        float(values[at]),
        expected.picture_ms,
        tuple(expected.lows.tolist()),
        tuple(expected.highs.tolist()),
    )


def _continue(episode: Episode, score: float, time_ms: int, value: float) -> None:
    episode.number += 1
    episode.last_ms = time_ms
    episode.calm = 0 if score >= UNUSUAL else episode.calm + 1
    if score >= UNUSUAL:
        episode.end_ms = time_ms + SLOT_MS
    if score > episode.score:
        episode.score, episode.peak_ms, episode.value = score, time_ms, value


def _shown(owner: Owner, episode: Episode, past: tuple[Times, Values], *, open_: bool) -> Anomaly:
    """The anomaly as it is known after `episode`'s points."""
    expected = Expectation(episode.picture_ms, np.array(episode.lows), np.array(episode.highs))
    low, high = expected.at(episode.peak_ms)
    until = min((episode.last_ms - episode.picture_ms) // SLOT_MS + 1, len(episode.lows))
    points = _slots(*past, episode.picture_ms, until)
    return Anomaly(
        owner.series,
        episode.start_ms,
        episode.end_ms,
        owner.account,
        owner.region,
        open_,
        episode.score,
        episode.peak_ms,
        _direction(expected, episode, points),
        episode.value,
        low,
        high,
        episode.picture_ms,
        tuple(points[:until].tolist()),
        episode.lows[:until],
        episode.highs[:until],
        2 * episode.number + (0 if open_ else 1),
    )


def _direction(expected: Expectation, episode: Episode, points: Values) -> Direction:
    """Where the peak lies, or else where most of what is beyond the limits does."""
    found = expected.direction(episode.peak_ms, episode.value)
    if found is not Direction.SHAPE:
        return found
    first = (episode.start_ms - episode.picture_ms) // SLOT_MS
    inside = slice(first, (episode.end_ms - episode.picture_ms) // SLOT_MS)
    part = points[inside]
    above = int(np.sum(part > expected.highs[inside][: len(part)]))
    below = int(np.sum(part < expected.lows[inside][: len(part)]))
    return Direction.SHAPE if above == below else Direction.ABOVE if above > below else Direction.BELOW


def _slots(times: Times, values: Values, first_ms: int, number: int) -> Values:
    """The values at `number` slots from `first_ms`; NaN where there is no point."""
    slots: Values = np.full(number, np.nan)
    place: npt.NDArray[np.int64] = (times - first_ms) // SLOT_MS
    inside = (place >= 0) & (place < number)
    slots[place[inside]] = values[inside]
    return slots
