"""The loops of the spot replay, compiled: one job after another, one tick after another."""

import numpy as np
import numpy.typing as npt

from trimtab.capacity.spot.model import Flags, Floats
from trimtab.timeseries.anomaly.jit import compiled

Ints = npt.NDArray[np.int64]
_TINY = 1e-9


@compiled
def ages(up: Flags) -> Ints:
    """For how many ticks each zone has been up without a break, the tick itself included."""
    found = np.zeros(up.shape, dtype=np.int64)
    for zone in range(up.shape[0]):
        run = 0
        for tick in range(up.shape[1]):
            run = run + 1 if up[zone, tick] else 0
            found[zone, tick] = run
    return found


@compiled
def recent(up: Flags, keep: float) -> Floats:
    """The share of time that each zone was up of late: what is past counts `keep` less with every tick."""
    found = np.zeros(up.shape, dtype=np.float64)
    for zone in range(up.shape[0]):
        level = 0.5
        for tick in range(up.shape[1]):
            level = keep * level + (1.0 - keep) * up[zone, tick]
            found[zone, tick] = level
    return found


@compiled
def play(up: Flags, score: Floats, age: Ints, starts: Ints, gap: float, job: Floats, rule: Floats) -> Floats:
    """Jobs from `starts` (ticks) under one rule: rows of hours on spot, on demand, restarts, end.

    `job`: work, deadline, delay; `rule`: uniform, reserve, margin, zone (-1: any), settle. A zone is chosen by the
    highest `score` of those up. Nothing beyond the current tick is looked at.
    """
    work, deadline, delay = job[0], job[1], job[2]
    uniform, reserve, margin, fixed, settle = rule[0], rule[1], rule[2], int(rule[3]), rule[4]
    steps = int(np.floor(deadline / gap + _TINY))
    deadline = steps * gap
    first_slack = deadline - work
    found = np.zeros((len(starts), 4), dtype=np.float64)
    for lane in range(len(starts)):
        left, boot, place = work, 0.0, -1  # place: -1 nowhere, -2 on demand, else a zone
        spot, on_demand, restarts, end = 0.0, 0.0, 0.0, np.inf
        for step in range(steps):
            at, elapsed = starts[lane] + step, step * gap
            slack = deadline - elapsed - left
            line = reserve + uniform * first_slack * (1.0 - elapsed / deadline)
            if place >= 0 and not up[place, at]:
                place = -1
            wanted = place
            if place < 0:
                best = -1
                for zone in range(up.shape[0]):
                    if (
                        up[zone, at]
                        and (fixed < 0 or zone == fixed)
                        and (best < 0 or score[zone, at] > score[best, at])
                    ):
                        best = zone
                if place == -2:
                    if best >= 0 and slack >= line + margin and age[best, at] * gap >= settle:
                        wanted = best
                elif best >= 0 and line < first_slack * 2:
                    wanted = best
                elif slack <= line:
                    wanted = -2
            # Is it safe? After this tick an on-demand start must still be in time, if spot is gone.
            if wanted != -2:
                boots = boot if wanted == place else delay
                gain = max(0.0, gap - boots) if wanted >= 0 else 0.0
                if left > gain + _TINY and slack - gap + gain < delay - _TINY:
                    wanted = -2
            if wanted != place:
                boot = delay if wanted != -1 else 0.0
                restarts += wanted != -1
                place = wanted
            if place == -1:
                continue
            ran = min(gap, boot + left)
            done = max(0.0, ran - boot)
            boot = max(0.0, boot - ran)
            left -= done
            if place == -2:
                on_demand += ran
            else:
                spot += ran
            if left <= _TINY:
                end = elapsed + ran
                break
        found[lane, 0], found[lane, 1], found[lane, 2], found[lane, 3] = spot, on_demand, restarts, end
    return found


@compiled
def _best(
    up: Flags, start: int, steps: int, gap: float, delay: float, price: float, worth: float
) -> tuple[float, float]:
    """The schedule that earns most where an hour of work is worth `worth`: what it earns, and its hours of work."""
    zones = up.shape[0]
    boots = int(np.ceil(delay / gap - _TINY))
    gained = boots * gap - delay  # work within the last tick of a boot
    earns = np.zeros((zones + 2, steps + boots + 1))  # rows: zones, on demand, nowhere
    works = np.zeros((zones + 2, steps + boots + 1))
    runs = np.zeros(zones + 1, dtype=np.int64)  # ticks from here on without a break
    for step in range(steps - 1, -1, -1):
        earn, does = earns[zones + 1, step + 1], works[zones + 1, step + 1]
        for place in range(zones + 1):
            runs[place] = runs[place] + 1 if place == zones or up[place, start + step] else 0
            if step + boots > steps or runs[place] < boots or runs[place] == 0:
                continue
            cost = 1.0 if place == zones else price
            got = worth * gained - cost * boots * gap + earns[place, step + boots]
            if got > earn:
                earn, does = got, gained + works[place, step + boots]
        earns[zones + 1, step], works[zones + 1, step] = earn, does
        for place in range(zones + 1):
            earns[place, step], works[place, step] = earn, does
            if runs[place] > 0:
                cost = 1.0 if place == zones else price
                got = (worth - cost) * gap + earns[place, step + 1]
                if got > earn:
                    earns[place, step], works[place, step] = got, gap + works[place, step + 1]
    return earns[zones + 1, 0], works[zones + 1, 0]


@compiled
def bound(up: Flags, starts: Ints, gap: float, job: Floats, price: float) -> Floats:
    """What each job costs at least, whatever is known of the future (hours of on demand).

    The dual of the scheduling problem: for each worth of an hour of work, what the best schedule of all loses less than
    the worth of the work wanted. Its largest value is below the cost of every schedule that does the work in time.
    """
    work, deadline, delay = job[0], job[1], job[2]
    steps = int(np.floor(deadline / gap + _TINY))
    found = np.zeros(len(starts), dtype=np.float64)
    for lane in range(len(starts)):
        low, high = 0.0, 4.0
        for _ in range(24):
            worth = 0.5 * (low + high)
            earned, done = _best(up, starts[lane], steps, gap, delay, price, worth)
            found[lane] = max(found[lane], worth * work - earned)
            if done < work:
                low = worth
            else:
                high = worth
    return found
