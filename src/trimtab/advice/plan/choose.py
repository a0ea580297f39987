"""The best set of actions: of each machine at most one, and together the lowest invoice. Pure.

    1. few combinations: every one is replayed, and the best is exact
    2. else a mixed-integer program (HiGHS) over typical hours proposes a set: it lets commitments cover what is best,
       which is nearly what their order of application does
    3. the replay decides: what each machine would better do is tried in turn until nothing is better

An action that only takes use away never raises the invoice; one that moves use can, where what it leaves is paid
anyhow. Of sets that cost the same the one with fewer actions is taken: nobody should be asked to do what saves nothing.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain, product
from math import prod

import numpy as np

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Action
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.model import NANO, Floats, Holdings
from trimtab.advice.purchases.optimum import Places
from trimtab.advice.purchases.program import Program

EXACT = 4096
"""Combinations that are all replayed."""
_HOURS = 24
"""Typical hours of the program: the hours of the replay, sorted by cost and averaged in groups."""
_PROGRAM = 400
"""Machines that the program decides at most, the dearest; of more each takes what is best for itself."""
_TRIED, _LEAST_TRIED, _SUMMED = 3000, 60, 6_000_000
"""Replays of the last step: as many as sum up so many actions, within limits."""
_LEAST = Decimal("0.01")
"""Money a month that an action must add to be worth doing."""
Choice = tuple[int, ...]
"""Actions of one machine that may be taken together, by their places."""


def choose(evaluation: Evaluation) -> tuple[frozenset[int], str]:
    """The best set of the actions of an evaluation, and how it was found."""
    free = _choices(evaluation.actions)
    if prod(len(one) for one in free) <= EXACT:
        found = min((frozenset(sum(one, ())) for one in product(*free)), key=lambda one: _rank(evaluation, one))
        return found, "every combination was replayed"
    weighed = sorted(free, key=lambda options: -_most(evaluation, options))
    mine, rest = weighed[:_PROGRAM], weighed[_PROGRAM:]
    own = _without_idle_ones(evaluation, frozenset(chain(*(_most_listed(evaluation, one) for one in weighed))))
    fixed = own.intersection(chain(*chain(*rest)))
    proposed = fixed | _program(evaluation, mine, fixed)
    start = min((own, proposed), key=lambda one: _rank(evaluation, one))
    return _improved(evaluation, mine, start), "a mixed-integer program, improved by replays"


def _choices(actions: Sequence[Action]) -> list[list[Choice]]:
    """By machine what may be done to it: nothing, one of those that exclude each other, and any of the others."""
    by_machine: dict[str, tuple[list[int], list[int]]] = {}
    for at, one in enumerate(actions):
        by_machine.setdefault(one.machine, ([], []))[not one.alone].append(at)
    found: list[list[Choice]] = []
    for one_of, any_of in by_machine.values():
        if one_of:
            found.append([(), *((at,) for at in one_of)])
        found += [[(), (at,)] for at in any_of]
    return found


def _rank(evaluation: Evaluation, chosen: frozenset[int]) -> tuple[Decimal, int, list[str]]:
    return -evaluation.worth(chosen).expected, len(chosen), sorted(evaluation.actions[at].id for at in chosen)


def _most(evaluation: Evaluation, options: Sequence[Choice]) -> float:
    return max((evaluation.listed(at) for one in options for at in one), default=0.0)


def _most_listed(evaluation: Evaluation, options: Sequence[Choice]) -> Choice:
    """What takes most away at list prices."""
    return max(options, key=lambda one: (sum(evaluation.listed(at) for at in one), -len(one)))


def _without_idle_ones(evaluation: Evaluation, chosen: frozenset[int]) -> frozenset[int]:
    """The set without actions that save nothing: those on the same lines together, the least first."""
    groups: dict[tuple[object, ...], set[int]] = {}
    for at in sorted(chosen):
        one = evaluation.actions[at]
        key = one.verb, one.target, *(line for line, _ in evaluation.books.parts.get(one.machine, ()))
        if one.flat is None and one.machine not in evaluation.books.flat:
            groups.setdefault(key, set()).add(at)
    worth = evaluation.worth(chosen).expected
    for group in sorted(groups.values(), key=lambda one: sum(map(evaluation.listed, one))):
        less = chosen - group
        if worth - (without := evaluation.worth(less).expected) < _LEAST:
            chosen, worth = less, without
    return chosen


def _improved(evaluation: Evaluation, free: Sequence[Sequence[Choice]], chosen: frozenset[int]) -> frozenset[int]:
    """Other choices of each machine in turn, as long as the replay says that they are better."""
    best, tried = _rank(evaluation, chosen), 0
    most = max(_LEAST_TRIED, min(_TRIED, _SUMMED // max(len(evaluation.actions), 1)))
    better = True
    while better and tried < most:
        better = False
        for options in free:
            for other in _others(options, chosen):
                rank, tried = _rank(evaluation, other), tried + 1
                if rank < best:
                    chosen, best, better = other, rank, True
            if tried >= most:
                break
    return chosen


def _others(options: Sequence[Choice], chosen: frozenset[int]) -> Iterator[frozenset[int]]:
    mine = frozenset(sum(options, ()))
    for one in options:
        if frozenset(one) != chosen & mine:
            yield chosen - mine | frozenset(one)


def _program(evaluation: Evaluation, free: Sequence[Sequence[Choice]], fixed: frozenset[int]) -> frozenset[int]:
    """What the program says of some machines, where others do what is `fixed`."""
    groups = [[at for one in options for at in one] for options in free]
    return _solved(evaluation, list(chain(*groups)), groups, fixed)


def _solved(
    evaluation: Evaluation, numbers: Sequence[int], groups: Sequence[Sequence[int]], fixed: frozenset[int]
) -> frozenset[int]:
    """Minimise what is paid on demand over actions taken (0 or 1) and what commitments cover of each line and hour."""
    use, plans = evaluation.use(fixed), evaluation.held.plans
    left = apply(use, Holdings((), evaluation.held.reservations)).on_demand / NANO  # reservations come first
    hours = np.array_split(np.argsort(left.sum(axis=0), kind="stable"), min(_HOURS, left.shape[1]))
    base, whole = _grouped(left, hours), use.at_on_demand()
    moved = {at: _grouped((evaluation.use(fixed | {at}).at_on_demand() - whole) / NANO, hours) for at in numbers}
    program = Program()
    taken = {at: program.variable(-float(evaluation.flat((at,))), 1.0, whole=True) for at in numbers}
    for options in groups:
        if len(options) > 1:
            program.row([taken[at] for at in options], [1.0] * len(options), 1.0)
    for hour, part in enumerate(hours):
        weight = HOURS_A_MONTH * len(part) / left.shape[1]
        spent: list[tuple[list[int], list[float]]] = [([], []) for _ in plans]
        for line in range(len(use.lines)):
            changes = {at: float(rows[line, hour]) for at, rows in moved.items() if rows[line, hour]}
            most = float(base[line, hour]) + sum(max(value, 0.0) for value in changes.values())
            if most <= 0:
                continue
            columns = [program.variable(float(evaluation.net[line]) * weight, most)]
            for place, one in enumerate(plans):
                if not np.isnan(one.shares[line]):
                    columns.append(program.variable(0.0, most))
                    spent[place][0].append(columns[-1])
                    spent[place][1].append(float(one.shares[line]))
            # what is paid and covered is at least what is left of the line: base + changes <= columns
            factors = [-1.0] * len(columns) + list(changes.values())
            program.row(columns + [taken[at] for at in changes], factors, -float(base[line, hour]))
        for (columns, factors), one in zip(spent, plans, strict=True):
            if columns:
                program.row(columns, factors, float(one.commitment))
    values = program.solved()
    return frozenset(at for at in numbers if values[taken[at]] > 0.5)


def _grouped(values: Floats, hours: Sequence[Places]) -> Floats:
    """The mean of each line over each group of hours."""
    return np.stack([values[:, part].mean(axis=1) for part in hours], axis=1)
