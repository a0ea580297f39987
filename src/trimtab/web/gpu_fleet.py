"""The GPUs of a range as the pages show them: each one, the machines they are in, who lets them idle, which are down.

Pure: hours, holders and costs are the fleet ledger's; series only say what a GPU is called and what it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct, field

from trimtab.fleet.frame import (
    NOBODY_HELD,
    UNOWNED,
    Costed,
    DeviceCost,
    DeviceHours,
    Frame,
    Totals,
    by_team,
    grouped,
    totals,
)
from trimtab.fleet.model import MachineKey
from trimtab.fleet.model import State as Holding
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.naming import series_by_device
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found
from trimtab.fleet.telemetry.identity import gpu_of, short_host, weight_of
from trimtab.gpu_faults import catalogue
from trimtab.metrics.model import Series
from trimtab.web.fleet import Trend
from trimtab.web.ownership import workload_name

IDLE_BELOW = 0.05
"""Activity below which a GPU is called inactive: monitoring and a loaded model's keep-alive stay under 2 %."""
_MODEL = ("modelName", "hw.model", "hw.name", "model", "gpu_name", "name")
_FEW = 2
Device = tuple[str, int]


class State(StrEnum):
    """What a GPU is at the end of the range, in a word."""

    ACTIVE = "active"
    """Held and at work."""
    INACTIVE = "inactive"
    """Held, and under `IDLE_BELOW` at work over the range."""
    HELD = "held"
    """Held, and nothing measures its work."""
    FREE = "free"
    DOWN = "down"
    UNKNOWN = "unknown"


class GpuNow(Struct, frozen=True):
    """What was last reported: bytes of memory and the last XID; None where nothing says."""

    memory_used: float | None = None
    memory_total: float | None = None
    xid: int | None = None


class GpuRow(Struct, frozen=True):
    """A GPU over the range. Hours are GPU-hours of the ledger; `active` (÷ existing) and `memory` are shares (0 to 1).

    `owner` has it at the end of the range; `last` had it last. `source` is what its work was measured by. `idle_cost`
    is in `currency`, None where its price is unknown or in several; `costs` has all.
    """

    gpu: str
    node: str
    index: str
    model: str
    state: State
    owner: str
    pod: str
    workload: str
    active: float | None
    memory: float | None
    existing_h: float
    down_h: float
    held_h: float
    free_h: float
    unknown_h: float
    active_h: float
    inactive_h: float
    unmeasured_h: float
    idle_h: float
    idle_cost: float | None
    currency: str
    source: str
    why: str
    last: str
    machine: str
    costs: DeviceCost | None = None

    @property
    def holds(self) -> bool:
        """Whether somebody holds it at the end of the range."""
        return self.state in (State.ACTIVE, State.INACTIVE, State.HELD)

    @property
    def idles(self) -> bool:
        """Whether it did next to nothing over the range, and nobody or an idle holder has it."""
        return self.state in (State.INACTIVE, State.FREE) and (self.active or 0.0) < IDLE_BELOW


COLUMNS = tuple(name for name in GpuRow.__struct_fields__ if name != "costs")
"""What tables, JSON and CSV have of a GPU, in order."""


class NodeRow(Struct, frozen=True):
    """A machine with its GPUs, by index."""

    name: str
    gpus: tuple[GpuRow, ...]
    owners: tuple[str, ...]
    idle_h: float
    down: int
    machine: str = ""


class GpuFleet(Struct, frozen=True):
    """Everything about the GPUs of `[start_ms, end_ms)`. `teams`: hours by team, of what nobody held too.

    `series`: of each GPU the activity series that reported last. `buckets`: the same hours by whole hour or day.
    """

    start_ms: int
    end_ms: int
    gpus: tuple[GpuRow, ...]
    nodes: tuple[NodeRow, ...]
    teams: Mapping[str, Totals]
    whole: Totals
    costed: Costed
    series: Mapping[str, Series] = field(default_factory=dict)
    buckets: Sequence[Totals] = ()

    def trend(self, name: str) -> Trend:
        """A sparkline of one column of hours over the range's whole hours or days; none of fewer than three."""
        return [getattr(one, name) for one in self.buckets] if len(self.buckets) > _FEW else []

    @property
    def sources(self) -> list[tuple[str, float]]:
        """What activity was measured by, with its share of the GPUs of which it is known."""
        known = [row.source for row in self.gpus if row.source]
        order = [name for name, _ in concepts.ACTIVITY]
        return [(name, known.count(name) / len(known)) for name in sorted(set(known), key=order.index)]

    def of_node(self, name: str) -> NodeRow | None:
        """The GPUs of one machine, by its whole name or the short one."""
        whole = next((node for node in self.nodes if node.name == name), None)
        return whole or next((node for node in self.nodes if short_host(node.name) == short_host(name)), None)


class Telemetry(Struct, frozen=True):
    """What series say beside hours: those of activity (of each the place of its metric in the order of what measures
    best), what was last reported by GPU, and the names of runs by holder."""

    activity: Sequence[tuple[int, Found]] = ()
    now: Mapping[str, GpuNow] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)


