"""A ledger made on the spot from what is known, without the engine: the oracle of tests, and what they ask KPIs of."""

from dataclasses import dataclass

import numpy as np

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.fleet.assemble import Assembled, assemble
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.build import build
from trimtab.fleet.frame import Costed, Frame
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.ledger import costed_of, existing_of
from trimtab.fleet.model import DAY_MS, Intervals, Ints
from trimtab.fleet.money import MachineFacts, Prices


def frame_of(assembled: Assembled, found: Intervals, step_ms: int = DAY_MS) -> Frame:
    """Intervals as the frame that the stored ledger answers."""
    machine = np.searchsorted(np.array(assembled.offsets, np.int64), found.device, side="right") - 1
    day = found.start // DAY_MS
    bucket = day * DAY_MS + (found.start - day * DAY_MS) // min(step_ms, DAY_MS) * min(step_ms, DAY_MS)
    order = np.lexsort((found.reason, found.holder, found.state, machine, bucket))
    keys = [column[order] for column in (bucket, machine, found.state, found.holder, found.reason)]
    new = np.concatenate([[True], np.logical_or.reduce([key[1:] != key[:-1] for key in keys])])[: len(order)]
    first = np.flatnonzero(new)

    def total(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.asarray(np.add.reduceat(values[order], first) if len(first) else values[:0])

    def whole(values: Ints) -> Ints:
        return np.asarray(np.add.reduceat(values[order], first) if len(first) else values[:0], np.int64)

    facts, paths = assembled.facts, [one.key.path for one in assembled.machines]
    pairs = set(assembled.assumed)
    assumed = np.array(
        [
            (device, holder) in pairs
            for device, holder in zip(found.device.tolist(), found.holder.tolist(), strict=True)
        ],
        np.int64,
    ).reshape(len(found))
    holders = [*(one.name for one in facts.holders), ""]
    return Frame(
        start_ms=facts.start_ms,
        end_ms=facts.end_ms,
        bucket=keys[0][first],
        day=keys[0][first] // DAY_MS,
        machine=keys[1][first],
        state=keys[2][first],
        reason=np.where(keys[4][first] < 0, len(facts.reasons), keys[4][first]),
        holder=np.where(keys[3][first] < 0, len(holders) - 1, keys[3][first]),
        team=np.where(keys[3][first] < 0, len(holders) - 1, keys[3][first]),
        amount=whole(found.amount),
        active=total(found.active),
        known=total(found.known),
        stray=total(found.stray),
        assumed=whole(found.amount * assumed),
        machines=paths,
        reasons=[*facts.reasons, ""],
        holders=holders,
        teams=[*(one.team for one in facts.holders), ""],
        facts={
            one.key.path: MachineFacts(
                one.devices, one.gpu_type, one.instance_type, one.region, one.bill_ids, one.queue
            )
            for one in assembled.machines
        },
    )


@dataclass(frozen=True, slots=True)
class DirectLedger:
    """Answers as `FleetLedger.frame` does, for everybody who may see everything."""

    facts: FactsReader
    clock: Clock
    prices: Prices | None = None

    async def frame(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = DAY_MS, machine: str = "") -> Frame:
        """The ledger of `[start, end)`."""
        del machine
        end_ms = min(end_ms, self.clock.now_ms())
        assembled = assemble(await self.facts.known(start_ms, end_ms))
        found = frame_of(assembled, build(assembled.facts), step_ms)
        if scope.accounts is None:
            return found
        mine = [path.split("/", 1)[0] in scope.accounts for path in found.machines]
        return found.where(np.array(mine, np.bool_)[found.machine])

    async def costed(self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT) -> Costed:
        """The same with what each row cost. Raises ValueError without prices."""
        if self.prices is None:
            raise ValueError("bug: a ledger without prices is asked for costs")
        end_ms = min(end_ms, self.clock.now_ms())
        first, last = start_ms // DAY_MS, -(-end_ms // DAY_MS)
        days = await self.frame(EVERYTHING, first * DAY_MS, last * DAY_MS)
        existing = existing_of(days)
        priced = await self.prices.of(days.facts, existing, first, last)
        return costed_of(await self.frame(scope, start_ms, end_ms), existing, priced, basis)
