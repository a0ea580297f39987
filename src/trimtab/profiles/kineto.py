"""Where the GPU time of a Kineto trace went (torch.profiler): one file, of one rank or several GPUs, in one pass.

GPU events are complete events (`ph` X) of the categories that Kineto gives what ran on a device, of CUDA and ROCm
alike; calls of the driver or the runtime are the host's. Communication is what a collectives' library launched.
"""

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from trimtab.profiles import intervals
from trimtab.profiles.events import Event, TraceReader
from trimtab.profiles.intervals import Intervals
from trimtab.profiles.model import Breakdown, DeviceProfile, KernelTotal, Kind, StepTime, TraceProfile

MOST_BYTES = 8 << 30
"""Text of one trace: some forty million events."""
TOP = 20
"""Kernels of the longest total time that are kept of a GPU: more than are shown, since ranks differ in them."""
MOST_STEPS = 200
"""Steps that are kept of a GPU: profilers record some ten."""
_LONGEST_NAME = 300
"""Characters of a kernel's name that are kept: templates make some of 2,000."""
_GPU: dict[str, Kind] = {
    "kernel": Kind.COMPUTE,
    "gpu_memcpy": Kind.MEMORY,
    "gpu_memset": Kind.MEMORY,
    # names of releases of PyTorch before 1.11, and of roctracer's own exporter
    "memcpy": Kind.MEMORY,
    "memset": Kind.MEMORY,
    "hip_kernel": Kind.COMPUTE,
    "hip_memcpy": Kind.MEMORY,
    "hip_memset": Kind.MEMORY,
}
_COLLECTIVES = re.compile(r"nccl|rccl|nvshmem", re.IGNORECASE)
_ANNOTATIONS = frozenset({"user_annotation", "cpu_op", "operator"})
"""Categories in which releases of PyTorch have the profiler's steps."""
_STEP = re.compile(r"ProfilerStep#(\d+)$")
_RANK_IN_NAME = re.compile(r"rank[_-]?(\d+)", re.IGNORECASE)
_OTHER_DEVICES = re.compile(r"^(mtia|hpu|xpu|privateuse1)")
"""Categories of devices that are no GPU, by their first letters."""


class _Rows(Struct):
    """GPU events as they are read: `name` numbers a name, `device` a GPU, `stream` a stream of one."""

    start: "array[float]" = field(default_factory=lambda: array("d"))
    length: "array[float]" = field(default_factory=lambda: array("d"))
    name: "array[int]" = field(default_factory=lambda: array("l"))
    device: "array[int]" = field(default_factory=lambda: array("l"))
    stream: "array[int]" = field(default_factory=lambda: array("l"))
    names: dict[tuple[Kind, str], int] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)
    streams: dict[tuple[str, str], int] = field(default_factory=dict)
    steps: dict[int, tuple[float, float]] = field(default_factory=dict)
    categories: Counter[str] = field(default_factory=Counter)
    events: int = 0

    def take(self, event: Event) -> None:
        """Keep an event that ran on a GPU, or that is a step."""
        if event.ph != "X" or event.ts is None or event.dur is None or event.cat is None:
            return
        category = event.cat.lower()
        kind = _GPU.get(category)
        if kind is None:
            self._other(category, event)
            return
        name = str(event.name)
        if kind is Kind.COMPUTE and _COLLECTIVES.search(name):
            kind = Kind.COMMUNICATION
        args = event.args
        device = str(args.device if args is not None and args.device is not None else event.pid)
        stream = str(args.stream) if args is not None else ""
        self.start.append(event.ts)
        self.length.append(max(event.dur, 0.0))
        self.name.append(self.names.setdefault((kind, name), len(self.names)))
        self.device.append(self.devices.setdefault(device, len(self.devices)))
        self.stream.append(self.streams.setdefault((device, stream), len(self.streams)))

    def _other(self, category: str, event: Event) -> None:
        self.categories[category] += 1
        if category not in _ANNOTATIONS or event.ts is None or event.dur is None:
            return
        if (found := _STEP.match(str(event.name))) is not None:
            self.steps[int(found[1])] = event.ts, event.ts + event.dur


class _Columns(Struct, frozen=True):
    """The same as arrays, sorted by nothing; `kind` is the kind's place in `Kind`."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    name: NDArray[np.int64]
    kind: NDArray[np.int64]
    stream: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "_Columns":
        """Some of the events."""
        return _Columns(self.start[chosen], self.end[chosen], self.name[chosen], self.kind[chosen], self.stream[chosen])

    def union(self, kind: Kind) -> Intervals:
        """When anything of a kind ran."""
        chosen = self.kind == _PLACE[kind]
        return intervals.union(self.start[chosen], self.end[chosen])


_PLACE = {kind: place for place, kind in enumerate(Kind)}


def read(file: BinaryIO, name: str, *, most: int = MOST_BYTES) -> TraceProfile:
    """Read one trace; `name` is the file's. Raises InvalidInput, LimitExceeded as `TraceReader` does."""
    reader, rows = TraceReader(file, name, most), _Rows()
    for part in reader.events():
        rows.events += len(part)
        for event in part:
            rows.take(event)
    return _profile(reader, rows, name)


