"""`FleetStore`: the ledger's days in the engine. A machine's day is one row, which is replaced whole."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.joined import Assembled
from trimtab.fleet.model import DAY_MS, Intervals, Ints
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.schema_fleet import FLEET_DAYS, FLEET_MACHINE_DAYS

_QUERIES = load_queries("trimtab.fleet")
_LIMITS = ReadLimits(seconds=120, memory_mb=4096)
_UNSIGNED = {"UInt8": pa.uint8(), "UInt16": pa.uint16(), "UInt32": pa.uint32()}


class Made(Struct, frozen=True):
    """What a day was made from: until when (ms), the marks of runs and nodes, those of late points, and the bill."""

    day: int
    version: int
    until: int
    marks: int
    telemetry: int
    bill: str


class FleetStore:
    """Reads and writes the days."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def put(self, day: int, version: int, assembled: Assembled, found: Intervals, gone: Iterable[str] = ()) -> None:
        """Write the machines of a day; those that are `gone` have no devices any more. Blocks. Raises Unavailable."""
        table = table_of(day, version, assembled, found, gone)
        if table.num_rows:
            self._insert(FLEET_MACHINE_DAYS.name, table)

    def put_days(self, made: Sequence[Made]) -> None:
        """Write what days were made from: from then on they count. Blocks. Raises Unavailable."""
        columns = {
            "day": pa.array([one.day for one in made], pa.uint32()),
            "version": pa.array([one.version for one in made], pa.uint64()),
            "until": pa.array([one.until for one in made], pa.int64()),
            "marks": pa.array([one.marks for one in made], pa.uint64()),
            "telemetry": pa.array([one.telemetry for one in made], pa.uint64()),
            "bill": pa.array([one.bill for one in made]),
        }
        self._insert(FLEET_DAYS.name, pa.table(columns))

    def _insert(self, name: str, table: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        columns = ", ".join(table.column_names)
        statement = f"INSERT INTO {name} ({columns}) FORMAT ArrowStream"
        self._telemetry.load(statement, _LIMITS, [sink.getvalue().to_pybytes()])

    async def made(self, first: int, last: int) -> dict[int, Made]:
        """What the days of `[first, last)` were made from."""
        found = await self._telemetry.fetch(_QUERIES["days"], {"first": first, "last": last})
        names = ("day", "version", "until", "marks", "telemetry", "bill")
        rows = zip(*(found[name].tolist() for name in names), strict=True)
        return {int(row[0]): Made(*row) for row in rows}

    async def machines_of(self, day: int) -> list[str]:
        """The machines that a day has rows of."""
        found = await self._telemetry.fetch(_QUERIES["machines_of_day"], {"day": day})
        return [str(one) for one in found["machine"]]

    async def telemetry_marks(self, first: int, last: int) -> dict[int, int]:
        """By day how many times points came late."""
        found = await self._telemetry.fetch(_QUERIES["telemetry_marks"], {"first": first, "last": last})
        return dict(zip(found["day"].tolist(), found["marks"].tolist(), strict=True))

    async def read(
        self,
        name: str,
        scope: Scope,
        params: dict[str, Any],
        machines: Sequence[str] = (),
        holders: Sequence[str] = (),
    ) -> pa.Table:
        """A named query of the ledger within a scope's accounts, of some machines where they are named; the query
        `spans` of some holders too."""
        condition, bound = "", dict(params)
        if scope.accounts is not None:
            condition, bound["accounts"] = "AND account IN {accounts:Array(String)}", sorted(scope.accounts)
        if machines:
            condition, bound["machines"] = condition + " AND machine IN {machines:Array(String)}", list(machines)
        if holders:
            condition, bound["holders"] = condition + " AND one_holder IN {holders:Array(String)}", list(holders)
        sql = _QUERIES[name].replace("/*and*/", condition)
        return await self._telemetry.table(sql, bound, limits=_LIMITS)


def table_of(day: int, version: int, assembled: Assembled, found: Intervals, gone: Iterable[str] = ()) -> pa.Table:
    """The rows of a day: one of each machine, its intervals as lists and their sums."""
    machines, offsets = assembled.machines, np.array(assembled.offsets, np.int64)
    owner = np.searchsorted(offsets, found.device, side="right") - 1
    sizes = np.bincount(owner, minlength=len(machines))
    ends = np.concatenate([[0], np.cumsum(sizes)])
    holders = [one.name for one in assembled.facts.holders]
    teams = [one.team for one in assembled.facts.holders]
    base = day * DAY_MS
    assumed = _assumed(assembled, found)
    lists: dict[str, pa.Array] = {
        "device": pa.array((found.device - offsets[owner]).astype(np.uint16)),
        "start": pa.array((found.start - base).astype(np.uint32)),
        "end": pa.array((found.end - base).astype(np.uint32)),
        "state": pa.array(found.state.astype(np.uint8)),
        "reason": _names(assembled.facts.reasons, found.reason),
        "holder": _names(holders, found.holder),
        "team": _names(teams, found.holder),
        "parts": pa.array(found.parts.astype(np.uint16)),
        "said": pa.array(found.said.astype(np.uint8)),
        "active": pa.array(found.active),
        "known": pa.array(found.known),
        "stray": pa.array(found.stray),
        "assumed": pa.array(assumed.astype(np.uint8)),
        "crowded": pa.array(found.crowded.astype(np.uint8)),
    }
    columns = {name: pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values) for name, values in lists.items()}
    columns |= _sums(assembled, found, owner, assumed, (holders, teams))
    remarks: dict[str, list[str]] = {}
    for one in assembled.remarks:
        remarks.setdefault(one.machine, []).append(one.text)
    known = {one.key.path for one in machines}
    facts = {
        "day": pa.array([day] * len(machines), pa.uint32()),
        "machine": pa.array([one.key.path for one in machines], pa.string()),
        "version": pa.array([version] * len(machines), pa.uint64()),
        "account": pa.array([one.key.account for one in machines], pa.string()),
        "devices": pa.array([one.devices for one in machines], pa.uint16()),
        "gpu_type": pa.array([one.gpu_type for one in machines], pa.string()),
        "instance_type": pa.array([one.instance_type for one in machines], pa.string()),
        "region": pa.array([one.region for one in machines], pa.string()),
        "queue": pa.array([one.queue for one in machines], pa.string()),
        "bill_ids": pa.array([list(one.bill_ids) for one in machines], pa.list_(pa.string())),
        "remarks": pa.array([sorted(set(remarks.get(one.key.path, ()))) for one in machines], pa.list_(pa.string())),
    }
    whole = pa.table({**facts, **columns})
    lost = sorted(set(gone) - known)
    if not lost:
        return whole
    empty = {
        field.name: pa.array([[]] * len(lost), field.type) for field in whole.schema if pa.types.is_list(field.type)
    }
    empty |= {name: pa.array([""] * len(lost)) for name in ("gpu_type", "instance_type", "region", "queue")}
    empty |= {
        "day": pa.array([day] * len(lost), pa.uint32()),
        "machine": pa.array(lost),
        "version": pa.array([version] * len(lost), pa.uint64()),
        "account": pa.array([one.split("/", 1)[0] for one in lost]),
        "devices": pa.array([0] * len(lost), pa.uint16()),
    }
    return pa.concat_tables([whole, pa.table({name: empty[name] for name in whole.column_names})])


