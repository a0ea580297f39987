"""From machines side by side to the facts of a range: all their devices in one row, and who has which. Pure."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
from msgspec import Struct, field

from trimtab.fleet.claims import UNPLACED, most_at_once
from trimtab.fleet.devices import Work, joint_activity
from trimtab.fleet.known import Known
from trimtab.fleet.model import Activity, Facts, Holder, Machine, MachineKey, Remark, Remarks, Said, Spans
from trimtab.fleet.place import Claim, Placed, place
from trimtab.fleet.telemetry.day import TelemetryDay


class Range(NamedTuple):
    """`[start, end)` of `devices` of a machine from `device` on, by whoever has this rank."""

    device: int
    devices: int
    start: int
    end: int
    rank: int


class One(Struct):
    """A machine while it is put together; device numbers are its own."""

    key: MachineKey
    devices: int = 0
    gpu_type: str = ""
    instance_type: str = ""
    region: str = ""
    queue: str = ""
    bill_ids: dict[str, None] = field(default_factory=dict)
    exists: list[Range] = field(default_factory=list)
    billed: list[tuple[int, int]] = field(default_factory=list)  # its hours on a bill
    accounted_ms: int = 0  # since when runs tell who had it in these
    told: list[Range] = field(default_factory=list)
    down: list[tuple[Range, str]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    labelled: list[Placed] = field(default_factory=list)
    rows: dict[int, list[int]] = field(default_factory=dict)  # telemetry's rows by device
    said: Said = Said.SCHEDULER


class Assembled(Struct, frozen=True):
    """Machines, where their devices begin among all of the facts, the facts, and what does not fit."""

    machines: tuple[Machine, ...]
    offsets: tuple[int, ...]
    facts: Facts
    assumed: frozenset[tuple[int, int]]
    remarks: tuple[Remark, ...]


def joined(known: Known, found: Mapping[MachineKey, One], holders: Mapping[Holder, int], remarks: Remarks) -> Assembled:
    """The facts of machines that were found; `holders` by the number that claims have of them."""
    end = min(known.end_ms, known.now_ms)
    for one in found.values():
        _grow(one, known.start_ms, end, remarks)
    ones = [found[key] for key in sorted(found) if found[key].devices]
    offsets = np.concatenate([[0], np.cumsum([one.devices for one in ones])]).astype(int).tolist()
    activity = None if known.telemetry is None else _activity(known.telemetry, ones, offsets)
    work = None if activity is None else activity.summed()
    reasons = sorted({why for one in ones for _, why in one.down})
    places = {reason: at for at, reason in enumerate(reasons)}
    order = sorted(holders, key=lambda holder: (holder.name, holder.team))
    ranks = {holders[holder]: at for at, holder in enumerate(order)}
    exists: list[tuple[int, ...]] = []
    told: list[tuple[int, ...]] = []
    down: list[tuple[int, ...]] = []
    held: list[tuple[int, int, int, int, int]] = []
    parts: list[int] = []
    weights: list[float] = []
    assumed: set[tuple[int, int]] = set()
    for one, offset in zip(ones, offsets, strict=False):
        exists += [_row(span, offset) for span in one.exists]
        told += [_row(span, offset) for span in one.told]
        down += [_row(span, offset, places[why]) for span, why in one.down]
        by_runs = place(one.claims, one.devices, Work(work, offset))
        shares = [_share(known, one, placed, order[ranks[placed.claim.holder]]) for placed in by_runs]
        # Turns that are not measured all alike are divided by what was given: nobody says that it was so.
        guessed = one.key in known.sliced and any(np.isnan(share) for share in shares)
        for placed, share in zip(by_runs, shares, strict=True):
            claim = placed.claim
            held.append((offset + placed.device, claim.start, claim.end, ranks[claim.holder], Said.SCHEDULER))
            parts.append(placed.parts)
            weights.append(share)
            if placed.assumed or guessed:
                assumed.add((offset + placed.device, ranks[claim.holder]))
        for placed in one.labelled:
            claim = placed.claim
            held.append((offset + placed.device, claim.start, claim.end, ranks[claim.holder], Said.TELEMETRY))
            parts.append(placed.parts)
            weights.append(float("nan"))
    spans = Spans.of(held, parts)
    spans.weight = np.array(weights, np.float64)
    facts = Facts(
        known.start_ms,
        end,
        offsets[-1],
        Spans.of_ranges(exists),
        Spans.of_ranges(told),
        Spans.of_ranges(down),
        spans,
        activity,
        reasons,
        order,
    )
    machines = tuple(
        Machine(
            one.key, one.devices, one.gpu_type, one.instance_type, one.region, tuple(one.bill_ids),
            one.key in known.sliced, one.queue,
        )
        for one in ones
    )  # fmt: skip
    told_of = tuple(sorted(remarks.found, key=lambda one: (one.machine, one.start_ms, one.text)))
    return Assembled(machines, tuple(offsets), facts, frozenset(assumed), told_of)


def _row(span: Range, offset: int, what: int = 0) -> tuple[int, ...]:
    """A range of a machine's devices as one of all devices."""
    return offset + span.device, span.devices, span.start, span.end, what, span.rank


def _grow(one: One, start: int, end: int, remarks: Remarks) -> None:
    """A machine that only runs know has as many devices as they held at once, or name."""
    named = max((device + 1 for claim in one.claims for device in claim.named), default=0)
    if named > one.devices and one.devices and one.said is Said.SCHEDULER:
        text = f"a run names GPU {named - 1}, and the scheduler says that there are {one.devices}"
        remarks.add(one.key.path, text, start, end)
    one.devices = max(one.devices, named)
    if one.said is Said.RUN and one.claims:
        one.devices = max(one.devices, most_at_once(one.claims))
        text = "is named by runs, and no scheduler's list of nodes, telemetry or bill knows it"
        if one.billed:
            text = "is known by runs and a bill: that it has as many GPUs as runs held at once is assumed"
        if one.key.name != UNPLACED:
            remarks.add(one.key.path, text, start, end)
    elif not one.devices and one.claims:
        one.devices = most_at_once(one.claims)
    one.exists += [Range(0, one.devices, *span, Said.BILL) for span in one.billed]
    told = ((max(start, one.accounted_ms), end) for start, end in one.billed)
    one.told += [Range(0, one.devices, *span, Said.RUN) for span in told if span[0] < span[1]]


def _activity(day: TelemetryDay, ones: Sequence[One], offsets: Sequence[int]) -> Activity:
    values = np.full((offsets[-1], day.activity.shape[1]), np.nan)
    alone: list[tuple[int, int]] = []
    for one, offset in zip(ones, offsets, strict=False):
        for device, rows in one.rows.items():
            if len(rows) == 1:
                alone.append((offset + device, rows[0]))
            else:
                told = [day.activity[at] for at in rows]
                values[offset + device] = joint_activity(told, [day.rows[at].weight for at in rows])
    if alone:
        devices, rows = np.array(alone).T
        values[devices] = day.activity[rows]
    return Activity(day.start_ms, day.step_ms, values)


def _share(known: Known, one: One, placed: Placed, holder: Holder) -> float:
    """The measured share of a holder of a device that several take in turns; NaN where it is not measured."""
    shares = known.shares.get((holder.name, one.key.name))
    if shares is None:
        return float("nan")
    if not placed.assumed and any(name.isdecimal() for name in shares):
        return shares.get(str(placed.device), 0.0)
    return sum(shares.values()) / max(1, ceil(placed.claim.gpus))
