"""Whose the GPU-time of a machine on a bill was, day by day: the fleet's ledger as rules of shared machines ask it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.economics.shared.model import MachineDays, Part, Use
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import Frame
from trimtab.fleet.model import DAY_MS, PARTS, State
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.store import RunStore

_MOST_RUNS = 1_000_000
TEAM = "team"
"""The tag that schedulers know by themselves: an account of SLURM, a label of Kubernetes."""
_USES = {State.DOWN: Use.DOWN, State.FREE: Use.UNALLOCATED, State.UNKNOWN: Use.UNKNOWN}


class FleetMachines(Struct, frozen=True):
    """The port of machines, over the ledger."""

    hours: HoursReader
    runs: RunStore

    async def machines(self, resources: Sequence[str], start_ms: int, end_ms: int) -> Mapping[str, MachineDays]:
        """Those of `resources` that are machines of the ledger, with the parts of each day: by team, else by user."""
        frame = await self.hours.frame(EVERYTHING, start_ms, end_ms)
        names = {name: path for path, facts in frame.facts.items() for name in facts.bill_ids}
        wanted = {one: path for one in resources if (path := names.get(one) or names.get(one.rpartition("/")[2]))}
        parts = parts_of(frame, set(wanted.values()))
        return {resource: parts[path] for resource, path in wanted.items() if path in parts}

    async def gpu_seconds(self, by: str, start_ms: int, end_ms: int) -> dict[str, Decimal]:
        """GPU-seconds that were held, by team or another tag of runs; empty where nothing was."""
        frame = await self.hours.frame(EVERYTHING, start_ms, end_ms)
        tags: dict[str, str] = {}
        if by != TEAM:
            for run in await self.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS):
                tags[holder_name(run)] = run.tags.get(by, "")
        sums: dict[str, int] = defaultdict(int)
        for at in np.flatnonzero(frame.state == State.HELD).tolist():
            owner = frame.teams[frame.team[at]] if by == TEAM else tags.get(frame.holders[frame.holder[at]], "")
            if owner:
                sums[owner] += int(frame.amount[at])
        return {owner: Decimal(amount) / (PARTS * 1000) for owner, amount in sums.items() if amount}


def parts_of(frame: Frame, machines: set[str]) -> dict[str, dict[int, list[Part]]]:
    """The parts of some machines by day, one an owner and use."""
    sums: dict[tuple[str, int, str, Use, bool], int] = defaultdict(int)
    for at, machine in enumerate(frame.machine.tolist()):
        path = frame.machines[machine]
        if path not in machines:
            continue
        day, amount, state = int(frame.day[at]) * DAY_MS, int(frame.amount[at]), State(int(frame.state[at]))
        if state is not State.HELD:
            sums[path, day, "", _USES[state], False] += amount
            continue
        owner, assumed = frame.teams[frame.team[at]], bool(frame.assumed[at])
        known, active = min(round(frame.known[at]), amount), round(frame.active[at])
        for use, part in ((Use.ACTIVE, active), (Use.IDLE, known - active), (Use.HELD, amount - known)):
            sums[path, day, owner, use, assumed] += part
    found: dict[str, dict[int, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for (path, day, owner, use, assumed), amount in sorted(sums.items()):
        if amount > 0:
            found[path][day].append(Part(owner, use, Fraction(amount, PARTS), assumed))
    return {path: dict(days) for path, days in found.items()}