def _sums(
    assembled: Assembled, found: Intervals, owner: Ints, assumed: Ints, names: tuple[Sequence[str], Sequence[str]]
) -> dict[str, pa.Array]:
    """The day of each machine by state, reason and holder."""
    order = np.lexsort((found.reason, found.holder, found.state, owner))
    keys = [column[order] for column in (owner, found.state, found.holder, found.reason)]
    new = np.concatenate([[True], np.logical_or.reduce([key[1:] != key[:-1] for key in keys])])
    first = np.flatnonzero(new[: len(order)])
    sizes = np.bincount(keys[0][first], minlength=len(assembled.machines))
    ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())

    def total(values: Any) -> Any:
        return np.add.reduceat(values[order], first) if len(first) else values[:0]

    amount = found.amount
    values = {
        "sum_state": pa.array(keys[1][first].astype(np.uint8)),
        "sum_reason": _names(assembled.facts.reasons, keys[3][first]),
        "sum_holder": _names(names[0], keys[2][first]),
        "sum_team": _names(names[1], keys[2][first]),
        "sum_amount": pa.array(total(amount).astype(np.int64)),
        "sum_active": pa.array(total(found.active).astype(np.float64)),
        "sum_known": pa.array(total(found.known).astype(np.float64)),
        "sum_stray": pa.array(total(found.stray).astype(np.float64)),
        "sum_assumed": pa.array(total(amount * assumed).astype(np.int64)),
    }
    return {name: pa.ListArray.from_arrays(ends, column) for name, column in values.items()}


def _assumed(assembled: Assembled, found: Intervals) -> Ints:
    """Which intervals are of a holder that is put on its device without anybody saying so."""
    if not assembled.assumed:
        return np.zeros(len(found), np.int64)
    pairs = np.array(sorted(assembled.assumed), np.int64)
    size = len(assembled.facts.holders) + 1
    return np.isin(found.device * size + found.holder + 1, pairs[:, 0] * size + pairs[:, 1] + 1).astype(np.int64)


def _names(values: Sequence[str], places: Ints) -> pa.Array:
    """Names by place, "" for none."""
    return pa.array([*values, ""]).take(pa.array(np.where(places < 0, len(values), places)))
