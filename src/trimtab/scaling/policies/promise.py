"""What is promised of the portfolio: that no more than the allowed share of the demand violates, or why it is not.

A promise is made at the end of a day, from the past alone. What counts are *surprises*: the demand of ticks above the
highest of a week as it was known a launch before, and of bursts, since no policy has replicas for them but by luck.
While little is known of a service, the population says what may still come. Demand that even the safe rule does not
serve is told before anything is promised. What is promised is checked at every decision: once most of what is allowed
is used up, the safe rule holds until it is made up for.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies import ghosts
from trimtab.scaling.policies.quantile import trailing_high

_serve, _follow, _whole = ghosts.serve, ghosts.follow, ghosts.whole

DAY_S = 86_400
HIGH_DAYS = 7
"""Days of which the highest demand is looked at: a week holds its working days and its weekend."""

BURST, LARGE = 2.0, 0.5
"""What rises within a launch to more than twice the highest of the hour before, and above half that of the week, is a
burst: whether it stays below the highest of the week is luck."""

# Columns of what the compiled loop is told of the fleet and the promise.
CAPACITY, LEAST, MOST, ALLOWED, SHARE, HEADROOM = range(6)


class Reason(StrEnum):
    """Why the allowed share is promised or not."""

    KEPT_SO_FAR = "kept-so-far"
    SHORT_PAST = "short-past"
    BURSTS = "bursts"
    FASTER_THAN_LAUNCH = "faster-than-launch"
    MOST_REPLICAS = "most-replicas"


class Promise(Struct, frozen=True):
    """How a promise is made and kept: what every fold of `bench/generalise.py DIR scaling` chose without its source.

    `unseen_days` is how many days' demand may still surprise, whatever the past shows: the population's share in the
    judgement, which weighs less the longer the past is. `errors` is how many standard errors are added to what the past
    shows. Above `share` of what is allowed the safe rule holds, `headroom` times the highest of a week.
    """

    unseen_days: float = 0.01
    errors: float = 1.0
    least_days: int = 7
    share: float = 0.85
    headroom: float = 1.25


USUAL = Promise()


class Evidence(Struct, frozen=True):
    """A service's past: an item a day in `asked` (demand), `surprised` (its surprises), `beyond` (what the safe rule
    would not have served) and `capped` (what the fleet's maximum would not). The first day only begins it: nothing is
    known before it."""

    asked: Array
    surprised: Array
    beyond: Array
    capped: Array

    def until(self, days: int) -> "Evidence":
        """What was known at the end of the first `days` days."""
        return Evidence(self.asked[:days], self.surprised[:days], self.beyond[:days], self.capped[:days])

    def share(self, of: Array) -> float:
        """A share of the demand after the first day."""
        asked = float(self.asked[1:].sum())
        return float(of[1:].sum()) / asked if asked else 0.0


class Verdict(Struct, frozen=True):
    """Whether `allowed` is promised, and why. `expected` is what the judgement expects, as a share of the demand."""

    allowed: float
    promised: bool
    reason: Reason
    expected: float
    words: str


def evidence_of(demand: Array, fleet: Fleet, promise: Promise = USUAL) -> Evidence:
    """The whole days of a history."""
    day, lead = _day(fleet), fleet.ticks(fleet.launch_s) + 1
    days, capacity = len(demand) // day, fleet.pools[0].capacity
    week, lately = (_known(highs, lead) for highs in (highs_of(demand, fleet), trailing_high(demand, day // 24 or 1)))

    def above(load: Array) -> npt.NDArray[np.bool_]:
        """The ticks whose demand is more than replicas for a load take."""
        replicas = np.minimum(fleet.most, np.maximum(fleet.least, np.ceil(load / capacity - ghosts.ROUNDING)))
        return np.asarray(demand > replicas * capacity * (1.0 + ghosts.ROUNDING))

    def sums(ticks: npt.NDArray[np.bool_]) -> Array:
        """The demand of some ticks, by day."""
        return np.asarray(np.where(ticks, demand, 0.0)[: days * day].reshape(days, day).sum(axis=1))

    burst = above(BURST * lately) & (demand > LARGE * week)
    most = np.full(len(demand), fleet.most * capacity)
    everything = np.ones(len(demand), dtype=np.bool_)
    return Evidence(
        sums(everything), sums(above(week) | burst), sums(above(promise.headroom * week)), sums(above(most))
    )


def _known(highs: Array, lead: int) -> Array:
    """What was known a launch before each tick."""
    return np.concatenate([np.zeros(lead), highs])[: len(highs)]


def judge(past: Evidence, fleet: Fleet, allowed: float, promise: Promise = USUAL) -> Verdict:
    """Whether the allowed share is promised from here on."""
    days, launch = len(past.asked), f"{fleet.launch_s:.0f} s"
    capped, beyond, surprised = past.share(past.capped), past.share(past.beyond), past.share(past.surprised)
    known, mean = float(past.asked[1:].sum()), float(past.asked.mean()) if days else 0.0
    error = promise.errors * float(np.sqrt((past.surprised[1:] ** 2).sum())) / known if known else 0.0
    unseen = promise.unseen_days * mean / known if known else 1.0
    expected = surprised + error + unseen
    if known and capped > allowed:
        words = f"{capped:.2%} of the demand is above what {fleet.most} replicas, the most there may be, take"
        return _refused(allowed, Reason.MOST_REPLICAS, capped, f"{words}; try a larger maximum")
    if known and beyond > allowed:
        words = (
            f"{beyond:.2%} of the demand came in bursts that rose within a launch ({launch}) to more than "
            f"{promise.headroom:g} times the highest of a week: no policy that goes by the past can serve them"
        )
        return _refused(allowed, Reason.FASTER_THAN_LAUNCH, beyond, f"{words}; {_try(expected)}")
    if known and surprised + error > allowed:
        words = (
            f"{surprised:.2%} of the demand (± {error:.2%}) rose within a launch ({launch}) above the highest of a week"
        )
        return _refused(allowed, Reason.BURSTS, expected, f"{words}; {_try(expected)}")
    if days < promise.least_days or expected > allowed or not known:
        needed = max(promise.least_days, 1 + int(np.ceil(promise.unseen_days / max(allowed - surprised - error, 1e-9))))
        words = f"{days} whole days are known of it; at {allowed:.2%} others were surprised too often with so few"
        return _refused(allowed, Reason.SHORT_PAST, expected, f"{words}; ask again after {needed} days")
    words = f"promised: {expected:.2%} of the demand may violate by surprise, as {days} days of its own show"
    return Verdict(allowed, True, Reason.KEPT_SO_FAR, expected, words)


def _refused(allowed: float, reason: Reason, expected: float, words: str) -> Verdict:
    return Verdict(allowed, False, reason, expected, f"{allowed:.2%} is not promised: {words}")


def _try(expected: float) -> str:
    share = float(np.ceil(expected * 1000) / 1000)
    return f"try shorter launches, or {f'allow {share:.1%}' if share < 1 else 'hold a fixed number'}"


class Kept(Struct, frozen=True):
    """A plan with its promise kept along: `desired` as it is held, `held` where the safe rule decides.

    `verdict` is the one by which it was promised, or the last one; `since` the first tick of the promise (None: there
    is none); `violating` the share of the demand from then on that violated.
    """

    desired: Array
    held: npt.NDArray[np.bool_]
    verdict: Verdict
    since: int | None
    violating: float

    def why(self, tick: int) -> str:
        """Why more than the plan is held at a tick; "" where it is not."""
        if not self.held[tick]:
            return ""
        return f"the promise of {self.verdict.allowed:.2%} is at risk: the safe rule asks for {self.desired[tick]:.0f}"

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept to the end; None where there was none."""
        return None if self.since is None else self.violating <= self.verdict.allowed


def keep(
    demand: Array, fleet: Fleet, desired: Array, allowed: float, promise: Promise = USUAL, *, start_with: int = 1
) -> Kept:
    """Walk a plan forward: promise at the end of a day where the past lets it, and hold what is promised.

    What is decided at a tick does not change when the history goes on.
    """
    verdict, since = promised_at(evidence_of(demand, fleet, promise), fleet, allowed, promise)
    if since is not None and since >= len(demand):
        since = None
    return held(demand, fleet, desired, verdict, since, promise, start_with=start_with)


def promised_at(past: Evidence, fleet: Fleet, allowed: float, promise: Promise) -> tuple[Verdict, int | None]:
    """The verdict by which the share is promised first, with the tick of it; the last verdict and None without one."""
    verdict = judge(past.until(0), fleet, allowed, promise)
    for days in range(1, len(past.asked) + 1):
        verdict = judge(past.until(days), fleet, allowed, promise)
        if verdict.promised:
            return verdict, days * _day(fleet)
    return verdict, None


def held(
    demand: Array, fleet: Fleet, desired: Array, verdict: Verdict, since: int | None, promise: Promise, *,
    start_with: int = 1,
) -> Kept:  # fmt: skip
    """A plan with the promise of a verdict held from tick `since` on."""
    numbers = np.array(
        [fleet.pools[0].capacity, fleet.least, fleet.most, verdict.allowed, promise.share, promise.headroom],
        dtype=np.float64,
    )
    safer, safely = np.empty(len(demand)), np.zeros(len(demand), dtype=np.bool_)
    lead, first = fleet.ticks(fleet.launch_s) + 1, len(demand) if since is None else since
    start = float(max(fleet.least, start_with))
    violating = hold(demand, highs_of(demand, fleet), desired, numbers, lead, first, start, safer, safely)
    return Kept(safer, safely, verdict, since, violating)


def highs_of(demand: Array, fleet: Fleet) -> Array:
    """The highest demand of the last week up to each tick."""
    return np.asarray(trailing_high(demand, HIGH_DAYS * _day(fleet)))


def at_risk(broken: float, asked: float, allowed: float, promise: Promise = USUAL) -> bool:
    """Whether so much of what is allowed is used up that the safe rule has to hold."""
    return broken > promise.share * allowed * asked


def safe(highest: float, fleet: Fleet, promise: Promise = USUAL) -> int:
    """The replicas of the safe rule."""
    return int(_whole(promise.headroom * highest, fleet.pools[0].capacity, float(fleet.least), float(fleet.most)))


def _day(fleet: Fleet) -> int:
    return max(1, round(DAY_S / fleet.tick_s))


@compiled
def hold(
    demand: Array, highs: Array, desired: Array, numbers: Array, lead: int, since: int, start: float, held: Array,
    safely: npt.NDArray[np.bool_],
) -> float:  # fmt: skip
    """Write what is desired with the promise held from tick `since` on; gives the share that violated from there."""
    fleet, coming = np.zeros((1, 4)), np.zeros((1, lead + 1))
    fleet[0, ghosts.READY] = start
    asked, broken = 0.0, 0.0
    for tick in range(len(demand)):
        now = demand[tick]
        violates = _serve(fleet, coming, 0, tick, now, numbers[CAPACITY], 1.0)
        held[tick] = desired[tick]
        if tick >= since:
            asked += now
            if violates:
                broken += now
            if broken > numbers[SHARE] * numbers[ALLOWED] * asked:
                safely[tick] = True
                load = numbers[HEADROOM] * highs[tick]
                held[tick] = max(held[tick], _whole(load, numbers[CAPACITY], numbers[LEAST], numbers[MOST]))
        _follow(fleet, coming, 0, tick, held[tick])
    return broken / asked if asked > 0.0 else 0.0
