"""The GPU-time of a shared machine, divided among who held it. Pure and exact: the parts add up to GPUs × time.

    a GPU that one holds          all of its time
    MIG slices                    time × slice; slices that nobody has are unallocated
    several on a time-sliced GPU  by each one's share of SM time; where one of them is not measured, by the slices that
                                  each was given ("assumed"); slices that nobody has are unallocated
    down                          wins over everything that says it was held

Under the policy *allocated* a holder pays for the time held, its idle time a part of its own. Under *used* it pays for
what was used and the idle rest belongs to nobody; where use is not measured, the time held counts, and is marked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from trimtab.economics.rules.model import SharePolicy
from trimtab.economics.shared.model import Holding, Machine, Outage, Part, Sharing, Use


def split_machine(machine: Machine, start_ms: int, end_ms: int, policy: SharePolicy) -> list[Part]:
    """The parts of `[start_ms, end_ms)`, one an owner and use, by owner and use; they add up to GPUs × time."""
    sums: dict[tuple[str, Use, bool], Fraction] = {}
    for device in machine.devices:
        held = [one for one in machine.holdings if one.device == device and one.end_ms > one.start_ms]
        down = [one for one in machine.outages if one.device == device]
        for part in _device(held, down, start_ms, end_ms, policy):
            key = (part.owner, part.use, part.assumed)
            sums[key] = sums.get(key, Fraction(0)) + part.gpu_ms
    return [Part(owner, use, gpu_ms, assumed) for (owner, use, assumed), gpu_ms in sorted(sums.items()) if gpu_ms]


def _device(
    held: Sequence[Holding], down: Sequence[Outage], start_ms: int, end_ms: int, policy: SharePolicy
) -> Iterable[Part]:
    spans = [(one.start_ms, one.end_ms) for one in held] + [(one.start_ms, one.end_ms) for one in down]
    edges = {min(max(edge, start_ms), end_ms) for span in spans for edge in span} | {start_ms, end_ms}
    for begin, end in pairwise(sorted(edges)):
        length = Fraction(end - begin)
        if any(one.start_ms <= begin < one.end_ms for one in down):
            yield Part("", Use.DOWN, length)
            continue
        holders = [one for one in held if one.start_ms <= begin < one.end_ms]
        left = length
        for holding, part, assumed in _parts(holders):
            yield from _charged(holding, length * part, assumed, policy)
            left -= length * part
        if left:
            yield Part("", Use.UNALLOCATED, left)


def _parts(holders: Sequence[Holding]) -> Iterable[tuple[Holding, Fraction, bool]]:
    """The part of the GPU of each of those who hold it at one moment."""
    if not holders:
        return
    if all(one.sharing is Sharing.MIG for one in holders):
        taken = sum((one.part for one in holders), Fraction(0))
        over = max(taken, Fraction(1))  # records that overlap at a hand-over never make more than a GPU
        yield from ((one, one.part / over, taken > 1) for one in holders)
        return
    given = sum((one.part for one in holders), Fraction(0))
    taken = min(given, Fraction(1))
    shares = [one.sm_share for one in holders if one.sm_share is not None]
    whole = sum(shares, Fraction(0))
    if len(shares) == len(holders) and whole > 0:
        yield from ((one, taken * share / whole, False) for one, share in zip(holders, shares, strict=True))
        return
    yield from ((one, taken * one.part / given, len(holders) > 1) for one in holders)


def _charged(holding: Holding, gpu_ms: Fraction, assumed: bool, policy: SharePolicy) -> Iterable[Part]:
    if holding.active is None:
        yield Part(holding.owner, Use.HELD, gpu_ms, assumed or policy is SharePolicy.USED)
        return
    active = min(max(holding.active, Fraction(0)), Fraction(1))
    yield Part(holding.owner, Use.ACTIVE, gpu_ms * active, assumed)
    idle = Part(holding.owner, Use.IDLE, gpu_ms * (1 - active), assumed)
    yield idle if policy is SharePolicy.ALLOCATED else replace(idle, owner="")
