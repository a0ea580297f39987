"""What the GPUs of a run did while it held them: productive hours, and those lost to hangs, waiting and the like.

Hours are those of the run's activity: every GPU and step that it held is one phase. What is not known one by one (GPUs
of which only the number is known, steps without a report) is unknown.
"""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.fleet.phases.judge import NOTHING, Codes, Judged, Past, Stall, judge, stopped_first
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.signals import Signals
from trimtab.fleet.phases.told import Told, with_told
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Metric, Registry
from trimtab.fleet.telemetry.held_over import held_over
from trimtab.fleet.telemetry.identity import gpu_of
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.fleet.telemetry.window import Grid
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.runs.activity import Activity
from trimtab.metrics.model import Kind
from trimtab.metrics.statistics import Statistic, parse_statistic

Floats = npt.NDArray[np.float64]
_AVERAGE, _RATE = parse_statistic("Average"), parse_statistic("Rate")
_FAMILIES: Mapping[str, Sequence[Metric]] = {
    "tensor": concepts.GPU_TENSOR,
    "memory": concepts.GPU_MEMORY_BUSY,
    "fabric": concepts.GPU_FABRIC,
    "host": concepts.GPU_PCIE,
    "power": concepts.GPU_POWER,
    "power_limit": concepts.GPU_POWER_LIMIT,
}
_WAITS_IN = (Phase.PRODUCTIVE, Phase.COMMUNICATION, Phase.UNKNOWN)
"""Phases in which a GPU steps, or may: a part of each step in them can be waiting for a slow rank."""
_ADDED = frozenset({"fabric", "host"})
"""Of these a GPU's series add up (sent and received); of others the greatest counts."""


class Hang(Struct, frozen=True):
    """No rank moved any data in `[start_ms, end_ms)`. `stopped_first`: the GPU that did so before the others, "" where
    all did at once; `node` and `index` of it. `ended`: the run worked again."""

    start_ms: int
    end_ms: int
    ended: bool
    stopped_first: str = ""
    node: str = ""
    index: str = ""


class Stretch(Struct, frozen=True):
    """A time in which most GPUs of the run were in one phase; `gpu_hours` are of all that it held then."""

    phase: Phase
    start_ms: int
    end_ms: int
    gpu_hours: float


