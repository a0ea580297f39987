"""A day's cost by line before it is billed, from meters and the bill's own past. Pure; walk-forward in `replay`.

    machine with a meter    hours seen to run × its share of each way of paying × what such an hour cost last
    counted use             tokens or requests counted × what the last billed ones cost
    anything else           carried on (`carry.py`), of an open day the part that has passed

Estimates of a service and owner that were off to one side on most of the compared days are corrected by the median of
bill ÷ estimate; the correction of a day looks at days before it alone.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.costs.model import USE
from trimtab.economics.estimate.carry import Carrying, at_close
from trimtab.economics.estimate.model import RECORD, RESOURCE, UNIT, Basis, DayAmounts, Floats, Metered, Past

HOURS = frozenset({"hrs", "hours", "hour", "hr", "h", "instance-hours", "instance hours"})
"""Units of which a meter's hours are the quantity."""
_BACK = 7
"""Days before the last billed one in which a machine's last use is looked for."""
_COMPARED, _ONE_SIDED = 14, 10
"""Days that a correction looks at, and on how many the estimates must have been off to the same side."""
_MOST = 0.2
"""A correction changes an estimate by 20 % at most: more is no bias but another cause, which should be seen."""


class Replayed(Struct, frozen=True):
    """Estimates of closed days (columns) by line, from the past of each alone, and the bill that came: amortised and as
    charged. `first` is the column of the past that the first of them is of.
    """

    first: int
    effective: Floats
    billed: Floats
    actual_effective: Floats
    actual_billed: Floats

    @property
    def days(self) -> int:
        """How many."""
        return int(self.effective.shape[1])


def estimate_day(
    past: Past, metered: Metered, ahead: int, passed: float = 1.0, carrying: Sequence[Carrying] = ()
) -> DayAmounts:
    """The day `ahead` days after the last of `past` (1 … 7). `passed`: the share of it that is over. `carrying` is
    `carrying_of` a longer past."""
    share = np.where(at_close(past), 0.0, passed)
    quantity, effective, billed = (one.on(past.days, ahead) * share for one in carrying or carrying_of(past))
    basis = np.full(len(past.keys), Basis.CARRIED, np.int8)
    if past.days:
        _by_meter(past, metered, quantity, effective, billed, basis)
        _by_use(past, metered, quantity, effective, billed, basis)
    return DayAmounts(quantity, effective, billed, basis)


def carrying_of(past: Past) -> Sequence[Carrying]:
    """What carries on the quantities, effective and billed amounts of a past, and of any part that it begins with."""
    of_use = np.array([key.dimensions[RECORD] in USE for key in past.keys], np.bool_)
    return [Carrying(values, past.start_ms, of_use) for values in (past.quantity, past.effective, past.billed)]


def _by_meter(
    past: Past, metered: Metered, quantity: Floats, effective: Floats, billed: Floats, basis: npt.NDArray[np.int8]
) -> None:
    """Machines: their hours in the shares in which their last billed hours were paid for."""
    rows = np.flatnonzero(~np.isnan(metered.hours) & _hourly(past))
    by_resource: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        by_resource[past.keys[row].resource].append(row)
    recent = past.quantity[:, -_BACK:]
    for mine in by_resource.values():
        used = np.flatnonzero(recent[mine].sum(axis=0) > 0)
        if not len(used):
            continue  # it ran long ago: what it would cost now, the list says
        column = int(used[-1]) - recent.shape[1]
        last = past.quantity[mine, column]
        whole = float(last.sum())
        machines = max(1.0, np.ceil(whole / 24 - 0.02))
        for row, part in zip(mine, last.tolist(), strict=True):
            hours = float(metered.hours[row]) * machines * part / whole
            rate = 0.0 if not part else 1 / part
            quantity[row] = hours
            effective[row] = hours * rate * past.effective[row, column]
            billed[row] = hours * rate * past.billed[row, column]
            basis[row] = Basis.METERED


def _by_use(
    past: Past, metered: Metered, quantity: Floats, effective: Floats, billed: Floats, basis: npt.NDArray[np.int8]
) -> None:
    """Counted use: at what the last billed unit cost."""
    for row in np.flatnonzero(~np.isnan(metered.used)).tolist():
        used = np.flatnonzero(past.quantity[row, -_BACK:] > 0)
        if not len(used):
            continue
        column = int(used[-1]) - min(_BACK, past.days)
        unit = past.quantity[row, column]
        quantity[row] = metered.used[row]
        effective[row] = metered.used[row] * past.effective[row, column] / unit
        billed[row] = metered.used[row] * past.billed[row, column] / unit
        basis[row] = Basis.USED


def _hourly(past: Past) -> npt.NDArray[np.bool_]:
    return np.array(
        [key.dimensions[UNIT].casefold() in HOURS and key.dimensions[RESOURCE] != "" for key in past.keys], bool
    )


def replay(past: Past, meters: Sequence[Metered], lag: int = 1) -> Replayed:
    """The last `len(meters)` days of a past, each estimated from what was billed `lag` days before it and earlier."""
    first, carrying = past.days - len(meters), carrying_of(past)
    columns = [
        estimate_day(past.until(first + at - lag + 1), one, lag, carrying=carrying) for at, one in enumerate(meters)
    ]
    empty = np.zeros((len(past.keys), 0))
    return Replayed(
        first,
        np.column_stack([one.effective for one in columns]) if columns else empty,
        np.column_stack([one.billed for one in columns]) if columns else empty,
        past.effective[:, first:],
        past.billed[:, first:],
    )


def corrections(found: Replayed, groups: Sequence[int], before: int) -> Floats:
    """By line the factor that compared days before the place `before` teach: 1 where they were not one-sided."""
    group = np.asarray(groups, np.int64)
    days = slice(max(0, before - _COMPARED), before)
    size = int(group.max()) + 1 if len(group) else 0
    estimated = np.array([np.bincount(group, column, size) for column in found.effective[:, days].T])
    actual = np.array([np.bincount(group, column, size) for column in found.actual_effective[:, days].T])
    factor = np.ones(size)
    if len(estimated) >= _ONE_SIDED:
        for at in range(size):
            known = estimated[:, at] > 0
            ratio = actual[known, at] / estimated[known, at]
            sides = max(int((ratio > 1).sum()), int((ratio < 1).sum()))
            if len(ratio) >= _ONE_SIDED and sides >= _ONE_SIDED:
                factor[at] = float(np.clip(np.median(ratio), 1 - _MOST, 1 + _MOST))
    return factor[group] if len(group) else np.zeros(0)


def corrected(found: Replayed, groups: Sequence[int]) -> Replayed:
    """The replayed days, each with the correction that the days before it teach."""
    factors = np.column_stack([corrections(found, groups, at) for at in range(found.days)]) if found.days else None
    if factors is None:
        return found
    return replace(found, effective=found.effective * factors, billed=found.billed * factors)


def relative_errors(estimated: Floats, actual: Floats) -> list[float]:
    """(estimate − bill) ÷ bill of each day whose bill is not nothing."""
    return [float((one - other) / other) for one, other in zip(estimated, actual, strict=True) if other > 0]
