"""`advise(fleet, sizing)`: what is said of each subject, with the proof. Pure.

The option for tomorrow is the cheapest that the strategy's sizes fit in. It is recommended only if it would have done:
held over the last days it may not have been over size for longer than is accepted, else the next larger is tried; and
the strategy's own replay, deciding day by day from what came before, may not have been either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.model import Advised, Axis, Finding, Option, Recommendation, Walked
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.strategies.portfolio import Portfolio, pick_title
from trimtab.advice.rightsizing.use import Floats, Integers
from trimtab.advice.rightsizing.walk import Course, Flags, Tally, course, risks, standing, stay, tally

MOST = 3
"""Options that are shown: as many as Compute Optimizer shows."""
_CENT = Decimal("0.01")
_RISKY = 2.0
"""A further option with more performance risk than this is not shown."""
_HOURS = Decimal(HOURS_A_MONTH)


@dataclass(frozen=True, slots=True)
class _Told:
    """What all subjects of a fleet are judged by."""

    courses: dict[str, Course]
    places: Integers
    """The options to show, `[n, MOST]`; -1 for none."""
    static: Floats
    """The share of the last days' time over each of them along each axis, `[n, MOST, axis]`."""
    risks: Floats
    """The performance risk of each of them, `[n, MOST]`."""
    risk: Floats
    """That of the present option."""
    high: Floats
    """The highest 99.5th percentile of the last days along each axis, `[n, axis]`: what projected use is told by."""
    tallies: dict[str, Tally]
    passes: Flags
    hours: Floats


def advise(fleet: Fleet, sizing: Sizing, *, detail: bool = True) -> list[Recommendation]:
    """A recommendation for each subject, in order. Without `detail` replays have no sizes by day."""
    if not fleet.axes or len(fleet.options) == 0:
        return [_silent(fleet, one, "no use of it was measured in these days") for one in range(len(fleet.subjects))]
    keep = not sizing.unmeasured_memory
    courses = {
        sizing.strategy: course(fleet, sizing.strategy, sizing, keep_memory=keep),
        "nothing": stay(fleet),
        "documented": course(fleet, "documented", sizing, keep_memory=False),
    }
    place, static, passes = _proved(fleet, courses[sizing.strategy], sizing)
    places, statics = _shown(fleet, courses[sizing.strategy], place, static, sizing)
    points = np.stack([use.points for use in fleet.uses.values()]).max(axis=0)
    now = standing(fleet, np.full(len(fleet.subjects), fleet.present), sizing.lookback)
    told = _Told(
        courses, places, statics, risks(fleet, statics, sizing), risks(fleet, now, sizing),
        _high(fleet, sizing.lookback), {name: tally(fleet, one) for name, one in courses.items()}, passes,
        (points > 0).sum(axis=1) * 24.0,
    )  # fmt: skip
    picks = _picks(fleet, sizing) if detail else [""] * len(fleet.subjects)
    return [_recommendation(fleet, one, told, sizing, picks[one], detail=detail) for one in range(len(fleet.subjects))]


def _proved(fleet: Fleet, chosen: Course, sizing: Sizing) -> tuple[Integers, Floats, Flags]:
    """For each subject the first option that fits tomorrow and would have done, and how it would have done."""
    accepted = np.array([sizing.accepted(axis) for axis in fleet.axes])
    place = chosen.chosen[:, -1].copy()
    n, count = len(fleet.subjects), len(fleet.ranked)
    static = standing(fleet, place, sizing.lookback)
    passes: Flags = np.asarray(~(static > accepted).any(axis=1))
    at = place.copy()
    for _ in range(count):
        open_ = ~passes & (at < count)
        if not open_.any():
            break
        at = np.where(open_, at + 1, at)
        usable = open_ & (at < count) & chosen.fits[np.arange(n), np.minimum(at, count - 1)]
        if not usable.any():
            continue
        tried = standing(fleet, np.where(usable, at, place), sizing.lookback)
        fine = usable & ~(tried > accepted).any(axis=1)
        place, passes = np.where(fine, at, place), np.asarray(passes | fine)
        static = np.where(fine[:, None], tried, static)
    return place, static, passes


