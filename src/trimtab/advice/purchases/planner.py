"""Plan what to commit to: an optimisation over what is expected, checked and corrected by hourly simulation.

    1. the program (`optimum.py`) proposes amounts over all outcomes at once
    2. each proposal, AWS's documented rule and buying nothing are simulated hour by hour in AWS's order (`apply.py`)
    3. the best is improved: amounts go up and down as long as the simulated cost falls

What the plan promises is what the simulation says, in each outcome; the low one is its downside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

import numpy as np

from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.documented import best_commitment
from trimtab.advice.purchases.model import NANO, UPFRONT, Floats, Holdings, Plan, Reservation, Use
from trimtab.advice.purchases.optimum import MachineOption, PlanOption, solve
from trimtab.advice.purchases.outlook import WEIGHTS, Outlook

_MILL = Decimal("0.001")
"""The step in which a commitment is bought, dollars an hour."""
_STEPS = (0.5, 0.8, 0.95, 0.99, 1.01, 1.05, 1.25, 2.0)
_ROUNDS = 6
_ENOUGH = 1e-5
"""The share of the cost by which a round must improve for another to be made."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be bought, and how careful to be.

    `caution` 0 to 1 moves weight from the high outcome to the low one. `capital` is what money costs a year, as a
    share: upfront payments are charged with it.
    """

    plans: tuple[Plan, ...] = ()
    machines: tuple[Reservation, ...] = ()
    caution: float = 0.0
    capital: float = 0.0
    sharing: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to buy: the options with their amounts, those of nothing left out. `cost` is the weighted one an hour."""

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
    cost_of = _Cost(outlook, held, options)
    nothing = np.zeros(len(options.plans) + len(options.machines))
    starts = {"nothing": nothing, "the program": _program(outlook, held, options)}
    starts |= _documented(outlook, held, options)
    costs = {name: cost_of(amounts) for name, amounts in starts.items()}
    name = min(costs, key=lambda one: costs[one])
    amounts, cost = _improved(starts[name], costs[name], cost_of, len(options.plans))
    return Proposal(_bought(options, amounts), cost, costs["nothing"], name)


class _Cost:
    """The simulated cost an hour of amounts, weighted over outcomes; what was asked before is remembered."""

    def __init__(self, outlook: Outlook, held: Holdings, options: Options) -> None:
        self._outlook, self._held, self._options = outlook, held, options
        self._known: dict[bytes, float] = {}

    def __call__(self, amounts: Floats) -> float:
        key = amounts.tobytes()
        if key not in self._known:
            self._known[key] = self._asked(amounts)
        return self._known[key]

    def _asked(self, amounts: Floats) -> float:
        bought = _bought(self._options, amounts)
        held = self._held.plus(bought)
        each = self._outlook.hours_each
        cost = 0.0
        for name, weight in weights(self._options.caution).items():
            if weight:
                found = apply(self._outlook.uses[name], held, sharing=self._options.sharing).cost
                cost += weight * float((found * each).sum() / each.sum()) / NANO
        for one in bought.plans:
            cost += (price_of(one, self._options.capital) - 1.0) * float(one.commitment)
        for held_one in bought.reservations:
            cost += (price_of(held_one, self._options.capital) - 1.0) * float(held_one.hourly) * held_one.count
        return cost


def _bought(options: Options, amounts: Floats) -> Holdings:
    plans, machines = [], []
    for one, amount in zip(options.plans, amounts, strict=False):
        commitment = Decimal(repr(float(amount))).quantize(_MILL, rounding=ROUND_DOWN)
        if commitment > 0:
            plans.append(replace(one, commitment=commitment))
    for held, amount in zip(options.machines, amounts[len(options.plans) :], strict=True):
        if round(float(amount)) > 0:
            machines.append(replace(held, count=round(float(amount))))
    return Holdings(tuple(plans), tuple(machines))


def _program(outlook: Outlook, held: Holdings, options: Options) -> Floats:
    """What the program proposes for what `held` leaves."""
    names = [name for name, weight in weights(options.caution).items() if weight]
    left = {name: apply(outlook.uses[name], held, sharing=options.sharing).on_demand / NANO for name in names}
    values = np.concatenate([left[name] for name in names], axis=1)
    each = np.concatenate([outlook.hours_each * weights(options.caution)[name] for name in names])
    lines = outlook.uses["expected"].lines
    plans = [PlanOption(np.asarray(_own(one, lines, options)), price_of(one, options.capital)) for one in options.plans]
    machines = [
        MachineOption(_need(one, outlook.uses["expected"], options), float(one.hourly) * price_of(one, options.capital))
        for one in options.machines
    ]
    answer = solve(values, each, plans, machines)
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


def _documented(outlook: Outlook, held: Holdings, options: Options) -> dict[str, Floats]:
    """AWS's rule for each plan by itself, over the expected outcome."""
    found = {}
    left = apply(outlook.uses["expected"], held, sharing=options.sharing).on_demand
    for at, one in enumerate(options.plans):
        amounts = np.zeros(len(options.plans) + len(options.machines))
        amounts[at] = best_commitment(outlook.uses["expected"].lines, left, one, sharing=options.sharing).hourly
        found[f"the documented rule for {one.id}"] = amounts
    return found


def _improved(amounts: Floats, cost: float, cost_of: Callable[[Floats], float], plans: int) -> tuple[Floats, float]:
    """Move each amount, and pairs of them, as long as the simulated cost falls."""
    for _ in range(_ROUNDS):
        before = cost
        for at in range(len(amounts)):
            for tried in _moves(amounts, at, plans):
                found = cost_of(tried)
                if found < cost - 1e-12:
                    amounts, cost = tried, found
        if before - cost < _ENOUGH * max(before, 1e-9):
            break
    return amounts, cost


def _moves(amounts: Floats, at: int, plans: int) -> list[Floats]:
    """Other amounts of one option: steps down and up, nothing, and all of it to or from another option."""
    found = []
    values = [0.0]
    if at < plans:
        values += [amounts[at] * step for step in _STEPS] if amounts[at] else []
    else:
        values += [amounts[at] + step for step in (-2, -1, 1, 2) if amounts[at] + step >= 0]
    for value in values:
        tried = amounts.copy()
        tried[at] = value
        found.append(tried)
    for other in range(plans):
        if other != at and amounts[other] and at < plans:
            for part in (0.05, 0.25, 1.0):
                tried = amounts.copy()
                tried[at] += amounts[other] * part
                tried[other] *= 1 - part
                found.append(tried)
    return found
