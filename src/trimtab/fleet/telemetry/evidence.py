"""From series to a `TelemetryDay`: which GPU a series is about, what it did, who held it, and whether it was down.

One read of the engine of what each concept needs, and a second of series that fill the gaps of better ones.

Holding, by the best evidence that a GPU has at a step: a pod or job label on its activity series (dcgm-exporter maps
them; a series without one is evidence of a free GPU only where other series of that exporter carry labels), else a job
of the scheduler on its node, else the memory of processes on it, else its used memory (512 MiB or more, since a driver
alone takes less).
Down: `hw.status` failed; a fatal XID (of a metric or a kernel-log line) or an uncorrectable memory error while it does
nothing; a node that is cordoned
while nothing holds it; silence of a GPU whose host reports, from its first
report in the range on (or all along, where it reported last in the week before).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found
from trimtab.fleet.telemetry.day import GpuRow, Places, TelemetryDay
from trimtab.fleet.telemetry.held_over import held_over
from trimtab.fleet.telemetry.identity import exporter_of, gpu_of, host_of, index_of, model_of, weight_of, workload_of
from trimtab.fleet.telemetry.observed import ACTIVE_ABOVE, FREE, HELD, UNKNOWN
from trimtab.fleet.telemetry.owners import UNOWNED, Owners
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.fleet.telemetry.window import Grid
from trimtab.gpu_faults.catalogue import down_while_idle
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import parse_statistic

Floats = npt.NDArray[np.float64]

AVERAGE, MAXIMUM = parse_statistic("Average"), parse_statistic("Maximum")

HELD_FROM_BYTES = 512 * 2**20
"""Used memory from which something holds a GPU: a CUDA context takes about 500 MiB, an idle driver less."""
KNOWN_FOR_MS = 7 * 86_400_000
"""How long before the range a GPU may have reported last to be missed: the time for which a host is listed."""


FAULT_STANDS_MS = 86_400_000
"""How long a kernel-log line counts where the GPU did not work since: a day, as a reset or a repair takes."""
_HIGHEST = frozenset({"xid", "fault", "ecc", "failed", "cordoned", "jobs"})
"""Concepts of which the highest value of a step counts; of the others the average."""


Place = tuple[str, int]
"""A concept's name and the place of a series in what was found of it."""


class _Read(Struct):
    """Series found and what the engine said of them: a row a series, NaN where one did not report."""

    found: list[Found]
    values: Floats
    at: Places = field(default_factory=lambda: np.empty(0, np.int32))
    """The row of the GPU that each series is about, -1 where it is about none that is known."""

    @property
    def reported(self) -> npt.NDArray[np.bool_]:
        """Where each reported."""
        return ~np.isnan(self.values)

    def scaled(self) -> Floats:
        """The values in the concept's unit."""
        scale = np.array([one.metric.scale for one in self.found]).reshape(-1, 1)
        return np.asarray(self.values * scale, np.float64)


class _Frame(Struct):
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

    def place(self, read: _Read) -> None:
        """Find the rows of the GPUs that series are about."""
        read.at = np.array([self.rows.get(gpu_of(one.series), -1) for one in read.found], np.int32)

    def merged(self, read: _Read, values: Floats) -> Floats:
        """The greatest value of each GPU and step over its series; NaN where none."""
        if not len(read.at):
            return np.broadcast_to(np.nan, (len(self.rows), self.grid.steps))
        out = np.full((len(self.rows), self.grid.steps), np.nan)
        for number, turn in enumerate(_turns(read.at)):
            rows = read.at[turn]
            out[rows] = np.fmax(out[rows], values[turn]) if number else values[turn]
        return out


def _turns(places: Places) -> Iterator[Places]:
    """The indices of `places` that are no -1, in turns within which no place comes twice; equal ones keep their order.

    So what would be a step for each of ten thousand series is a step for each series of the GPU that has the most.
    """
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    ordered = places[order]
    turn = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield order[turn == number]


async def gather(reader: MatrixReader, finder: Finder, owners: Owners, grid: Grid) -> TelemetryDay | None:
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
        "fault": earlier.all(concepts.FAULT_DOWN),
        "ecc": finder.all(concepts.UNCORRECTABLE),
        "failed": finder.all(concepts.FAILED),
        "cordoned": finder.all(concepts.CORDONED),
        "alive": finder.all(concepts.HOST_ALIVE),
        "jobs": finder.all(concepts.JOB_ON_NODE),
    }
    reads = await _read(reader, finder, wanted, grid)
    faulty = await _faulty_before(reader, finder, wanted, grid)
    return await asyncio.to_thread(_evidence, reads, owners, grid, faulty)


