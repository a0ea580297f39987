"""Machines as tests pretend them: who held which GPU when, and the parts of each day that the ledger would tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.shared.model import Part, Use


class Sharing(StrEnum):
    """How a GPU is divided: not at all, into MIG slices, or by time among processes that take turns."""

    WHOLE = "whole"
    MIG = "mig"
    TIME_SLICED = "time-sliced"


@dataclass(frozen=True, slots=True)
class Holding:
    """`owner` held (a part of) GPU `device` over `[start_ms, end_ms)`.

    `part` is the slice of a MIG device (3/7 of 3g.40gb); 1 otherwise. `active` is the share of the held time in which
    it was used (0 … 1), None where nobody measured it. `sm_share` is the mean share of SM time of the owner's
    processes on a time-sliced GPU, None where unknown.
    """

    device: str
    owner: str
    start_ms: int
    end_ms: int
    sharing: Sharing = Sharing.WHOLE
    part: Fraction = Fraction(1)
    active: Fraction | None = None
    sm_share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """GPU `device` was down (drained, broken) over `[start_ms, end_ms)`."""

    device: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with `devices`, by id, and what happened on them."""

    devices: tuple[str, ...]
    holdings: Sequence[Holding] = ()
    outages: Sequence[Outage] = ()


def days_of(machine: Machine, start_ms: int, end_ms: int) -> Mapping[int, Sequence[Part]]:
    """The parts of every day of a range."""
    return {day: split_machine(machine, day, day + DAY_MS) for day in range(start_ms, end_ms, DAY_MS)}


def split_machine(machine: Machine, start_ms: int, end_ms: int) -> list[Part]:
    """The parts of `[start_ms, end_ms)`, one an owner and use, by owner and use; they add up to GPUs × time."""
    sums: dict[tuple[str, Use, bool], Fraction] = {}
    for device in machine.devices:
        held = [one for one in machine.holdings if one.device == device and one.end_ms > one.start_ms]
        down = [one for one in machine.outages if one.device == device]
        for part in _device(held, down, start_ms, end_ms):
            key = (part.owner, part.use, part.assumed)
            sums[key] = sums.get(key, Fraction(0)) + part.gpu_ms
    return [Part(owner, use, gpu_ms, assumed) for (owner, use, assumed), gpu_ms in sorted(sums.items()) if gpu_ms]


def _device(held: Sequence[Holding], down: Sequence[Outage], start_ms: int, end_ms: int) -> Iterable[Part]:
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
            yield from _charged(holding, length * part, assumed)
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


def _charged(holding: Holding, gpu_ms: Fraction, assumed: bool) -> Iterable[Part]:
    if holding.active is None:
        yield Part(holding.owner, Use.HELD, gpu_ms, assumed)
        return
    active = min(max(holding.active, Fraction(0)), Fraction(1))
    yield Part(holding.owner, Use.ACTIVE, gpu_ms * active, assumed)
    yield Part(holding.owner, Use.IDLE, gpu_ms * (1 - active), assumed)
