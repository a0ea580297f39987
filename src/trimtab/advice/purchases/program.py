"""A mixed-integer linear program as columns and rows, solved by HiGHS."""

import numpy as np

from trimtab.advice.purchases.model import Floats

_SECONDS = 30.0
"""How long the solver may take; its best answer by then counts."""


class Program:
    """A program that is minimised: columns with costs, and rows with upper bounds, for HiGHS."""

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
        import highspy  # loaded by who plans

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
