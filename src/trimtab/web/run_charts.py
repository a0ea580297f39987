"""What the pages of runs draw: the queue over time, a run's course, and the activity of each of its GPUs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.charts.heat_strip import Segment, heat_strip, segment_bar
from trimtab.charts.svg import Svg
from trimtab.fleet.phases.phase import Phase
from trimtab.kpis.runs.activity import Activity
from trimtab.kpis.runs.phases import GpuPhases
from trimtab.kpis.runs.placement import GpuUse, Idle
from trimtab.kpis.runs.profile import Use, UseShare
from trimtab.kpis.runs.queue import QueueReport
from trimtab.kpis.runs.report import RunReport, length_of
from trimtab.web import format as words

MOST_STRIPS = 64
"""GPUs of a run that are drawn one by one: eight nodes. The least active of more."""
_COLUMNS = 160
_QUEUE_LINES: tuple[tuple[str, Idle | None, int], ...] = (
    ("waited for", None, 1),
    ("idle: free", Idle.FREE, 3),
    ("idle: fragmented", Idle.FRAGMENTED, 2),
    ("idle: wrong type", Idle.WRONG_TYPE, 4),
    ("idle: reserved", Idle.RESERVED, 6),
    ("idle: drained", Idle.DRAINED, 7),
)
HELD_STYLE = "seg-held"
IDLE_STYLES: Mapping[Idle, str] = {
    Idle.FREE: "seg-free",
    Idle.FRAGMENTED: "seg-fragmented",
    Idle.WRONG_TYPE: "seg-wrong",
    Idle.RESERVED: "seg-reserved",
    Idle.DRAINED: "seg-drained",
}

USE_STYLES: Mapping[Use, str] = {
    Use.COMPUTE: "seg-held",
    Use.COMMUNICATION: "seg-fragmented",
    Use.COPIES: "seg-wrong",
    Use.IDLE: "seg-wait",
}


PHASE_STYLES: Mapping[Phase, str] = {
    Phase.PRODUCTIVE: "seg-held",
    Phase.WARMING_UP: "seg-free",
    Phase.CHECKPOINTING: "seg-reserved",
    Phase.RECOMPUTED: "seg-wrong",
    Phase.STRAGGLER: "seg-fragmented",
    Phase.STARVED: "seg-starved",
    Phase.COMMUNICATION: "seg-drained",
    Phase.HUNG: "seg-hung",
    Phase.IDLE: "seg-wait",
    Phase.UNKNOWN: "seg-unknown",
}


def phase_band(gpu_phases: GpuPhases) -> Svg | None:
    """What most GPUs of a run did, from its start to its end."""
    parts = [
        Segment(
            one.end_ms - one.start_ms,
            PHASE_STYLES[one.phase],
            f"{one.phase.words} for {length_of((one.end_ms - one.start_ms) / 1000)} from {words.instant(one.start_ms)}",
        )
        for one in gpu_phases.band()
    ]
    told = ", ".join(f"{phase.words} {hours:.1f} GPU-hours" for phase, hours in gpu_phases.hours.items() if hours > 0)
    return segment_bar(parts, told) if parts else None


def queue_payload(found: QueueReport) -> dict[str, Any]:
    """The timeline as the time-series element reads it: lines that are nothing all along are left out."""
    moments = found.timeline
    step = moments[1].at_ms - moments[0].at_ms if len(moments) > 1 else 60_000
    series = []
    for label, why, slot in _QUEUE_LINES:
        values = [one.pending if why is None else one.idle.get(why, 0.0) for one in moments]
        if why is None or any(values):
            series.append({"key": label, "label": label, "slot": slot, "gap": 1, "dimensions": {}, "values": values})
    return {
        "t0": moments[0].at_ms if moments else found.start_ms,
        "step": step, "count": len(moments), "offset": 0,
        "start": found.start_ms, "end": found.end_ms, "partial": False,
        "format": "number", "suffix": "GPUs", "total": len(series), "series": series,
    }  # fmt: skip


def activity_payload(report: RunReport) -> dict[str, Any]:
    """The mean activity of a run's GPUs, a line a node, as the time-series element reads it."""
    activity = report.activity
    if activity is None:
        return {"t0": 0, "step": 60_000, "count": 0, "offset": 0, "start": 0, "end": 60_000, "partial": False,
                "format": "fraction", "suffix": "", "total": 0, "series": []}  # fmt: skip
    step_ms, count = activity.step_s * 1000, activity.values.shape[1]
    nodes = list(dict.fromkeys(device.node for device in activity.devices.known))
    several = len(nodes) > 8
    series = []
    for slot, node in enumerate(["all nodes"] if several else nodes, 1):
        rows = [at for at, device in enumerate(activity.devices.known) if several or device.node == node]
        values = [None if np.isnan(one) else round(float(one), 4) for one in _mean(activity.values[rows], 0)]
        label = node or "GPUs"
        series.append({"key": label, "label": label, "slot": slot, "gap": 2, "dimensions": {}, "values": values})
    end = activity.start_ms + count * step_ms
    return {
        "t0": activity.start_ms, "step": step_ms, "count": count, "offset": 0,
        "start": activity.start_ms, "end": end, "partial": False,
        "format": "fraction", "suffix": "", "total": len(nodes), "series": series,
    }  # fmt: skip


