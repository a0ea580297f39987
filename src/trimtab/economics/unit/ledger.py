"""The ledger of unit costs: the fleet ledger's rows with their costs, each held row by whether its GPUs worked.

It works nothing out by itself: hours, prices and holders are the fleet's. A row's parts add up to it to the last digit.
"""

import asyncio
from typing import NamedTuple

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.costs.apportion import apportion
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.made_once import MadeOnce
from trimtab.economics.unit.model import Ledger, Slice
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import Costed
from trimtab.fleet.model import DAY_MS, MachineKey, State, gpu_hours
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.inventory.runs.store import RunStore

_MOST_RUNS = 1_000_000
_KEPT = 4
"""Ledgers that are kept: those of a page, and of what is told beside it."""
_USES = {State.DOWN: Use.DOWN, State.FREE: Use.UNALLOCATED, State.UNKNOWN: Use.UNKNOWN}


class Ledgers(Struct):
    """Makes ledgers of whole days. The fleet's ledger remembers what was asked: of the same answer there is one ledger,
    which the parts of a page share."""

    hours: HoursReader
    runs: RunStore
    clock: Clock
    _made: MadeOnce[Ledger] = field(default_factory=lambda: MadeOnce(_KEPT))

    async def over(self, start_ms: int, end_ms: int) -> Ledger:
        """The ledger of a range. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        end_ms = min(end_ms, -(-now_ms // DAY_MS) * DAY_MS)
        costed = await self.hours.costed(EVERYTHING, start_ms, end_ms)
        return await self._made.of((start_ms, end_ms), costed, lambda: self._make(costed, start_ms, end_ms, now_ms))

    async def _make(self, costed: Costed, start_ms: int, end_ms: int, now_ms: int) -> Ledger:
        runs = await self.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS)
        return await asyncio.to_thread(ledger_of, costed, runs, end_ms, now_ms)


def ledger_of(costed: Costed, runs: list[Run], end_ms: int, now_ms: int) -> Ledger:
    """The ledger of a costed frame. Pure."""
    frame = costed.frame
    teams = frame.owner_names()
    keys = [MachineKey.parse(path) for path in frame.machines]
    resources = [_resource(frame.facts.get(path), key.name) for path, key in zip(frame.machines, keys, strict=True)]
    found: list[Slice] = []
    for at, currency, amount, estimated in zip(
        costed.row.tolist(), costed.currency, costed.amount, costed.estimated.tolist(), strict=True
    ):
        machine = int(frame.machine[at])
        parts = [one for one in _uses(costed, at) if one.amount > 0]
        costs = apportion(amount, [round(one.amount) for one in parts]) if parts else []
        found += [
            Slice(
                day_ms=int(frame.day[at]) * DAY_MS,
                resource=resources[machine],
                node=keys[machine].name,
                holder=frame.holders[frame.holder[at]] if frame.state[at] == State.HELD else "",
                team=teams[at],
                use=part.use,
                gpu_hours=gpu_hours(part.amount),
                cost=cost,
                currency=currency,
                estimated=estimated,
            )
            for part, cost in zip(parts, costs, strict=True)
        ]
    unpriced = sorted({keys[machine].name for machine in frame.machine[costed.unpriced].tolist()})
    elsewhere = dict(costed.elsewhere)
    for currency, amount in costed.leftover.items():
        elsewhere[currency] = elsewhere.get(currency, 0) + amount
    return Ledger(
        start_ms=frame.start_ms,
        end_ms=end_ms,
        closed_ms=costed.closed_ms,
        slices=tuple(found),
        holders={holder_name(run): run for run in runs},
        accounts={key.name: key.account for key in keys},
        unpriced=tuple(unpriced),
        elsewhere=elsewhere,
        error=costed.error,
        runs=runs,
        clusters={key.name: f"{key.account}/{key.cluster}" for key in keys},
        now_ms=now_ms,
    )


class _Part(NamedTuple):
    use: Use
    amount: float


def _uses(costed: Costed, at: int) -> list[_Part]:
    """A row by use: of what was held the time at work, that without work, and that of which nobody knows."""
    frame = costed.frame
    amount, state = float(frame.amount[at]), State(int(frame.state[at]))
    if state is not State.HELD:
        return [_Part(_USES[state], amount)]
    known, active = min(float(frame.known[at]), amount), float(frame.active[at])
    return [_Part(Use.ACTIVE, active), _Part(Use.IDLE, known - active), _Part(Use.HELD, amount - known)]


def _resource(facts: MachineFacts | None, name: str) -> str:
    """The machine as its bill names it."""
    return next((one for one in facts.bill_ids if one != name), name) if facts is not None else name
