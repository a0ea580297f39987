"""Zones: where the next worker starts, which one stops, and whether the loss of one zone would be felt. Pure."""

from collections.abc import Mapping, Sequence


def next_zone(live: Mapping[str, int], zones: Sequence[str]) -> str | None:
    """The zone for the next launch: the one with the fewest of those that are up, the first of equals."""
    return min(zones, key=lambda zone: (live.get(zone, 0), zones.index(zone)), default=None)


def fullest(live: Mapping[str, int], zones: Sequence[str]) -> str | None:
    """The zone to stop a worker in: the one with the most, the last of equals."""
    able = [zone for zone in zones if live.get(zone, 0)]
    return max(able, key=lambda zone: (live[zone], zones.index(zone)), default=None)


def unbalanced(live: Mapping[str, int], zones: Sequence[str]) -> tuple[str, str] | None:
    """From which zone to which a worker should move: they differ by more than one."""
    low, high = next_zone(live, zones), fullest(live, zones)
    if low is None or high is None or live[high] - live.get(low, 0) <= 1:
        return None
    return high, low


def without_one(ready: int, zones: Mapping[str, int], needed: int) -> list[str]:
    """What would be felt: the loss of one replica, and of one zone, by what the present load needs. Empty: nothing."""
    found = []
    if ready - 1 < needed:
        found.append(f"one replica less would leave {max(0, ready - 1)} for a load that needs {needed}")
    if len(zones) == 1 and ready:
        found.append(f"all {ready} replicas are in one zone, {next(iter(zones))}")
    elif zones:
        zone = max(zones, key=lambda one: zones[one])
        if ready - zones[zone] < needed:
            found.append(
                f"the loss of zone {zone} would leave {ready - zones[zone]} replicas for a load that needs {needed}"
            )
    return found
