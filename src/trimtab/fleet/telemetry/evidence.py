"""From series to a `TelemetryDay`: which GPU a series is about, what it did, who held it, and whether it was down.

One read of the engine of what each concept needs, and a second of series that fill the gaps of better ones.

Holding, by the best evidence that a GPU has at a step: a pod or job label on its activity series (dcgm-exporter maps
them; a series without one is evidence of a free GPU only where other series of that exporter carry labels), else a job
of the scheduler on its node, else the memory of processes on it, else its used memory (512 MiB or more, since a driver
alone takes less).
Down: `hw.status` failed; a fatal XID or an uncorrectable memory error while it does nothing; a node that is cordoned
while nothing holds it; silence of a GPU whose host reports, from its first
report in the range on (or all along, where it reported last in the week before).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found
from trimtab.fleet.telemetry.day import GpuRow, TelemetryDay
from trimtab.fleet.telemetry.held_over import held_over
from trimtab.fleet.telemetry.identity import exporter_of, gpu_of, host_of, index_of, model_of, weight_of, workload_of
from trimtab.fleet.telemetry.observed import ACTIVE_ABOVE, FREE, HELD, UNKNOWN
from trimtab.fleet.telemetry.owners import UNOWNED, Owners
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

Floats = npt.NDArray[np.float64]

AVERAGE, COUNT, MAXIMUM = parse_statistic("Average"), parse_statistic("SampleCount"), parse_statistic("Maximum")

HELD_FROM_BYTES = 512 * 2**20
"""Used memory from which something holds a GPU: a CUDA context takes about 500 MiB, an idle driver less."""
KNOWN_FOR_MS = 7 * 86_400_000
"""How long before the range a GPU may have reported last to be missed: the time for which a host is listed."""
FATAL_XIDS = frozenset({48, 62, 64, 74, 79, 95, 119, 120, 140})
"""XIDs that take a GPU out of use until it is reset or replaced (NVIDIA, "XID Errors": double-bit ECC, microcontroller
halt, row-remap failure, NVLink, fallen off the bus, uncontained ECC, GSP timeouts, unrecovered ECC). XIDs of
applications (13, 31, 43, 45, …) are not among them. The gauge keeps the last XID, so it counts only while idle."""


_ACTIVITY_NEEDS = (AVERAGE,)
_NEEDS = {
    "process": (AVERAGE,),
    "memory": (AVERAGE,),
    "xid": (MAXIMUM,),
    "ecc": (MAXIMUM,),
    "failed": (MAXIMUM,),
    "cordoned": (MAXIMUM,),
    "alive": (COUNT,),
    "jobs": (MAXIMUM,),
}
"""The statistics that are looked at of each concept; of activity averages, which tell too where a series reported."""

Place = tuple[str, int]
"""A concept's name and the place of a series in what was found of it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What the engine said of one series in each step; what was not asked is NaN, or 0 of counts."""

    mean: Floats
    count: Floats
    high: Floats


@dataclass(slots=True)
class _Read:
    """Series found and what the engine said of them, one row a series."""

    found: list[Found]
    mean: Floats
    count: Floats
    high: Floats

    def scaled(self) -> Floats:
        """The averages in the concept's unit."""
        scale = np.array([one.metric.scale for one in self.found]).reshape(-1, 1)
        return np.asarray(self.mean * scale, np.float64)


@dataclass(slots=True)
class _Frame:
    """Rows of GPUs under construction."""

    grid: Grid
    rows: dict[str, int] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    first_seen_ms: list[int] = field(default_factory=list)
    last_seen_ms: list[int] = field(default_factory=list)

    def row(self, series: Series) -> int:
        """The row of the GPU that a series is about."""
        name = gpu_of(series)
        at = self.rows.setdefault(name, len(self.rows))
        if at == len(self.hosts):
            self.hosts.append(host_of(series))
            self.indexes.append(index_of(series))
            self.weights.append(weight_of(series))
            self.accounts.append(series.identity.account)
            self.models.append(model_of(series))
            self.first_seen_ms.append(series.first_seen_ms)
            self.last_seen_ms.append(0)
        self.first_seen_ms[at] = min(self.first_seen_ms[at], series.first_seen_ms)
        self.last_seen_ms[at] = max(self.last_seen_ms[at], series.last_seen_ms)
        return at

    def merged(self, read: _Read, values: Floats) -> Floats:
        """The greatest value of each GPU and step over its series; NaN where none."""
        out = np.full((len(self.rows), self.grid.steps), np.nan)
        for one, row in zip(read.found, values, strict=True):
            at = self.rows.get(gpu_of(one.series))
            if at is not None:
                np.fmax(out[at], row, out=out[at])
        return out


