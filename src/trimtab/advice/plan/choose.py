"""The best set of actions: of each machine at most one, and together the lowest invoice. Pure.

    1. few combinations: every one is replayed, and the best is exact
    2. else machines of which the same may be said are one kind, and a mixed-integer program (HiGHS) over typical hours
       says of how many of each kind what is done: it lets commitments cover what is best, which is nearly what their
       order of application does
    3. the replay decides: what each kind would better do is tried in turn until nothing is better

An action that only takes use away never raises the invoice; one that moves use can, where what it leaves is paid
anyhow. Of sets that cost the same the one with fewer actions is taken: nobody should be asked to do what saves nothing.
What costs nothing now and saves once commitments end that pay for it is taken too: less is to be renewed then.
"""

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from itertools import chain, product
from math import prod

import numpy as np
from msgspec import Struct

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Action
from trimtab.advice.plan.timing import Timing
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.model import NANO, Floats, Holdings
from trimtab.advice.purchases.optimum import Places
from trimtab.advice.purchases.program import Program

EXACT = 4096
"""Combinations that are all replayed."""
_HOURS = 24
"""Typical hours of the program: the hours of the replay, sorted by cost and averaged in groups."""
_PROGRAM = 400
"""Kinds of machines that the program decides at most, the dearest; of more each takes what is best for itself."""
_TRIED, _LEAST_TRIED, _SUMMED = 3000, 60, 12_000_000
"""Replays of the last step: as many as sum up so many actions, within limits."""
_LEAST = Decimal("0.01")
"""Money a month that an action must add to be worth doing."""
Choice = tuple[int, ...]
"""Actions of one machine that may be taken together, by their places."""
Options = list[Choice]
"""What may be done to one machine; nothing is the first."""
Set = frozenset[int]


class _Kind(Struct, frozen=True):
    """Machines alike: the options of each, in the same order; what they are called is all that tells them apart."""

    machines: list[Options]

    @property
    def options(self) -> int:
        """How many there are, nothing included."""
        return len(self.machines[0])


def choose(evaluation: Evaluation) -> tuple[Set, str]:
    """The best set of the actions of an evaluation, and how it was found."""
    free = _choices(evaluation.actions)
    now, how = _best_now(evaluation, free)
    return _and_later(evaluation, _kinds(evaluation, free), now), how


def _and_later(evaluation: Evaluation, kinds: Sequence[_Kind], chosen: Set) -> Set:
    """The set with what else saves when commitments have ended, of machines with which nothing is done."""
    ends = list(Timing.of(evaluation, ()).ends)
    if not ends:
        return chosen
    shift = ends[-1] - int(evaluation.books.use.at_ms[0])

    def worth(some: Set) -> tuple[Decimal, Decimal]:
        return evaluation.worth(some).expected, evaluation.worth(some, None, shift).expected

    now, then = worth(chosen)
    for kind in sorted(kinds, key=lambda one: -_most(evaluation, one))[:_PROGRAM]:
        idle = [one for one in kind.machines if not _count(one, chosen)]
        more = chosen.union(chain(*(_most_listed(evaluation, one) for one in idle)))
        if more == chosen:
            continue
        found = worth(more)
        if found[0] >= now and found[1] - then >= _LEAST * len(idle):
            chosen, (now, then) = more, found
    return chosen


def _best_now(evaluation: Evaluation, free: Sequence[Options]) -> tuple[Set, str]:
    """The set that lowers the next invoices most."""
    if prod(len(one) for one in free) <= EXACT:
        sets = (frozenset(chain(*one)) for one in product(*free))
        return reduce(lambda best, one: one if _better(evaluation, one, best) else best, sets), (
            "every combination was replayed"
        )
    kinds = sorted(_kinds(evaluation, free), key=lambda kind: -_most(evaluation, kind))
    mine, rest = kinds[:_PROGRAM], kinds[_PROGRAM:]
    own = _without_idle_ones(evaluation, frozenset(chain(*(_most_listed(evaluation, one) for one in free))))
    fixed = own.intersection(chain(*chain(*chain(*(kind.machines for kind in rest)))))
    proposed = fixed | _program(evaluation, mine, fixed)
    start = own if _better(evaluation, own, proposed) else proposed
    return _improved(evaluation, mine, start), "a mixed-integer program, improved by replays"


