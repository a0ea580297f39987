"""A ledger made on the spot from what is known, without the engine: the oracle of tests, and what they ask KPIs of."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.fleet.assemble import assemble
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.build import build
from trimtab.fleet.costing import Hours, costed_of, device_costs_of
from trimtab.fleet.frame import Costed, DeviceCost, DeviceHours, Frame, HeldStep
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.health.spans import Span, spans_of
from trimtab.fleet.joined import Assembled
from trimtab.fleet.ledger import devices_of, existing_of, steps_of
from trimtab.fleet.model import DAY_MS, HOUR_MS, Intervals, Ints, MachineKey, Remark, State
from trimtab.fleet.money import MachineFacts, Priced, Prices


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


class DirectLedger(Struct, frozen=True):
    """Answers as `FleetLedger.frame` does, for everybody who may see everything."""

    facts: FactsReader
    clock: Clock
    prices: Prices | None = None

    @property
    def known_until(self) -> int | None:
        """It is never behind."""
        return None

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
        existing, priced = await self._priced(start_ms, end_ms)
        hours = await self._hours(scope, start_ms, end_ms)
        return costed_of(await self.frame(scope, start_ms, end_ms), existing, priced, basis, hours)

    async def devices(self, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceHours]:
        """Every accelerator."""
        keys = ("machine", "device", "state", "reason", "holder", "team")
        return devices_of(_summed(await self._rows(scope, start_ms, end_ms), keys))

    async def spans(
        self, scope: Scope, start_ms: int, end_ms: int, machines: Sequence[str] = (), holders: Sequence[str] = ()
    ) -> list[Span]:
        """The times in which accelerators were held or down."""
        rows = [
            {**row, "end": row["last"]}
            for row in await self._rows(scope, start_ms, end_ms)
            if row["state"] in (State.DOWN, State.HELD)
            and (not machines or row["machine"] in machines)
            and (not holders or row["holder"] in holders)
        ]
        return spans_of(rows)

    async def held_steps(self, scope: Scope, start_ms: int, end_ms: int, cluster: str = "") -> list[HeldStep]:
        """When accelerators of a cluster were taken and let go."""
        parts: dict[tuple[int, str, str], int] = defaultdict(int)
        for row in await self._rows(scope, start_ms, end_ms):
            its = MachineKey.parse(row["machine"]).cluster
            if row["state"] == State.HELD and its and cluster in ("", its):
                parts[row["start"], row["holder"], row["team"]] += row["parts"]
                parts[row["last"], row["holder"], row["team"]] -= row["parts"]
        keys = ("at", "holder", "team", "parts")
        return steps_of(dict(zip(keys, (*key, number), strict=True)) for key, number in sorted(parts.items()) if number)

    async def device_costs(
        self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT
    ) -> dict[tuple[str, int], DeviceCost]:
        """What each cost. Raises ValueError without prices."""
        existing, priced = await self._priced(start_ms, end_ms)
        rows = await self._rows(scope, start_ms, end_ms)
        hours = replace(await self._hours(scope, start_ms, end_ms), devices=rows)
        return device_costs_of(_summed(rows, ("machine", "device", "day")), existing, priced, basis, hours)

    async def _hours(self, scope: Scope, start_ms: int, end_ms: int) -> Hours:
        first_ms, last_ms = start_ms // DAY_MS * DAY_MS, -(-end_ms // DAY_MS) * DAY_MS
        whole = await self.frame(EVERYTHING, first_ms, last_ms, HOUR_MS)
        return Hours(whole, await self.frame(scope, start_ms, end_ms, HOUR_MS))

    async def remarks(self, scope: Scope, start_ms: int, end_ms: int) -> list[Remark]:
        """What did not fit."""
        del scope
        return list(assemble(await self.facts.known(start_ms, min(end_ms, self.clock.now_ms()))).remarks)

    async def _priced(self, start_ms: int, end_ms: int) -> tuple[dict[tuple[str, int], int], Priced]:
        if self.prices is None:
            raise ValueError("bug: a ledger without prices is asked for costs")
        first, last = start_ms // DAY_MS, -(-min(end_ms, self.clock.now_ms()) // DAY_MS)
        days = await self.frame(EVERYTHING, first * DAY_MS, last * DAY_MS)
        existing = existing_of(days)
        return existing, await self.prices.of(days.facts, existing, first, last)

    async def _rows(self, scope: Scope, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """One row an interval, as the queries of devices name its columns."""
        assembled = assemble(await self.facts.known(start_ms, min(end_ms, self.clock.now_ms())))
        found, facts, offsets = build(assembled.facts), assembled.facts, np.array(assembled.offsets, np.int64)
        machine = np.searchsorted(offsets, found.device, side="right") - 1
        rows = []
        for at, (place, state) in enumerate(zip(machine.tolist(), found.state.tolist(), strict=True)):
            key, holder, reason = assembled.machines[place].key, int(found.holder[at]), int(found.reason[at])
            if scope.accounts is not None and key.account not in scope.accounts:
                continue
            active, known, amount = float(found.active[at]), float(found.known[at]), int(found.amount[at])
            idle = {State.FREE: float(amount), State.HELD: max(known - active, 0.0)}.get(State(state), 0.0)
            row = {
                "machine": key.path, "device": int(found.device[at] - offsets[place]), "state": state,
                "day": int(found.start[at]) // DAY_MS, "start": int(found.start[at]), "parts": int(found.parts[at]),
                "hour": int(found.start[at]) % DAY_MS // HOUR_MS,
                "reason": facts.reasons[reason] if reason >= 0 else "",
                "holder": facts.holders[holder].name if holder >= 0 else "",
                "team": facts.holders[holder].team if holder >= 0 else "",
                "amount": amount, "active": active, "known": known, "idle": idle,
                "free": float(amount) if state == State.FREE else 0.0, "last": int(found.end[at]),
            }  # fmt: skip
            rows.append(row)
        return rows


def _summed(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows added up by some of their columns; of `last` the latest."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    sums = ("amount", "active", "known", "idle", "free")
    return [
        {
            **dict(zip(keys, group, strict=True)),
            **{name: sum(row[name] for row in some) for name in sums},
            "last": max(row["last"] for row in some),
        }
        for group, some in groups.items()
    ]
