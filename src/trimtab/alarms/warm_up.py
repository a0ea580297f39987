"""Alarms that warm up: until then they stay as they are and do nothing."""

import numpy as np

from trimtab.alarms.evaluate import Bools, Codes, Verdict
from trimtab.alarms.look import Look
from trimtab.alarms.model import BurnRateAlarm, CompositeAlarm, StateValue


def hold_back(look: Look, codes: Codes, delay_ms: int) -> None:
    """Set the verdicts that fall into a warm-up to KEEP, in place."""
    for row in range(len(look.entries)):
        cold = warming(look, row, delay_ms)
        if cold is not None:
            codes[row, cold] = Verdict.KEEP


def warming(look: Look, row: int, delay_ms: int) -> Bools | None:
    """At which of the times an alarm still warms up; None where it does not.

    A warm-up that need not be waited for as a whole ends with the first evaluation whose window is full of data.
    """
    entry = look.entries[row]
    alarm = entry.alarm
    if entry.warm_from_ms is None or isinstance(alarm, (BurnRateAlarm, CompositeAlarm)) or alarm.warm_up is None:
        return None
    until_ms = entry.warm_from_ms + alarm.warm_up.minutes * 60_000
    full = look.full(row) if look.full is not None and not alarm.warm_up.whole else None
    # One that ended early is over, whatever is missing later: the alarm then has left its first state.
    warm = not alarm.warm_up.whole and entry.state is not StateValue.INSUFFICIENT_DATA
    cold = np.zeros(len(look.times), dtype=np.bool_)
    for at, time in enumerate(look.times):
        warm = warm or time + delay_ms >= until_ms or (full is not None and bool(full[at]))
        cold[at] = not warm
    return cold
