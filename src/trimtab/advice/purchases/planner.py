"""Plan what to commit to: an optimisation over what is expected, checked and corrected by hourly simulation.

    1. the program (`optimum.py`) proposes amounts over all outcomes at once, for every start that a ladder has
    2. each proposal, AWS's documented rule and buying nothing are simulated hour by hour in AWS's order (`apply.py`)
    3. the best is improved: amounts go up and down as long as the simulated cost falls and the ladder allows it

What the plan promises is what the simulation says, in each outcome; the low one is its downside.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.advice.purchases.apply import apply, committed_of, in_force
from trimtab.advice.purchases.documented import best_commitment
from trimtab.advice.purchases.ladder import Ladder
from trimtab.advice.purchases.model import NANO, UPFRONT, Floats, Holdings, Plan, Reservation, Use
from trimtab.advice.purchases.optimum import MachineOption, PlanOption, solve
from trimtab.advice.purchases.outlook import WEIGHTS, Outlook
from trimtab.advice.purchases.rungs import Places, Rungs

_STEPS = (0.5, 0.8, 0.95, 0.99, 1.01, 1.05, 1.25, 2.0)
_FINE = (0.0, 0.9, 1.1)
"""Steps of a single rung: the program has weighed them against each other already."""
_ROUNDS = 6
_ENOUGH = 1e-4
"""The share of the cost by which a round must improve for another to be made."""


class Options(Struct, frozen=True):
    """What may be bought, when, and how careful to be.

    `caution` 0 to 1 moves weight from the high outcome to the low one. `capital` is what money costs a year, as a
    share: upfront payments are charged with it. A `ladder` without starts leaves options the dates that they have.
    """

    plans: tuple[Plan, ...] = ()
    machines: tuple[Reservation, ...] = ()
    caution: float = 0.0
    capital: float = 0.0
    sharing: bool = True
    ladder: Ladder = field(default_factory=Ladder)


class Proposal(Struct, frozen=True):
    """What to buy: the rungs with their amounts, those of nothing left out. `cost` is the weighted one an hour."""

    bought: Holdings
    cost: float
    nothing: float
    how: str

    @property
    def saving(self) -> float:
        """Dollars an hour saved against buying nothing."""
        return self.nothing - self.cost


def weights(caution: float) -> Mapping[str, float]:
    """The weights of the outcomes."""
    moved = WEIGHTS["high"] * min(max(caution, 0.0), 1.0)
    return {"low": WEIGHTS["low"] + moved, "expected": WEIGHTS["expected"], "high": WEIGHTS["high"] - moved}


def price_of(one: Plan | Reservation, capital: float) -> float:
    """What a committed dollar costs with the interest on what is paid upfront: half of it is out on average."""
    return 1.0 + capital * UPFRONT[one.payment] * one.years / 2


def plan(outlook: Outlook, held: Holdings, options: Options) -> Proposal:
    """The best that was found."""
    rungs = Rungs.of(options.plans, options.machines, options.ladder)
    cost_of = _Cost(outlook, held, options, rungs)
    starts = {"nothing": np.zeros(rungs.size), "the program": _program(outlook, held, options, rungs)}
    starts |= _documented(outlook, held, options, rungs)
    costs = {name: cost_of(amounts) for name, amounts in starts.items() if rungs.allowed(amounts)}
    name = min(costs, key=lambda one: costs[one])
    amounts, cost = _improved(starts[name], costs[name], cost_of, rungs)
    return Proposal(rungs.bought(amounts), cost, costs["nothing"], name)


class _Cost:
    """The simulated cost an hour of amounts, weighted over outcomes; what was asked before is remembered."""

    def __init__(self, outlook: Outlook, held: Holdings, options: Options, rungs: Rungs) -> None:
        self._held, self._options, self._rungs = held, options, rungs
        self._known: dict[bytes, float] = {}
        self._use, self._each = _together(outlook, options)
        self._active = _active(rungs, self._use.at_ms)
        self._committed = committed_of(self._use.at_ms, held.plans)

    def __call__(self, amounts: Floats) -> float:
        key = amounts.tobytes()
        if key not in self._known:
            self._known[key] = self._asked(amounts)
        return self._known[key]

    def _asked(self, amounts: Floats) -> float:
        plans, committed = self._rungs.pooled(amounts, self._active)
        machines = self._rungs.bought(amounts).reservations
        held = self._held.plus(Holdings(plans, machines))
        told = np.concatenate([self._committed, committed])
        found = apply(self._use, held, sharing=self._options.sharing, committed=told).cost
        cost = float((found * self._each).sum()) / NANO
        for one, row in zip(plans, committed, strict=True):
            cost += (price_of(one, self._options.capital) - 1.0) * float((row * self._each).sum()) / NANO
        for each in machines:
            on = float((in_force(self._use.at_ms, each) * self._each).sum())
            cost += (price_of(each, self._options.capital) - 1.0) * float(each.hourly) * each.count * on
        return cost


def _together(outlook: Outlook, options: Options) -> tuple[Use, Floats]:
    """The outcomes that count as one use, one after another, and the weight of each of its hours, together 1."""
    counting = [(outlook.uses[name], weight) for name, weight in weights(options.caution).items() if weight]
    each = outlook.hours_each / outlook.hours_each.sum()
    first = counting[0][0]
    quantity = np.concatenate([use.quantity for use, _ in counting], axis=1)
    at_ms = np.concatenate([use.at_ms for use, _ in counting])
    return Use(first.lines, quantity, at_ms, first.currency), np.concatenate([each * weight for _, weight in counting])


def _active(rungs: Rungs, at_ms: np.ndarray) -> np.ndarray:
    rows = [in_force(at_ms, one) for one in rungs.every]
    return np.array(rows, dtype=np.bool_).reshape(rungs.size, len(at_ms))


def _program(outlook: Outlook, held: Holdings, options: Options, rungs: Rungs) -> Floats:
    """What the program proposes for what `held` leaves."""
    use, each = _together(outlook, options)
    values = apply(use, held, sharing=options.sharing).on_demand / NANO
    active = _active(rungs, use.at_ms)
    group = {int(at): number for number, places in enumerate(rungs.groups) for at in places}
    plans, first = [], len(rungs.plans)
    for at, one in enumerate(rungs.plans):
        own = np.asarray(_own(one, use.lines, options))
        plans.append(PlanOption(own, price_of(one, options.capital), active=active[at], group=group[at]))
    machines = [
        MachineOption(
            _need(one, use, options), float(one.hourly) * price_of(one, options.capital),
            active=active[first + at], group=group[first + at],
        )
        for at, one in enumerate(rungs.machines)
    ]  # fmt: skip
    answer = solve(values, each, plans, machines, rungs.limits())
    return np.concatenate([answer.plans, answer.machines])


def _own(one: Plan, lines: Sequence[object], options: Options) -> Floats:
    """The shares of a plan, without what its owner cannot share with."""
    if options.sharing:
        return one.shares
    mine = np.array([getattr(line, "account", "") == one.owner for line in lines])
    return np.where(mine, one.shares, np.nan)


def _need(one: Reservation, use: Use, options: Options) -> Floats:
    """Machines of a reservation for a dollar of each line's on-demand value."""
    found = np.full(len(use.lines), np.nan)
    for at, line in enumerate(use.lines):
        if one.covers(line) and line.on_demand and (options.sharing or line.account == one.owner):
            size = float(line.units / one.units) if one.flexible else 1.0
            found[at] = size / float(line.on_demand)
    return found