def _shown(fleet: Fleet, chosen: Course, place: Integers, static: Floats, sizing: Sizing) -> tuple[Integers, Floats]:
    """The option of each subject, and the next dearer ones that fit too, up to the present option's price."""
    order = np.array([one.order for one in fleet.ranked])
    limit = np.where(order[place] < order[fleet.present], order[fleet.present], np.inf)
    places, statics, at = [place], [static], place
    for _ in range(MOST - 1):
        further = chosen.fits & (np.arange(len(order)) > at[:, None]) & (order[None, :] < limit[:, None])
        further[:, fleet.present] = False
        at = np.where(further.any(axis=1), np.argmax(further, axis=1), len(order))
        shown = np.where(at < len(order), at, -1)
        places.append(shown)
        statics.append(standing(fleet, np.maximum(shown, 0), sizing.lookback))
    return np.stack(places, axis=1), np.stack(statics, axis=1)


def _picks(fleet: Fleet, sizing: Sizing) -> list[str]:
    use = fleet.uses.get(Axis.CPU)
    if use is None or sizing.strategy != "portfolio":
        return [""] * len(fleet.subjects)
    _, picks = Portfolio().decide(use)
    return [pick_title(one) for one in picks[:, -1]]


def _recommendation(fleet: Fleet, one: int, told: _Told, sizing: Sizing, pick: str, *, detail: bool) -> Recommendation:
    if told.hours[one] < sizing.least_hours:
        return _silent(fleet, one, f"{told.hours[one]:.0f} hours of data; at least {sizing.least_hours:.0f} are needed")
    present, place = fleet.present, int(told.places[one, 0])
    needed = told.courses[sizing.strategy].needed[one, -1]
    short = [axis for number, axis in enumerate(fleet.axes) if needed[number] > fleet.holds[present, number] + 1e-9]
    replays = _replays(fleet, one, told, detail=detail)
    used = {axis: float(needed[number]) for number, axis in enumerate(fleet.axes) if np.isfinite(needed[number])}
    highest = zip(fleet.axes, told.high[one].tolist(), strict=True)
    observed = {axis: high for axis, high in highest if high == high}  # NaN is not measured
    base = Recommendation(
        fleet.subjects[one], Finding.OPTIMIZED, (), fleet.options[0], used, observed, replays=replays, pick=pick,
        risk=float(told.risk[one]), days=float(told.hours[one] / 24.0), notes=_notes(fleet, one, sizing),
    )  # fmt: skip
    return _found(fleet, one, told, sizing, base, short, place)


def _found(
    fleet: Fleet, one: int, told: _Told, sizing: Sizing, base: Recommendation, short: Sequence[Axis], place: int
) -> Recommendation:
    from_, to = fleet.options[0], fleet.ranked[place]
    if place == fleet.present:
        if short:
            codes = tuple(dict.fromkeys(f"{_word(axis)}Underprovisioned" for axis in short))
            return _with(base, Finding.UNDER, codes, (), "no larger size is known that would do")
        return base
    cheaper = to.order < from_.order
    if not short and not cheaper:
        return base
    failed = _failure(base.replays[0], sizing) if not short else ""
    if not told.passes[one] and not short:
        failed = failed or "no smaller size would have done over the last days"
    if failed:
        return _with(base, Finding.OPTIMIZED, (), (), failed)
    codes = _codes(fleet, short, place)
    advised = _options(fleet, one, told)
    finding = Finding.UNDER if short else Finding.OVER if codes else Finding.NOT_OPTIMIZED
    return _with(base, finding, codes, advised, "")


def _with(
    base: Recommendation, finding: Finding, codes: tuple[str, ...], advised: tuple[Advised, ...], reason: str
) -> Recommendation:
    return replace(base, finding=finding, reasons=codes, advised=advised, reason=reason)


def _failure(replay: Walked, sizing: Sizing) -> str:
    """Why a replay forbids a recommendation; "" where it does not."""
    if replay.over > sizing.tolerance:
        return (
            f"its replay would have been over size {replay.over:.1%} of the time; {sizing.tolerance:.0%} are accepted"
        )
    return ""


