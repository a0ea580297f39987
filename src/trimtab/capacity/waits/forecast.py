"""When a waiting job will start, learnt from the queue's own past, with an interval that is right as often as it says.

The distribution of past waits (survival.py) is weighed in several ways (alike.py). Each way's interval and median are
corrected online by how often they were right (adaptive conformal inference: Gibbs and Candès 2021), over waits that
ended in a start; waits of jobs that were withdrawn, or that go on, count as longer than they were seen to be. The way
whose intervals scored best lately (Winkler 1972: their width, and the distance of what they missed) is followed.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.base.records import replace
from trimtab.capacity.waits.alike import WAYS, Past
from trimtab.capacity.waits.model import Asked, Expected, Wait
from trimtab.capacity.waits.survival import Distribution, Numbers, distribution_of

HELD = 0.8
"""The share of waits that intervals are to hold."""
KEPT = 600
"""Waits of the past that are looked at: three times those of the plainest way, so that similar ones are among them."""
FEWEST = 20
"""Started waits without which nothing is said: an interval of 80 % then rests on four misses."""
_STEP = 0.05
"""How far a miss moves a level. Gibbs and Candès show that coverage is off by at most some 1 / (step × waits)."""
STILL = 200
"""Of the jobs that wait so many are looked at, evenly spread, and each stands for several: queues of thousands are."""
_LOOKED_BACK = 100
"""Forecasts by which ways are compared."""
LEARNT_BY = 300
"""Waits of the past by which levels are learnt anew: enough that where they began no longer shows (15 steps of 1)."""
_LEAST, _MOST = 0.05, 0.995


class _Way:
    """One way to weigh the past, its levels, and how well its intervals did."""

    def __init__(self, name: str) -> None:
        self.name, self.mass, self.middle = name, HELD, 0.5
        self.scores: deque[float] = deque(maxlen=_LOOKED_BACK)

    def expect(self, distribution: Distribution, waits: int) -> Expected:
        """The interval and the median, at the levels of now."""
        low, high = distribution.shortest(self.mass)
        return Expected(low, distribution.quantile(self.middle), high, waits, self.name)

    def learn(self, said: Expected, length_s: float) -> None:
        """What came of a forecast: levels move, and the score is noted."""
        held = said.low_s <= length_s <= said.high_s
        self.mass = min(max(self.mass + _STEP * (HELD - held), _LEAST), _MOST)
        self.middle = min(max(self.middle + _STEP * (0.5 - (length_s <= said.median_s)), _LEAST), _MOST)
        outside = max(said.low_s - length_s, length_s - said.high_s, 0.0)
        self.scores.append(said.high_s - said.low_s + 2 / (1 - HELD) * outside)

    @property
    def score(self) -> float:
        """The mean of the last scores, of which single ones may not rule; lower is better."""
        return float(np.mean(np.sqrt(self.scores))) if self.scores else 0.0


class Forecaster:
    """What is known of a queue, as far as it is told in order of time. It answers for jobs that have waited `age_s`."""

    def __init__(self, age_s: float = 0.0) -> None:
        self.age_s = age_s
        self._ways = [_Way(name) for name in WAYS]
        self._ended: deque[Wait] = deque(maxlen=KEPT)
        self._open: dict[str, Asked] = {}
        self._said: dict[str, tuple[Expected, ...]] = {}
        self._columns: tuple[Past, Numbers, NDArray[np.bool_]] | None = None

    def submitted(self, asked: Asked) -> None:
        """A job came into the queue."""
        self._open[asked.key] = asked

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._open)

    def settle(self, wait: Wait) -> None:
        """A job left the queue: it started, or was withdrawn."""
        self._open.pop(wait.asked.key, None)
        if wait.length_s >= self.age_s:
            self._ended.append(wait)
            self._columns = None
        said = self._said.pop(wait.asked.key, None)
        if said is not None and wait.started:
            for way, one in zip(self._ways, said, strict=True):
                way.learn(one, wait.length_s)

    def expect(self, asked: Asked, now_s: float, waited_s: float | None = None) -> Expected | None:
        """How long a job will have waited; None where too little is known. It learns from it when the job starts.

        `waited_s`, where it has waited longer than the age that this forecaster is for, narrows the answer.
        """
        if sum(one.started for one in self._ended) < FEWEST:
            return None
        past, lengths, started = self._known()
        still = [one for one in self._open.values() if now_s - one.submit_s >= self.age_s and one.key != asked.key]
        stands_for = -(-len(still) // STILL)
        still = still[::stands_for] if stands_for > 1 else still
        lengths = np.concatenate((lengths, [now_s - one.submit_s for one in still]))
        started = np.concatenate((started, np.zeros(len(still), dtype=np.bool_)))
        here = Past.of([Wait(one, now_s, False) for one in still])
        answers = []
        for way in self._ways:
            weigh = WAYS[way.name]
            weights = np.concatenate((weigh(past, asked), weigh(here, asked) * max(stands_for, 1)))
            age_s = max(waited_s or 0.0, self.age_s)
            distribution = distribution_of(lengths, started, weights, age_s)
            if distribution is None:
                return None
            answers.append(way.expect(distribution, len(self._ended)))
        if waited_s is None:
            self._said[asked.key] = tuple(answers)
        return answers[min(range(len(answers)), key=lambda place: self._ways[place].score)]

    def _known(self) -> tuple[Past, Numbers, NDArray[np.bool_]]:
        if self._columns is None:
            ended = list(self._ended)
            lengths = np.array([one.length_s for one in ended])
            self._columns = (Past.of(ended), lengths, np.array([one.started for one in ended], dtype=np.bool_))
        return self._columns


def walk(
    waits: Iterable[Wait], forecaster: Forecaster, until_s: float = math.inf, asked_from_s: float = -math.inf
) -> Iterator[tuple[Wait, Expected | None]]:
    """Every wait as long as the forecaster's age, with what was expected of it when it had waited that long.

    Nothing is used that was not known then. Afterwards the forecaster knows all that was before `until_s`; jobs that
    wait still have an endless wait. Before `asked_from_s` it is told of waits and not asked.
    """
    moments: list[tuple[float, int, Wait]] = []
    for wait in waits:
        submit_s, asked_s = wait.asked.submit_s, wait.asked.submit_s + forecaster.age_s
        moments.append((submit_s, 0, wait))
        if wait.length_s >= forecaster.age_s and asked_s >= asked_from_s:
            moments.append((asked_s, 1, wait))
        moments.append((max(wait.end_s, submit_s), 2, wait))
    asked: dict[str, Asked] = {}
    for at_s, what, wait in sorted(moments, key=lambda one: one[:2]):
        if at_s >= until_s:
            return
        if what == 0:
            asked[wait.asked.key] = replace(wait.asked, ahead=forecaster.waiting)
            forecaster.submitted(asked[wait.asked.key])
        elif what == 1:
            yield wait, forecaster.expect(asked[wait.asked.key], at_s)
        else:
            forecaster.settle(replace(wait, asked=asked.pop(wait.asked.key)))


def learnt(waits: Sequence[Wait], age_s: float, until_s: float = math.inf) -> Forecaster:
    """A forecaster that has walked over some waits; levels are learnt by the last of them."""
    forecaster = Forecaster(age_s)
    submits = sorted(one.asked.submit_s for one in waits if one.length_s >= age_s)
    asked_from_s = submits[-LEARNT_BY] + age_s if len(submits) > LEARNT_BY else -math.inf
    for _ in walk(waits, forecaster, until_s, asked_from_s):
        pass
    return forecaster
