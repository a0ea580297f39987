"""The loops over resources and days: pooled quantiles, time over size, and the walk-forward choice of the portfolio.

Nothing here reads a day at or after the one that it decides for: decision `k` is made from days before `k`.
"""

from pathlib import Path

import numpy as np

from trimtab.advice.rightsizing.use import Floats, Integers
from trimtab.timeseries.compiling import compiler

compiled = compiler(Path(__file__).parent)

YESTERDAY, PEAK, WEEKDAY, SINCE_SHIFT, DECAYED = range(5)
"""Kinds of base. Of DECAYED the parameter is the half-life (days), of PEAK the days looked at."""
_FAR = 1e300
_CLOSE = 1e-9
"""Shares that are closer than this are alike: they are sums of parts that are not exact in binary."""


@compiled
def over(quantiles: Floats, levels: Floats, size: float) -> float:
    """The share of a day's time above `size`; lines between the levels."""
    last = len(levels) - 1
    if size >= quantiles[last]:
        return 0.0
    if size < quantiles[0]:
        return 1.0
    at = 0
    while quantiles[at + 1] <= size:
        at += 1
    share = (size - quantiles[at]) / (quantiles[at + 1] - quantiles[at])
    below: float = levels[at] + share * (levels[at + 1] - levels[at])
    return 1.0 - below


@compiled
def overs(quantiles: Floats, levels: Floats, base: float, margins: Floats, found: Floats) -> None:
    """`over` of a base times each of the margins, which ascend: one way through the levels for all of them."""
    last, at = len(levels) - 1, 0
    for step in range(len(margins)):
        size = base * margins[step]
        if size >= quantiles[last]:
            found[step] = 0.0
        elif size < quantiles[0]:
            found[step] = 1.0
        else:
            while quantiles[at + 1] <= size:
                at += 1
            share = (size - quantiles[at]) / (quantiles[at + 1] - quantiles[at])
            below: float = levels[at] + share * (levels[at + 1] - levels[at])
            found[step] = 1.0 - below


@compiled
def fades(half_life: float, days: int) -> Floats:
    """What a day counts by its age, 0 for yesterday: each `half_life` days back half."""
    found = np.empty(days)
    for age in range(days):
        found[age] = 0.5 ** (age / half_life)
    return found


@compiled
def atoms(quantiles: Floats, levels: Floats, days: Integers, masses: Floats, values: Floats, known: Integers) -> int:
    """Every stretch between two levels as one value (its upper end) with its day and mass, ascending; how many.

    `known[day]` is written 1 where a day has points, else 0.
    """
    number = 0
    for day in range(quantiles.shape[0]):
        known[day] = 0
        if np.isnan(quantiles[day, 0]):
            continue
        known[day] = 1
        for at in range(1, len(levels)):
            days[number], masses[number] = day, levels[at] - levels[at - 1]
            values[number] = quantiles[day, at]
            number += 1
    for at in range(1, number):  # by hand: compiling a library's sort takes seconds, and there are few
        value, day, mass, back = values[at], days[at], masses[at], at - 1
        while back >= 0 and values[back] > value:
            values[back + 1], days[back + 1], masses[back + 1] = values[back], days[back], masses[back]
            back -= 1
        values[back + 1], days[back + 1], masses[back + 1] = value, day, mass
    return number


@compiled
def pooled(
    days: Integers, masses: Floats, values: Floats, number: int, known: Integers, first: int, until: int,
    fade: Floats, wanted: float,
) -> float:  # fmt: skip
    """The quantile `wanted` of the days `[first, until)` together, each counting what `fade` says of its age.

    The least value that at least that share lies at or below. It is looked for from the top: what is asked for lies
    near it. `known[day]` is 1 where a day has points.
    """
    total = 0.0
    for day in range(first, until):
        total += fade[until - 1 - day] * known[day]
    found: float = np.nan
    if total <= 0.0:
        return found
    least, below = wanted * total - _CLOSE, total
    for at in range(number - 1, -1, -1):
        if first <= days[at] < until:
            if below < least:
                return found
            found = values[at]
            below -= fade[until - 1 - days[at]] * masses[at]
    return found


