"""Puts what schedulers, runs, telemetry and bills say of machines side by side, device by device. Pure.

A machine is a node of a scheduler where one knows it; its telemetry and its bill are found by its name and its instance
ids. What no scheduler knows is a machine by itself: of telemetry, from its first report until a week after its last; of
a bill, for the hours that it bills; of a run alone, while the run held it. Everything that does not fit is a remark.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from trimtab.fleet.claims import UNPLACED, holder_name, most_at_once, parts_of_run, span_of
from trimtab.fleet.devices import Work, devices_of, joint_activity
from trimtab.fleet.model import (
    DAY_MS,
    Activity,
    Facts,
    Holder,
    Machine,
    MachineKey,
    Remark,
    Remarks,
    Said,
    Spans,
)
from trimtab.fleet.place import Claim, Placed, parts_of, place
from trimtab.fleet.telemetry.day import GpuRow, TelemetryDay, runs_of
from trimtab.fleet.telemetry.identity import short_host
from trimtab.inventory.runs.model import Condition, Held, LifeStretch, NodeLife, Run

SILENT_MS = 7 * DAY_MS
"""How long a machine that only telemetry knows is there after its last report."""
_OUT = {Condition.DRAINED: "drained", Condition.DOWN: "failed"}
SCHEDULED = ("drained", "failed", "maintenance")
"""The first words of reasons that a scheduler gives; what follows the colon is its own."""
_MAINTENANCE = ("maint", "reboot", "upgrade")
_FROM_SCHEDULER, _FROM_TELEMETRY = 0, 1  # ranks of reasons for being down


@dataclass(frozen=True, slots=True)
class BilledMachine:
    """A machine that a bill names and its hours: `[start, end)` each. `gpus` by its instance type."""

    resource: str
    account: str
    region: str
    instance_type: str
    gpus: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of a range `[start, end)`; what goes on at `now_ms` is known until then.

    `shares`: by run's name and node its measured share of the time of devices (by index) that several take in turns.
    """

    start_ms: int
    end_ms: int
    now_ms: int
    lives: Sequence[NodeLife] = ()
    runs: Sequence[Run] = ()
    telemetry: TelemetryDay | None = None
    billed: Sequence[BilledMachine] = ()
    sliced: frozenset[tuple[str, str, str]] = frozenset()
    shares: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)


