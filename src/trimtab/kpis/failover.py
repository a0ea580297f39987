"""Failover capacity: does what is left after losing any one node, or any one zone, hold the peak? Pure arithmetic.

    head room = min over j of (Σ capacity of the others − peak) ÷ peak        0 or more: the peak is held

The peak is the greatest total load of the range, all nodes together. What one node can serve is, in this order:
1. given by the caller;
2. its load ÷ its utilisation where it was busiest (the upper quarter of its steps by load), at a utilisation of 80 %:
   taken to be proportional, which holds for work that one resource bounds;
3. the most it was seen to serve, which is a lower bound: then only "holds" can be said, never "does not hold".
What runs on one node has no others whose capacity could be set against the peak: its head room is unknown, and the
reason says that nothing is left. Load is taken to move freely between the nodes that are left.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]

USABLE = 0.8
"""Utilisation that a node is taken to bear: queueing delay explodes above it (M/M/1: five times the service time)."""
LEAST_UTILISATION = 0.05
"""Utilisation below which a node tells nothing about what it could serve."""


class NodeLoad(Struct, frozen=True):
    """What a node served per second in each step (NaN where it said nothing), how busy it was (0 to 1), its zone."""

    per_s: Floats
    utilisation: Floats | None = None
    zone: str = ""


class Failover(Struct, frozen=True):
    """Head room after losing the worst node or zone; None where it cannot be told, with the reason.

    `alone`: there is one node (or zone), and nothing that could take over from it.
    """

    head_room: float | None
    worst: str
    peak: float
    assumption: str
    reason: str = ""
    alone: bool = False


def check(nodes: Mapping[str, NodeLoad], *, capacity: float | None = None, by_zone: bool = False) -> Failover:
    """The head room after losing any one node (or zone). `capacity` is what each node can serve per second."""
    peak = peak_of(nodes)
    if not peak:
        return Failover(None, "", 0.0, "", "no node served anything")
    per_node, assumption, bound = _capacities(nodes, capacity)
    units: dict[str, float] = {}
    for name, node in nodes.items():
        unit = node.zone if by_zone else name
        if not unit:
            return Failover(None, "", peak, assumption, f"node {name} does not say its zone")
        units[unit] = units.get(unit, 0.0) + per_node[name]
    word = "zone" if by_zone else "node"
    if len(units) < 2:
        only = next(iter(units))
        place = "in" if by_zone else "on"
        reason = f"all of it runs {place} one {word}, {only}: nothing could take over"
        return Failover(None, only, peak, assumption, reason, alone=True)
    worst = max(units, key=lambda unit: units[unit])
    room = (sum(units.values()) - units[worst] - peak) / peak
    if bound and room < 0:
        reason = f"no {word} was seen at its limit, so what is left may or may not hold; give what a node can serve"
        return Failover(None, worst, peak, assumption, reason)
    return Failover(room, worst, peak, assumption)


def peak_of(nodes: Mapping[str, NodeLoad]) -> float:
    """The greatest total load of any step; 0 where there is none."""
    if not nodes:
        return 0.0
    totals = np.nansum(np.array([node.per_s for node in nodes.values()]), axis=0)
    return float(totals.max(initial=0.0))


def capacity_of(node: NodeLoad) -> float | None:
    """What a node can serve at `USABLE` utilisation by its busiest quarter of steps; None where that tells nothing."""
    if node.utilisation is None:
        return None
    known = np.isfinite(node.per_s) & np.isfinite(node.utilisation) & (node.per_s > 0)
    if known.sum() < 4:
        return None
    load, used = node.per_s[known], node.utilisation[known]
    busiest = load >= np.quantile(load, 0.75)
    mean = float(used[busiest].mean())
    return float(load[busiest].mean()) / mean * USABLE if mean >= LEAST_UTILISATION else None


def _capacities(nodes: Mapping[str, NodeLoad], capacity: float | None) -> tuple[dict[str, float], str, bool]:
    """What each node can serve, the assumption in words, and whether that is only a lower bound."""
    if capacity is not None:
        return dict.fromkeys(nodes, capacity), f"each node serves {capacity:g}/s, as given", False
    told = {name: capacity_of(node) for name, node in nodes.items()}
    known = [value for value in told.values() if value is not None]
    if len(known) == len(nodes):
        told_all = {name: value for name, value in told.items() if value is not None}
        return told_all, f"load ÷ utilisation at the busiest, at {USABLE:.0%} utilisation", False
    seen = {name: float(np.nanmax(node.per_s, initial=0.0)) for name, node in nodes.items()}
    return seen, "the most each node was seen to serve", True
