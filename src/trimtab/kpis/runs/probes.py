"""A cheap look at runs that go on: which of them may hang, so that the dear look is taken at those alone.

A hang needs that no GPU of the run moves any data and that some run kernels. So a run is well where one of a few of its
GPUs has moved data lately, and idle where none of all runs a kernel. Whatever is not told is looked at in full.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.devices import Device
from trimtab.fleet.telemetry.identity import gpu_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.model import RunKey
from trimtab.kpis.runs.activity import Activity
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic

LATELY_MS = 180_000
"""A stall that lasts longer is looked at in full: shorter ones never make a hang, nor a run's usual pause longer."""
MOVES_FROM = 0.05
"""Tensor or memory activity of a moment above which a GPU moves data: twice what any spinning one shows."""
BUSY_FROM = 0.01
"""Activity of a moment above which a kernel may run: half of what the dear look asks."""
_SAMPLED = 2
_PERIOD_S = 60
_MAXIMUM = parse_statistic("Maximum")


class State(Enum):
    """What a cheap look says of a run."""

    MOVES = "moves data"
    IDLE = "runs no kernel"
    UNSURE = "may hang"


class Probe(Struct, frozen=True):
    """Series of a run by the factor that turns their values into shares: `work` is tensor and memory activity of a few
    of its GPUs, `active` the activity of all."""

    work: Mapping[float, tuple[int, ...]]
    active: Mapping[float, tuple[int, ...]]


NOTHING = Probe({}, {})
"""Of a run whose GPUs tell of no memory activity."""


def probes_of(
    registry: Registry, scope: Scope, activities: Mapping[RunKey, Activity], since_ms: int
) -> dict[RunKey, Probe]:
    """The probes of runs; of those whose GPUs tell of no memory activity there is none: no hang is ever seen there."""
    sampled = {key: _sample(one.devices.known) for key, one in activities.items()}
    wanted = {device.gpu for devices in sampled.values() for device in devices}
    work: dict[str, list[Found]] = {}
    told: set[str] = set()
    finder = Finder(registry, scope, since_ms)
    for metrics in (concepts.GPU_MEMORY_BUSY, concepts.GPU_TENSOR):
        for one in finder.all(metrics):
            gpu = gpu_of(one.series)
            if gpu in wanted:
                work.setdefault(gpu, []).append(one)
                if metrics is concepts.GPU_MEMORY_BUSY:
                    told.add(gpu)
    found = {}
    for key, devices in sampled.items():
        if any(device.gpu in told for device in devices):
            active = [one for device in activities[key].devices.known for _, one in device.series]
            mine = [one for device in devices for one in work.get(device.gpu, ())]
            found[key] = Probe(_by_scale(mine), _by_scale(active))
    return found


async def states(reader: Reader, scope: Scope, probes: Mapping[RunKey, Probe], now_ms: int) -> dict[RunKey, State]:
    """What each run does lately: two reads, the second of those alone that move nothing. Raises QueryAborted,
    Unavailable."""
    work = await _most(reader, scope, {key: probe.work for key, probe in probes.items()}, now_ms)
    found = {key: State.MOVES for key, most in work.items() if most > MOVES_FROM}
    rest = {key: probe.active for key, probe in probes.items() if key not in found}
    active = await _most(reader, scope, rest, now_ms)
    for key in rest:
        quiet = active[key] <= BUSY_FROM  # NaN, where nothing is told, is not
        found[key] = State.IDLE if quiet else State.UNSURE
    return found


def _sample(devices: Sequence[Device]) -> tuple[Device, ...]:
    """The first and the last GPU, which are on different nodes where there are several."""
    return tuple(devices) if len(devices) <= _SAMPLED else (devices[0], devices[-1])


def _by_scale(found: Sequence[Found]) -> dict[float, tuple[int, ...]]:
    scales = dict.fromkeys(one.metric.scale for one in found)
    return {scale: tuple(one.series.id for one in found if one.metric.scale == scale) for scale in scales}


async def _most(
    reader: Reader, scope: Scope, asked: Mapping[RunKey, Mapping[float, tuple[int, ...]]], now_ms: int
) -> dict[RunKey, float]:
    """The greatest value of each run lately; NaN where nothing is told."""
    parts = [(key, scale, ids) for key, series in asked.items() for scale, ids in series.items()]
    if not parts:
        return dict.fromkeys(asked, np.nan)
    requests = [StatRequest(ids, _MAXIMUM, _PERIOD_S) for *_, ids in parts]
    answers = await reader.statistics(scope, requests, now_ms - LATELY_MS, now_ms)
    most = dict.fromkeys(asked, np.nan)
    for (key, scale, _), answer in zip(parts, answers, strict=True):
        most[key] = float(np.fmax(most[key], _greatest(answer) * scale))
    return most


def _greatest(answer: StatSeries) -> float:
    known = answer.values[~np.isnan(answer.values)]
    return float(known.max()) if len(known) else float("nan")