def build(
    devices: Sequence[DeviceHours],
    costed: Costed,
    costs: Mapping[Device, DeviceCost],
    telemetry: Telemetry,
    course: Frame | None = None,
) -> GpuFleet:
    """The fleet of the ledger's accelerators and its costed range; `course` is the same range by hours or days."""
    frame = costed.frame
    series = series_by_device((one.series for _, one in telemetry.activity), frame.facts)
    place = {one.series.id: at for at, one in telemetry.activity}
    rows: list[GpuRow] = []
    newest: dict[str, Series] = {}
    for one in devices:
        key = one.machine, one.device
        mine = series.get(key, ())
        row = _row(one, mine, frame.facts.get(one.machine), costs.get(key), place, telemetry)
        rows.append(row)
        if mine:
            newest[row.gpu] = mine[0]
    return GpuFleet(
        start_ms=frame.start_ms,
        end_ms=frame.end_ms,
        gpus=tuple(rows),
        nodes=_nodes(rows),
        teams=by_team(frame),
        whole=totals(frame),
        costed=costed,
        series=newest,
        buckets=buckets_of(course) if course is not None else (),
    )


def buckets_of(course: Frame) -> list[Totals]:
    """The sums of each whole bucket of a frame, in order of time."""
    starts, place = np.unique(course.bucket, return_inverse=True)
    size = int(np.diff(starts).min()) if len(starts) > 1 else 0
    sums = grouped(course, np.asarray(place, np.int64), len(starts))
    ends = starts + size
    whole = (starts >= course.start_ms) & (ends <= course.end_ms)
    return [one for one, kept in zip(sums, whole.tolist(), strict=True) if kept]


def _row(
    one: DeviceHours,
    series: Sequence[Series],
    facts: MachineFacts | None,
    cost: DeviceCost | None,
    place: Mapping[int, int],
    telemetry: Telemetry,
) -> GpuRow:
    hours, node = one.totals, MachineKey.parse(one.machine).name
    name = _name(series[0]) if series else f"{node}/{one.device}"
    now = telemetry.now.get(gpu_of(series[0]), GpuNow()) if series else GpuNow()
    held = one.state is Holding.HELD
    job = one.holder.split("/", 2)[-1] if held else ""
    pod = "" if job in (one.team, name) else job
    idle = cost.idle if cost is not None else {}
    currency, amount = next(iter(idle.items())) if len(idle) == 1 else ("", None)
    best = min((place[each.id] for each in series), default=None) if hours.measured else None
    return GpuRow(
        gpu=name,
        node=node,
        index=str(one.device),
        model=_model(series) or (facts.gpu_type or facts.instance_type if facts else ""),
        state=_state(one),
        owner=(one.team or UNOWNED) if held else NOBODY_HELD,
        pod=pod,
        workload=telemetry.runs.get(one.holder) or workload_name(pod.rpartition("/")[2]) if pod else "",
        active=hours.active_share,
        memory=now.memory_used / now.memory_total if now.memory_used is not None and now.memory_total else None,
        existing_h=hours.existing,
        down_h=hours.down,
        held_h=hours.held,
        free_h=hours.free,
        unknown_h=hours.unknown,
        active_h=hours.active,
        inactive_h=hours.inactive,
        unmeasured_h=hours.unmeasured,
        idle_h=hours.idle,
        idle_cost=None if amount is None else float(amount),
        currency=currency,
        source="" if best is None else concepts.ACTIVITY[best][0],
        why=_why(one, now) if one.state is Holding.DOWN else "",
        last=(one.team or UNOWNED) if one.holder else "",
        machine=one.machine,
        costs=cost,
    )


def _name(one: Series) -> str:
    """What series call a GPU; of an instance of one that is divided, the whole."""
    return gpu_of(one).partition("/")[0] if weight_of(one) < 1 else gpu_of(one)


def _model(series: Iterable[Series]) -> str:
    return next((value for one in series for name in _MODEL if (value := one.dimensions.get(name))), "")


def _state(one: DeviceHours) -> State:
    if one.state is not Holding.HELD:
        return {Holding.DOWN: State.DOWN, Holding.FREE: State.FREE}.get(one.state, State.UNKNOWN)
    busy = one.totals.busy_share
    if busy is None:
        return State.HELD
    return State.INACTIVE if busy < IDLE_BELOW else State.ACTIVE


def _why(one: DeviceHours, now: GpuNow) -> str:
    if not now.xid or now.xid not in catalogue.down_while_idle():
        return one.reason or "out of use"
    return f"XID {now.xid}: {catalogue.meaning(now.xid)}; {catalogue.words(catalogue.xids()[now.xid].action)}"


def _nodes(rows: Iterable[GpuRow]) -> tuple[NodeRow, ...]:
    """Machines, those with most idle GPU-hours first."""
    machines: dict[str, list[GpuRow]] = defaultdict(list)
    for row in rows:
        machines[row.machine].append(row)
    nodes = [
        NodeRow(
            found[0].node,
            tuple(sorted(found, key=lambda row: int(row.index))),
            tuple(sorted({row.owner for row in found}, key=lambda name: (name in (NOBODY_HELD, UNOWNED), name))),
            sum(row.idle_h for row in found),
            sum(row.state is State.DOWN for row in found),
            machine,
        )
        for machine, found in machines.items()
    ]
    return tuple(sorted(nodes, key=lambda node: (-round(node.idle_h, 2), node.name)))
