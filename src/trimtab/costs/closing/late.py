"""Use that is not on the bill yet though its day is: services report hours or days late. Pure.

A service that was charged on each of the last four weeks' days, and on the newest days has less than half of its least
day, is late on those; one that stays so for longer than `MOST_DAYS` has stopped.
"""

from collections.abc import Mapping

import numpy as np

from trimtab.costs.closing.charges import Floats

MOST_DAYS = 3
"""AWS's report has nearly everything a day after its use; what a service lacks for longer will not come."""
_BACK = 28
_WEEK = 7
_LOW = 0.5


def late_use(services: Mapping[str, Floats], days: int) -> Floats:
    """By day, of the `days` days known, what of the use is still to come; zeros where nothing is."""
    missing = np.zeros(days)
    for amounts in services.values():
        late = _late_days(amounts)
        if not late:
            continue
        first = len(amounts) - late
        usual = np.resize(amounts[first - _WEEK : first], late)  # the same weekdays of the week before
        missing[first:] += np.maximum(usual - amounts[first:], 0.0)
    return missing


def _late_days(amounts: Floats) -> int:
    """How many of the newest days are incomplete; 0 where the service stopped, or was not used every day."""
    if len(amounts) < _BACK + MOST_DAYS + 1:
        return 0
    late = 0
    while late <= MOST_DAYS:
        end = len(amounts) - late
        before = amounts[len(amounts) - MOST_DAYS - 1 - _BACK : len(amounts) - MOST_DAYS - 1]
        if before.min() <= 0 or amounts[end - 1] >= _LOW * before.min():
            break
        late += 1
    return late if late <= MOST_DAYS else 0
