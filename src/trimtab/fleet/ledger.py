"""`FleetLedger`: the one place where GPU time and its cost are read. Every room, page and answer asks here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.claims import holder_name
from trimtab.fleet.costing import Hours, costed_of, device_costs_of
from trimtab.fleet.frame import Costed, DeviceCost, DeviceHours, Frame, HeldHours, HeldStep, Totals
from trimtab.fleet.health.spans import Span, spans_of
from trimtab.fleet.keeper import LedgerKeeper
from trimtab.fleet.model import DAY_MS, HOUR_MS, PARTS, Ints, Remark, State, gpu_hours, unmeasured
from trimtab.fleet.money import MachineFacts, Priced, Prices
from trimtab.fleet.store import FleetStore
from trimtab.inventory.runs.filter import RunFilter, visible
from trimtab.inventory.runs.store import RunStore

_FRESH_MS = 5_000
"""How long an answer is given again: the parts of one page ask alike. What changed days is seen at once."""
_KEPT = 32
_MOST_RUNS = 1_000_000


class FleetLedger(Struct):
    """Reads the ledger. The parts of one page share an answer; a day that was made again is read again."""

    keeper: LedgerKeeper
    store: FleetStore
    prices: Prices
    runs: RunStore
    clock: Clock
    _frames: dict[tuple[Any, ...], tuple[int, "asyncio.Task[Any]"]] = field(default_factory=dict)

    @property
    def known_until(self) -> int | None:
        """Until when what was answered of late is whole, where it was answered before the days were up to now."""
        return self.keeper.known_until

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._frames.clear()
        self.prices.forget()

    async def frame(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = DAY_MS, machine: str = "") -> Frame:
        """The ledger of `[start, end)` by buckets of `step_ms` (a day, or what divides it), as a scope sees it.

        Raises QueryAborted, Unavailable.
        """
        end_ms = min(end_ms, self.clock.now_ms())
        await self.keeper.ensure(start_ms, end_ms)
        key = ("frame", self.keeper.stamp, scope, start_ms, end_ms // _FRESH_MS, step_ms, machine)
        found: Frame = await self._kept(
            key, lambda: self._frame(scope, start_ms, end_ms, step_ms, (machine,) if machine else ())
        )
        return found

    async def costed(self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT) -> Costed:
        """The same by day, with what each row cost on a basis; what bills say of no row is for who sees everything.

        Raises QueryAborted, Unavailable.
        """
        end_ms = min(end_ms, self.clock.now_ms())
        await self.keeper.ensure(start_ms, end_ms)
        key = ("costed", self.keeper.stamp, scope, start_ms, end_ms // _FRESH_MS, basis)
        found: Costed = await self._kept(key, lambda: self._costed(scope, start_ms, end_ms, basis))
        return found

    async def _kept(self, key: tuple[Any, ...], make: Any) -> Any:
        now_ms = self.clock.now_ms()
        kept = self._frames.get(key)
        if kept is None or now_ms - kept[0] > _FRESH_MS or (kept[1].done() and kept[1].exception() is not None):
            kept = self._frames[key] = (now_ms, asyncio.ensure_future(make()))
            old = [one for one, (made_ms, _) in self._frames.items() if now_ms - made_ms > _FRESH_MS]
            for one in [*old, *list(self._frames)[: max(len(self._frames) - len(old) - _KEPT, 0)]]:
                self._frames.pop(one, None)
        return await asyncio.shield(kept[1])

    async def _frame(
        self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, machines: Sequence[str] = ()
    ) -> Frame:
        if start_ms >= end_ms:
            return _frame_of([], start_ms, end_ms, {})
        tables, facts = await asyncio.gather(
            self._tables(scope, start_ms, end_ms, step_ms, machines), self.machines(start_ms, end_ms)
        )
        found = _frame_of(tables, start_ms, end_ms, facts)
        return await self._seen_by(scope, found)

    async def _tables(
        self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, machines: Sequence[str]
    ) -> list[tuple[pa.Table, int]]:
        """What the engine says, and the length of its buckets: whole days by their sums, parts by their intervals."""
        first, last = start_ms // DAY_MS, -(-end_ms // DAY_MS)
        whole_first, whole_last = -(-start_ms // DAY_MS), end_ms // DAY_MS
        asked: list[tuple[str, dict[str, int], int]] = []
        if step_ms >= DAY_MS and whole_first < whole_last:
            asked.append(("sums", {"first": whole_first, "last": whole_last}, DAY_MS))
            edges = [day for day in {first, last - 1} if not whole_first <= day < whole_last]
        elif step_ms < DAY_MS:
            edges = list(range(first, last))
        else:
            edges = sorted({first, last - 1})
        inner = [day for day in edges if whole_first <= day < whole_last]
        if inner:
            asked.append(_parts(inner[0], inner[-1] + 1, 0, DAY_MS, step_ms))
        for day in sorted(set(edges) - set(inner)):
            base = day * DAY_MS
            asked.append(_parts(day, day + 1, max(start_ms - base, 0), min(end_ms - base, DAY_MS), step_ms))
        tables = await asyncio.gather(*(self.store.read(name, scope, params, machines) for name, params, _ in asked))
        return [(table, size) for table, (*_, size) in zip(tables, asked, strict=True)]

    async def machines(self, start_ms: int, end_ms: int, scope: Scope = EVERYTHING) -> dict[str, MachineFacts]:
        """The machines of the range, as they were last."""
        span = {"first": start_ms // DAY_MS, "last": -(-end_ms // DAY_MS)}
        rows = (await self.store.read("machines", scope, span)).to_pylist()
        return {
            row["machine"]: MachineFacts(
                row["last_devices"],
                row["last_gpu_type"],
                row["last_instance_type"],
                row["last_region"],
                tuple(row["all_bill_ids"]),
                row["last_queue"],
            )
            for row in rows
        }

    async def devices(self, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceHours]:
        """Every accelerator of `[start, end)` by machine and number. Who sees a part of the owners sees the
        accelerators that these hold. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        await self.keeper.ensure(start_ms, end_ms)
        key = ("devices", self.keeper.stamp, scope, start_ms, end_ms // _FRESH_MS)
        found: list[DeviceHours] = await self._kept(key, lambda: self._devices(scope, start_ms, end_ms))
        return found

    async def _devices(self, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceHours]:
        if start_ms >= end_ms:
            return []
        span = {"first": start_ms // DAY_MS, "last": -(-end_ms // DAY_MS), "start": start_ms, "end": end_ms}
        rows = (await self.store.read("devices", scope, span)).to_pylist()
        if scope.rows:
            frame = await self.frame(scope, start_ms, end_ms)
            mine = {frame.holders[at] for at in set(frame.holder.tolist())}
            rows = [row for row in rows if row["holder"] in mine and row["holder"]]
        return devices_of(rows)

    async def device_costs(
        self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT
    ) -> dict[tuple[str, int], DeviceCost]:
        """What each accelerator of `[start, end)` cost, by machine and number. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        await self.keeper.ensure(start_ms, end_ms)
        key = ("device costs", self.keeper.stamp, scope, start_ms, end_ms // _FRESH_MS, basis)
        found: dict[tuple[str, int], DeviceCost] = await self._kept(
            key, lambda: self._device_costs(scope, start_ms, end_ms, basis)
        )
        return found

    async def _device_costs(
        self, scope: Scope, start_ms: int, end_ms: int, basis: Basis
    ) -> dict[tuple[str, int], DeviceCost]:
        seen = {(one.machine, one.device) for one in await self.devices(scope, start_ms, end_ms)}
        if not seen:
            return {}
        first, last = start_ms // DAY_MS, -(-end_ms // DAY_MS)
        span = {"first": first, "last": last, "start": start_ms, "end": end_ms}
        rows = (await self.store.read("device_days", scope, span)).to_pylist()
        existing, priced = await self._priced(first, last)
        mine = [row for row in rows if (row["machine"], row["device"]) in seen]
        hours = await self._hours(scope, start_ms, end_ms, priced)
        if hours is not None:
            machines = sorted({path for path, _ in priced.hours})
            by_hour = (await self.store.read("device_hours", scope, span, machines)).to_pylist()
            hours = replace(hours, devices=by_hour)
        return await asyncio.to_thread(device_costs_of, mine, existing, priced, basis, hours)

    async def spans(
        self, scope: Scope, start_ms: int, end_ms: int, machines: Sequence[str] = (), holders: Sequence[str] = ()
    ) -> list[Span]:
        """The times of `[start, end)` in which accelerators were held or down; of some machines, or some holders,
        where these are named. For who sees all owners. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        if start_ms >= end_ms:
            return []
        await self.keeper.ensure(start_ms, end_ms)
        span = {"first": start_ms // DAY_MS, "last": -(-end_ms // DAY_MS), "start": start_ms, "end": end_ms}
        table = await self.store.read("spans", scope, span, machines, holders)
        return await asyncio.to_thread(lambda: spans_of(table.to_pylist()))

    async def held_steps(self, scope: Scope, start_ms: int, end_ms: int, cluster: str = "") -> list[HeldStep]:
        """The moments of `[start, end)` at which accelerators of a cluster ("": of any) were taken and let go, in their
        order: what is held then adds up to the held hours of the frame. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        if start_ms >= end_ms:
            return []
        await self.keeper.ensure(start_ms, end_ms)
        span = {"first": start_ms // DAY_MS, "last": -(-end_ms // DAY_MS), "start": start_ms, "end": end_ms}
        table = await self.store.read("held_steps", scope, {**span, "cluster": cluster})
        steps = await asyncio.to_thread(lambda: steps_of(table.to_pylist()))
        if not scope.rows:
            return steps
        sees = await self._sight(scope, start_ms, end_ms)
        return [step for step in steps if sees(step.holder, step.team)]

    async def remarks(self, scope: Scope, start_ms: int, end_ms: int) -> list[Remark]:
        """What did not fit, one a machine and text, the newest first. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        await self.keeper.ensure(start_ms, end_ms)
        span = {"first": start_ms // DAY_MS, "last": -(-end_ms // DAY_MS)}
        found: dict[tuple[str, str], Remark] = {}
        for row in (await self.store.read("remarks", scope, span)).to_pylist() if not scope.rows else ():
            key, day = (row["machine"], row["remark"]), row["day"] * DAY_MS
            before = found.get(key)
            found[key] = Remark(*key, before.start_ms if before else day, day + DAY_MS)
        return sorted(found.values(), key=lambda one: (-one.end_ms, one.machine, one.text))

    async def _seen_by(self, scope: Scope, frame: Frame) -> Frame:
        """What of a frame a scope may see: who sees a part of the owners sees nothing of what nobody holds."""
        if not scope.rows:
            return frame
        sees = await self._sight(scope, frame.start_ms, frame.end_ms)
        kept = [
            state == State.HELD and sees(frame.holders[holder], frame.teams[team])
            for state, holder, team in zip(
                frame.state.tolist(), frame.holder.tolist(), frame.team.tolist(), strict=True
            )
        ]
        return frame.where(np.array(kept, np.bool_))

    async def _sight(self, scope: Scope, start_ms: int, end_ms: int) -> Callable[[str, str], bool]:
        """Whether who sees a part of the owners sees what a holder of a team held in a range."""
        runs = await self.runs.listed(scope, RunFilter(start_ms, end_ms), _MOST_RUNS)
        mine = {holder_name(run) for run in runs if visible(scope, run)}
        teams = [set(rule.values) for rule in scope.rows if rule.key == "team"]
        only_team = len(teams) == len(scope.rows)
        return lambda holder, team: (
            holder in mine or (only_team and "//" in holder and all(team in some for some in teams))
        )

    async def _costed(self, scope: Scope, start_ms: int, end_ms: int, basis: Basis) -> Costed:
        first, last = start_ms // DAY_MS, -(-end_ms // DAY_MS)
        frame, (existing, priced) = await asyncio.gather(self.frame(scope, start_ms, end_ms), self._priced(first, last))
        hours = await self._hours(scope, start_ms, end_ms, priced)
        found = await asyncio.to_thread(costed_of, frame, existing, priced, basis, hours)
        return found if scope == EVERYTHING else replace(found, leftover={}, elsewhere={})

    async def _hours(self, scope: Scope, start_ms: int, end_ms: int, priced: Priced) -> Hours | None:
        """The ledger by the hour of machines of which the bill tells hours apart."""
        if not priced.hours:
            return None
        machines = sorted({path for path, _ in priced.hours})
        days = [day for _, day in priced.hours]
        first_ms, last_ms = min(days) * DAY_MS, min((max(days) + 1) * DAY_MS, self.clock.now_ms())
        whole = await self._frame(EVERYTHING, first_ms, last_ms, HOUR_MS, machines)
        begin, end = max(start_ms, first_ms), min(end_ms, last_ms)
        if scope == EVERYTHING and (begin, end) == (first_ms, last_ms):
            return Hours(whole, whole)
        return Hours(whole, await self._frame(scope, begin, end, HOUR_MS, machines))

    async def _priced(self, first: int, last: int) -> tuple[dict[tuple[str, int], int], Priced]:
        """Of whole days how long machines existed, and what the days cost: of a day of which a part is asked for, or
        seen, the rest takes its part of the cost."""
        days = await self.frame(EVERYTHING, first * DAY_MS, last * DAY_MS)
        existing = existing_of(days)
        return existing, await self.prices.of(days.facts, existing, first, last)


def steps_of(rows: Iterable[Mapping[str, Any]]) -> list[HeldStep]:
    """Rows of the query `held_steps`, in GPUs."""
    return [HeldStep(row["at"], row["holder"], row["team"], row["parts"] / PARTS) for row in rows]


def devices_of(rows: Sequence[Mapping[str, Any]]) -> list[DeviceHours]:
    """Rows of the query `devices` as accelerators, each with what it was last."""
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["machine"], row["device"]), []).append(row)
    found = []
    for (machine, device), mine in sorted(groups.items()):
        sums = dict.fromkeys(State, 0)
        for row in mine:
            sums[State(row["state"])] += row["amount"]
        held = [row for row in mine if row["state"] == State.HELD]
        totals = Totals(
            existing=gpu_hours(sum(sums.values())),
            down=gpu_hours(sums[State.DOWN]),
            held=gpu_hours(sums[State.HELD]),
            free=gpu_hours(sums[State.FREE]),
            unknown=gpu_hours(sums[State.UNKNOWN]),
            active=gpu_hours(sum(row["active"] for row in held)),
            unmeasured=gpu_hours(
                float(unmeasured(sum(row["amount"] for row in held), sum(row["known"] for row in held)))
            ),
        )
        last = max(mine, key=lambda row: (row["last"], row["state"] == State.HELD, row["amount"]))
        by_holder = max(held, key=lambda row: (row["last"], row["amount"]), default=None)
        found.append(
            DeviceHours(
                machine,
                device,
                totals,
                State(last["state"]),
                last["reason"],
                by_holder["holder"] if by_holder else "",
                by_holder["team"] if by_holder else "",
                int(last["last"]),
                _held_by(held),
            )
        )
    return found


def _held_by(held: Sequence[Mapping[str, Any]]) -> tuple[HeldHours, ...]:
    """Who held an accelerator, from its rows that were held."""
    sums: dict[tuple[str, str], int] = {}
    for row in held:
        key = row["holder"], row["team"]
        sums[key] = sums.get(key, 0) + row["amount"]
    return tuple(HeldHours(*key, gpu_hours(amount)) for key, amount in sorted(sums.items()))


def existing_of(frame: Frame) -> dict[tuple[str, int], int]:
    """Part-milliseconds of each machine's day."""
    if not len(frame):
        return {}
    pairs = frame.day * len(frame.machines) + frame.machine
    known, place = np.unique(pairs, return_inverse=True)
    # Summed as whole numbers: floats hold them exactly up to 2^53, a day of a thousand GPUs is 2^50.
    sums = np.zeros(len(known), np.int64)
    np.add.at(sums, place, frame.amount)
    days, machines = np.divmod(known, len(frame.machines))
    return {
        (frame.machines[machine], day): amount
        for machine, day, amount in zip(machines.tolist(), days.tolist(), sums.tolist(), strict=True)
    }


def _parts(first: int, last: int, start: int, end: int, step_ms: int) -> tuple[str, dict[str, int], int]:
    step = min(step_ms, DAY_MS)
    return "parts", {"first": first, "last": last, "start": start, "end": end, "step": step}, step


def _frame_of(
    tables: Sequence[tuple[pa.Table, int]], start_ms: int, end_ms: int, facts: Mapping[str, MachineFacts]
) -> Frame:
    """The answers as one frame; names become places in lists."""
    some = [(table, size) for table, size in tables if table.num_rows]
    names: dict[str, list[str]] = {}
    places: dict[str, Ints] = {}
    for name in ("machine", "reason", "holder", "team"):
        column = (
            pa.chunked_array([chunk for table, _ in some for chunk in table[name].chunks], pa.string())
            if some
            else None
        )
        if column is None or not len(column):
            names[name], places[name] = [], np.zeros(0, np.int64)
            continue
        coded = column.combine_chunks().dictionary_encode()
        names[name] = [str(one) for one in coded.dictionary.to_pylist()]
        places[name] = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)

    def numbers(name: str, kind: Any) -> Any:
        parts = [np.asarray(table[name].to_numpy(zero_copy_only=False), kind) for table, _ in some]
        return np.concatenate(parts) if parts else np.zeros(0, kind)

    day = numbers("day", np.int64)
    buckets = [
        np.asarray(table["bucket"].to_numpy(zero_copy_only=False), np.int64) * size
        if "bucket" in table.column_names
        else np.zeros(table.num_rows, np.int64)
        for table, size in some
    ]
    return Frame(
        start_ms=start_ms,
        end_ms=end_ms,
        bucket=day * DAY_MS + (np.concatenate(buckets) if buckets else np.zeros(0, np.int64)),
        day=day,
        machine=places["machine"],
        state=numbers("state", np.int64),
        reason=places["reason"],
        holder=places["holder"],
        team=places["team"],
        amount=numbers("amount", np.int64),
        active=numbers("active", np.float64),
        known=numbers("known", np.float64),
        stray=numbers("stray", np.float64),
        assumed=numbers("assumed", np.int64),
        machines=names["machine"],
        reasons=names["reason"],
        holders=names["holder"],
        teams=names["team"],
        facts=facts,
    )
