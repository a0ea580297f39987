"""Puts what schedulers, runs, telemetry and bills say of machines side by side, device by device. Pure.

A machine is a node of a scheduler where one knows it; its telemetry and its bill are found by its name and its instance
ids. Of the time before a scheduler was first asked it says nothing: there its nodes exist by what their bill and their
telemetry say. What no scheduler knows is a machine by itself: of telemetry, from its first report until a week after
its last; of a bill, for the hours that it bills; of a run alone, while the run held it. What does not fit is a remark.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import ceil

import numpy as np

from trimtab.fleet.claims import holder_name, parts_of_run, span_of
from trimtab.fleet.devices import devices_of
from trimtab.fleet.joined import Assembled, One, Range, joined
from trimtab.fleet.known import BilledMachine, Known
from trimtab.fleet.model import DAY_MS, NOBODY, Holder, MachineKey, Remarks, Said
from trimtab.fleet.place import Claim, Placed, parts_of
from trimtab.fleet.telemetry.day import Stretches, TelemetryDay
from trimtab.fleet.telemetry.identity import short_host
from trimtab.fleet.telemetry.observed import HELD
from trimtab.inventory.runs.model import Condition, FirstTold, Held, LifeStretch, NodeLife, Run

SILENT_MS = 7 * DAY_MS
"""How long a machine that only telemetry knows is there after its last report."""
_OUT = {Condition.DRAINED: "drained", Condition.DOWN: "failed"}
SCHEDULED = ("drained", "failed", "maintenance")
"""The first words of reasons that a scheduler gives; what follows the colon is its own."""
_MAINTENANCE = ("maint", "reboot", "upgrade")
_FROM_SCHEDULER, _FROM_TELEMETRY = 0, 1  # ranks of reasons for being down


def assemble(known: Known) -> Assembled:
    """The facts of a range."""
    return _Assembly(known).made()


class _Assembly:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._end = min(known.end_ms, known.now_ms)
        self._ones: dict[MachineKey, One] = {}
        self._by_name: dict[str, list[One]] = defaultdict(list)
        self._holders: dict[Holder, int] = {}
        self._remarks = Remarks()
        self._early = _early_names(known)

    def made(self) -> Assembled:
        for life in sorted(self._known.lives, key=lambda one: (one.account, one.cluster, one.name)):
            self._life(life)
        self._runs_machines()
        if self._known.telemetry is not None:
            self._telemetry(self._known.telemetry)
        self._bills()
        self._claims()
        return joined(self._known, self._ones, self._holders, self._remarks)

    # ── who knows of machines ────────────────────────────────────────────────────────────────────────────────────────

    def _life(self, life: NodeLife) -> None:
        one = self._one(MachineKey(life.account, life.cluster, life.name), Said.SCHEDULER)
        last: LifeStretch | None = None
        for stretch in life.stretches:
            end = self._end if stretch.to_ms is None else min(stretch.to_ms, self._end)
            start = max(stretch.from_ms, self._known.start_ms)
            self._called(one, stretch.instance_id)
            if stretch.gpus <= 0 or start >= end:
                continue
            count = ceil(stretch.gpus - 1e-9)
            one.devices = max(one.devices, count)
            one.gpu_type, one.instance_type = (
                stretch.gpu_type or one.gpu_type,
                stretch.instance_type or one.instance_type,
            )
            one.exists.append(Range(0, count, start, end, Said.SCHEDULER))
            one.told.append(Range(0, count, start, end, Said.SCHEDULER))
            if stretch.condition in _OUT:
                out = Range(0, count, start, end, _FROM_SCHEDULER)
                one.down.append((out, reason_of(stretch.condition, stretch.reason)))
            if last is not None and ceil(last.gpus - 1e-9) != count:
                text = f"has {count} GPUs, and had {ceil(last.gpus - 1e-9)} before"
                self._remarks.add(one.key.path, text, start, end)
            last = stretch

    def _one(self, key: MachineKey, said: Said) -> One:
        one = self._ones.get(key)
        if one is None:
            one = self._ones[key] = One(key, said=said)
            for name in (key.name, *(self._first_told(key).ids if self._spoken_of(key) else ())):
                self._called(one, name)
        return one

    def _silent_until(self, one: One) -> int:
        """Until when its scheduler says nothing of a machine: what it does not name then may be there all the same."""
        begun = self._known.began.get((one.key.account, one.key.cluster))
        return begun if begun is not None else (0 if one.said is Said.SCHEDULER else self._end)

    def _first_told(self, key: MachineKey) -> FirstTold:
        return self._known.first_told.get(key, FirstTold())

    def _spoken_of(self, key: MachineKey) -> bool:
        """Whether the range begins before the scheduler of a node was first asked."""
        return self._known.start_ms < self._known.began.get((key.account, key.cluster), 0)

    def _key(self, name: str, account: str) -> MachineKey:
        """The node that a machine was later, by its name or instance id; else a machine of no scheduler."""
        found = self._early.get(name) or self._early.get(short_host(name)) or []
        mine = [key for key in found if key.account == account]
        return next(iter(mine or found), MachineKey(account, "", name))

    def _called(self, one: One, name: str) -> None:
        """Note a name by which others may know a machine."""
        if not name or name in one.bill_ids:
            return
        one.bill_ids[name] = None
        for known in dict.fromkeys((name, short_host(name))):
            if one not in self._by_name[known]:
                self._by_name[known].append(one)

    def _find(self, name: str, account: str = "", cluster: str | None = None) -> One | None:
        """The machine of a name: of several the one of the cluster, then of the account."""
        found = self._by_name.get(name) or self._by_name.get(short_host(name)) or []
        if cluster is not None:
            found = [one for one in found if one.key.cluster == cluster and account in ("", one.key.account)]
        mine = [one for one in found if one.key.account == account]
        return next(iter(mine or found), None)

    def _runs_machines(self) -> None:
        """Machines that only runs name."""
        for run in self._known.runs:
            for part in parts_of_run(run):
                if self._find(part.node, run.key.account, run.key.cluster) is None:
                    self._one(MachineKey(run.key.account, run.key.cluster, part.node), Said.RUN)

    def _telemetry(self, day: TelemetryDay) -> None:
        said = _SaidOf(day, self._end)
        hosts: dict[tuple[str, str], list[int]] = defaultdict(list)
        for at, row in enumerate(day.rows):
            hosts[row.account, row.host or row.name].append(at)
        for (account, host), rows in sorted(hosts.items()):
            one = self._find(host, account) or self._one(self._key(host, account), Said.TELEMETRY)
            devices = devices_of([day.rows[at] for at in rows], one.devices)
            count = max(devices) + 1
            if one.said is Said.SCHEDULER and count > one.devices:
                text = f"telemetry sees {count} GPUs, its scheduler says {one.devices}"
                self._remarks.add(one.key.path, text, self._known.start_ms, self._end)
            scheduled = one.devices if one.said is Said.SCHEDULER else 0
            one.devices = max(one.devices, count)
            for device, at in zip(devices, rows, strict=True):
                one.rows.setdefault(device, []).append(at)
                one.gpu_type = one.gpu_type or day.rows[at].model
                self._seen(one, device, at, said, scheduled=device < scheduled)

    def _seen(self, one: One, device: int, at: int, said: "_SaidOf", *, scheduled: bool) -> None:
        """What a device's own reports say: that it is there, out of order, and (without a scheduler) who has it."""
        row, day = said.day.rows[at], said.day
        start = max(row.first_seen_ms, self._known.start_ms)
        end = min(row.last_seen_ms + SILENT_MS, self._silent_until(one) if scheduled else self._end)
        if start < end:
            one.exists.append(Range(device, 1, start, end, Said.TELEMETRY))
        if not scheduled:
            for begun, ended, _ in said.held.get(at, ()):  # of the time before its first report it says nothing
                if max(begun, start) < min(ended, end):
                    one.told.append(Range(device, 1, max(begun, start), min(ended, end), Said.TELEMETRY))
            for start, end, who in said.holders.get(at, ()):
                workload, team = divmod(who, len(day.teams) + 1)
                name = day.workloads[workload - 1] if workload > 0 else ""
                owner = day.teams[team - 1] if team > 0 else ""
                holder = Holder(f"{row.account}//{name or owner or row.name}", owner, row.account)
                claim = Claim(self._holder(holder), start, end, row.weight, (device,), holder.name)
                one.labelled.append(Placed(claim, device, parts_of(row.weight), False))
        for start, end, what in said.down.get(at, ()):
            one.down.append((Range(device, 1, start, end, _FROM_TELEMETRY), day.reasons[what]))

    def _bills(self) -> None:
        for billed in sorted(self._known.billed, key=lambda one: one.resource):
            one = next(filter(None, (self._find(name, billed.account) for name in billed.names)), None)
            key = one.key if one is not None else self._billed_as(billed)
            told = self._first_told(key)
            gpus = billed.gpus or ceil(told.gpus - 1e-9)
            if one is None:
                if gpus <= 0:
                    continue
                one = self._one(key, Said.BILL)
                if not key.cluster:
                    text = "is on the bill, and no scheduler and no telemetry knows it"
                    self._remarks.add(key.path, text, self._known.start_ms, self._end)
            self._called(one, billed.resource)
            one.region = one.region or billed.region
            one.gpu_type = one.gpu_type or told.gpu_type
            one.instance_type = one.instance_type or billed.instance_type or told.instance_type
            if one.said is Said.RUN and gpus > 0:
                one.said = Said.BILL
            if one.said is Said.BILL:
                one.devices = max(one.devices, gpus)
            until = self._silent_until(one)
            one.billed += [(start, min(end, until)) for start, end in billed.spans if start < until]
            one.accounted_ms = self._known.accounted.get((one.key.account, one.key.cluster), self._end)

    def _billed_as(self, billed: BilledMachine) -> MachineKey:
        """The machine that a bill names and nothing else of the range: a node of later, or one of no scheduler."""
        keys = (self._key(name, billed.account) for name in billed.names)
        return next((key for key in keys if key.cluster), MachineKey(billed.account, "", billed.name))

    # ── who holds them ───────────────────────────────────────────────────────────────────────────────────────────────

    def _holder(self, holder: Holder) -> int:
        return self._holders.setdefault(holder, len(self._holders))

    def _claims(self) -> None:
        labelled = self._labels()
        for run in sorted(self._known.runs, key=holder_name):
            if run.start_ms is None or run.gpus <= 0:
                continue
            holder = self._holder(Holder(holder_name(run), run.team, run.key.account))
            for part in parts_of_run(run):
                begun, ended = span_of(run, part)
                if ended is not None and ended < begun:
                    self._remarks.add(
                        f"{run.key.account}/{run.key.cluster}/{part.node}",
                        f"run {run.key.job} ends before it starts: it holds nothing",
                        ended,
                        begun,
                    )
                    continue
                start, end = max(begun, self._known.start_ms), min(self._end if ended is None else ended, self._end)
                if start >= end or part.gpus <= 0:
                    continue
                one = self._find(part.node, run.key.account, run.key.cluster)
                if one is None:
                    one = self._one(MachineKey(run.key.account, run.key.cluster, part.node), Said.RUN)
                one.gpu_type, one.queue = one.gpu_type or run.gpu_type, one.queue or run.queue
                named = self._named(one, run, part, labelled)
                one.claims.append(Claim(holder, start, end, part.gpus, named, holder_name(run)))

    def _labels(self) -> dict[str, list[tuple[MachineKey, int]]]:
        """By workload that series name: the devices that they were reported of."""
        found: dict[str, list[tuple[MachineKey, int]]] = defaultdict(list)
        day = self._known.telemetry
        if day is None or not day.workloads:
            return found
        wide = len(day.workloads) + 1
        rows = np.arange(len(day.rows))[:, None] * wide
        named: dict[int, list[str]] = defaultdict(list)
        for pair in np.unique((rows + day.workload)[day.workload >= 0]).tolist():
            named[pair // wide].append(day.workloads[pair % wide])
        for one in self._ones.values():
            for device, own in one.rows.items():
                for name in dict.fromkeys(name for at in own for name in named.get(at, ())):
                    found[name].append((one.key, device))
        return found

    def _named(
        self, one: One, run: Run, part: Held, labelled: Mapping[str, Sequence[tuple[MachineKey, int]]]
    ) -> tuple[int, ...]:
        """The devices that a run names: by UUID, by index, or by the labels of their series."""
        day = self._known.telemetry
        if part.uuids and day is not None:
            names = {day.rows[at].name: device for device, rows in one.rows.items() for at in rows}
            found = tuple(sorted({names[uuid] for uuid in part.uuids if uuid in names}))
            if len(found) == len(part.uuids):
                return found
        if part.indexes:
            return tuple(sorted(set(part.indexes)))
        for name in dict.fromkeys((part.pod, part.pod.rpartition("/")[2], run.key.job)):
            mine = {device for key, device in labelled.get(name, ()) if key == one.key} if name else set()
            if mine and len(mine) >= ceil(part.gpus - 1e-9):
                return tuple(sorted(mine))[: ceil(part.gpus - 1e-9)]
        return ()


def reason_of(condition: Condition, said: str) -> str:
    """Why a node is out of use, in a word, with what its scheduler says of it."""
    word = "maintenance" if any(one in said.casefold() for one in _MAINTENANCE) else _OUT[condition]
    return f"{word}: {said}" if said and said.casefold() != word else word


class _SaidOf:
    """What telemetry says of its rows, as stretches of time: who has one that is held, whether it is, why it is down.

    Where a scheduler says who has the GPUs, only the last is asked for, and made.
    """

    def __init__(self, day: TelemetryDay, end_ms: int) -> None:
        self.day = day
        self._end_ms = end_ms

    @cached_property
    def held(self) -> Stretches:
        """Whether somebody has a row's GPU."""
        return self.day.stretches(self.day.held, self._end_ms)

    @cached_property
    def holders(self) -> Stretches:
        """Who: the workload's place + 1 times one more than there are teams, and the team's place + 1."""
        day = self.day
        both = (day.workload.astype(np.int64) + 1) * (len(day.teams) + 1) + day.team + 1
        return day.stretches(np.where(day.held == HELD, both, NOBODY), self._end_ms)

    @cached_property
    def down(self) -> Stretches:
        """Why it is down."""
        return self.day.stretches(self.day.down, self._end_ms)


def _early_names(known: Known) -> dict[str, list[MachineKey]]:
    """By name and instance id the nodes of clusters whose scheduler was first asked after the range began."""
    found: dict[str, list[MachineKey]] = defaultdict(list)
    for key, told in sorted(known.first_told.items()):
        if known.start_ms < known.began.get((key[0], key[1]), 0):
            for name in dict.fromkeys((key[2], short_host(key[2]), *told.ids)):
                found[name].append(MachineKey(*key))
    return found
