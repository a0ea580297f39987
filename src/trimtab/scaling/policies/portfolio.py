"""The policy that is chosen by what the past shows: every candidate is replayed along, the cheapest that kept the
objective is followed.

Candidates are the experts of `quantile` at several levels, and target tracking at several targets, each as a ghost.
Every quarter of an hour the cheapest is taken whose share of violating demand stays within what is allowed; costs and
violations count half after a day. Against over-fitting: what little evidence there is counts together with a prior for
half a day, a change must save 2 %, and nobody prepares for more than a quarter above the
highest demand ever seen. What is
allowed follows the error budget: violations that did not happen may happen later, within bounds; violations that did
are not paid back by running empty machines.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.replay import check_demand
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies import ghosts, quantile
from trimtab.scaling.policies.ghosts import BROKEN, COST, LAUNCHING, READY
from trimtab.scaling.policies.rule import NEVER
from trimtab.scaling.policies.target_tracking import track

_serve, _follow, _whole = ghosts.serve, ghosts.follow, ghosts.whole
_say, _learn, _margins = quantile.say, quantile.learn, quantile.margins
_FLOOR_SHARE = quantile.FLOOR_SHARE

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9998)
TARGETS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
DEARER = (0.0, 0.1, 0.2, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.4, 0.5)
"""What each expert is thought to cost above a replica's worth of demand before there is evidence."""
SLACK, TIGHT = 2.0, 0.5
"""Bounds of what is allowed, in multiples of the objective."""
GAIN = 3.0
"""How strongly the error budget that is left moves what is allowed."""
PRICE = 5.0
"""Where no candidate keeps the objective: replicas worth running for each replica's worth of demand that violates, in
multiples of 1 ÷ what is allowed. Without a bound, demand that nobody can foresee is paid for at any price."""

# Columns of the settings that the compiled loop takes.
CAPACITY, LEAST, MOST, ALLOWED, EVERY, KEEP, HEADROOM, SWITCH, PRIOR, DECAY = range(10)


class Portfolio(Struct, frozen=True):
    """Keep the share of demand in overloaded ticks at `allowed`, as cheaply as the past shows possible.

    `levels` and `targets` name the candidates. One level and no target is the plain quantile forecast, whose expert is
    chosen by trailing loss.
    """

    allowed: float = 0.01
    levels: tuple[float, ...] = LEVELS
    targets: tuple[float, ...] = TARGETS
    half_life_s: float = 86_400.0
    every_s: float = 900.0
    prior_s: float = 43_200.0
    headroom: float = 1.25
    switch: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.allowed < 1:
            raise InvalidInput(f"cannot allow {self.allowed} of the demand to violate; expected between 0 and 1")
        if not self.levels or not all(0 < one < 1 for one in self.levels) or list(self.levels) != sorted(self.levels):
            raise InvalidInput("cannot use the levels: expected some between 0 and 1, ascending")
        if not all(0 < one <= 1 for one in self.targets):
            raise InvalidInput("cannot use the targets: expected numbers above 0, at most 1")

    def numbers(self, fleet: Fleet) -> Array:
        """The settings as the compiled loop takes them."""
        tick = fleet.tick_s
        return np.array(
            [
                fleet.pools[0].capacity,
                fleet.least,
                fleet.most,
                self.allowed,
                max(1, round(self.every_s / tick)),
                0.5 ** (tick / self.half_life_s),
                self.headroom,
                self.switch,
                self.prior_s / tick,
                0.5 ** (tick / (quantile.HALF_LIFE_DAYS * 86_400)),
            ]
        )


def plain_quantile(level: float, allowed: float) -> Portfolio:
    """A quantile forecast at one level over the lead time, its expert chosen by trailing loss."""
    return Portfolio(allowed, (level,), ())