def _choices(actions: Sequence[Action]) -> list[Options]:
    """By machine what may be done to it: nothing, one of those that exclude each other, and any of the others."""
    by_machine: dict[str, tuple[list[int], list[int]]] = {}
    for at, one in enumerate(actions):
        by_machine.setdefault(one.machine, ([], []))[not one.alone].append(at)
    found: list[Options] = []
    for one_of, any_of in by_machine.values():
        if one_of:
            found.append([(), *((at,) for at in one_of)])
        found += [[(), (at,)] for at in any_of]
    return found


def _better(evaluation: Evaluation, one: Set, other: Set) -> bool:
    """Whether a set saves more than another, or the same by fewer actions; of equals the first by name is better."""
    mine, others = evaluation.worth(one).expected, evaluation.worth(other).expected
    if (mine, -len(one)) != (others, -len(other)):
        return (mine, -len(one)) > (others, -len(other))
    differ = one ^ other
    return bool(differ) and min(differ, key=lambda at: evaluation.actions[at].id) in one


def _kinds(evaluation: Evaluation, free: Sequence[Options]) -> list[_Kind]:
    """Machines of the same lines and shares with the same options; one whose hours are read is like no other."""
    found: dict[Hashable, list[Options]] = {}
    for options in free:
        found.setdefault(tuple(_sign(evaluation, at) for one in options for at in one), []).append(options)
    return [_Kind(some) for some in found.values()]


def _sign(evaluation: Evaluation, at: int) -> Hashable:
    one, books = evaluation.actions[at], evaluation.books
    parts = books.parts.get(one.machine, ())
    if one.machine in books.flat or any(not isinstance(mine, float) for _, mine in parts):
        return at
    return one.verb, one.takes, one.target, one.hours, one.lost, one.flat, one.alone, parts


def _most(evaluation: Evaluation, kind: _Kind) -> float:
    whole = max((evaluation.listed(at) for one in kind.machines[0] for at in one), default=0.0)
    return whole * len(kind.machines)


def _most_listed(evaluation: Evaluation, options: Options) -> Choice:
    """What takes most away at list prices."""
    return max(options, key=lambda one: (sum(evaluation.listed(at) for at in one), -len(one)))


def _without_idle_ones(evaluation: Evaluation, chosen: Set) -> Set:
    """The set without actions that save nothing: those on the same lines together, the least first."""
    groups: dict[Hashable, set[int]] = {}
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


