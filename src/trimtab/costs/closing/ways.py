"""What a line of a month is expected to come to: several ways to say it, and the one that was nearest before. Pure.

A way looks at the closed months alone, and at what the open one has: as usual, a rate on what is charged, the tiers of
a support plan, what came on earlier days and what comes after them. Each is tried on the closed months in turn, as it
would have been asked on the same day with the months before; the one with the least error is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from trimtab.costs.closing.charges import FEE_DAYS, Kind, LineName
from trimtab.costs.closing.support import PLANS
from trimtab.timeseries.forecast.intervals import replayed_width

_USUAL = 3
"""Months that say what is usual: a quarter."""
_JUDGED = 6
"""Months on which ways are judged, and of which refunds are averaged: older ones had other prices."""
_ENDED = 0.5
"""A credit of which the last month had less than half of the usual is used up."""
_UNTRIED = 0.02
"""How far off a way is taken to be, as a share of the line, that no month could try."""
_UNSURE = 0.5
"""What is still to come of a line may be off by half where no closed month could judge it."""

Bases = Mapping[str, float]
"""What rates are of, by name."""
USE, FEES, ALL, LESS_CREDITS, NET = (
    "use", "use and fees", "everything before tax", "everything before tax less credits",
    "everything before tax less credits and refunds",
)  # fmt: skip


class LineMonth(Struct, frozen=True):
    """A line's month, asked about on a day: `so_far` is what it had by then, `amount` what a closed one came to.

    `left`: days that are left, of `days`; `rate`: what a day of the last week added; `daily`: it comes by the day.
    """

    bases: Bases
    days: int
    left: int
    so_far: float = 0.0
    amount: float = 0.0
    rate: float = 0.0
    daily: bool = False


class Expectation(NamedTuple):
    """What a line is expected to come to in all, with bounds, and why."""

    amount: float
    lower: float
    upper: float
    why: str


def bases_of(use: float, lines: Mapping[LineName, float]) -> dict[str, float]:
    """What rates may be of, in a month with so much use and such lines."""
    sums = {kind: sum(amount for name, amount in lines.items() if name.kind is kind) for kind in Kind}
    fees = use + sums[Kind.FEE]
    every = fees + sums[Kind.SUPPORT]
    less = every + sums[Kind.CREDIT]
    return {USE: use, FEES: fees, ALL: every, LESS_CREDITS: less, NET: less + sums[Kind.REFUND]}


def expect(kind: Kind, past: Sequence[LineMonth], now: LineMonth, level: float, *, dollars: bool) -> Expectation:
    """What a line comes to in the month `now`; `past` are closed months, the newest last. `dollars`: whether amounts
    are in the currency of AWS's price list.
    """
    if (why := _over(kind, past, now)) is not None:
        return Expectation(now.so_far, now.so_far, now.so_far, why)
    first = max(0, len(past) - _JUDGED)
    tried = [dict(_ways(kind, past[:at], past[at], dollars=dollars)) for at in range(first, len(past))]
    came = [month.amount for month in past[first:]]
    untried = _UNTRIED * float(np.mean(np.abs(came)))
    best: tuple[float, str, float] | None = None
    for why, amount in _ways(kind, past, now, dollars=dollars):
        errors = [abs(said[why] - actual) for said, actual in zip(tried, came, strict=True) if why in said]
        score = float(np.mean(errors)) if errors else untried
        if best is None or score < best[0] * (1 - 1e-9):
            best = score, why, amount
    if best is None:
        return Expectation(now.so_far, now.so_far, now.so_far, "never before")
    _, why, amount = best
    amount = _beyond(amount, now.so_far, kind)
    off = np.array([said[why] - actual for said, actual in zip(tried, came, strict=True) if why in said])
    wide = replayed_width(off, level) if len(off) else _UNSURE * abs(amount - now.so_far)
    lower, upper = _beyond(amount - wide, now.so_far, kind), amount + wide
    if kind in (Kind.CREDIT, Kind.REFUND):
        lower, upper = amount - wide, min(amount + wide, max(now.so_far, 0.0), 0.0)
    return Expectation(amount, min(lower, amount), max(upper, amount), why)


def _over(kind: Kind, past: Sequence[LineMonth], now: LineMonth) -> str | None:
    """Why nothing more is expected of a line; None where something is."""
    amounts = [abs(month.amount) for month in past[-_JUDGED:]]
    if not any(amounts):
        return "new this month" if now.so_far else "never before"
    if kind is Kind.CREDIT:
        if now.daily:
            return None if now.rate else "ended: nothing in the last week of the bill"
        usual = float(np.median(amounts[-1 - _USUAL : -1])) if len(amounts) > 1 else amounts[-1]
        if amounts[-1] < _ENDED * usual:
            return "ended: the last month had less than half of the usual"
    if kind is Kind.FEE and not (any(amounts[-2:]) and sum(map(bool, amounts)) * 2 > len(amounts)):
        return "not of every month"
    return None


def _beyond(amount: float, so_far: float, kind: Kind) -> float:
    """An amount that is at least what has come already."""
    return min(amount, so_far) if kind in (Kind.CREDIT, Kind.REFUND) else max(amount, so_far)


def _ways(kind: Kind, past: Sequence[LineMonth], now: LineMonth, *, dollars: bool) -> Iterator[tuple[str, float]]:
    """Each way's name and amount, the likeliest first. Tiers need no month before."""
    if kind is Kind.SUPPORT:
        yield from _tiers(now, dollars=dollars)
    usual = [month.amount for month in past[-_USUAL:]]
    if not usual:
        return
    match kind:
        case Kind.TAX:
            for base in (ALL, LESS_CREDITS, NET, FEES, USE):
                yield from _rate(past, now, base)
        case Kind.SUPPORT:
            yield from _rate(past, now, USE)
            yield from _rate(past, now, FEES)
            yield from _line(past, now)
        case Kind.CREDIT if now.daily:
            yield "what a day of the last week had, for the days that are left", now.so_far + now.rate * now.left
            yield from _rate(past, now, USE)
        case Kind.CREDIT:
            yield from _rate(past, now, USE)
        case Kind.REFUND:
            mean = float(np.mean([month.amount for month in past[-_JUDGED:]]))
            yield "as usual for the days that are left", now.so_far + mean * now.left / now.days
            yield "what came so far", now.so_far
            return
        case _:
            if now.so_far:
                yield (
                    "what came so far, and what came later in the last month",
                    (now.so_far + past[-1].amount - past[-1].so_far),
                )
            yield from _rate(past, now, USE)
    yield "as in the last month", usual[-1]
    yield "as usual", float(np.median(usual))