async def gather(reader: Reader, finder: Finder, owners: Owners, grid: Grid) -> TelemetryDay | None:
    """What telemetry alone says of the GPUs in the range, GPU by GPU; None where no series tells of any.

    Raises QueryAborted, Unavailable.
    """
    earlier = replace(finder, since_ms=finder.since_ms - KNOWN_FOR_MS)
    wanted = {name: earlier.all(metrics) for name, metrics in concepts.ACTIVITY}
    if not any(wanted.values()):
        return None
    wanted |= {
        "process": finder.all(concepts.PROCESS_MEMORY),
        "memory": finder.all(concepts.GPU_MEMORY_USED),
        "xid": finder.all(concepts.XID),
        "ecc": finder.all(concepts.UNCORRECTABLE),
        "failed": finder.all(concepts.FAILED),
        "cordoned": finder.all(concepts.CORDONED),
        "alive": finder.all(concepts.HOST_ALIVE),
        "jobs": finder.all(concepts.JOB_ON_NODE),
    }
    reads = await _read(reader, finder, wanted, grid)
    return await asyncio.to_thread(_evidence, reads, owners, grid)


async def _read(reader: Reader, finder: Finder, wanted: dict[str, list[Found]], grid: Grid) -> dict[str, _Read]:
    """Each concept's series. What repeats a better source is asked only where that one has gaps."""
    asked = {(name, at) for name, found in wanted.items() for at in range(len(found))}
    twins = _twins(wanted)
    rows = await _rows(reader, finder, wanted, sorted(asked - twins.keys()), grid)
    gaps = sorted(own for own, better in twins.items() if not rows[better].count.all())
    rows |= await _rows(reader, finder, wanted, gaps, grid)
    nothing = _Row(*(np.full(grid.steps, empty) for empty in (np.nan, 0.0, np.nan)))
    reads = {}
    for name, found in wanted.items():
        own = [rows.get((name, at), nothing) for at in range(len(found))]
        stacks = (_stack([getattr(row, part) for row in own], grid) for part in ("mean", "count", "high"))
        reads[name] = _Read(found, *stacks)
    return reads


def _twins(wanted: dict[str, list[Found]]) -> dict[Place, Place]:
    """Of each activity series that says the same as one of a better source, which that is.

    They share all labels, so one exporter reports them together: the worse one adds nothing where the better one is.
    """
    twins: dict[Place, Place] = {}
    best: dict[tuple[object, ...], Place] = {}
    for name, _ in concepts.ACTIVITY:
        for at, one in enumerate(wanted.get(name, ())):
            own = one.series.identity
            key = (own.account, own.region, own.namespace, own.dimensions, own.resource)
            if best.setdefault(key, (name, at))[0] != name:
                twins[name, at] = best[key]
    return twins


async def _rows(
    reader: Reader, finder: Finder, wanted: dict[str, list[Found]], places: Sequence[Place], grid: Grid
) -> dict[Place, _Row]:
    """The rows at `places`, each with the statistics that its concept needs."""
    needs = [_NEEDS.get(name, _ACTIVITY_NEEDS) for name, _ in places]
    requests = [
        StatRequest((wanted[name][at].series.id,), statistic, grid.step_s)
        for (name, at), statistics in zip(places, needs, strict=True)
        for statistic in statistics
    ]
    if not requests:
        return {}
    answers = iter(await reader.statistics(finder.scope, requests, grid.start_ms, grid.end_ms))
    unasked = {AVERAGE: np.full(grid.steps, np.nan), COUNT: np.zeros(grid.steps), MAXIMUM: np.full(grid.steps, np.nan)}
    rows = {}
    for place, statistics in zip(places, needs, strict=True):
        told = {one: grid.place(next(answers), 0.0 if one == COUNT else np.nan) for one in statistics}
        if AVERAGE in told:
            told[COUNT] = (~np.isnan(told[AVERAGE])).astype(np.float64)
        rows[place] = _Row(*(told.get(one, unasked[one]) for one in (AVERAGE, COUNT, MAXIMUM)))
    return rows


def _stack(rows: Sequence[Floats], grid: Grid) -> Floats:
    return np.array(rows) if rows else np.empty((0, grid.steps))


