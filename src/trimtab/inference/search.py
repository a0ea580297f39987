"""The search for capacity: doubling, then bisection, then levels at the estimated crossing until it is certain enough.

A level ends as soon as its own verdict, or the whole search's answer, is certain.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trimtab.capacity.curve import Curve, Interval
from trimtab.inference.fit import bracket, crossing, exceeded, tells
from trimtab.inference.level import Level, level_of
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look
from trimtab.inference.objective import Objective
from trimtab.inference.standing import MISSES, UNSURE, Looks, Standing

_COARSE = 0.3  # width of a bracket at which levels are held for precision
_FIRST_SHARES = (0.82, 0.7, 0.9, 0.6, 0.76, 0.86)  # of the lowest rate that missed
_NEAR_SHARES = (0.96, 0.9, 0.98)  # of the estimated crossing
_ENOUGH = 6.0  # independent requests beyond the percentile: its interval is about ± 30 % then
_LOOK_S = 1.0  # between looks: each takes up to a millisecond from the sending


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search is made. `tolerance` is the half width, as a share, at which the answer is certain enough."""

    objective: Objective
    start_rate: float = 0.0
    most_rate: float = 100_000.0
    tolerance: float = 0.03
    least_s: float = 2.0
    coarse_s: float = 3.0
    level_s: float = 20.0
    most_s: float = 240.0
    slice_s: float = 0.25
    warm_up_s: float = 20.0


class Hold(Protocol):
    """Holds a rate within limits, asking `look` at every slice."""

    def __call__(self, rate: float, limits: Limits, look: Look) -> Awaitable[Record]:
        """The record of what came of it."""
        ...


