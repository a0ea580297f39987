"""`advise(fleet, sizing)`: what is said of each subject, with the proof. Pure.

The option for tomorrow is the cheapest that the strategy's sizes fit in. It is recommended only if it would have done:
held over the last days it may not have been over size for longer than is accepted, else the next larger is tried; and
the strategy's own replay, deciding day by day from what came before, may not have been either.
"""

import numpy as np

from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.model import Axis, Recommendation
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.strategies.portfolio import Portfolio, pick_title
from trimtab.advice.rightsizing.telling import Teller, Told, silent
from trimtab.advice.rightsizing.use import Floats, Integers
from trimtab.advice.rightsizing.walk import Course, Flags, course, risks, standing, stay, tally

MOST = 3
"""Options that are shown: as many as Compute Optimizer shows."""


def advise(fleet: Fleet, sizing: Sizing, *, detail: bool = True) -> list[Recommendation]:
    """A recommendation for each subject, in order. Without `detail` replays have no sizes by day."""
    if not fleet.axes or len(fleet.options) == 0:
        return [silent(fleet, one, "no use of it was measured in these days") for one in range(len(fleet.subjects))]
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
    told = Told.of(
        courses, places, statics, risks(fleet, statics, sizing), risks(fleet, now, sizing),
        _high(fleet, sizing.lookback), {name: tally(fleet, one) for name, one in courses.items()}, passes,
        (points > 0).sum(axis=1) * 24.0, sizing.strategy,
    )  # fmt: skip
    picks = _picks(fleet, sizing) if detail else [""] * len(fleet.subjects)
    teller = Teller(fleet, told, sizing, detail=detail)
    return [teller.recommendation(one, picks[one]) for one in range(len(fleet.subjects))]


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


def _high(fleet: Fleet, lookback: int) -> Floats:
    found = np.full((len(fleet.subjects), len(fleet.axes)), np.nan)
    for number, use in enumerate(fleet.uses.values()):
        recent = use.quantiles[:, -lookback:, -2]
        most = np.where(np.isfinite(recent), recent, -np.inf).max(axis=1, initial=-np.inf)
        found[:, number] = np.where(np.isfinite(most), most, np.nan)
    return found