class Strip(Struct, frozen=True):
    """A GPU's row: where it is, its activity over the run, its mean, and its memory at most."""

    node: str
    index: str
    gpu: str
    drawn: Svg
    active: float | None
    memory: float | None


def strips(activity: Activity) -> list[Strip]:
    """The GPUs of a run, by node and index; of more than `MOST_STRIPS` the least active."""
    found = []
    for at, device in enumerate(activity.devices.known):
        values = np.where(activity.seconds[at] > 0, activity.values[at], np.nan)
        known = ~np.isnan(values)
        mean = float(np.average(values[known], weights=activity.seconds[at][known])) if known.any() else None
        name = f"{device.node} GPU {device.index}" if device.index else device.gpu
        said = "activity unknown" if mean is None else f"{mean:.0%} active on average"
        memory = None if np.isnan(activity.memory[at]) else float(activity.memory[at])
        drawn = heat_strip(_thinned(values), f"{name}: {said}")
        found.append(Strip(device.node, device.index, device.gpu, drawn, mean, memory))
    if len(found) <= MOST_STRIPS:
        return found
    least = sorted(found, key=lambda one: -1.0 if one.active is None else one.active)[:MOST_STRIPS]
    return [one for one in found if one in least]


def course(report: RunReport, now_ms: int) -> Svg | None:
    """A run's bar from its submission to its end: what it waited for, and how long it ran. None for an instant."""
    run = report.run
    parts = [
        Segment(
            one.to_ms - one.from_ms, "seg-wait", f"waited {length_of((one.to_ms - one.from_ms) / 1000)}: {one.reason}"
        )
        for one in report.stretches
    ]
    covered = sum(part.length for part in parts)
    if report.wait_ms > covered:
        rest = report.wait_ms - covered
        parts.append(Segment(rest, "seg-wait", f"waited {length_of(rest / 1000)}"))
    if run.start_ms is not None:
        ran = (now_ms if run.end_ms is None else run.end_ms) - run.start_ms
        parts.append(Segment(ran, "seg-run", f"ran {length_of(ran / 1000)}"))
    parts = [part for part in parts if part.length > 0]
    return segment_bar(parts, ", then ".join(part.title for part in parts)) if parts else None


def use_bar(use: GpuUse) -> Svg:
    """The GPUs of one type: held, then idle by why."""
    parts = [Segment(use.allocated, HELD_STYLE, f"{words.value(use.allocated)} held by runs")]
    parts += [
        Segment(use.idle[why], style, f"{words.value(use.idle[why])} idle: {why.value}")
        for why, style in IDLE_STYLES.items()
        if use.idle.get(why)
    ]
    parts = [part for part in parts if part.length > 0]
    name = use.gpu_type or "GPUs"
    return segment_bar(parts, f"{name}: " + "; ".join(part.title for part in parts))


def profiled_bar(name: str, uses: Sequence[UseShare]) -> Svg:
    """Where the time of a GPU went in its profile."""
    parts = [Segment(one.share, USE_STYLES[one.use], f"{one.share:.1%} {one.use.value}") for one in uses if one.share]
    return segment_bar(parts, f"{name}: " + "; ".join(part.title for part in parts))


def _thinned(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """At most `_COLUMNS` means of neighbours."""
    if len(values) <= _COLUMNS:
        return values
    edges = np.linspace(0, len(values), _COLUMNS + 1).astype(int)
    parts: Sequence[npt.NDArray[np.float64]] = [values[low:high] for low, high in pairwise(edges)]
    return np.array([_mean(part, 0) for part in parts])


def _mean(values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """The mean of what is known along an axis; NaN where nothing is."""
    known = ~np.isnan(values)
    number = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan), np.float64)
