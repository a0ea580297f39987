"""What to commit to, as a mixed-integer linear program: all kinds of commitments at once, over weighted hours.

    variables    an amount for each plan and start (dollars an hour), a whole number for each reservation, and how much
                 of each class of use each covers in each hour
    minimise     what the commitments cost less the on-demand value that they cover, over all hours by their weight
    subject to   nothing is covered twice; an hour takes no more of a plan than its commitment, and no more machines of
                 a reservation than there are; no more of what is bought ends together than a ladder allows

The program may choose who covers what; AWS's order of application may not, so that its answer is a start, which
`planner.py` checks and corrects with the hourly simulation. Solved by HiGHS.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.advice.purchases.model import Floats
from trimtab.advice.purchases.program import Program

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_GROUPS = 400
"""Hours of the program at most: more are sorted by what they cost and averaged in groups."""


class PlanOption(Struct, frozen=True):
    """A plan that can be bought: `shares[class]` of on demand (NaN: not covered), and `price` of a dollar committed.

    `active[hour]`: in which hours it is in force; None: in all. Options of one `group` differ in that alone.
    """

    shares: Floats
    price: float = 1.0
    most: float = float("inf")
    active: Flags | None = None
    group: int = -1


class MachineOption(Struct, frozen=True):
    """A reservation that can be bought: `need[class]` machines for a dollar of on-demand value (NaN: not covered).

    `price` of one, dollars an hour; `most` that are to be had. `active` and `group` as of plans.
    """

    need: Floats
    price: float
    most: float = 100_000.0
    active: Flags | None = None
    group: int = -1


class Limit(Struct, frozen=True):
    """A sum over plans and then machines, each with its factor, that must not be above `upper`."""

    factors: Floats
    upper: float


class Answer(Struct, frozen=True):
    """Amounts of the plans (dollars an hour) and counts of the machines; `cost` the program's own, an hour."""

    plans: Floats
    machines: Floats
    cost: float


class _Choice(Struct, frozen=True):
    """A column of the program that can be bought: what it needs for a dollar's worth, and when it is in force."""

    column: int
    needs: Floats
    active: Flags
    group: tuple[bool, int]


def solve(
    value: Floats,
    weights: Floats,
    plans: Sequence[PlanOption],
    machines: Sequence[MachineOption] = (),
    limits: Sequence[Limit] = (),
) -> Answer:
    """The best amounts for use of `value[class, hour]` dollars on demand, hours counting `weights`."""
    options: list[PlanOption | MachineOption] = [*plans, *machines]
    actives = [_active(one, value.shape[1]) for one in options]
    value, weights, actives = _grouped(value, weights, actives)
    program = Program()
    choices = _choices(program, value, weights, options, actives)
    for hour in range(value.shape[1]):
        _hour(program, value[:, hour], float(weights[hour]), _groups_of(choices, hour))
    for limit in limits:
        columns = [at for at in range(len(choices)) if limit.factors[at]]
        program.row([choices[at].column for at in columns], [float(limit.factors[at]) for at in columns], limit.upper)
    solution = program.solved()
    base, total = float((value * weights).sum()), float(weights.sum())
    found = np.array([solution[one.column] for one in choices], dtype=np.float64)
    return Answer(
        found[: len(plans)],
        np.asarray(np.round(found[len(plans) :]), dtype=np.float64),
        (base + program.objective) / total if total else 0.0,
    )


def _active(one: PlanOption | MachineOption, hours: int) -> Flags:
    return np.ones(hours, dtype=np.bool_) if one.active is None else one.active


def _choices(
    program: "Program",
    value: Floats,
    weights: Floats,
    options: Sequence[PlanOption | MachineOption],
    actives: Sequence[Flags],
) -> list[_Choice]:
    """A variable for each option: it costs its price in every hour that it is in force."""
    found = []
    for at, one in enumerate(options):
        whole = isinstance(one, MachineOption)
        needs, on = (one.need if isinstance(one, MachineOption) else one.shares), actives[at]
        most = min(one.most, _most(value[:, on], needs) + whole)
        column = program.variable(one.price * float(weights[on].sum()), most, whole=whole)
        found.append(_Choice(column, needs, on, (whole, one.group if one.group >= 0 else -1 - at)))
    return found


def _groups_of(choices: Sequence[_Choice], hour: int) -> list[tuple[list[int], Floats]]:
    """What is in force in an hour: the columns of each group together, and what they need."""
    groups: dict[tuple[bool, int], tuple[list[int], Floats]] = {}
    for one in choices:
        if one.active[hour]:
            groups.setdefault(one.group, ([], one.needs))[0].append(one.column)
    return list(groups.values())


def _hour(program: "Program", worth: Floats, weight: float, groups: list[tuple[list[int], Floats]]) -> None:
    """What each group covers of each class in one hour."""
    limits: list[tuple[list[int], list[float]]] = [(list(columns), [-1.0] * len(columns)) for columns, _ in groups]
    bought = [len(columns) for columns, _ in groups]
    for kind in range(len(worth)):
        if worth[kind] <= 0:
            continue
        covers = []
        for place, (_, needs) in enumerate(groups):
            if np.isnan(needs[kind]):
                continue
            variable = program.variable(-weight, float(worth[kind]))
            covers.append(variable)
            limits[place][0].append(variable)
            limits[place][1].append(float(needs[kind]))
        if len(covers) > 1:
            program.row(covers, [1.0] * len(covers), float(worth[kind]))
    for (columns, factors), own in zip(limits, bought, strict=True):
        if len(columns) > own:
            program.row(columns, factors, 0.0)


def _most(value: Floats, needs: Floats) -> float:
    """What covers everything in the largest hour: no optimum is above."""
    known = ~np.isnan(needs)
    return float((value[known] * needs[known][:, None]).sum(axis=0).max()) if known.any() and value.size else 0.0


def _grouped(value: Floats, weights: Floats, actives: Sequence[Flags]) -> tuple[Floats, Floats, list[Flags]]:
    """Hours as they are, or groups of such that cost about the same and in which the same is in force."""
    hours = value.shape[1]
    if hours <= _GROUPS:
        return value, weights, list(actives)
    on = np.array(actives, dtype=np.bool_).reshape(len(actives), hours)
    epochs = np.unique(on, axis=1, return_inverse=True)[1] if len(on) else np.zeros(hours, dtype=np.int64)
    parts: list[Places] = []
    for epoch in np.unique(epochs):
        mine = np.flatnonzero(epochs.ravel() == epoch)
        number = max(1, round(_GROUPS * len(mine) / hours))
        parts += np.array_split(mine[np.argsort(value[:, mine].sum(axis=0), kind="stable")], min(number, len(mine)))
    sums = np.array([weights[part].sum() for part in parts])
    means = np.stack([(value[:, part] * weights[part]).sum(axis=1) / max(weights[part].sum(), 1e-12) for part in parts])
    return np.asarray(means.T), sums, [row[[int(part[0]) for part in parts]] for row in on]