class Plan(Struct, frozen=True):
    """What was decided at the end of each tick, from the past alone.

    `desired` replicas; `picked` the candidate that was followed; `needed` the demand it prepared for.
    """

    desired: Array
    picked: npt.NDArray[np.int64]
    needed: Array
    demand: Array
    portfolio: Portfolio
    fleet: Fleet

    def why(self, tick: int) -> str:
        """The decision of a tick in words."""
        number, levels = int(self.picked[tick]), len(self.portfolio.levels)
        lead = self.fleet.launch_s + self.fleet.tick_s
        asked = f"{self.demand[tick]:.4g} a second now, {self.needed[tick]:.4g} to be ready for within {lead:.0f} s"
        experts = len(quantile.EXPERTS)
        if number >= experts * levels:
            target = self.portfolio.targets[number - experts * levels]
            return f"target tracking at {target:.0%} was cheapest of those within the objective; {self._asks(tick)}"
        expert, level = divmod(number, levels)
        share = f"not exceeded {self.portfolio.levels[level]:.2%} of the time"
        return f"{asked} ({quantile.EXPERTS[expert]}, times the ratio {share}); {self._asks(tick)}"

    def _asks(self, tick: int) -> str:
        return f"{self.desired[tick]:.0f} replicas of {self.fleet.pools[0].capacity:.4g} a second"


def plan(demand: Array, fleet: Fleet, portfolio: Portfolio, *, start_with: int = 1) -> Plan:
    """Decide every tick of a history, each from what lies before its end. Raises InvalidInput.

    Replicas are those of the fleet's first pool. What is decided at a tick does not change when the history goes on.
    """
    check_demand(demand)
    lead, tick = fleet.ticks(fleet.launch_s) + 1, fleet.tick_s
    highs = np.array([quantile.trailing_high(demand, max(1, round(seconds / tick))) for _, seconds in quantile.HIGHS])
    levels, targets = np.array(portfolio.levels), np.array(portfolio.targets, dtype=np.float64)
    prior = _prior(portfolio)
    desired, needed = np.empty(len(demand)), np.empty(len(demand))
    picked = np.empty(len(demand), dtype=np.int64)
    day, hour = max(1, round(86_400 / tick)), max(1, round(3600 / tick))
    alarm = np.array([max(1.0, float(fleet.ticks(180.0))), max(1.0, float(fleet.ticks(900.0)))])
    settings, start = portfolio.numbers(fleet), float(max(fleet.least, start_with))
    run(demand, highs, lead, day, hour, settings, levels, targets, alarm, prior, start, desired, picked, needed)
    return Plan(desired, picked, needed, demand, portfolio, fleet)


def _prior(portfolio: Portfolio) -> Array:
    """Rows: violations and cost (in replica's worths of demand) that each candidate is thought to have, at first."""
    levels = len(portfolio.levels)
    order = np.array([round(float(np.interp(one, LEVELS, range(len(LEVELS)))), 6) for one in portfolio.levels])
    broken = [*np.tile(1.0 - np.array(portfolio.levels), len(DEARER)), *(0.02 + 0.1 * one for one in portfolio.targets)]
    cost = [
        *(np.tile(1.0 + 0.05 * order, len(DEARER)) + np.repeat(DEARER, levels)),
        *(1 / one for one in portfolio.targets),
    ]
    return np.array([broken, cost], dtype=np.float64)


