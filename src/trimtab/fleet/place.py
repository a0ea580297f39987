"""Which accelerators of a machine a holder has, where only some of it is said. Pure, and the same in any order.

A claim that names its devices has those. One of which only the number is known has the freest ones, those that worked
before those that did not; a part of a device goes where others already are and still fit, so that whole ones stay
whole. What a machine does not have is put on what it has, and `build` cuts it in proportion.
"""

from collections.abc import Callable, Sequence
from math import ceil

from msgspec import Struct

from trimtab.fleet.model import PARTS

Work = Callable[[int, int, int], float]
"""(device, start, end) → its work in that time, to choose the busier of equals."""


class Claim(Struct, frozen=True):
    """`holder` (a place in the caller's list) held `gpus` of a machine over `[start, end)`.

    `named` are the devices that it or its telemetry names. `order` decides among claims of one time.
    """

    holder: int
    start: int
    end: int
    gpus: float
    named: tuple[int, ...] = ()
    order: str = ""


class Placed(Struct, frozen=True):
    """A claim on one device. `assumed`: nobody says that it was this one."""

    claim: Claim
    device: int
    parts: int
    assumed: bool


class _Taken(Struct, frozen=True):
    start: int
    end: int
    parts: int


def no_work(device: int, start: int, end: int) -> float:
    """Where nothing measures the devices."""
    del device, start, end
    return 0.0


def place(claims: Sequence[Claim], devices: int, work: Work = no_work) -> list[Placed]:
    """Where each claim is; those that name their devices first, so that nobody else is put there."""
    taken: list[list[_Taken]] = [[] for _ in range(devices)]
    found: list[Placed] = []
    for claim in sorted(claims, key=lambda one: (not one.named, one.start, one.end, one.order)):
        for device, parts, assumed in _devices(claim, taken, work):
            taken[device].append(_Taken(claim.start, claim.end, parts))
            found.append(Placed(claim, device, parts, assumed))
    return found


def _devices(claim: Claim, taken: Sequence[Sequence[_Taken]], work: Work) -> list[tuple[int, int, bool]]:
    """(device, parts, whether that is assumed) of a claim."""
    named = [device for device in claim.named if 0 <= device < len(taken)]
    asked = parts_of(claim.gpus) if claim.gpus > 0 else PARTS * len(named)
    found: list[tuple[int, int, bool]] = []
    if named:
        each = min(asked, PARTS * len(named))
        found = [(device, parts, False) for device, parts in zip(named, spread(each, len(named)), strict=True)]
        asked -= each
    if not asked:
        return found
    others = [device for device in range(len(taken)) if device not in named]
    if not others:
        return found if found else []
    used = {device: _peak(taken[device], claim.start, claim.end) for device in others}
    order = sorted(others, key=lambda device: (used[device], -work(device, claim.start, claim.end), device))
    # A claim of as many as there are leaves nothing to choose.
    assumed = ceil(asked / PARTS) < len(others)
    whole, rest = divmod(asked, PARTS)
    found += [(device, PARTS, assumed) for device in order[:whole]]
    left = order[whole:]
    if rest and left:
        fits = [device for device in left if used[device] + rest <= PARTS]
        found.append((max(fits, key=lambda device: (used[device], -device), default=left[0]), rest, assumed))
    return found


def parts_of(gpus: float) -> int:
    """A number of accelerators in parts."""
    return round(gpus * PARTS)


def spread(parts: int, devices: int) -> list[int]:
    """Parts over devices, as evenly as whole numbers can be."""
    each, more = divmod(parts, devices)
    return [each + (at < more) for at in range(devices)]


def _peak(taken: Sequence[_Taken], start: int, end: int) -> int:
    """The most parts of a device that are taken at any moment of a time."""
    inside = [one for one in taken if one.start < end and one.end > start]
    if not inside:
        return 0
    moments = {max(one.start, start) for one in inside}
    return max(sum(one.parts for one in inside if one.start <= at < one.end) for at in moments)
