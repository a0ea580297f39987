"""Sums of a costed range by whatever is asked: team, machine, day, … Hours and costs are of the same rows, so that the
groups add up to the whole. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.fleet.frame import Costed, Frame, Totals, grouped, totals
from trimtab.fleet.model import MachineKey, State, gpu_hours

HOUR = "hour"
KEYS = ("team", "machine", "cluster", "account", "region", "gpu_type", "holder", "state", "reason", "day", HOUR)
"""What hours may be grouped by. By the hour they have no costs: bills are of days."""


class Group(Struct, frozen=True):
    """The hours of a group, and what they and its idle ones cost by currency; `unpriced` hours have no price."""

    keys: tuple[str, ...]
    hours: Totals
    amounts: Mapping[str, Decimal]
    idle: Mapping[str, Decimal]
    unpriced: float


def names_by(frame: Frame, key: str) -> list[str]:
    """Of each row its name by a key of `KEYS`."""
    if key == "team":
        return frame.owner_names()
    if key in ("day", HOUR):
        return [iso(at)[:10] if key == "day" else iso(at) for at in frame.bucket.tolist()]
    if key == "state":
        return [State(state).name.lower() for state in frame.state.tolist()]
    lists = {"holder": (frame.holders, frame.holder), "reason": (frame.reasons, frame.reason)}
    if key in lists:
        names, place = lists[key]
        return [names[at] for at in place.tolist()]
    machines = [_of_machine(frame, path, key) for path in frame.machines]
    return [machines[at] for at in frame.machine.tolist()]


def _of_machine(frame: Frame, path: str, key: str) -> str:
    facts = frame.facts.get(path)
    if key in ("region", "gpu_type"):
        return (facts.region if key == "region" else facts.gpu_type or facts.instance_type) if facts else ""
    return {"machine": path, "cluster": MachineKey.parse(path).cluster}.get(key, MachineKey.parse(path).account)


def rolled_up(costed: Costed, by: Sequence[str]) -> list[Group]:
    """The groups of a range by some keys, in order of names."""
    frame = costed.frame
    names = list(zip(*(names_by(frame, key) for key in by), strict=True)) if by else [()] * len(frame)
    known = sorted(set(names))
    place = {name: at for at, name in enumerate(known)}
    sums = grouped(frame, np.array([place[name] for name in names], np.int64), len(known))
    keyed = [str(place[name]) for name in names]
    amounts, idle = costed.by(keyed.__getitem__), costed.idle_by(keyed.__getitem__)
    unpriced = [0] * len(known)
    for at in np.flatnonzero(costed.unpriced).tolist():
        unpriced[place[names[at]]] += int(frame.amount[at])
    return [
        Group(name, hours, amounts.get(str(at), {}), idle.get(str(at), {}), gpu_hours(unpriced[at]))
        for at, (name, hours) in enumerate(zip(known, sums, strict=True))
    ]


def whole_of(costed: Costed) -> Group:
    """All of a range as one group."""
    return next(iter(rolled_up(costed, ())), Group((), totals(costed.frame), {}, {}, 0.0))


def uncosted(frame: Frame, costed: Costed) -> Costed:
    """A frame of finer buckets without costs, as `rolled_up` takes it."""
    nothing = np.zeros(0, np.int64)
    return Costed(
        frame=frame, basis=costed.basis, row=nothing, currency=(), amount=(), estimated=np.zeros(0, np.bool_),
        unpriced=np.zeros(len(frame), np.bool_), closed_ms=costed.closed_ms,
    )  # fmt: skip