def _evidence(reads: dict[str, _Read], owners: Owners, grid: Grid) -> TelemetryDay:
    frame = _Frame(grid)
    activity_reads = [reads[name] for name, _ in concepts.ACTIVITY]
    for read in activity_reads:
        for one in read.found:
            frame.row(one.series)
    shape = (len(frame.rows), grid.steps)
    activity = np.full(shape, np.nan)
    for read in activity_reads:
        values = held_over(frame.merged(read, read.scaled()), grid)
        better = np.isnan(activity) & ~np.isnan(values)
        activity[better] = values[better]
    held = _holding(frame, activity_reads, reads)
    owner, names = _owners(frame, activity_reads, reads["jobs"], owners)
    why, reasons = _down(frame, reads, activity, held)
    return _day(frame, activity_reads, (activity, held, owner, why), names, reasons)


def _day(
    frame: _Frame,
    activity_reads: Sequence[_Read],
    found: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]],
    owners: Sequence[str],
    reasons: Sequence[str],
) -> TelemetryDay:
    """The same as the ledger takes it. A GPU that works is held, whatever its labels say; one that is out of order is
    held only by a workload that is named."""
    activity, held, owner, why = found
    seen = ~np.isnan(activity)
    first = np.where(seen.any(axis=1), frame.grid.start_ms + seen.argmax(axis=1) * frame.grid.step_s * 1000, 1 << 62)
    workload, workloads = _workloads(frame, activity_reads)
    rows = [
        GpuRow(
            name=name,
            host=frame.hosts[at],
            index=frame.indexes[at],
            account=frame.accounts[at],
            weight=frame.weights[at],
            first_seen_ms=min(frame.first_seen_ms[at], int(first[at])),
            last_seen_ms=frame.last_seen_ms[at],
            model=frame.models[at],
        )
        for at, name in enumerate(frame.rows)
    ]
    named = [place for place, name in enumerate(owners) if name != UNOWNED]
    team = np.full(len(owners), -1)
    team[named] = np.arange(len(named))
    return TelemetryDay(
        start_ms=frame.grid.start_ms,
        step_ms=frame.grid.step_s * 1000,
        rows=rows,
        activity=activity,
        held=np.where((why >= 0) & (workload < 0), FREE, np.where(np.nan_to_num(activity) >= ACTIVE_ABOVE, HELD, held)),
        workload=workload,
        team=team[owner] if len(owners) else owner,
        down=why,
        seen=seen,
        workloads=workloads,
        teams=[owners[place] for place in named],
        reasons=reasons,
    )