def _documented(outlook: Outlook, held: Holdings, options: Options, rungs: Rungs) -> dict[str, Floats]:
    """AWS's rule for each plan by itself, over the expected outcome."""
    found = {}
    left = apply(outlook.uses["expected"], held, sharing=options.sharing).on_demand
    for one, group in zip(options.plans, rungs.groups, strict=False):
        best = best_commitment(outlook.uses["expected"].lines, left, one, sharing=options.sharing)
        found[f"the documented rule for {one.id}"] = rungs.spread(group, best.hourly)
    return found


def _improved(amounts: Floats, cost: float, cost_of: _Cost, rungs: Rungs) -> tuple[Floats, float]:
    """Move the amounts of each option, and of pairs of them, as long as the simulated cost falls."""
    for _ in range(_ROUNDS):
        before = cost
        for group in rungs.groups:
            for tried in _moves(amounts, group, rungs):
                if rungs.allowed(tried):
                    found = cost_of(tried)
                    if found < cost - 1e-12:
                        amounts, cost = tried, found
        if before - cost < _ENOUGH * max(before, 1e-9):
            break
    return amounts, cost


def _moves(amounts: Floats, group: Places, rungs: Rungs) -> Iterator[Floats]:
    """Other amounts of one option: steps down and up, nothing, single rungs, and all of it from another option."""
    mine = amounts[group]
    if not rungs.of_plans(group):
        yield from _counts(amounts, group)
        return
    for step in (0.0, *_STEPS) if mine.any() else ():
        yield _set(amounts, group, mine * step)
    for at in group[mine > 0] if np.count_nonzero(mine) > 1 else ():
        for step in _FINE:
            yield _set(amounts, at, amounts[at] * step)
    for other in rungs.groups:
        if other is not group and rungs.of_plans(other) and amounts[other].any():
            for part in (0.05, 0.25, 1.0):
                tried = _set(amounts, group, mine + amounts[other] * part)
                tried[other] *= 1 - part
                yield tried


def _counts(amounts: Floats, group: Places) -> Iterator[Floats]:
    """Other counts of machines, at the starts that have some and at the first."""
    for at in group:
        if amounts[at] or at == group[0]:
            for value in (0.0, *(amounts[at] + step for step in (-2, -1, 1, 2))):
                if value >= 0:
                    yield _set(amounts, at, value)


def _set(amounts: Floats, places: Places | np.intp, values: Floats | float) -> Floats:
    tried = amounts.copy()
    tried[places] = values
    return tried