@compiled
def rolling(quantiles: Floats, levels: Floats, lookback: int, half_life: float, wanted: Floats, found: Floats) -> None:
    """Write the pooled quantiles before each day, `found[n, days + 1, wanted]`; `lookback` days back at most."""
    n, days = quantiles.shape[0], quantiles.shape[1]
    room = days * (len(levels) - 1)
    of_day, masses, values = np.empty(room, np.int64), np.empty(room), np.empty(room)
    known = np.empty(days, np.int64)
    fade = fades(half_life, days + 1)
    for one in range(n):
        number = atoms(quantiles[one], levels, of_day, masses, values, known)
        for day in range(days + 1):
            first = max(0, day - lookback)
            for at in range(len(wanted)):
                found[one, day, at] = pooled(of_day, masses, values, number, known, first, day, fade, wanted[at])


@compiled
def judge(quantiles: Floats, means: Floats, levels: Floats, sizes: Floats, overs: Floats) -> None:
    """Write the share of time over size of each day, `overs[n, days]`; NaN without a size or a point."""
    for one in range(means.shape[0]):
        for day in range(means.shape[1]):
            if np.isnan(means[one, day]) or np.isnan(sizes[one, day]):
                overs[one, day] = np.nan
            else:
                overs[one, day] = over(quantiles[one, day], levels, sizes[one, day])