def _codes(fleet: Fleet, short: Sequence[Axis], place: int) -> tuple[str, ...]:
    codes = []
    for number, axis in enumerate(fleet.axes):
        if axis in short:
            codes.append(f"{_word(axis)}Underprovisioned")
        elif axis is not Axis.SUSTAINED and fleet.holds[place, number] < fleet.holds[fleet.present, number] - 1e-9:
            codes.append(f"{axis}Overprovisioned")
    return tuple(dict.fromkeys(codes))


def _word(axis: Axis) -> Axis:
    """What a reason code calls an axis: credits are of the processor."""
    return Axis.CPU if axis is Axis.SUSTAINED else axis


def _options(fleet: Fleet, one: int, told: _Told) -> tuple[Advised, ...]:
    """The option, and others that would have done too, the cheapest first."""
    found: list[Advised] = []
    for number, at in enumerate(told.places[one].tolist()):
        if at < 0 or at == fleet.present or (found and told.risks[one, number] > _RISKY):
            continue
        found.append(_advised(fleet, one, number, len(found) + 1, told))
    return tuple(found)


def _advised(fleet: Fleet, one: int, number: int, rank: int, told: _Told) -> Advised:
    at = int(told.places[one, number])
    option, now = fleet.ranked[at], fleet.options[0].capacity
    projected = {}
    for axis, high in zip(fleet.axes, told.high[one].tolist(), strict=True):
        if high == high and axis in option.capacity and axis in now:  # NaN is not measured
            projected[axis] = high * now[axis] / option.capacity[axis]
    saving, share = _saving(fleet.options[0], option, fleet.subjects[one].count)
    over = float(np.nan_to_num(told.static[one, number]).max())
    headroom = 1.0 - max(projected.values(), default=0.0)
    return Advised(option, rank, float(told.risks[one, number]), projected, saving, share, over, headroom)


def _high(fleet: Fleet, lookback: int) -> Floats:
    found = np.full((len(fleet.subjects), len(fleet.axes)), np.nan)
    for number, use in enumerate(fleet.uses.values()):
        recent = use.quantiles[:, -lookback:, -2]
        most = np.where(np.isfinite(recent), recent, -np.inf).max(axis=1, initial=-np.inf)
        found[:, number] = np.where(np.isfinite(most), most, np.nan)
    return found


def _saving(now: Option, to: Option, count: float) -> tuple[Decimal | None, float | None]:
    if now.per_hour is None or to.per_hour is None or now.currency != to.currency:
        return None, None
    amount = (now.per_hour - to.per_hour) * _HOURS * Decimal(str(count))
    share = float(1 - to.per_hour / now.per_hour) if now.per_hour else 0.0
    return amount.quantize(_CENT), share


def _replays(fleet: Fleet, one: int, told: _Told, *, detail: bool) -> tuple[Walked, ...]:
    return tuple(_walked(fleet, one, name, told, detail=detail) for name in told.courses)


def _walked(fleet: Fleet, one: int, name: str, told: _Told, *, detail: bool) -> Walked:
    walked, sums = told.courses[name], told.tallies[name]
    paid = float(sums.cost[one]) * fleet.subjects[one].count
    cost = Decimal(f"{paid:.2f}") if paid == paid else None  # NaN: a price is not known
    names = tuple(fleet.ranked[at].name for at in walked.chosen[one]) if detail else ()
    daily = tuple(walked.over[one].tolist()) if detail else ()
    return Walked(name, cost, float(sums.over[one]), float(sums.free[one]), names, daily, int(sums.changes[one]))


def _notes(fleet: Fleet, one: int, sizing: Sizing) -> tuple[str, ...]:
    notes = []
    if Axis.MEMORY in fleet.options[0].capacity:
        use = fleet.uses.get(Axis.MEMORY)
        if use is None or not use.points[one].any():
            kept = "it is taken for unused" if sizing.unmeasured_memory else "none is taken away"
            notes.append(f"memory is not measured: {kept}")
    notes += [f"not known: {what}" for what in fleet.options[0].unknown]
    return tuple(notes)


def _silent(fleet: Fleet, one: int, reason: str) -> Recommendation:
    current = fleet.options[0] if fleet.options else None
    return Recommendation(fleet.subjects[one], Finding.UNAVAILABLE, (), current, {}, reason=reason)