def _workloads(frame: _Frame, reads: Sequence[_Read]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """By GPU and step the pod or job that its series name, -1 for none, and the names."""
    names: dict[str, int] = {}
    found = np.full((len(frame.rows), frame.grid.steps), -1)
    for read in reads:
        for one, counts in zip(read.found, read.count, strict=True):
            if name := workload_of(one.series):
                found[frame.rows[gpu_of(one.series)], counts > 0] = names.setdefault(name, len(names))
    return found, list(names)


def _holding(frame: _Frame, activity: Sequence[_Read], reads: dict[str, _Read]) -> npt.NDArray[np.int64]:
    held = np.full((len(frame.rows), frame.grid.steps), UNKNOWN)
    found = [one for read in activity for one in read.found]
    if any(workload_of(one.series) for one in found):
        values = np.vstack([read.count for read in activity])
        labelled = np.array([bool(workload_of(one.series)) for one in found])
        labelling = {exporter_of(one.series) for one, has in zip(found, labelled, strict=True) if has}
        tells = np.array([exporter_of(one.series) in labelling for one in found])
        both = _Read(found, values, values, values)
        with_label = frame.merged(both, np.where(labelled[:, None] & (values > 0), 1.0, np.nan))
        any_report = frame.merged(both, np.where(tells[:, None] & (values > 0), 1.0, np.nan))
        # A free step is no report of the pod: only steps without any report are held over.
        told = np.where(with_label > 0, HELD, np.where(any_report > 0, FREE, np.nan))
        told = held_over(told, frame.grid)
        held = np.where(np.isnan(told), held, told).astype(np.int64)
    jobs = reads["jobs"]
    if jobs.found:
        # Hosts that any job ran on are hosts of the scheduler: without a job now, they are free.
        scheduled = _by_host(frame, jobs, np.ones_like(jobs.high))
        running = _by_host(frame, jobs, jobs.high)
        held = np.where((held == UNKNOWN) & scheduled, np.where(running, HELD, FREE), held)
    for name, least in (("process", 1.0), ("memory", HELD_FROM_BYTES)):
        read = reads[name]
        if read.found:
            values = held_over(frame.merged(read, read.scaled()), frame.grid)
            open_ = (held == UNKNOWN) & ~np.isnan(values)
            held = np.where(open_, np.where(values >= least, HELD, FREE), held)
    return held.astype(np.int64)


def _owners(
    frame: _Frame, activity: Sequence[_Read], jobs: _Read, owners: Owners
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Who has each GPU in each step: the owner of the series that reported then, one of a workload before others.

    Silent steps belong to whoever had the GPU before, else to the owner of what reported last before the range.
    """
    names: dict[str, int] = {UNOWNED: 0}
    owner = np.full((len(frame.rows), frame.grid.steps), -1)
    before = np.zeros(len(frame.rows), dtype=np.int64)
    found = sorted(
        ((one, row) for read in activity for one, row in zip(read.found, read.count, strict=True)),
        key=lambda pair: (bool(workload_of(pair[0].series)), pair[0].series.last_seen_ms),
    )
    for one, counts in found:
        place = names.setdefault(owners.of(one.series), len(names))
        at = frame.rows[gpu_of(one.series)]
        before[at] = place or before[at]
        some = counts > 0
        owner[at, some] = np.where(place or owner[at, some] < 0, place, owner[at, some])
    _place_jobs(frame, jobs, owners, names, owner)
    steps = np.broadcast_to(np.arange(frame.grid.steps), owner.shape)
    nearest = np.maximum.accumulate(np.where(owner >= 0, steps, 0), axis=1)
    filled = np.take_along_axis(owner, nearest, axis=1)
    return np.where(filled >= 0, filled, before[:, None]), tuple(names)


def _down(
    frame: _Frame, reads: dict[str, _Read], activity: Floats, held: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """By GPU and step the place of why it was down, -1 where it was not, and the reasons."""
    quiet = np.nan_to_num(activity) == 0
    seen = ~np.isnan(activity)
    fatal = np.isin(reads["xid"].high, tuple(FATAL_XIDS)).astype(float)
    cordoned = _by_host(frame, reads["cordoned"], reads["cordoned"].high)
    causes = {
        "hw.status failed": frame.merged(reads["failed"], reads["failed"].high) > 0,
        "fatal XID": (frame.merged(reads["xid"], fatal) > 0) & quiet & seen,
        "uncorrectable error": (frame.merged(reads["ecc"], reads["ecc"].high) > 0) & quiet & seen,
        "drained node": cordoned & quiet & seen & (held != HELD),
    }
    missed = ~seen.any(axis=1) & (np.array(frame.last_seen_ms) < frame.grid.start_ms)
    known = (np.maximum.accumulate(seen, axis=1) | missed[:, None]) & ~seen
    alive = _by_host(frame, reads["alive"], reads["alive"].count) | _host_reports(frame, seen)
    causes["silent while its host is up"] = known & alive
    why = np.full(seen.shape, -1)
    for place, cause in reversed(list(enumerate(causes.values()))):
        why[cause] = place
    return why, tuple(causes)


def _by_host(frame: _Frame, read: _Read, values: Floats) -> npt.NDArray[np.bool_]:
    """Per GPU and step: whether a series of its host is above 0."""
    by_host: dict[str, npt.NDArray[np.bool_]] = {}
    for one, row in zip(read.found, values, strict=True):
        name = host_of(one.series)
        by_host[name] = by_host.get(name, np.zeros(frame.grid.steps, np.bool_)) | (np.nan_to_num(row) > 0)
    nothing = np.zeros(frame.grid.steps, np.bool_)
    return np.array([by_host.get(host, nothing) for host in frame.hosts]).reshape(len(frame.rows), frame.grid.steps)


def _host_reports(frame: _Frame, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Per GPU and step: whether any GPU of its host reported."""
    names, at = np.unique(np.array(frame.hosts, dtype=object).astype(str), return_inverse=True)
    any_ = np.zeros((len(names), seen.shape[1]), np.bool_)
    np.logical_or.at(any_, at, seen)
    found = any_[at]
    found[np.array([not host for host in frame.hosts])] = False
    return found


def _place_jobs(
    frame: _Frame, jobs: _Read, owners: Owners, names: dict[str, int], owner: npt.NDArray[np.int64]
) -> None:
    """Steps in which a job had the node of a GPU that nobody else owns belong to the job's owner."""
    for one, row in zip(jobs.found, jobs.high, strict=True):
        place = names.setdefault(owners.of(one.series), len(names))
        host, running = host_of(one.series), np.nan_to_num(row) > 0
        for at in (at for at, name in enumerate(frame.hosts) if name == host):
            owner[at, running & (owner[at] == 0)] = place
