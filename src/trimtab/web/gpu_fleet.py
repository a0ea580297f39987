"""The GPUs of a range as the pages show them: each one, the nodes they are in, who lets them idle, which are broken.

Pure: made from `kpis.gpu_evidence` and what the series say of themselves. All hours are `kpis.gpu_hours`'.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from trimtab.fleet.telemetry.evidence import Evidence
from trimtab.fleet.telemetry.gpu_hours import Layers, by_gpu, by_owner, total
from trimtab.fleet.telemetry.identity import gpu_of, host_of, workload_of
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.metrics.model import Series
from trimtab.web.ownership import workload_name

IDLE_BELOW = 0.05
"""Mean activity below which a GPU is called idle: monitoring and a loaded model's keep-alive stay under 2 %."""
_LATELY = 3
"""Steps, but the last that still fills, in which a GPU must have been down to be called broken now."""
_MODEL = ("modelName", "hw.model", "hw.name", "model", "gpu_name", "name")
_INDEX = ("gpu", "hw.id", "index", "minor_number", "gpu.index")


_XIDS = {
    48: "double-bit memory error", 62: "microcontroller halted", 64: "row remap failed", 74: "NVLink error",
    79: "fell off the bus", 95: "uncontained memory error", 119: "GSP timed out", 120: "GSP failed",
    140: "unrecovered memory error",
}  # fmt: skip
"""What the fatal XIDs mean (NVIDIA, "XID Errors")."""


class State(StrEnum):
    """What a GPU is doing, in a word."""

    ACTIVE = "active"
    IDLE = "idle"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GpuNow:
    """What was last reported: bytes of memory and the last XID; None where nothing says."""

    memory_used: float | None = None
    memory_total: float | None = None
    xid: int | None = None