def _rate(past: Sequence[LineMonth], now: LineMonth, base: str) -> Iterator[tuple[str, float]]:
    whole = sum(month.bases[base] for month in past[-_USUAL:])
    if whole > 0:
        rate = sum(month.amount for month in past[-_USUAL:]) / whole
        yield f"a share of {base}", rate * now.bases[base]


def _tiers(now: LineMonth, *, dollars: bool) -> Iterator[tuple[str, float]]:
    for name, plan in PLANS.items() if dollars else ():
        for base in (USE, FEES):
            yield f"the tiers of AWS {name} support on {base}", plan.of(now.bases[base])


def _line(past: Sequence[LineMonth], now: LineMonth) -> Iterator[tuple[str, float]]:
    """A straight line through what months used and were charged, as tiers are within one of them."""
    used = np.array([month.bases[USE] for month in past[-_JUDGED:]])
    if len(used) > _USUAL and np.ptp(used) > 0:
        slope, start = np.polyfit(used, np.array([month.amount for month in past[-_JUDGED:]]), 1)
        yield "a base and a share of use", float(start + slope * now.bases[USE])


def comes_daily(months: Sequence[int]) -> bool:
    """Whether a line that came on so many days of each month comes by the day."""
    some = [days for days in months if days]
    return bool(some) and float(np.median(some)) > FEE_DAYS
