"""The search for capacity: doubling, then bisection, then levels around the estimated crossing until it is certain.

The levels that look for the knee end as soon as their verdict is certain. Those that measure it are held for a time
that is set before: one that ended when it looked good would make the answer too good.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from trimtab.capacity.curve import Curve, Interval
from trimtab.inference.fit import Bracket, beyond, bracket, crossing, tells
from trimtab.inference.level import Level, level_of
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look
from trimtab.inference.objective import Objective
from trimtab.inference.standing import UNSURE, Looks, Standing

_COARSE = 0.3  # width of a bracket at which levels are held for precision
_SHARES = (0.97, 1.0, 0.93)
"""Of the estimated crossing: of the sets tried on nine simulated queues the one that erred least for its time."""
_FEWEST = 9  # levels around the crossing before its interval is believed
_FEWEST_BEYOND = 8.0  # requests that the objective allows to be slower, around the crossing: fewer tell nothing
_HELD_S = (1.0, 12.0)  # that a measuring level is held: a twentieth of the whole search, within these
_REQUESTS = 300  # that it should have, where the time allows
_FILL = 0.12  # of it in which the queue fills
_LOST = 3.0  # times the objective: a level so slow that does not keep up has told enough
_LOOK_S = 1.0  # between looks: each takes up to a millisecond from the sending


class Plan(Struct, frozen=True):
    """How a search is made. `tolerance` is the half width, as a share, at which the answer is certain enough."""

    objective: Objective
    start_rate: float = 0.0
    most_rate: float = 100_000.0
    tolerance: float = 0.03
    least_s: float = 2.0
    coarse_s: float = 3.0
    most_s: float = 300.0
    slice_s: float = 0.25
    warm_up_s: float = 20.0


class Hold(Protocol):
    """Holds a rate within limits, asking `look` at every slice."""

    def __call__(self, rate: float, limits: Limits, look: Look) -> Awaitable[Record]:
        """The record of what came of it."""
        ...


class Means(Struct):
    """What a search needs: how to hold a rate, the monotonic clock, and what is busy meanwhile (percent by name)."""

    hold: Hold
    now: Callable[[], float]
    busy: Callable[[], Mapping[str, float]] = dict
    said: Callable[[Level], None] = lambda _level: None


class Found(Struct, frozen=True):
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


class _Search(Struct):
    plan: Plan
    means: Means
    begun_s: float
    levels: list[Level] = field(default_factory=list)

    def left_s(self) -> float:
        return self.plan.most_s - (self.means.now() - self.begun_s)

    def standings(self) -> list[Standing]:
        return [one.standing for one in self.levels]

    async def level(self, rate: float, *, precise: bool) -> Level:
        """Hold a rate until its verdict is certain, or, where `precise`, for its time."""
        plan = self.plan
        seconds = self._seconds(rate) if precise else max(plan.coarse_s, plan.least_s)
        fill = round(_FILL * seconds / plan.slice_s) if precise else 0
        looks = Looks(plan.objective, plan.slice_s, plan.least_s, fill)
        seen, each = [0], max(1, round(_LOOK_S / plan.slice_s))

        def look(record: Record, now_s: float) -> bool:
            looks.read(record, now_s)
            if len(looks.sizes) < seen[0] + each:
                return False
            seen[0] = len(looks.sizes)
            now = looks.standing(rate)
            if precise:
                return not now.keeps_up and now.latency.value > _LOST * plan.objective.latency_ms
            return now.verdict != UNSURE

        limits = Limits(seconds, slice_s=plan.slice_s, drain_s=max(10.0, plan.objective.latency_ms / 50))
        self.means.busy()  # what is read next counts from here
        record = await self.means.hold(rate, limits, look)
        made = level_of(record, rate, plan.objective, self.means.now(), self.means.busy(), fill)
        self.levels.append(made)
        self.means.said(made)
        return made

    def _seconds(self, rate: float) -> float:
        """How long a measuring level is held."""
        low, high = _HELD_S
        usual = min(max(self.plan.most_s / 20, low), high)
        return min(max(usual, _REQUESTS / rate), max(usual, self.plan.most_s / 6), max(low, self.left_s()))


class Known(Struct, frozen=True):
    """What levels say: their bracket, and the crossing of the line through them where there is one."""

    levels: Sequence[Standing]
    plan: Plan
    left: Bracket
    line: Interval | None

    @classmethod
    def of(cls, levels: Sequence[Standing], plan: Plan) -> "Known":
        """Of levels."""
        return cls(levels, plan, bracket(levels, plan.objective), crossing(levels, plan.objective))

    @property
    def answer(self) -> Interval | None:
        """The best answer: the crossing, else the bracket."""
        if self.line is not None or not self.left.low:
            return self.line
        if math.isinf(self.left.high):
            return Interval(self.left.low, self.left.low, math.inf)
        return Interval((self.left.low + self.left.high) / 2, self.left.low, self.left.high)

    @property
    def precise_enough(self) -> bool:
        """Whether the answer is within the tolerance; a line needs enough levels to know."""
        found = self.answer
        if found is None or math.isinf(found.upper):
            return False
        near = [one for one in self.levels if 0.85 * found.value <= one.rate <= 1.15 * found.value]
        if sum(beyond(one, self.plan.objective) for one in near) < _FEWEST_BEYOND:
            return False
        if self.line is not None and self._around(found.value) < _FEWEST:
            return False
        return found.upper - found.lower <= 2 * self.plan.tolerance * found.value

    @property
    def next_rate(self) -> tuple[float, bool]:
        """The rate to hold next, and whether it is held for precision rather than for a verdict."""
        left = self.left
        if math.isinf(left.high):
            return min(self.plan.most_rate, 2 * max(one.rate for one in self.levels)), False
        if not left.low:
            return left.high / 2, False
        if self.line is None or left.width > _COARSE:
            return math.sqrt(left.low * left.high), left.width <= _COARSE
        # One step of a young line is not believed farther than this, nor ever to where the server was lost.
        near = min(max(self.line.value, 0.85 * left.low), 1.15 * left.high)
        lost = min((one.rate for one in self.levels if one.rate > left.low and not one.keeps_up), default=math.inf)
        if near >= lost:
            near = math.sqrt(left.low * lost)
        return near * _SHARES[self._around(near) % len(_SHARES)], True

    def _around(self, rate: float) -> int:
        return sum(0.85 * rate <= one.rate <= 1.1 * rate and tells(one, self.plan.objective) for one in self.levels)


async def search(plan: Plan, means: Means) -> Found:
    """Find the highest rate at which the objective is met."""
    work = _Search(plan, means, means.now())
    warm_up_s = await _warm_up(work)
    await work.level(plan.start_rate, precise=False)
    ended = ""
    while not ended:
        known = Known.of(work.standings(), plan)
        rate, precise = known.next_rate
        if known.precise_enough:
            ended = "certain"
        elif work.left_s() < plan.least_s:
            ended = "time is up"
        elif known.answer is not None and math.isinf(known.answer.upper) and rate <= known.levels[-1].rate:
            ended = "the highest rate allowed meets the objective"
        elif rate < plan.start_rate / 64:
            ended = "no rate meets the objective"
        else:
            await work.level(rate, precise=precise)
    return Found(tuple(work.levels), known.answer, means.now() - work.begun_s, ended, warm_up_s)


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