class GpuPhases(Struct, frozen=True):
    """GPU-hours of a run by phase, all of those that it held; `hangs`, the first first.

    `codes`: a phase by GPU (rows of the activity's devices) and step of `step_s` seconds from `start_ms` on. `seconds`
    are those that it held, `waited` those of them that went to a slow rank by the step times of its ranks: a part of
    steps of other phases, so they count there no more. `waited_hours` are all of these, with GPUs that are not known.
    """

    hours: Mapping[Phase, float]
    hangs: tuple[Hang, ...]
    codes: Codes
    seconds: Floats
    past: Past
    start_ms: int
    step_s: int
    waited: Floats
    waited_hours: float

    def seconds_in(self, phase: Phase) -> Floats:
        """Seconds in a phase, by GPU and step."""
        own: Floats = (self.seconds - self.waited) * np.equal(self.codes, phase)
        return own + self.waited if phase is Phase.STRAGGLER else own

    def band(self, most: int = 240) -> tuple[Stretch, ...]:
        """The run from its start to its end as stretches of one phase, at most `most`: of each step, or of a few steps
        together, the phase of most GPU time."""
        steps = self.codes.shape[1]
        size = max(1, -(-steps // most))
        at = np.arange(0, steps, size)
        time = np.array([
            np.add.reduceat(self.seconds_in(phase).sum(axis=0), at) for phase in Phase
        ])  # fmt: skip
        held = np.add.reduceat(self.seconds.sum(axis=0), at)
        phases, starts = time.argmax(axis=0), self.start_ms + at * self.step_s * 1000
        end_ms = self.start_ms + steps * self.step_s * 1000
        new = np.flatnonzero(np.concatenate(([True], np.diff(phases) != 0)))
        ends = [*starts[new[1:]].tolist(), end_ms]
        hours = np.add.reduceat(held, new) / 3600
        return tuple(
            Stretch(Phase(phase), start, end, gpu_hours)
            for phase, start, end, gpu_hours in zip(
                phases[new].tolist(), starts[new].tolist(), ends, hours.tolist(), strict=True
            )
            if gpu_hours > 0
        )

    @property
    def productive_share(self) -> float | None:
        """Productive ÷ held and known by signals of GPUs; None where nothing is. Of time of which only step times tell
        that a part of it was waited, the rest is unknown: that part does not count either."""
        known = float((self.seconds * np.not_equal(self.codes, Phase.UNKNOWN)).sum()) / 3600
        return self.hours[Phase.PRODUCTIVE] / known if known > 0 else None


async def read(
    reader: MatrixReader,
    registry: Registry,
    scope: Scope,
    runs: Sequence[Run],
    activities: Mapping[RunKey, Activity],
    told: Mapping[RunKey, Sequence[Told]],
    past: Mapping[RunKey, Past] | None = None,
    paces: Mapping[RunKey, RankPaces] | None = None,
) -> dict[RunKey, GpuPhases]:
    """What the GPUs of `runs` did in the steps of their activities, which share one grid; of runs of which no GPU is
    known there is nothing. `told` is what runs say of themselves, `past` what is known of them before those steps,
    `paces` how their ranks compare. Raises QueryAborted, Unavailable."""
    before, ranks = past or {}, paces or {}
    known = [(run, activities[run.key]) for run in runs if run.key in activities and activities[run.key].devices.known]
    if not known:
        return {}
    step_s = known[0][1].step_s
    first = min(activity.start_ms for _, activity in known)
    last = max(_end_ms(activity) for _, activity in known)
    grid = Grid(first, last, step_s)
    gpus = dict.fromkeys(device.gpu for _, activity in known for device in activity.devices.known)
    rows = {gpu: at for at, gpu in enumerate(gpus)}
    finder = Finder(registry, scope, first)
    found = {
        name: [one for one in finder.all(metrics) if gpu_of(one.series) in rows] for name, metrics in _FAMILIES.items()
    }
    matrices = await _matrices(reader, scope, found, rows, grid)

    def judged() -> dict[RunKey, GpuPhases]:
        return {
            run.key: _judged(
                run, activity, _part(activity, matrices, rows, grid), told.get(run.key, ()),
                before.get(run.key, NOTHING), ranks.get(run.key),
            )
            for run, activity in known
        }  # fmt: skip

    return await asyncio.to_thread(judged)


async def _matrices(
    reader: MatrixReader, scope: Scope, found: Mapping[str, Sequence[Found]], rows: Mapping[str, int], grid: Grid
) -> dict[str, Floats]:
    """By family its signals: a row a GPU, a column a step. All that is asked alike is one read."""
    out = {name: np.full((len(rows), grid.steps), np.nan) for name in found}
    for statistic in (_AVERAGE, _RATE):
        mine = [(name, one) for name, some in found.items() for one in some if _statistic(one) is statistic]
        if not mine:
            continue
        ids = [one.series.id for _, one in mine]
        values = await reader.matrix(scope, ids, statistic, grid.start_ms, grid.end_ms, grid.step_s)
        await asyncio.to_thread(_add, out, mine, rows, held_over(values, grid))
    return out


def _add(out: Mapping[str, Floats], mine: Sequence[tuple[str, Found]], rows: Mapping[str, int], values: Floats) -> None:
    for (name, one), row in zip(mine, values, strict=True):
        at, family = rows[gpu_of(one.series)], out[name]
        scaled = row * one.metric.scale
        both = ~np.isnan(family[at]) & ~np.isnan(scaled)
        family[at] = np.where(both & (name in _ADDED), family[at] + scaled, np.fmax(family[at], scaled))


def _end_ms(activity: Activity) -> int:
    return activity.start_ms + len(activity.values.T) * activity.step_s * 1000


def _part(
    activity: Activity, matrices: Mapping[str, Floats], rows: Mapping[str, int], grid: Grid
) -> Mapping[str, Floats]:
    """What the matrices have of a run's GPUs, in the steps of its activity."""
    begin = (activity.start_ms - grid.start_ms) // (grid.step_s * 1000)
    mine = np.array([rows[device.gpu] for device in activity.devices.known])
    return {name: values[mine, begin : begin + activity.values.shape[1]] for name, values in matrices.items()}


def _judged(
    run: Run,
    activity: Activity,
    matrices: Mapping[str, Floats],
    told: Sequence[Told],
    past: Past,
    pace: RankPaces | None,
) -> GpuPhases:
    signals = with_told(_signals(activity, matrices), told)
    ended = run.end_ms is not None and run.end_ms <= _end_ms(activity)
    return _phases_of(activity, signals, judge(signals, past=past, ended=ended), pace)


def _statistic(found: Found) -> Statistic:
    return _RATE if found.series.identity.kind is Kind.COUNTER else _AVERAGE


def _signals(activity: Activity, matrices: Mapping[str, Floats]) -> Signals:
    limits = matrices["power_limit"]
    known = ~np.isnan(limits)
    most = np.where(known.any(axis=1), np.where(known, limits, -np.inf).max(axis=1), np.nan)
    return Signals(
        start_ms=activity.start_ms,
        step_ms=activity.step_s * 1000,
        held=activity.seconds > 0,
        active=activity.values,
        tensor=matrices["tensor"],
        memory=matrices["memory"],
        fabric=matrices["fabric"],
        host=matrices["host"],
        power=matrices["power"],
        power_limit=most,
    )


def _phases_of(activity: Activity, signals: Signals, judged: Judged, pace: RankPaces | None) -> GpuPhases:
    seconds, codes = activity.seconds, judged.codes
    steps = codes.shape[1]
    lost = np.zeros(steps) if pace is None else pace.waiting(activity.start_ms, signals.step_ms, steps)
    waited = seconds * np.isin(codes, _WAITS_IN) * lost
    lengths, unknown = _lengths_s(activity), float(activity.devices.unknown)
    waited_hours = (float(waited.sum()) + unknown * float((lengths * lost).sum())) / 3600
    hangs = tuple(_hang(activity, signals, stall) for stall in judged.hangs)
    kept = GpuPhases({}, hangs, codes, seconds, judged.past, activity.start_ms, activity.step_s, waited, waited_hours)
    sums = np.bincount(codes.ravel(), (seconds - waited).ravel(), len(Phase)) / 3600
    hours = {phase: float(sums[phase]) for phase in Phase}
    hours[Phase.STRAGGLER] += float(waited.sum()) / 3600
    hours[Phase.UNKNOWN] += unknown * float((lengths * (1 - lost)).sum()) / 3600
    hours[Phase.STRAGGLER] += unknown * float((lengths * lost).sum()) / 3600
    return replace(kept, hours=hours)


def _lengths_s(activity: Activity) -> Floats:
    """How long the run held any GPU, by step."""
    return activity.seconds.max(axis=0) if len(activity.seconds) else np.zeros(activity.values.shape[1])


def _hang(activity: Activity, signals: Signals, stall: Stall) -> Hang:
    start, end = (signals.start_ms + at * signals.step_ms for at in (stall.first, stall.last))
    rank = stopped_first(signals, stall)
    if rank is None:
        return Hang(start, end, stall.ended)
    device = activity.devices.known[rank]
    return Hang(start, end, stall.ended, device.gpu, device.node, device.index)