@compiled
def shifted(quantiles: Floats, middle: int, until: int, step: float) -> int:
    """The first day of the level that holds just before `until`: the last day whose median left that of those before.

    `step` is the least change, as a share; it must also be three times what medians usually move from day to day.
    """
    known, moves, number = np.empty(until, np.int64), np.empty(until), 0
    for day in range(until):
        if np.isnan(quantiles[day, middle]):
            continue
        known[number] = day
        if number > 0:
            move, back = abs(quantiles[day, middle] - quantiles[known[number - 1], middle]), number - 2
            while back >= 0 and moves[back] > move:
                moves[back + 1] = moves[back]
                back -= 1
            moves[back + 1] = move
        number += 1
    if number < 3:
        return 0
    usual = moves[(number - 1) // 2]
    for at in range(number - 1, 0, -1):
        before, after = quantiles[known[at - 1], middle], quantiles[known[at], middle]
        if abs(after - before) > max(step * abs(before), 3.0 * usual):
            return int(known[at])
    return 0


@compiled
def base_of(
    kind: int, parameter: float, level: int, wanted: float, quantiles: Floats, yesterday: int, day: int,
    of_day: Integers, masses: Floats, values: Floats, number: int, known: Integers, fade: Floats,
) -> float:  # fmt: skip
    """What one base says before `day`; NaN where it cannot say anything."""
    told: float = np.nan
    if kind in (YESTERDAY, WEEKDAY):
        back = yesterday if kind == YESTERDAY else day - 7
        if back >= 0:
            told = quantiles[back, level]
        return told
    if kind == PEAK:
        most = np.nan
        for back in range(max(0, day - int(parameter)), day):
            if not np.isnan(quantiles[back, level]):
                most = quantiles[back, level] if np.isnan(most) else max(most, quantiles[back, level])
        return most
    if kind == SINCE_SHIFT:
        first = shifted(quantiles, 2, day, parameter)
        return pooled(of_day, masses, values, number, known, first, day, fade, wanted)
    return pooled(of_day, masses, values, number, known, 0, day, fade, wanted)


@compiled
def walk(
    quantiles: Floats, means: Floats, levels: Floats,
    kinds: Integers, parameters: Floats, at_levels: Integers, margins: Floats,
    prior_slack: Floats, prior_over: Floats, prior_days: float, half_life: float,
    overrun: float, floor_level: int, floor: float,
    sizes: Floats, picks: Integers,
) -> None:  # fmt: skip
    """Choose a base and a margin for every day, `sizes[n, days + 1]` and `picks[n, days + 1, 2]` (-1: no history).

    A choice costs its slack plus `overrun` times its time over size: means over the days that were judged, decaying
    with `half_life`, beside `prior_days` of the prior. No size is below `floor` times yesterday's quantile at
    `floor_level`.
    """
    n, days, bases, steps = means.shape[0], means.shape[1], len(kinds), len(margins)
    room = days * (len(levels) - 1)
    of_day, masses, values = np.empty(room, np.int64), np.empty(room), np.empty(room)
    known = np.empty(days, np.int64)
    said, late_by = np.empty(bases), np.empty(steps)
    fading = np.empty((bases, days + 1))
    for base in range(bases):
        fading[base] = fades(parameters[base] if kinds[base] == DECAYED else _FAR, days + 1)
    slack, spent, weight = np.empty((bases, steps)), np.empty((bases, steps)), np.empty(bases)
    fade = 0.5 ** (1.0 / half_life)
    for one in range(n):
        number = atoms(quantiles[one], levels, of_day, masses, values, known)
        slack[:], spent[:], weight[:] = 0.0, 0.0, 0.0
        yesterday = -1
        for day in range(days + 1):
            sizes[one, day], picks[one, day, 0], picks[one, day, 1] = np.nan, -1, -1
            if yesterday >= 0:
                best = _FAR
                for base in range(bases):
                    said[base] = base_of(
                        kinds[base], parameters[base], at_levels[base], levels[at_levels[base]], quantiles[one],
                        yesterday, day, of_day, masses, values, number, known, fading[base],
                    )  # fmt: skip
                    if np.isnan(said[base]):
                        continue
                    whole = weight[base] + prior_days
                    for step in range(steps):
                        idle = (slack[base, step] + prior_days * prior_slack[base, step]) / whole
                        late = (spent[base, step] + prior_days * prior_over[base, step]) / whole
                        cost = idle + overrun * late
                        if cost < best:
                            best = cost
                            picks[one, day, 0], picks[one, day, 1] = base, step
                chosen = said[picks[one, day, 0]] * margins[picks[one, day, 1]]
                sizes[one, day] = max(chosen, floor * quantiles[one, yesterday, floor_level])
            if day == days or np.isnan(means[one, day]):
                continue
            if yesterday >= 0:
                slack *= fade
                spent *= fade
                weight *= fade
                for base in range(bases):
                    if np.isnan(said[base]):
                        continue
                    weight[base] += 1.0
                    overs(quantiles[one, day], levels, said[base], margins, late_by)
                    for step in range(steps):
                        size = said[base] * margins[step]
                        idle = 1.0 - means[one, day] / size if size > 0.0 else (0.0 if means[one, day] <= 0.0 else -0.5)
                        slack[base, step] += max(idle, -0.5)
                        spent[base, step] += late_by[step]
            yesterday = day


@compiled
def hold(
    quantiles: Floats, means: Floats, points: Integers, levels: Floats, sizes: Floats, safe: Floats, accepted: float,
    prior: float, prior_days: float, held: Floats,
) -> None:  # fmt: skip
    """Raise `sizes[n, days + 1]` to `safe` on days before which time over size was above `accepted`; `held` is 1 there.

    The share of time over size is that of the sizes themselves, over the days before, with `prior_days` usual days of
    which the share is `prior`. A day weighs as its points do.
    """
    for one in range(means.shape[0]):
        spent, seen, known = 0.0, 0.0, 0
        for day in range(sizes.shape[1]):
            held[one, day] = 0.0
            if not np.isnan(sizes[one, day]):
                usual = prior_days * (seen / known if known > 0 else 1.0)
                if spent + usual * prior > accepted * (seen + usual):
                    held[one, day] = 1.0
                    sizes[one, day] = max(sizes[one, day], safe[one, day])
            if day == means.shape[1] or np.isnan(means[one, day]) or np.isnan(sizes[one, day]):
                continue
            spent += points[one, day] * over(quantiles[one, day], levels, sizes[one, day])
            seen += points[one, day]
            known += 1