@dataclass(slots=True)
class _One:
    """A machine while it is put together; device numbers are its own."""

    key: MachineKey
    devices: int = 0
    gpu_type: str = ""
    instance_type: str = ""
    region: str = ""
    queue: str = ""
    bill_ids: dict[str, None] = field(default_factory=dict)
    exists: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    told: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    down: list[tuple[int, int, int, str, int]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    labelled: list[Placed] = field(default_factory=list)
    rows: dict[int, list[int]] = field(default_factory=dict)  # telemetry's rows by device
    said: Said = Said.SCHEDULER


@dataclass(frozen=True, slots=True)
class Assembled:
    """Machines, where their devices begin among all of the facts, the facts, and what does not fit."""

    machines: tuple[Machine, ...]
    offsets: tuple[int, ...]
    facts: Facts
    assumed: frozenset[tuple[int, int]]
    remarks: tuple[Remark, ...]


def assemble(known: Known) -> Assembled:
    """The facts of a range."""
    return _Assembly(known).made()


class _Assembly:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._end = min(known.end_ms, known.now_ms)
        self._ones: dict[MachineKey, _One] = {}
        self._by_name: dict[str, list[_One]] = defaultdict(list)
        self._holders: dict[Holder, int] = {}
        self._remarks = Remarks()

    def made(self) -> Assembled:
        for life in sorted(self._known.lives, key=lambda one: (one.account, one.cluster, one.name)):
            self._life(life)
        self._runs_machines()
        if self._known.telemetry is not None:
            self._telemetry(self._known.telemetry)
        self._bills()
        self._claims()
        ones = [self._ones[key] for key in sorted(self._ones) if self._ones[key].devices]
        return self._joined(ones)

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
            for device in range(count):
                one.exists.append((device, start, end, 0, Said.SCHEDULER))
                one.told.append((device, start, end, 0, Said.SCHEDULER))
                if stretch.condition in _OUT:
                    one.down.append((device, start, end, reason_of(stretch.condition, stretch.reason), _FROM_SCHEDULER))
            if last is not None and ceil(last.gpus - 1e-9) != count:
                text = f"has {count} GPUs, and had {ceil(last.gpus - 1e-9)} before"
                self._remarks.add(one.key.path, text, start, end)
            last = stretch

    def _one(self, key: MachineKey, said: Said) -> _One:
        one = self._ones.get(key)
        if one is None:
            one = self._ones[key] = _One(key, said=said)
            self._called(one, key.name)
        return one

    def _called(self, one: _One, name: str) -> None:
        """Note a name by which others may know a machine."""
        if not name or name in one.bill_ids:
            return
        one.bill_ids[name] = None
        for known in dict.fromkeys((name, short_host(name))):
            if one not in self._by_name[known]:
                self._by_name[known].append(one)

    def _find(self, name: str, account: str = "", cluster: str | None = None) -> _One | None:
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
        hosts: dict[tuple[str, str], list[int]] = defaultdict(list)
        for at, row in enumerate(day.rows):
            hosts[row.account, row.host or row.name].append(at)
        for (account, host), rows in sorted(hosts.items()):
            one = self._find(host, account) or self._one(MachineKey(account, "", host), Said.TELEMETRY)
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
                self._seen(one, device, at, day, scheduled=device < scheduled)

    def _seen(self, one: _One, device: int, at: int, day: TelemetryDay, *, scheduled: bool) -> None:
        """What a device's own reports say: that it is there, out of order, and (without a scheduler) who has it."""
        row = day.rows[at]
        if not scheduled:
            start = max(row.first_seen_ms, self._known.start_ms)
            end = min(row.last_seen_ms + SILENT_MS, self._end)
            if start < end:
                one.exists.append((device, start, end, 0, Said.TELEMETRY))
            self._labelled(one, device, row, at, day)
        for begin, until, what in runs_of(day.down[at]):
            if what >= 0:
                span = day.start_ms + begin * day.step_ms, min(day.start_ms + until * day.step_ms, self._end)
                one.down.append((device, *span, day.reasons[what], _FROM_TELEMETRY))

    def _labelled(self, one: _One, device: int, row: GpuRow, at: int, day: TelemetryDay) -> None:
        """Who has a device by the labels of its series."""
        held = day.held[at]
        for begin, until, value in runs_of(held):
            if value >= 0:
                span = day.start_ms + begin * day.step_ms, min(day.start_ms + until * day.step_ms, self._end)
                one.told.append((device, *span, 0, Said.TELEMETRY))
        both = np.where(held == 1, day.workload[at] * (len(day.teams) + 1) + day.team[at] + 1, -1 << 40)
        for begin, until, value in runs_of(both):
            if value == -1 << 40:
                continue
            workload, team = divmod(value, len(day.teams) + 1)
            name = day.workloads[workload] if workload >= 0 else ""
            owner = day.teams[team - 1] if team > 0 else ""
            holder = Holder(f"{row.account}//{name or owner or row.name}", owner, row.account)
            start, end = day.start_ms + begin * day.step_ms, min(day.start_ms + until * day.step_ms, self._end)
            if start < end:
                claim = Claim(self._holder(holder), start, end, row.weight, (device,), holder.name)
                one.labelled.append(Placed(claim, device, parts_of(row.weight), False))

    def _bills(self) -> None:
        for billed in sorted(self._known.billed, key=lambda one: one.resource):
            bare = billed.resource.rpartition("/")[2]
            one = self._find(billed.resource, billed.account) or self._find(bare, billed.account)
            if one is not None:
                self._called(one, billed.resource)
                one.region = one.region or billed.region
                one.instance_type = one.instance_type or billed.instance_type
                continue
            if billed.gpus <= 0:
                continue
            one = self._one(MachineKey(billed.account, "", bare), Said.BILL)
            self._called(one, billed.resource)
            one.devices, one.instance_type, one.region = billed.gpus, billed.instance_type, billed.region
            for start, end in billed.spans:
                one.exists += [(device, start, end, 0, Said.BILL) for device in range(billed.gpus)]
            text = "is on the bill, and no scheduler and no telemetry knows it"
            self._remarks.add(one.key.path, text, self._known.start_ms, self._end)

    # ── who holds them ───────────────────────────────────────────────────────────────────────────────────────────────

    def _holder(self, holder: Holder) -> int:
        return self._holders.setdefault(holder, len(self._holders))

    def _claims(self) -> None:
        labelled = self._labels()
        for run in sorted(self._known.runs, key=holder_name):
            if run.start_ms is None or run.gpus <= 0:
                continue
            holder = self._holder(Holder(holder_name(run), run.team or run.user, run.key.account))
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

    def _labels(self) -> dict[tuple[str, int], list[tuple[MachineKey, int]]]:
        """By workload that series name: the devices that they were reported of."""
        found: dict[tuple[str, int], list[tuple[MachineKey, int]]] = defaultdict(list)
        day = self._known.telemetry
        if day is None:
            return found
        for one in self._ones.values():
            for device, rows in one.rows.items():
                for at in rows:
                    for place_ in np.unique(day.workload[at]).tolist():
                        if place_ >= 0:
                            found[day.workloads[place_], 0].append((one.key, device))
        return found

    def _named(
        self, one: _One, run: Run, part: Held, labelled: Mapping[tuple[str, int], Sequence[tuple[MachineKey, int]]]
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
            mine = {device for key, device in labelled.get((name, 0), ()) if key == one.key} if name else set()
            if mine and len(mine) >= ceil(part.gpus - 1e-9):
                return tuple(sorted(mine))[: ceil(part.gpus - 1e-9)]
        return ()

    # ── all together ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _joined(self, ones: Sequence[_One]) -> Assembled:
        for one in self._ones.values():
            self._grow(one)
        ones = [self._ones[key] for key in sorted(self._ones) if self._ones[key].devices]
        offsets = np.concatenate([[0], np.cumsum([one.devices for one in ones])]).astype(int).tolist()
        activity = self._activity(ones, offsets)
        exists: list[tuple[int, int, int, int, int]] = []
        told: list[tuple[int, int, int, int, int]] = []
        down: list[tuple[int, int, int, int, int]] = []
        held: list[tuple[int, int, int, int, int]] = []
        parts: list[int] = []
        weights: list[float] = []
        reasons = sorted({reason for one in ones for *_, reason, _ in one.down})
        places = {reason: at for at, reason in enumerate(reasons)}
        order = sorted(self._holders, key=lambda holder: (holder.name, holder.team))
        ranks = {self._holders[holder]: at for at, holder in enumerate(order)}
        assumed: set[tuple[int, int]] = set()
        for one, offset in zip(ones, offsets, strict=False):
            exists += [(offset + device, *rest) for device, *rest in one.exists]
            told += [(offset + device, *rest) for device, *rest in one.told]
            down += [(offset + dev, start, end, places[why], rank) for dev, start, end, why, rank in one.down]
            work = Work(activity, offset)
            by_runs = place(one.claims, one.devices, work)
            shares = [self._share(one, placed, order[ranks[placed.claim.holder]]) for placed in by_runs]
            # Turns that are not measured all alike are divided by what was given: nobody says that it was so.
            guessed = one.key in self._known.sliced and any(np.isnan(share) for share in shares)
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
            self._known.start_ms,
            self._end,
            offsets[-1],
            Spans.of(exists),
            Spans.of(told),
            Spans.of(down),
            spans,
            activity,
            reasons,
            order,
        )
        machines = tuple(
            Machine(
                one.key, one.devices, one.gpu_type, one.instance_type, one.region, tuple(one.bill_ids),
                one.key in self._known.sliced, one.queue,
            )
            for one in ones
        )  # fmt: skip
        remarks = tuple(sorted(self._remarks.found, key=lambda one: (one.machine, one.start_ms, one.text)))
        return Assembled(machines, tuple(offsets), facts, frozenset(assumed), remarks)

    def _grow(self, one: _One) -> None:
        """A machine that only runs know has as many devices as they held at once, or name."""
        named = max((device + 1 for claim in one.claims for device in claim.named), default=0)
        if named > one.devices and one.devices and one.said is Said.SCHEDULER:
            text = f"a run names GPU {named - 1}, and the scheduler says that there are {one.devices}"
            self._remarks.add(one.key.path, text, self._known.start_ms, self._end)
        one.devices = max(one.devices, named)
        if one.said is Said.RUN and one.claims:
            one.devices = max(one.devices, most_at_once(one.claims))
            text = "is named by runs, and no scheduler's list of nodes, telemetry or bill knows it"
            if one.key.name != UNPLACED:
                self._remarks.add(one.key.path, text, self._known.start_ms, self._end)
        elif not one.devices and one.claims:
            one.devices = most_at_once(one.claims)

    def _activity(self, ones: Sequence[_One], offsets: Sequence[int]) -> Activity | None:
        day = self._known.telemetry
        if day is None:
            return None
        values = np.full((offsets[-1], day.activity.shape[1]), np.nan)
        for one, offset in zip(ones, offsets, strict=False):
            for device, rows in one.rows.items():
                values[offset + device] = joint_activity(
                    [day.activity[at] for at in rows], [day.rows[at].weight for at in rows]
                )
        return Activity(day.start_ms, day.step_ms, values)

    def _share(self, one: _One, placed: Placed, holder: Holder) -> float:
        """The measured share of a holder of a device that several take in turns; NaN where it is not measured."""
        shares = self._known.shares.get((holder.name, one.key.name))
        if shares is None:
            return float("nan")
        if not placed.assumed and any(name.isdecimal() for name in shares):
            return shares.get(str(placed.device), 0.0)
        return sum(shares.values()) / max(1, ceil(placed.claim.gpus))


def reason_of(condition: Condition, said: str) -> str:
    """Why a node is out of use, in a word, with what its scheduler says of it."""
    word = "maintenance" if any(one in said.casefold() for one in _MAINTENANCE) else _OUT[condition]
    return f"{word}: {said}" if said and said.casefold() != word else word
