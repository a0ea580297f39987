"""Burn-rate alarms: how fast an objective's error budget is used up, over a long and a short window together. Pure.

The burn rate of a window is its share of bad events over the share that the objective allows: at 1 the budget lasts
exactly its period. A window pair fires while both burn at its factor: the long one says that it matters, the short one
that it still goes on (The Site Reliability Workbook, chapter 5, multiwindow, multi-burn-rate alerts).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.alarms.evaluate import Codes, Floats, Verdict
from trimtab.alarms.model import BurnRateAlarm, Missing


class Burn(Struct, frozen=True):
    """Burn rates over one pair of windows, one of each evaluation; NaN where there were no events."""

    long: Floats
    short: Floats


def judge_burns(alarm: BurnRateAlarm, burns: Sequence[Burn]) -> Codes:
    """The verdict of each evaluation: ALARM where one pair of windows fires, else OK.

    An evaluation without any events is treated as the alarm says of missing data.
    """
    count = len(burns[0].long)
    firing = np.zeros(count, dtype=np.bool_)
    known = np.zeros(count, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for window, burn in zip(alarm.windows, burns, strict=True):
            firing |= (burn.long >= window.factor) & (burn.short >= window.factor)
            known |= ~np.isnan(burn.long)
    none = {
        Missing.MISSING: Verdict.INSUFFICIENT_DATA,
        Missing.IGNORE: Verdict.KEEP,
        Missing.BREACHING: Verdict.ALARM,
        Missing.NOT_BREACHING: Verdict.OK,
    }[alarm.missing]
    verdict = np.where(firing, np.int8(Verdict.ALARM), np.int8(Verdict.OK))
    return np.where(known, verdict, np.int8(none)).astype(np.int8)


def burn_reason(alarm: BurnRateAlarm, objective: float, burns: Sequence[Burn], at: int) -> str:
    """Why evaluation number `at` found what it did."""
    if all(np.isnan(burn.long[at]) for burn in burns):
        return "Insufficient Data: no events were counted in any window."
    told = [
        f"{_span(window.long_s)} at {burn.long[at]:.3g} and {_span(window.short_s)} at {burn.short[at]:.3g} "
        f"({'' if burn.long[at] >= window.factor and burn.short[at] >= window.factor else 'not '}both at least "
        f"{window.factor:g})"
        for window, burn in zip(alarm.windows, burns, strict=True)
    ]
    return f"Burn rate of the error budget of {objective:.6g}: " + "; ".join(told) + "."


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
