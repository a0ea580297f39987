"""What to change of a policy that another controller runs: replayed on the target's own demand, offered as a diff.

An HPA, a KEDA ScaledObject or a policy in AWS that keeps a utilisation is replayed as target tracking at that share of
a replica's capacity, beside every share of the simulator's grid; the cheapest that violates no more (or at most 1 %)
is offered as the lines of the manifest that would change. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.replay.comparison import TARGETS, Scored, oracle_replicas
from trimtab.scaling.replay.lanes import Group, replay_groups

LEAST_TICKS = 60
"""Less history than this says nothing about a policy."""
_FINE = 0.01
_NAMES = ("averageUtilization", "TargetValue", "value")


class Offer(Struct, frozen=True):
    """The policy as it is and the one that is offered, both replayed; `lines` of the diff, or why there is none."""

    now: Scored | None = None
    offered: Scored | None = None
    lines: tuple[str, ...] = ()
    reason: str = ""


def offer(manifest: Mapping[str, Any] | None, demand: Array, fleet: Fleet) -> Offer:
    """What to change of a manifest."""
    kept = next(_kept(manifest or {}, ""), None)
    if kept is None:
        return Offer(reason="its policy keeps no utilisation in percent: it cannot be replayed here")
    if len(demand) < LEAST_TICKS or not demand.any():
        return Offer(reason="the demand of the target is not known for long enough to replay its policy")
    path, value = kept
    now, *others = _replayed(demand, fleet, [value / 100, *TARGETS])
    able = [one for one in others if one.violating <= max(now.violating, _FINE)]
    best = min(able, key=lambda one: one.hours, default=now)
    if best.hours >= now.hours * 0.98:
        return Offer(now, now, reason="no other target is cheaper by 2 % at no more violations: keep it")
    share = TARGETS[others.index(best)]
    name = path.rpartition(".")[2]
    return Offer(now, best, (f"# {path}", f"- {name}: {value:g}", f"+ {name}: {share * 100:g}"))


def _replayed(demand: Array, fleet: Fleet, shares: list[float]) -> list[Scored]:
    lanes = np.ascontiguousarray(np.broadcast_to(demand, (len(shares), len(demand))))
    needed = oracle_replicas(demand, fleet.pools[0].capacity, fleet.least)
    oracle = float(needed.sum()) * fleet.tick_s / 3600
    starts = np.full(len(shares), float(min(needed[0], fleet.most)))
    found = replay_groups(lanes, [Group(fleet, (TargetTracking(one),)) for one in shares], starts=starts)
    return [
        Scored(f"target tracking at {share:.0%}", one.hours, one.hours / oracle if oracle else 0.0, one.violating)
        for share, one in zip(shares, found, strict=True)
    ]


def _kept(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Where a manifest says which utilisation is kept, in percent."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            here = f"{path}.{name}" if path else str(name)
            number = isinstance(item, (int, float)) and not isinstance(item, bool)
            if name in _NAMES and number and 0 < item <= 100 and _is_share(value, name):
                yield here, float(item)
            else:
                yield from _kept(item, here)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _kept(item, f"{path}[{at}]")


def _is_share(holder: Mapping[str, Any], name: str) -> bool:
    """Whether a number is percent: an HPA's utilisation, or AWS's predefined or customised metric of that name."""
    if name == "averageUtilization":
        return True
    told = str(holder.get("PredefinedMetricSpecification") or holder.get("CustomizedMetricSpecification") or "")
    return name == "TargetValue" and "Utilization" in told