def _improved(evaluation: Evaluation, kinds: Sequence[_Kind], chosen: Set) -> Set:
    """Other choices of each kind in turn, as long as the replay says that they are better."""
    tried, better = 0, True
    most = max(_LEAST_TRIED, min(_TRIED, _SUMMED // max(len(evaluation.actions), 1)))
    while better and tried < most:
        better = False
        for kind in kinds:
            for other in _others(kind, chosen):
                tried += 1
                if _better(evaluation, other, chosen):
                    chosen, better = other, True
            if tried >= most:
                break
    return chosen


def _others(kind: _Kind, chosen: Set) -> Iterator[Set]:
    """The set with another choice for one machine of a kind, and for all that do the same."""
    for now in range(kind.options):
        doing = [one for one in kind.machines if chosen.issuperset(one[now]) and _count(one, chosen) == len(one[now])]
        for then in range(kind.options) if doing else ():
            if then != now:
                for some in (doing, doing[-1:]) if len(doing) > 1 else (doing,):
                    out = frozenset(chain(*(one[now] for one in some)))
                    yield (chosen - out).union(chain(*(one[then] for one in some)))


def _count(options: Options, chosen: Set) -> int:
    return sum(at in chosen for one in options for at in one)


def _program(evaluation: Evaluation, kinds: Sequence[_Kind], fixed: Set) -> Set:
    """What the program says of some kinds, where other machines do what is `fixed`.

    It minimises what is paid on demand over how many of each kind do what and what commitments cover of each line and
    hour.
    """
    use, plans = evaluation.use(fixed), evaluation.held.plans
    left = apply(use, Holdings((), evaluation.held.reservations)).on_demand / NANO  # reservations come first
    hours = np.array_split(np.argsort(left.sum(axis=0), kind="stable"), min(_HOURS, left.shape[1]))
    base = _grouped(left, hours)
    program = Program()
    taken = [_columns(program, evaluation, kind) for kind in kinds]
    by_line: dict[int, list[tuple[int, float, Floats]]] = {}
    for kind, mine in zip(kinds, taken, strict=True):
        for column, choice in zip(mine, kind.machines[0][1:], strict=True):
            for line, values in _moved(evaluation, choice, hours).items():
                by_line.setdefault(line, []).append((column, float(len(kind.machines)), values))
    for hour, part in enumerate(hours):
        weight = HOURS_A_MONTH * len(part) / left.shape[1]
        spent: list[tuple[list[int], list[float]]] = [([], []) for _ in plans]
        for line in range(len(use.lines)):
            changes = [(at, most, float(values[hour])) for at, most, values in by_line.get(line, ()) if values[hour]]
            most = float(base[line, hour]) + sum(max(value, 0.0) * many for _, many, value in changes)
            if most <= 0:
                continue
            columns = [program.variable(float(evaluation.net[line]) * weight, most)]
            for place, plan in enumerate(plans):
                if not np.isnan(plan.shares[line]):
                    columns.append(program.variable(0.0, most))
                    spent[place][0].append(columns[-1])
                    spent[place][1].append(float(plan.shares[line]))
            # what is paid and covered is at least what is left of the line: base + changes <= columns
            factors = [-1.0] * len(columns) + [value for _, _, value in changes]
            program.row(columns + [at for at, _, _ in changes], factors, -float(base[line, hour]))
        for (columns, factors), plan in zip(spent, plans, strict=True):
            if columns:
                program.row(columns, factors, float(plan.commitment))
    return _said(kinds, taken, program.solved())


def _columns(program: Program, evaluation: Evaluation, kind: _Kind) -> list[int]:
    """A variable for each thing that may be done to a kind: to how many of its machines it is.

    Each costs what an action must add, so that what saves nothing is not proposed.
    """
    many, least = float(len(kind.machines)), float(_LEAST)
    mine = [program.variable(least - float(evaluation.flat(one)), many, whole=True) for one in kind.machines[0][1:]]
    if len(mine) > 1:
        program.row(mine, [1.0] * len(mine), many)
    return mine


def _moved(evaluation: Evaluation, choice: Choice, hours: Sequence[Places]) -> dict[int, Floats]:
    """By line the dollars at list prices that a choice for one machine changes, in each group of hours."""
    found: dict[int, Floats] = {}
    for at in choice:
        for line, change in evaluation.change(at):
            rate = float(evaluation.lines[line].on_demand)
            values = _grouped(change[None, :] * rate, hours)[0]
            found[line] = found[line] + values if line in found else values
    return found


def _said(kinds: Sequence[_Kind], taken: Sequence[Sequence[int]], values: Floats) -> Set:
    """The set that counts by kind and option mean: the first machines of each kind do the first thing."""
    found: set[int] = set()
    for kind, mine in zip(kinds, taken, strict=True):
        first = 0
        for option, column in enumerate(mine, start=1):
            many = round(float(values[column]))
            for one in kind.machines[first : first + many]:
                found.update(one[option])
            first += many
    return frozenset(found)


def _grouped(values: Floats, hours: Sequence[Places]) -> Floats:
    """The mean of each line over each group of hours."""
    return np.stack([values[:, part].mean(axis=1) for part in hours], axis=1)