@dataclass(frozen=True, slots=True)
class GpuRow:
    """A GPU over the range. Hours are GPU-hours; `active` and `memory` shares (0 to 1); `source` what was measured."""

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
    paid_h: float
    allocated_h: float
    active_h: float
    idle_h: float
    down_h: float
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node with its GPUs, by index."""

    name: str
    gpus: tuple[GpuRow, ...]
    owners: tuple[str, ...]
    idle_h: float
    down: int


@dataclass(frozen=True, slots=True)
class GpuFleet:
    """Everything about the GPUs of a range. `series`: of each GPU the activity series that reported last."""

    evidence: Evidence
    start_ms: int
    end_ms: int
    gpus: tuple[GpuRow, ...]
    nodes: tuple[NodeRow, ...]
    owners: Mapping[str, Layers]
    whole: Layers
    series: Mapping[str, Series]

    @property
    def sources(self) -> list[tuple[str, float]]:
        """What the activity was measured by, with its share of the hours."""
        hours = self.whole.by_source
        whole = sum(hours)
        names = self.evidence.grid.sources
        return [(name, part / whole) for name, part in zip(names, hours, strict=True) if part > 0]

    def of_node(self, name: str) -> NodeRow | None:
        """The GPUs of one node."""
        return next((node for node in self.nodes if node.name == name), None)


def build(
    evidence: Evidence, series: Iterable[Series], now: Mapping[str, GpuNow], start_ms: int, end_ms: int
) -> GpuFleet:
    """The fleet of `evidence`; `series` are its activity series, `now` what was last reported by GPU."""
    grid = evidence.grid
    layers = by_gpu(grid)
    newest = _newest(series)
    facts = {gpu: _facts(one) for gpu, one in newest.items()}
    owners = _owners_now(evidence)
    down = _down_now(evidence)
    rows = [
        _row(gpu, facts[gpu], layers.get(gpu), owners[at], bool(down[at]), grid.sources, now.get(gpu, GpuNow()))
        for at, gpu in enumerate(grid.gpus)
        if gpu in facts
    ]
    return GpuFleet(
        evidence=evidence,
        start_ms=start_ms,
        end_ms=end_ms,
        gpus=tuple(rows),
        nodes=_nodes(rows),
        owners=by_owner(grid),
        whole=total(grid),
        series=newest,
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    node: str
    index: str
    model: str
    workload: str


def _newest(series: Iterable[Series]) -> dict[str, Series]:
    """Of each GPU the series that reported last."""
    found: dict[str, Series] = {}
    for one in series:
        gpu = gpu_of(one)
        held = found.get(gpu)
        if held is None or held.last_seen_ms < one.last_seen_ms:
            found[gpu] = one
    return found


def _facts(one: Series) -> _Facts:
    known = one.dimensions
    return _Facts(host_of(one), _first(known, _INDEX), _first(known, _MODEL), workload_of(one))


def _row(
    gpu: str,
    facts: _Facts,
    layers: Layers | None,
    owner: str,
    down: bool,
    sources: Sequence[str],
    now: GpuNow,
) -> GpuRow:
    active = layers.mean_activity if layers else None
    used, whole = now.memory_used, now.memory_total
    return GpuRow(
        gpu=gpu,
        node=facts.node,
        index=facts.index,
        model=facts.model,
        state=_state(active, down),
        owner=owner,
        pod=facts.workload,
        workload=workload_name(facts.workload),
        active=active,
        memory=used / whole if used is not None and whole else None,
        paid_h=layers.paid if layers else 0.0,
        allocated_h=layers.allocated if layers else 0.0,
        active_h=layers.active if layers else 0.0,
        idle_h=layers.idle if layers else 0.0,
        down_h=layers.down if layers else 0.0,
        source=_source(layers, sources),
        why=_why(now) if down else "",
    )


def _state(active: float | None, down: bool) -> State:
    if down:
        return State.DOWN
    if active is None:
        return State.UNKNOWN
    return State.IDLE if active < IDLE_BELOW else State.ACTIVE


def _source(layers: Layers | None, sources: Sequence[str]) -> str:
    if layers is None or not any(layers.by_source):
        return ""
    return sources[int(np.argmax(layers.by_source))]


def _why(now: GpuNow) -> str:
    if not now.xid:
        return "silent, failed or drained while its host is up"
    meaning = _XIDS.get(now.xid)
    return f"XID {now.xid}" + (f": {meaning}" if meaning else "")


def _nodes(rows: Iterable[GpuRow]) -> tuple[NodeRow, ...]:
    """Nodes, those with most idle GPU-hours first."""
    by_node: dict[str, list[GpuRow]] = defaultdict(list)
    for row in rows:
        by_node[row.node].append(row)
    nodes = [
        NodeRow(
            name,
            tuple(sorted(found, key=_by_index)),
            tuple(dict.fromkeys(row.owner for row in sorted(found, key=lambda row: (row.owner == UNOWNED, row.owner)))),
            sum(row.idle_h for row in found),
            sum(row.state is State.DOWN for row in found),
        )
        for name, found in by_node.items()
    ]
    return tuple(sorted(nodes, key=lambda node: (-round(node.idle_h, 2), node.name)))


def _owners_now(evidence: Evidence) -> list[str]:
    grid = evidence.grid
    return [grid.owners[place] for place in grid.owner[:, -1].tolist()]


def _down_now(evidence: Evidence) -> Sequence[bool]:
    """Down in every one of the last whole steps; the one that still fills may only lack its report."""
    down = evidence.grid.down
    lately = down[:, -_LATELY - 1 : -1] if down.shape[1] > _LATELY else down
    return list(map(bool, np.all(lately, axis=1).tolist()))


def _by_index(row: GpuRow) -> tuple[int, str]:
    return (int(row.index) if row.index.isdecimal() else 1 << 30, row.gpu)


def _first(pairs: Mapping[str, str], names: Iterable[str]) -> str:
    return next((value for name in names if (value := pairs.get(name))), "")