async def _faulty_before(
    reader: MatrixReader, finder: Finder, wanted: dict[str, list[Found]], grid: Grid
) -> frozenset[str]:
    """The GPUs that a kernel-log line of the day before took, and that did not work since. Without such lines nothing
    is read.
    """
    start_ms = grid.start_ms - FAULT_STANDS_MS
    faults = [one for one in wanted["fault"] if one.series.last_seen_ms >= start_ms]
    if not faults:
        return frozenset()
    gpus = {gpu_of(one.series) for one in faults}
    work = [one for name, _ in concepts.ACTIVITY for one in wanted[name] if gpu_of(one.series) in gpus]
    ids = [one.series.id for one in (*faults, *work)]
    found = await reader.matrix(finder.scope, ids, MAXIMUM, start_ms, grid.start_ms, grid.step_s)
    last: dict[str, int] = {}
    for one, row in zip(faults, found, strict=False):
        told = np.flatnonzero(~np.isnan(row))
        if len(told) and row[told[-1]] > 0:
            last[gpu_of(one.series)] = int(told[-1])
    for one, row in zip(work, found[len(faults) :], strict=True):
        name = gpu_of(one.series)
        if name in last and np.nan_to_num(row[last[name] + 1 :]).max(initial=0.0) > 0:
            del last[name]
    return frozenset(last)


async def _read(reader: MatrixReader, finder: Finder, wanted: dict[str, list[Found]], grid: Grid) -> dict[str, _Read]:
    """Each concept's series. What repeats a better source is asked only where that one has gaps."""
    reads = {name: _Read(found, np.full((len(found), grid.steps), np.nan)) for name, found in wanted.items()}
    twins = _twins(wanted)
    first = [(name, at) for name, found in wanted.items() for at in range(len(found)) if (name, at) not in twins]
    await _fill(reader, finder, reads, first, grid)
    gaps = {name: set(np.flatnonzero(np.isnan(read.values).any(axis=1)).tolist()) for name, read in reads.items()}
    await _fill(reader, finder, reads, [own for own, (name, at) in twins.items() if at in gaps[name]], grid)
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


async def _fill(
    reader: MatrixReader, finder: Finder, reads: dict[str, _Read], places: Sequence[Place], grid: Grid
) -> None:
    """Read the rows at `places`: those that want the same statistic together."""
    for statistic in (AVERAGE, MAXIMUM):
        mine = [place for place in places if (place[0] in _HIGHEST) == (statistic is MAXIMUM)]
        if not mine:
            continue
        ids = [reads[name].found[at].series.id for name, at in mine]
        found = await reader.matrix(finder.scope, ids, statistic, grid.start_ms, grid.end_ms, grid.step_s)
        for name, read in reads.items():
            rows = [row for row, place in enumerate(mine) if place[0] == name]
            read.values[[mine[row][1] for row in rows]] = found[rows]


def _evidence(
    reads: dict[str, _Read], owners: Owners, grid: Grid, faulty: frozenset[str] = frozenset()
) -> TelemetryDay:
    frame = _Frame(grid)
    activity_reads = [reads[name] for name, _ in concepts.ACTIVITY]
    for read in activity_reads:
        for one in read.found:
            frame.row(one.series)
    for read in reads.values():
        frame.place(read)
    shape = (len(frame.rows), grid.steps)
    activity = np.full(shape, np.nan)
    for read in activity_reads:
        if read.found:
            values = held_over(frame.merged(read, read.scaled()), grid)
            np.copyto(activity, values, where=np.isnan(activity))
    held = _holding(frame, activity_reads, reads)
    owner, names = _owners(frame, activity_reads, reads["jobs"], owners)
    why, reasons = _down(frame, reads, activity, held, faulty)
    return _day(frame, activity_reads, (activity, held, owner, why), names, reasons)