@compiled
def run(
    demand: Array, highs: Array, lead: int, day: int, hour: int, settings: Array, levels: Array, targets: Array,
    alarm: Array, prior: Array, start: float, desired: Array, picked: npt.NDArray[np.int64], needed: Array,
) -> None:  # fmt: skip
    """The loop of `plan`: writes `desired`, `picked` and `needed`."""
    n, experts, candidates, size = len(demand), 12, prior.shape[1], lead + 1
    floor, capacity = _FLOOR_SHARE * settings[CAPACITY], settings[CAPACITY]
    came, sums, said = np.zeros(n), np.zeros(n + 1), np.full((size, experts), np.nan)
    record, weights = np.zeros((experts, quantile.BINS)), np.zeros((experts, 2))
    weights[:, 1] = 1.0
    fleet, coming = np.zeros((candidates + 1, 4)), np.zeros((candidates + 1, size))  # the last one is our own
    fleet[:, READY] = start
    wants, needs, found = np.zeros(candidates), np.zeros(candidates), np.zeros(len(levels))
    memory = np.zeros((len(targets), 4))
    memory[:, 2:] = NEVER
    seen, ticks, asked, broken, highest, choice = 0.0, 0.0, 0.0, 0.0, 0.0, -1
    for tick in range(n):
        now = demand[tick]
        sums[tick + 1], highest = sums[tick] + now, max(highest, now)
        seen, ticks = seen * settings[KEEP] + now, ticks * settings[KEEP] + 1.0
        for one in range(candidates):
            _serve(fleet, coming, one, tick, now, capacity, settings[KEEP])
        asked += now
        if _serve(fleet, coming, candidates, tick, now, capacity, 1.0):
            broken += now
        then = tick - lead
        if then >= 0:  # what came after it is known now
            came[then] = demand[then + 1 : tick + 1].max()
            for expert in range(experts):
                if said[then % size, expert] == said[then % size, expert]:
                    ratio = np.log((came[then] + floor) / (said[then % size, expert] + floor))
                    _learn(record, weights, expert, ratio, settings[DECAY])
        own = said[tick % size]
        _say(demand, came, sums, highs, tick, lead, day, hour, floor, own)
        ceiling = settings[HEADROOM] * highest
        for expert in range(experts):
            _margins(record, weights, expert, levels, found)
            for level in range(len(levels)):
                one = expert * len(levels) + level
                if own[expert] == own[expert]:
                    needs[one] = min(ceiling, max(0.0, (own[expert] + floor) * found[level] - floor))
                    wants[one] = _whole(needs[one], capacity, settings[LEAST], settings[MOST])
                else:
                    wants[one] = -1.0
        _track(fleet, memory, targets, alarm, settings, now, ceiling, tick, candidates - len(targets), wants, needs)
        if tick % int(settings[EVERY]) == 0 or wants[choice] < 0.0:
            left = (settings[ALLOWED] * asked - broken) / (settings[ALLOWED] * asked + 1e-9)
            allowed = settings[ALLOWED] * min(SLACK, max(TIGHT, 1.0 + GAIN * left))
            choice = _choose(fleet, wants, prior, settings, allowed, seen, ticks, choice)
        for one in range(candidates):
            if wants[one] >= 0.0:
                _follow(fleet, coming, one, tick, wants[one])
        _follow(fleet, coming, candidates, tick, wants[choice])
        desired[tick], picked[tick], needed[tick] = wants[choice], choice, needs[choice]


@compiled
def _track(
    fleet: Array, memory: Array, targets: Array, alarm: Array, settings: Array, now: float, ceiling: float, tick: int,
    first: int, wants: Array, needs: Array,
) -> None:  # fmt: skip
    """What target tracking wants at each target."""
    for at in range(len(targets)):
        one = first + at
        ready, here = fleet[one, READY], fleet[one, READY] + fleet[one, LAUNCHING]
        load = now / (ready * settings[CAPACITY]) if ready > 0.0 else np.nan
        row = (targets[at], alarm[0], alarm[1], 0.9, 0.0, 0.0, 0.0)
        known = (memory[at, 0], memory[at, 1], memory[at, 2], memory[at, 3])
        wish, memory[at, 0], memory[at, 1], memory[at, 2], memory[at, 3] = track(
            load, ready, here, float(tick), row, known
        )
        wants[one] = here
        if wish == wish and not (wish < here and fleet[one, LAUNCHING] > 0.0):
            top = _whole(ceiling / targets[at], settings[CAPACITY], settings[LEAST], settings[MOST])
            wants[one] = min(max(wish, settings[LEAST]), max(top, here) if wish > here else settings[MOST])
        needs[one] = wants[one] * settings[CAPACITY]


@compiled
def _choose(
    fleet: Array, wants: Array, prior: Array, settings: Array, allowed: float, seen: float, ticks: float, choice: int
) -> int:
    """The cheapest candidate whose violations are within `allowed`; where none is, the best by cost and violations."""
    mean, weight = seen / ticks, settings[PRIOR]
    best, least, lowest, fewest = -1, -1, np.inf, np.inf
    for one in range(len(wants)):
        if wants[one] < 0.0:
            continue
        broken = (fleet[one, BROKEN] + prior[0, one] * weight * mean) / (seen + weight * mean + 1e-300)
        cost = (fleet[one, COST] + prior[1, one] * weight * mean / settings[CAPACITY]) / (ticks + weight)
        if one == choice:
            cost *= 1.0 - settings[SWITCH]
        if broken <= allowed and cost < lowest:
            best, lowest = one, cost
        score = cost + PRICE * broken * mean / (settings[CAPACITY] * settings[ALLOWED])
        if score < fewest:
            least, fewest = one, score
    return best if best >= 0 else least
