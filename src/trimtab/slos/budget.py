"""Success ratio, error budget and burn rate: the one arithmetic of alarms, objectives and the KPIs of services. Pure.

With f failed among n completed requests and a target s (say 0.999):

    success ratio      1 − f ÷ n
    burn rate          (f ÷ n) ÷ (1 − s)         1 spends the whole budget exactly in the window of the SLO
    error budget left  1 − burn rate, when f and n are counted over that window

Source: Beyer et al., The Site Reliability Workbook, chapter 5 "Alerting on SLOs".
"""

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput

Floats = npt.NDArray[np.float64]


class Outcomes(Struct, frozen=True):
    """Requests that ended: how many, and how many of them failed. Those still in flight are in neither."""

    completed: float
    failed: float

    @property
    def success_ratio(self) -> float | None:
        """1 − failed ÷ completed; None where nothing completed."""
        return 1 - self.failed / self.completed if self.completed > 0 else None


def burn_rates(bad: Floats, total: Floats, objective: float) -> Floats:
    """The burn rate of windows with these sums; no bad events where none were told of (NaN), none without events."""
    rate = np.full(len(total), np.nan)
    np.divide(np.nan_to_num(bad), total, out=rate, where=total > 0)
    return rate / (1 - objective)


def burn_rate(outcomes: Outcomes, slo: float) -> float | None:
    """How fast the error budget of `slo` is spent; None where nothing completed. Raises InvalidInput for a bad SLO."""
    check_slo(slo)
    rate = float(burn_rates(np.array([outcomes.failed]), np.array([outcomes.completed]), slo)[0])
    return None if math.isnan(rate) else rate


def error_budget_left(outcomes: Outcomes, slo: float) -> float | None:
    """The share of the error budget that is left, below 0 where it is overspent; None where nothing completed."""
    burnt = burn_rate(outcomes, slo)
    return None if burnt is None else 1 - burnt


def check_slo(slo: float) -> None:
    """Raise InvalidInput unless a target leaves a budget: 0 < slo < 1."""
    if not 0 < slo < 1:
        raise InvalidInput(f"cannot use an SLO of {slo:g}: expected a share between 0 and 1; try 0.999", field="slo")
