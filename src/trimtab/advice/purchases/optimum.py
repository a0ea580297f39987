"""What to commit to, as a mixed-integer linear program: all kinds of commitments at once, over weighted hours.

    variables    an amount for each plan (dollars an hour), a whole number for each reservation, and how much of each
                 class of use each covers in each hour
    minimise     what the commitments cost less the on-demand value that they cover, over all hours by their weight
    subject to   nothing is covered twice; an hour takes no more of a plan than its commitment, and no more machines of
                 a reservation than there are

The program may choose who covers what; AWS's order of application may not, so that its answer is a start, which
`planner.py` checks and corrects with the hourly simulation. Solved by HiGHS.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from trimtab.advice.purchases.model import Floats

_SECONDS = 30.0
"""How long the solver may take; its best answer by then counts."""
_GROUPS = 400
"""Hours of the program at most: more are sorted by what they cost and averaged in groups."""


@dataclass(frozen=True, slots=True)
class PlanOption:
    """A plan that can be bought: `shares[class]` of on demand (NaN: not covered), and `price` of a dollar committed."""

    shares: Floats
    price: float = 1.0
    most: float = float("inf")


@dataclass(frozen=True, slots=True)
class MachineOption:
    """A reservation that can be bought: `need[class]` machines for a dollar of on-demand value (NaN: not covered).

    `price` of one, dollars an hour; `most` that are to be had.
    """

    need: Floats
    price: float
    most: float = 100_000.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Amounts of the plans (dollars an hour) and counts of the machines; `cost` the program's own, an hour."""

    plans: Floats
    machines: Floats
    cost: float


def solve(
    value: Floats, weights: Floats, plans: Sequence[PlanOption], machines: Sequence[MachineOption] = ()
) -> Answer:
    """The best amounts for use of `value[class, hour]` dollars on demand, hours counting `weights`."""
    value, weights = _grouped(value, weights)
    number, hours = value.shape
    program = _Program()
    total = float(weights.sum())
    amounts = [program.variable(one.price * total, min(one.most, _most(value, one.shares))) for one in plans]
    counts = [
        program.variable(one.price * total, min(one.most, _most(value, one.need) + 1), whole=True) for one in machines
    ]
    options = [(amounts[at], one.shares) for at, one in enumerate(plans)]
    options += [(counts[at], one.need) for at, one in enumerate(machines)]
    for hour in range(hours):
        limits: list[tuple[list[int], list[float]]] = [([at], [-1.0]) for at, _ in options]
        for kind in range(number):
            worth = float(value[kind, hour])
            if worth <= 0:
                continue
            covers = []
            for place, (_, needs) in enumerate(options):
                if np.isnan(needs[kind]):
                    continue
                variable = program.variable(-float(weights[hour]), worth)
                covers.append(variable)
                limits[place][0].append(variable)
                limits[place][1].append(float(needs[kind]))
            if len(covers) > 1:
                program.row(covers, [1.0] * len(covers), worth)
        for columns, factors in limits:
            if len(columns) > 1:
                program.row(columns, factors, 0.0)
    solution = program.solved()
    base = float((value * weights).sum())
    return Answer(
        np.array([solution[at] for at in amounts], dtype=np.float64),
        np.asarray(np.round([float(solution[at]) for at in counts]), dtype=np.float64),
        (base + program.objective) / total if total else 0.0,
    )


def _most(value: Floats, needs: Floats) -> float:
    """What covers everything in the largest hour: no optimum is above."""
    known = ~np.isnan(needs)
    return float((value[known] * needs[known][:, None]).sum(axis=0).max()) if known.any() and value.size else 0.0


def _grouped(value: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Hours as they are, or groups of such that cost about the same."""
    if value.shape[1] <= _GROUPS:
        return value, weights
    parts = np.array_split(np.argsort(value.sum(axis=0), kind="stable"), _GROUPS)
    sums = np.array([weights[part].sum() for part in parts])
    means = np.stack([(value[:, part] * weights[part]).sum(axis=1) / max(weights[part].sum(), 1e-12) for part in parts])
    return np.asarray(means.T), sums


class _Program:
    """A program as columns and rows, for HiGHS."""

    def __init__(self) -> None:
        self._costs: list[float] = []
        self._upper: list[float] = []
        self._whole: list[bool] = []
        self._starts, self._index, self._factors, self._rows = [0], list[int](), list[float](), list[float]()
        self.objective = 0.0

    def variable(self, cost: float, upper: float, *, whole: bool = False) -> int:
        """A variable from 0 to `upper`; its number."""
        self._costs.append(cost)
        self._upper.append(upper)
        self._whole.append(whole)
        return len(self._costs) - 1

    def row(self, columns: list[int], factors: list[float], upper: float) -> None:
        """A sum that must not be above `upper`."""
        self._index += columns
        self._factors += factors
        self._starts.append(len(self._index))
        self._rows.append(upper)

    def solved(self) -> Floats:
        """The values of the variables; nothing bought where the solver finds none in its time."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._costs), len(self._rows)
        lp.col_cost_, lp.col_lower_ = np.array(self._costs), np.zeros(len(self._costs))
        lp.col_upper_ = np.array(self._upper)
        lp.row_lower_, lp.row_upper_ = np.full(len(self._rows), -highspy.kHighsInf), np.array(self._rows)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self._starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(self._index, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(self._factors)
        if any(self._whole):
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self._whole]
        solver = highspy.Highs()  # type: ignore[no-untyped-call] # highspy leaves its constructor without types
        solver.silent()
        solver.setOptionValue("time_limit", _SECONDS)
        solver.setOptionValue("mip_rel_gap", 1e-4)
        solver.setOptionValue("threads", 1)
        solver.passModel(lp)
        solver.run()
        found = np.array(solver.getSolution().col_value, dtype=np.float64)
        if len(found) != len(self._costs):
            return np.zeros(len(self._costs))
        self.objective = float(np.array(self._costs) @ found)
        return found
