"""What machines that advice changed would have cost: the invoice since, replayed with what they used before. Pure.

A machine under a commitment saves nothing of its own when it stops: what paid for it covers others. So what it used
before is put back into the use of the days since, hour by hour of its week and moved by the trend of comparable ones,
and commitments are applied again. Use of others is in both replays, however it changed. Machines go in the order in
which they were changed, so that what each saved adds up to what all did.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from msgspec import Struct

from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.model import NANO, Floats, Holdings, Use
from trimtab.base.records import replace

WEEK = 168


class Changed(Struct, frozen=True):
    """A machine that was changed at `applied_ms` by a verb of the plan.

    `gone` by line of the use: what it would have used of it in each hour, less what it did; 0 until it was changed, and
    below 0 of a line that it moved to.
    """

    machine: str
    verb: str
    applied_ms: int
    gone: Mapping[int, Floats]


def put_back(before: Floats, after: Floats, starts: int, first: int, trend: float) -> Floats:
    """What a machine would have used of a line in each hour of a replay, less what it did.

    `before` are the hours up to its change, at least a week of them; `after` what it used in those of the replay, which
    begins `starts` hours after the change (below 0: before it) and has it from its hour `first` on.
    """
    place = (np.arange(len(before)) - len(before)) % WEEK
    week = np.bincount(place, weights=before, minlength=WEEK) / np.bincount(place, minlength=WEEK)
    hours = np.arange(len(after))
    return np.where(hours >= first, week[(hours + starts) % WEEK] * trend - after, 0.0)


def saved(use: Use, held: Holdings, net: Floats, changed: Sequence[Changed]) -> dict[str, Floats]:
    """By machine the dollars that it saved in each hour of `use`, which is what was left; `net` by line of list prices.

    Machines of a provider that the same verb changed on the same day are one step; what it saved is divided by the list
    price of what went.
    """

    def step_of(one: Changed) -> tuple[int, str, list[str]]:
        return one.applied_ms, one.verb, sorted({use.lines[line].provider for line in one.gone})

    ordered = sorted(changed, key=lambda one: (*step_of(one), one.machine))
    quantity = use.quantity.copy()
    for one in ordered:
        for line, gone in one.gone.items():
            quantity[line] += gone
    cost = _cost(replace(use, quantity=quantity), held, net)
    found: dict[str, Floats] = {}
    for _, group in groupby(ordered, key=step_of):
        step = list(group)
        for one in step:
            for line, gone in one.gone.items():
                quantity[line] -= gone
        after = _cost(replace(use, quantity=np.maximum(quantity, 0.0)), held, net)
        shares = _shares(step, use, net)
        for one, share in zip(step, shares, strict=True):
            found[one.machine] = found.get(one.machine, np.zeros(use.hours)) + (cost - after) * share
        cost = after
    return found


def _shares(step: Sequence[Changed], use: Use, net: Floats) -> Floats:
    rates = np.array([float(line.on_demand) for line in use.lines]) * net
    listed = [sum(float(gone.sum()) * rates[line] for line, gone in one.gone.items()) for one in step]
    weights = np.maximum(np.array(listed, dtype=np.float64), 0.0)
    if not weights.any():
        weights = np.ones(len(step))
    return np.asarray(weights / weights.sum())


def _cost(use: Use, held: Holdings, net: Floats) -> Floats:
    """Dollars of each hour that are paid on demand; what is held is paid in any case."""
    return np.asarray((apply(use, held).on_demand * net[:, None]).sum(axis=0) / NANO)