def _profile(reader: TraceReader, rows: _Rows, name: str) -> TraceProfile:
    head = reader.head
    known = head.distributed
    rank = known.rank if known is not None else None
    if rank is None and (said := _RANK_IN_NAME.search(PurePath(name).name)) is not None:
        rank = int(said[1])
    names = list(rows.names)
    columns, of_device = _columns(rows, [_PLACE[kind] for kind, _ in names])
    devices = []
    for device, place in rows.devices.items():
        mine = columns.of(of_device == place)
        if len(mine.start):
            gpu = head.devices[int(device)].name if device.isdecimal() and int(device) < len(head.devices) else ""
            devices.append(
                DeviceProfile(
                    rank=rank,
                    device=device,
                    gpu=gpu,
                    breakdown=_breakdown(mine),
                    kernels=_largest(mine, names),
                    steps=_steps(mine, rows.steps),
                )
            )
    some = len(columns.start) > 0
    return TraceProfile(
        file=name,
        rank=rank,
        world_size=known.world_size if known is not None else None,
        devices=tuple(devices),
        whole=_breakdown(columns) if some else None,
        kernels=_largest(columns, names) if some else (),
        events=rows.events,
        unreadable=reader.unreadable,
        note="" if some else _why_none(rows.categories),
    )


def _columns(rows: _Rows, kinds: Sequence[int]) -> tuple[_Columns, NDArray[np.int64]]:
    """The events whose times are numbers, as arrays; and of each the place of its device."""
    start, length = np.array(rows.start, np.float64), np.array(rows.length, np.float64)
    name, device = np.array(rows.name, np.int64), np.array(rows.device, np.int64)
    fine = np.isfinite(start) & np.isfinite(length)
    first = start[fine].min() if fine.any() else 0.0
    start -= first  # epochs in microseconds leave a float a quarter of one
    kind = np.array(kinds, np.int64)[name] if len(name) else name
    columns = _Columns(start, start + length, name, kind, np.array(rows.stream, np.int64))
    rows.steps = {number: (begin - first, end - first) for number, (begin, end) in rows.steps.items()}
    return columns.of(fine), device[fine]


def _breakdown(columns: _Columns) -> Breakdown:
    compute, communication, memory = (columns.union(kind) for kind in Kind)
    first_two = intervals.join(compute, communication)
    busy = intervals.length(intervals.join(first_two, memory))
    exposed = intervals.length(first_two) - intervals.length(compute)
    communicated = intervals.length(communication)
    return Breakdown(
        window_us=float(columns.end.max() - columns.start.min()),
        busy_us=busy,
        compute_us=intervals.length(compute),
        communication_us=communicated,
        memory_us=intervals.length(memory),
        exposed_communication_us=exposed,
        exposed_memory_us=busy - intervals.length(first_two),
        hidden_communication_us=communicated - exposed,
        events=len(columns.start),
        streams=len(np.unique(columns.stream)),
    )


def _largest(columns: _Columns, names: Sequence[tuple[Kind, str]]) -> tuple[KernelTotal, ...]:
    totals = np.bincount(columns.name, columns.end - columns.start, len(names))
    counts = np.bincount(columns.name, minlength=len(names))
    order = [at for at in np.argsort(-totals, kind="stable")[:TOP].tolist() if counts[at]]
    return tuple(
        KernelTotal(
            kind=names[at][0],
            name=names[at][1][:_LONGEST_NAME],
            count=int(counts[at]),
            total_us=round(float(totals[at]), 3),
        )
        for at in order
    )


def _steps(columns: _Columns, steps: dict[int, tuple[float, float]]) -> tuple[StepTime, ...]:
    """The profiler's steps in which this GPU did something."""
    if not steps:
        return ()
    numbers = sorted(steps)[:MOST_STEPS]
    begins, ends = (np.array([steps[number][side] for number in numbers]) for side in (0, 1))
    compute, communication, memory = (columns.union(kind) for kind in Kind)
    busy = intervals.covered(intervals.join(compute, communication, memory), begins, ends)
    waiting = intervals.covered(intervals.join(compute, communication), begins, ends)
    waiting -= intervals.covered(compute, begins, ends)
    lengths = ends - begins
    return tuple(
        StepTime(number=number, length_us=round(float(whole), 3), own_us=round(float(whole - waits), 3))
        for number, whole, waits, some in zip(numbers, lengths, waiting, busy, strict=True)
        if some > 0
    )


def _why_none(categories: Counter[str]) -> str:
    others = sorted({name for name in categories if _OTHER_DEVICES.match(name)})
    if others:
        return f"no GPU activity: its device events are of {', '.join(others)}, which are not broken down"
    if not categories:
        return "no GPU activity: it has no complete event at all"
    return (
        "no GPU activity: only events of the host"
        f" ({', '.join(name for name, _ in categories.most_common(3))}); profile with ProfilerActivity.CUDA"
    )