@dataclass(slots=True)
class Means:
    """What a search needs: how to hold a rate, the monotonic clock, and what is busy meanwhile (percent by name)."""

    hold: Hold
    now: Callable[[], float]
    busy: Callable[[], Mapping[str, float]] = dict
    said: Callable[[Level], None] = lambda _level: None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. `capacity` is None where not even the lowest rate met the objective; `ended` says why."""

    levels: tuple[Level, ...]
    capacity: Interval | None
    seconds: float
    ended: str
    warm_up_s: float = 0.0

    def curve(self, bottleneck: str = "") -> Curve:
        """The levels as a curve, by rate; of a rate that was held twice the longer one."""
        best: dict[float, Level] = {}
        for one in self.levels:
            known = best.get(one.rate)
            if known is None or known.point.seconds < one.point.seconds:
                best[one.rate] = one
        return Curve(tuple(best[rate].point for rate in sorted(best)), self.capacity, bottleneck)


@dataclass(slots=True)
class _Search:
    plan: Plan
    means: Means
    begun_s: float
    levels: list[Level] = field(default_factory=list)

    def left_s(self) -> float:
        return self.plan.most_s - (self.means.now() - self.begun_s)

    def standings(self) -> list[Standing]:
        return [one.standing for one in self.levels]

    async def level(self, rate: float, *, precise: bool) -> Level:
        """Hold a rate until its verdict is certain, or, where `precise`, the answer."""
        plan, known = self.plan, self.standings()
        looks = Looks(plan.objective, plan.slice_s, plan.least_s)
        seen, each = [0], max(1, round(_LOOK_S / plan.slice_s))

        def look(record: Record, now_s: float) -> bool:
            looks.read(record, now_s)
            if len(looks.sizes) < seen[0] + each:
                return False
            seen[0] = len(looks.sizes)
            now = looks.standing(rate)
            held_s = len(looks.sizes) * plan.slice_s
            if not precise or not now.keeps_up:
                return now.verdict != UNSURE or held_s >= plan.coarse_s
            if held_s < plan.least_s:
                return False
            first = _line(known, plan) is None and exceeded(now, plan.objective) >= _ENOUGH
            return first or now.verdict == MISSES or precise_enough(answer([*known, now], plan), plan)

        seconds = min(plan.level_s, max(plan.least_s, self.left_s()))
        limits = Limits(seconds, slice_s=plan.slice_s, drain_s=max(10.0, plan.objective.latency_ms / 50))
        self.means.busy()  # what is read next counts from here
        record = await self.means.hold(rate, limits, look)
        made = level_of(record, rate, plan.objective, self.means.now(), self.means.busy())
        self.levels.append(made)
        self.means.said(made)
        return made


def answer(levels: Sequence[Standing], plan: Plan) -> Interval | None:
    """The best answer that levels give: the crossing of the line where it lies in the bracket, else the bracket."""
    line = _line(levels, plan)
    if line is not None:
        return line
    left, certain = bracket(levels, plan.objective), bracket(levels, plan.objective, sure=True)
    if not left.low:
        return None
    if math.isinf(left.high):
        return Interval(left.low, left.low, math.inf)
    # What is only likely to have met the objective bounds the answer loosely, so that it is never precise by chance.
    return Interval((left.low + left.high) / 2, certain.low or left.low / 2, left.high)


def _line(levels: Sequence[Standing], plan: Plan) -> Interval | None:
    found, left = crossing(levels, plan.objective), bracket(levels, plan.objective, sure=True)
    inside = found is not None and left.low * 0.95 <= found.value <= left.high * 1.05
    return found if inside else None


def precise_enough(found: Interval | None, plan: Plan) -> bool:
    """Whether an answer is within the tolerance."""
    return found is not None and found.upper - found.lower <= 2 * plan.tolerance * found.value


def next_rate(levels: Sequence[Standing], plan: Plan) -> tuple[float, bool]:
    """The rate to hold next, and whether it is held for precision rather than for a verdict."""
    left = bracket(levels, plan.objective)
    if math.isinf(left.high):
        return min(plan.most_rate, 2 * max(one.rate for one in levels)), False
    if not left.low:
        return left.high / 2, False
    line = _line(levels, plan)
    if line is None:
        if left.width > _COARSE:
            return math.sqrt(left.low * left.high), False
        # Below the knee a percentile settles soonest: two such levels make the first line.
        for share in _FIRST_SHARES:
            rate = share * left.high
            if not any(abs(one.rate - rate) < 0.02 * rate for one in levels):
                return rate, True
        return math.sqrt(left.low * left.high), True
    number = sum(one.rate >= 0.8 * line.value and tells(one, plan.objective) for one in levels)
    return line.value * _NEAR_SHARES[number % len(_NEAR_SHARES)], True


async def search(plan: Plan, means: Means) -> Found:
    """Find the highest rate at which the objective is met."""
    work = _Search(plan, means, means.now())
    warm_up_s = await _warm_up(work)
    await work.level(plan.start_rate, precise=False)
    ended = ""
    while not ended:
        known = work.standings()
        found = answer(known, plan)
        rate, precise = next_rate(known, plan)
        if precise_enough(found, plan) and math.isfinite(bracket(known, plan.objective).high):
            ended = "certain"
        elif work.left_s() < plan.least_s:
            ended = "time is up"
        elif found is not None and math.isinf(found.upper) and rate <= known[-1].rate:
            ended = "the highest rate allowed meets the objective"
        elif rate < plan.start_rate / 64:
            ended = "no rate meets the objective"
        else:
            await work.level(rate, precise=precise)
    found = answer(work.standings(), plan)
    return Found(tuple(work.levels), found, means.now() - work.begun_s, ended, warm_up_s)


async def _warm_up(work: _Search) -> float:
    """Hold the first rate until latency no longer falls; the seconds that it took."""
    plan, begun = work.plan, work.means.now()
    if plan.warm_up_s <= 0:
        return 0.0

    def look(record: Record, now_s: float) -> bool:
        return steady(record, now_s, plan)

    await work.means.hold(plan.start_rate, Limits(plan.warm_up_s, slice_s=plan.slice_s), look)
    return work.means.now() - begun


def steady(record: Record, now_s: float, plan: Plan) -> bool:
    """Whether the last seconds of a warm-up are no faster than those before them, within 5 % or chance."""
    width = max(4, math.ceil(plan.least_s / plan.slice_s / 2))
    slices = record.settled(now_s, plan.objective.latency_ms / 1000)
    if len(slices) < 2 * width:
        return False
    before, last = (
        [one.latency.mean() or 0.0 for one in part] for part in (slices[-2 * width : -width], slices[-width:])
    )
    first, second = sum(before) / width, sum(last) / width
    spread = math.sqrt(sum((one - first) ** 2 for one in before) + sum((one - second) ** 2 for one in last)) / width
    return first - second <= max(0.05 * first, 2 * spread)