def _day(
    frame: _Frame,
    activity_reads: Sequence[_Read],
    found: tuple[Floats, Places, Places, Places],
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
    team = np.full(len(owners), -1, np.int32)
    team[named] = np.arange(len(named))
    return TelemetryDay(
        start_ms=frame.grid.start_ms,
        step_ms=frame.grid.step_s * 1000,
        rows=rows,
        activity=activity,
        held=np.where((why >= 0) & (workload < 0), FREE, np.where(activity >= ACTIVE_ABOVE, HELD, held)),
        workload=workload,
        team=team[owner] if len(owners) else owner,
        down=why,
        seen=seen,
        workloads=workloads,
        teams=[owners[place] for place in named],
        reasons=reasons,
    )


def _workloads(frame: _Frame, reads: Sequence[_Read]) -> tuple[Places, list[str]]:
    """By GPU and step the pod or job that its series name, -1 for none, and the names."""
    names: dict[str, int] = {}
    found = np.full((len(frame.rows), frame.grid.steps), -1, np.int32)
    for read in reads:
        of = [names.setdefault(name, len(names)) if (name := workload_of(one.series)) else -1 for one in read.found]
        _put(found, read.at, read.reported, np.array(of, np.int32))
    return found, list(names)


def _put(
    into: Places,
    at: Places,
    where: npt.NDArray[np.bool_],
    value: Places,
) -> None:
    """Set rows `at` of `into` to a value each, `where` it is so; a value of -1 sets nothing, and later ones win."""
    named = np.flatnonzero(value >= 0)
    for turn in _turns(at[named]):
        rows = named[turn]
        into[at[rows]] = np.where(where[rows], value[rows, None], into[at[rows]])


def _holding(frame: _Frame, activity: Sequence[_Read], reads: dict[str, _Read]) -> Places:
    held = np.full((len(frame.rows), frame.grid.steps), UNKNOWN, np.int32)
    found = [one for read in activity for one in read.found]
    if any(workload_of(one.series) for one in found):
        both = _Read(
            found, np.vstack([read.values for read in activity]), np.concatenate([read.at for read in activity])
        )
        labelled = np.array([bool(workload_of(one.series)) for one in found])
        labelling = {exporter_of(one.series) for one, has in zip(found, labelled, strict=True) if has}
        tells = np.array([exporter_of(one.series) in labelling for one in found])
        with_label = frame.merged(both, np.where(labelled[:, None] & both.reported, 1.0, np.nan))
        any_report = frame.merged(both, np.where(tells[:, None] & both.reported, 1.0, np.nan))
        # A free step is no report of the pod: only steps without any report are held over.
        told = np.where(with_label > 0, HELD, np.where(any_report > 0, FREE, np.nan))
        told = held_over(told, frame.grid)
        held = np.where(np.isnan(told), held, told).astype(np.int32)
    jobs = reads["jobs"]
    if jobs.found:
        # Hosts that any job ran on are hosts of the scheduler: without a job now, they are free.
        scheduled = _by_host(frame, jobs, np.ones_like(jobs.values))
        running = _by_host(frame, jobs, jobs.values)
        held = np.where((held == UNKNOWN) & scheduled, np.where(running, HELD, FREE), held)
    for name, least in (("process", 1.0), ("memory", HELD_FROM_BYTES)):
        read = reads[name]
        if read.found:
            values = held_over(frame.merged(read, read.scaled()), frame.grid)
            open_ = (held == UNKNOWN) & ~np.isnan(values)
            held = np.where(open_, np.where(values >= least, HELD, FREE), held)
    return held.astype(np.int32)


def _owners(frame: _Frame, activity: Sequence[_Read], jobs: _Read, owners: Owners) -> tuple[Places, tuple[str, ...]]:
    """Who has each GPU in each step: the owner of the series that reported then, one of a workload before others.

    Silent steps belong to whoever had the GPU before, else to the owner of what reported last before the range.
    """
    names: dict[str, int] = {UNOWNED: 0}
    owner = np.full((len(frame.rows), frame.grid.steps), -1, np.int32)
    before = np.zeros(len(frame.rows), dtype=np.int32)
    found = [one for read in activity for one in read.found]
    order = np.lexsort((
        [one.series.last_seen_ms for one in found],
        [bool(workload_of(one.series)) for one in found],
    ))  # fmt: skip
    place = np.array([names.setdefault(owners.of(found[at].series), len(names)) for at in order], np.int32)
    at = np.concatenate([read.at for read in activity])[order]
    some = np.vstack([read.reported for read in activity])[order]
    before[at[place > 0]] = place[place > 0]  # the last of a GPU stays
    for turn in _turns(at):
        now = owner[at[turn]]
        told = some[turn] & ((place[turn] > 0)[:, None] | (now < 0))
        owner[at[turn]] = np.where(told, place[turn, None], now)
    _place_jobs(frame, jobs, owners, names, owner)
    if (owner >= 0).all():
        return owner, tuple(names)
    steps = np.broadcast_to(np.arange(frame.grid.steps), owner.shape)
    nearest = np.maximum.accumulate(np.where(owner >= 0, steps, 0), axis=1)
    filled = np.take_along_axis(owner, nearest, axis=1)
    return np.where(filled >= 0, filled, before[:, None]), tuple(names)


def _standing(
    frame: _Frame, read: _Read, quiet: npt.NDArray[np.bool_], faulty: frozenset[str]
) -> npt.NDArray[np.bool_]:
    """Where a fault that a kernel-log line told still stands: from that line until the GPU works again, or until the
    driver says that it is well. Such a line comes once, where the gauge of DCGM and NVML repeats the last XID. `faulty`
    are the GPUs of which one stands from before.
    """
    told = frame.merged(read, read.values)
    before = np.array([name in faulty for name in frame.rows], np.bool_)
    standing = np.zeros(told.shape, np.bool_)
    for row in np.flatnonzero((told > 0).any(axis=1) | before):
        stands = bool(before[row])
        for step in range(told.shape[1]):
            stands = (stands and bool(quiet[row, step])) if np.isnan(told[row, step]) else bool(told[row, step] > 0)
            standing[row, step] = stands
    return standing


def _down(
    frame: _Frame, reads: dict[str, _Read], activity: Floats, held: Places, faulty: frozenset[str]
) -> tuple[Places, tuple[str, ...]]:
    """By GPU and step the place of why it was down, -1 where it was not, and the reasons."""
    seen = ~np.isnan(activity)
    quiet = (activity == 0) | ~seen
    nothing = np.zeros(seen.shape, np.bool_)

    def told(name: str, values: Floats) -> npt.NDArray[np.bool_]:
        return frame.merged(reads[name], values) > 0 if reads[name].found else nothing

    fatal = np.isin(reads["xid"].values, tuple(down_while_idle())).astype(float)
    standing = _standing(frame, reads["fault"], quiet, faulty) if reads["fault"].found or faulty else nothing
    cordoned = _by_host(frame, reads["cordoned"], reads["cordoned"].values)
    causes = {
        "hw.status failed": told("failed", reads["failed"].values),
        "fatal XID": (told("xid", fatal) | standing) & quiet & seen,
        "uncorrectable error": told("ecc", reads["ecc"].values) & quiet & seen,
        "drained node": cordoned & quiet & seen & (held != HELD),
    }
    missed = ~seen.any(axis=1) & (np.array(frame.last_seen_ms) < frame.grid.start_ms)
    known = (np.maximum.accumulate(seen, axis=1) | missed[:, None]) & ~seen
    alive = _by_host(frame, reads["alive"], reads["alive"].reported.astype(np.float64)) | _host_reports(frame, seen)
    causes["silent while its host is up"] = known & alive
    why = np.full(seen.shape, -1, np.int32)
    for place, cause in reversed(list(enumerate(causes.values()))):
        np.copyto(why, place, where=cause)
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
    places: dict[str, int] = {}
    at = np.array([places.setdefault(host, len(places)) for host in frame.hosts], np.int64)
    if not len(at):
        return seen
    order = np.argsort(at, kind="stable")
    first = np.flatnonzero(np.diff(at[order], prepend=-1))
    found = np.logical_or.reduceat(seen[order], first, axis=0)[at]
    found[[not host for host in frame.hosts]] = False
    return found


def _place_jobs(frame: _Frame, jobs: _Read, owners: Owners, names: dict[str, int], owner: Places) -> None:
    """Steps in which a job had the node of a GPU that nobody else owns belong to the job's owner."""
    by_host: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(frame.hosts):
        by_host[name].append(at)
    for one, row in zip(jobs.found, jobs.values, strict=True):
        place = names.setdefault(owners.of(one.series), len(names))
        running = np.nan_to_num(row) > 0
        for at in by_host.get(host_of(one.series), ()):
            owner[at, running & (owner[at] == 0)] = place
