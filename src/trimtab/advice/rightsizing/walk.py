"""A strategy over a fleet's past, in sizes that can be had: each day's option from what was known before it."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.strategies.strategy import LEVEL_ARRAY
from trimtab.advice.rightsizing.use import Floats, Integers
from trimtab.advice.rightsizing.walking import kernel

Flags = npt.NDArray[np.bool_]


class Tally(Struct, frozen=True):
    """What a course comes to, a value a subject: days judged are those after the first.

    `over` and `free` are means over the judged days, `cost` of one machine over them at the options' prices (NaN where
    one is not known), `changes` how often the option changed.
    """

    over: Floats
    free: Floats
    cost: Floats
    changes: Integers


class Course(Struct, frozen=True):
    """What came of a strategy: the place of the option among the ranked by day, `[n, days + 1]` (the last: tomorrow).

    `needed[axis]` are the sizes asked for, in shares of the present one; `over[n, day]` is the share of the day's time
    above what the option holds along the worst axis, NaN where the day is not judged; `free[n, day]` the least share
    that the highest use left. `fits[n, option]` says what would do tomorrow.
    """

    chosen: Integers
    needed: Floats
    over: Floats
    free: Floats
    fits: Flags


def stay(fleet: Fleet) -> Course:
    """Do nothing."""
    n, days = len(fleet.subjects), fleet.days
    chosen = np.full((n, days + 1), fleet.present)
    needed = np.full((n, days + 1, len(fleet.axes)), np.nan)
    over, free = judged(fleet, chosen)
    return Course(chosen, needed, over, free, np.zeros((n, len(fleet.ranked)), np.bool_))


def course(fleet: Fleet, strategy: str, sizing: Sizing, *, keep_memory: bool) -> Course:
    """The options that a strategy would have chosen day by day; the present one until it knows enough.

    It moves when its option does not do any more, or another is cheaper by `least_saving`. `keep_memory` takes memory
    from nobody whose memory is not measured.
    """
    n, days, count = len(fleet.subjects), fleet.days, len(fleet.ranked)
    needed = np.stack([sizing.of(strategy, axis).sizes(use) for axis, use in fleet.uses.items()], axis=2)
    order = np.array([one.order for one in fleet.ranked])
    kept = fleet.memory_kept > 0
    bound = (fleet.unmeasured() > 0) & keep_memory
    chosen = np.full((n, days + 1), fleet.present)
    fits = np.zeros((n, count), np.bool_)
    largest = int(np.argmax(np.where(np.isfinite(fleet.holds), fleet.holds, 0.0).sum(axis=1)))
    holding = np.full(n, fleet.present)
    for day in range(days + 1):
        wanted = needed[:, day, :]
        fits = np.ones((n, count), np.bool_)
        for number in range(len(fleet.axes)):
            fits &= ~(wanted[:, number, None] > fleet.holds[None, :, number] + 1e-9)
        fits &= kept[None, :] | ~bound[:, None]
        best = np.where(fits.any(axis=1), np.argmax(fits, axis=1), largest)
        still = fits[np.arange(n), holding] & (order[best] > (1.0 - sizing.least_saving) * order[holding])
        known = np.isfinite(wanted).any(axis=1)
        holding = np.where(known & ~still, best, holding)
        chosen[:, day] = holding
    over, free = judged(fleet, chosen)
    return Course(chosen, needed, over, free, fits)


def tally(fleet: Fleet, walked: Course) -> Tally:
    """Sum a course up."""
    days = fleet.days
    seen = np.isfinite(walked.over)
    if days > 1:
        seen[:, 0] = False  # nothing was known before the first day
    number = np.maximum(seen.sum(axis=1), 1)
    prices = np.array([float("nan") if one.per_hour is None else float(one.per_hour) for one in fleet.ranked])
    paid = np.where(seen, prices[walked.chosen[:, :days]], 0.0) * 24.0
    over, free = (
        np.where(seen, np.nan_to_num(values), 0.0).sum(axis=1) / number for values in (walked.over, walked.free)
    )
    changes = (walked.chosen[:, 1:] != walked.chosen[:, :-1]).sum(axis=1)
    return Tally(over, free, paid.sum(axis=1), changes)


def risks(fleet: Fleet, static: Floats, sizing: Sizing) -> Floats:
    """Performance risk, 0 to 4: 4 where the time over a size along an axis (the last) is twice what is accepted."""
    accepted = np.array([sizing.accepted(axis) for axis in fleet.axes])
    share = np.nan_to_num(static) / (2.0 * accepted)
    found: Floats = np.round(np.minimum(share.max(axis=-1), 1.0) * 4.0, 1)
    return found


def judged(fleet: Fleet, chosen: Integers) -> tuple[Floats, Floats]:
    """The share of each day's time over what the chosen option holds, and the least share that was left free."""
    days = fleet.days
    over = np.full((len(fleet.subjects), days), np.nan)
    free = np.full((len(fleet.subjects), days), np.nan)
    for number, use in enumerate(fleet.uses.values()):
        size = fleet.holds[chosen[:, :days], number]
        mine = np.empty_like(over)
        limited = np.where(np.isfinite(size), size, 1e300)
        kernel.judge(use.quantiles, use.means, LEVEL_ARRAY, limited, mine)
        over = np.fmax(over, mine)
        with np.errstate(divide="ignore", invalid="ignore"):
            free = np.fmin(free, 1.0 - use.quantiles[:, :, -1] / size)
    return over, free


def standing(fleet: Fleet, place: Integers, lookback: int) -> Floats:
    """The share of the last days' time over an option for each subject, by axis, `[n, axis]`; NaN without points."""
    found = np.full((len(fleet.subjects), len(fleet.axes)), np.nan)
    for number, use in enumerate(fleet.uses.values()):
        recent = use.of(slice(None))
        first = max(0, fleet.days - lookback)
        size = np.where(np.isfinite(fleet.holds[place, number]), fleet.holds[place, number], 1e300)
        sizes = np.repeat(size[:, None], fleet.days - first, axis=1)
        mine = np.empty_like(sizes)
        kernel.judge(recent.quantiles[:, first:].copy(), recent.means[:, first:].copy(), LEVEL_ARRAY, sizes, mine)
        seen = np.isfinite(mine)
        weight = np.where(seen, recent.points[:, first:], 0)
        whole = weight.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[:, number] = np.where(whole > 0, (np.where(seen, mine, 0.0) * weight).sum(axis=1) / whole, np.nan)
    return found
