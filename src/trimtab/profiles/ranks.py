"""Which rank of a synchronous job is slow, from step times by rank: of series of metrics, or of profiles.

What counts is a rank's *own* time: a step without the time in which it waits for others. Ranks that wait inside the
step report the same time as the one they wait for; then nothing can be said, and that is what is said.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trimtab.profiles.model import TraceProfile

FEWEST_RANKS, FEWEST_STEPS = 3, 3
"""Below, no rank is the odd one out: of two, either may be, and one step may be anything."""
LEAST_GAIN = 0.03
"""A rank is called slow where steps would be 3 % shorter without it: the limit from which the authors of the what-if
analysis look for who is at fault (arXiv 2505.05713, its tool's threshold of 1.03)."""
MOST_STEPS = 0.5
"""And where it is the slowest in half of the steps or more: who is last by chance is so in 1 of n."""
ALIKE = 0.01
"""Ranks whose steps differ by less than 1 % wait for each other."""


class RankPace(Struct, frozen=True, kw_only=True):
    """A rank's mean own time of a step, in the unit that was given, how it compares with the median rank's (1 is the
    same), and in what share of the steps it was the slowest.
    """

    rank: str
    mean: float
    pace: float
    slowest_share: float


class RankJudgement(Struct, frozen=True, kw_only=True):
    """`slow` is the rank that slows the job, None where none does; `words` says it, or why nothing can be said.

    `gain` is the share of a step that goes away when the slowest rank takes the median of the others. `compared` are
    the steps, or the numbers of windows, that all ranks have.
    """

    ranks: tuple[RankPace, ...]
    compared: tuple[int, ...]
    slow: str | None
    gain: float
    words: str

    @property
    def steps(self) -> int:
        """How many steps, or windows, were compared."""
        return len(self.compared)


def judge(times: Mapping[str, Mapping[int, float]]) -> RankJudgement:
    """The judgement of own times by rank and step (or moment). Steps that not every rank has are left out."""
    shared = sorted(set.intersection(*(set(steps) for steps in times.values()))) if times else []
    names = sorted(times, key=lambda name: (len(name), name))
    values = np.array([[times[name][step] for step in shared] for name in names], np.float64)
    values = values.reshape(len(names), len(shared))
    fine = (np.isfinite(values) & (values > 0)).all(axis=0)
    return _judged(names, values[:, fine], tuple(np.array(shared, np.int64)[fine].tolist()))


def of_series(series: Mapping[str, Iterable[tuple[int, float]]], window_ms: int) -> RankJudgement:
    """The judgement of a metric of own step times by rank: (epoch ms, value) each, in windows of `window_ms`.

    Ranks report at moments of their own, so the means of windows are compared: windows should hold a step or more.
    """
    times: dict[str, dict[int, float]] = {}
    for rank, points in series.items():
        sums: dict[int, tuple[float, int]] = {}
        for at_ms, value in points:
            if np.isfinite(value):
                whole, count = sums.get(at_ms // window_ms, (0.0, 0))
                sums[at_ms // window_ms] = whole + value, count + 1
        times[rank] = {window: whole / count for window, (whole, count) in sums.items()}
    return judge(times)


def of_profiles(profiles: Sequence[TraceProfile]) -> RankJudgement:
    """The judgement of the profiler's steps in traces of several ranks."""
    times: dict[str, dict[int, float]] = {}
    for profile in profiles:
        for device in profile.devices:
            if device.steps and device.rank is not None:
                mine = times.setdefault(str(device.rank), {})
                for step in device.steps:
                    mine[step.number] = max(mine.get(step.number, 0.0), step.own_us)
    return judge(times)


def _judged(names: Sequence[str], values: NDArray[np.float64], compared: tuple[int, ...]) -> RankJudgement:
    ranks, steps = values.shape
    if ranks < FEWEST_RANKS or steps < FEWEST_STEPS:
        words = (
            f"cannot know: {ranks} ranks share {steps} steps; at least {FEWEST_RANKS} ranks and {FEWEST_STEPS} steps"
            " are compared"
        )
        return RankJudgement(ranks=(), compared=compared, slow=None, gain=0.0, words=words)
    means = values.mean(axis=1)
    last = values.argmax(axis=0)
    shares = np.bincount(last, minlength=ranks) / steps
    typical = float(np.median(means))
    paces = tuple(
        RankPace(rank=name, mean=float(mean), pace=float(mean) / typical, slowest_share=float(share))
        for name, mean, share in zip(names, means, shares, strict=True)
    )
    at = int(means.argmax())
    others = np.delete(values, at, axis=0)
    without = np.maximum(others.max(axis=0), np.median(others, axis=0)).mean()
    gain = 1 - float(without) / float(values.max(axis=0).mean())
    slow = gain >= LEAST_GAIN and shares[at] >= MOST_STEPS
    spread = float((values.max(axis=0) / values.min(axis=0)).mean()) - 1
    if slow:
        words = (
            f"rank {names[at]} slows the job: its own part of a step takes {paces[at].pace - 1:.0%} longer than the"
            f" median rank's, and steps would be {gain:.1%} shorter without that"
        )
    elif spread < ALIKE:
        words = "no rank is slow, or all report the time for which they wait: their steps are alike"
    else:
        words = f"no single rank slows the job: the slowest one, {names[at]}, costs {max(gain, 0.0):.1%} of a step"
    paces = tuple(sorted(paces, key=lambda one: -one.mean))
    return RankJudgement(
        ranks=paces, compared=compared, slow=names[at] if slow else None, gain=max(gain, 0.0), words=words
    )
