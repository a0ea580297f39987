"""How busy the GPUs of runs were while the runs held them: one read of the engine for all runs of a list."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.devices import Device, Devices, SeriesIndex
from trimtab.fleet.telemetry.held_over import HOLD_S
from trimtab.fleet.telemetry.identity import gpu_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import STEPS_S, Grid
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_AVERAGE, _MAXIMUM = parse_statistic("Average"), parse_statistic("Maximum")
SOURCES = tuple(name for name, _ in concepts.ACTIVITY)
_MOST_STEPS = 1500
_MOST_VALUES = 300_000
"""Values of one read: a second's work of the engine, and 2.4 MB an array."""
_DAY_S = 86_400
_ENOUGH = 0.95
"""Of the time held, from which on the next best measure is not asked: a scrape that was missed moves no figure."""
_MEMORY_TOTAL = concepts.GPU_MEMORY_TOTAL


class Activity(Struct, frozen=True):
    """The activity of a run's GPUs. Rows are `devices.known`, columns steps of `step_s` seconds from `start_ms` on.

    `values` are 0 to 1, NaN where nothing was reported; `seconds` is how much of each step the run held the GPU;
    `source` the place in `SOURCES` of what was measured, -1 where nothing. `memory` is the greatest share of each GPU's
    memory in use, NaN where unknown.
    """

    devices: Devices
    start_ms: int
    step_s: int
    values: Floats
    seconds: Floats
    source: npt.NDArray[np.int64]
    memory: Floats

    @property
    def known_hours(self) -> float:
        """GPU-hours whose activity is known."""
        return float((self.seconds * ~np.isnan(self.values)).sum()) / 3600

    @property
    def active_hours(self) -> float:
        """GPU-hours of work: activity × time."""
        return float((self.seconds * np.nan_to_num(self.values)).sum()) / 3600

    @property
    def share(self) -> float | None:
        """The mean activity where it is known; None where it never is."""
        return self.active_hours / self.known_hours if self.known_hours else None

    @property
    def sources(self) -> tuple[str, ...]:
        """What was measured, the most first."""
        hours = [float(self.seconds[self.source == place].sum()) for place in range(len(SOURCES))]
        order = sorted(range(len(SOURCES)), key=lambda place: -hours[place])
        return tuple(SOURCES[place] for place in order if hours[place] > 0)


async def read(
    reader: Reader,
    registry: Registry,
    scope: Scope,
    runs: Sequence[Run],
    start_ms: int,
    end_ms: int,
    step_s: int | None = None,
    *,
    memory: bool = True,
) -> dict[RunKey, Activity]:
    """The activity of `runs` within `[start_ms, end_ms)`; of runs that held nothing then there is none. `step_s` is
    chosen by the length unless it is given. Without `memory` that of their GPUs is not read, and unknown.

    Raises QueryAborted, Unavailable.
    """
    spans = {run.key: span for run in runs if (span := _span(run, start_ms, end_ms))}
    if not spans:
        return {}
    first, last = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
    finder = Finder(registry, scope, first - first % (STEPS_S[-1] * 1000))
    found = [(place, one) for place, (_, metrics) in enumerate(concepts.ACTIVITY) for one in finder.all(metrics)]
    index = SeriesIndex.of(found)
    # Of thousands of runs these take seconds: what is written meanwhile must not wait for the event loop.
    devices = await asyncio.to_thread(lambda: {run.key: index.devices(run) for run in runs if run.key in spans})
    wanted = {device.gpu: device for known in devices.values() for device in known.known}
    grid = Grid.over(first, last, step_s or _step_s(last - first, len(wanted)))
    rows = await _rows(reader, finder, wanted, _held(devices, spans, grid), grid, (first, last))
    used = await _memory(reader, finder, wanted, grid, first, last) if memory else {}
    exact = first, last

    def of_all() -> dict[RunKey, Activity]:
        return {key: _of_run(devices[key], rows, used, grid, span, exact=span == exact) for key, span in spans.items()}

    return await asyncio.to_thread(of_all)


def _step_s(length_ms: int, gpus: int) -> int:
    """The step of a read: of one run it is short, of many over weeks as long as keeps the answer small."""
    steps = min(_MOST_VALUES // max(gpus, 1), _MOST_STEPS)
    return next((step for step in STEPS_S if length_ms / 1000 / step <= steps), STEPS_S[-1])


def _span(run: Run, start_ms: int, end_ms: int) -> tuple[int, int] | None:
    if run.start_ms is None:
        return None
    first, last = max(run.start_ms, start_ms), min(end_ms if run.end_ms is None else run.end_ms, end_ms)
    return (first, last) if first < last else None


class _Row(Struct, frozen=True):
    values: Floats
    source: npt.NDArray[np.int64]


def _held(devices: Mapping[RunKey, Devices], spans: Mapping[RunKey, tuple[int, int]], grid: Grid) -> dict[str, Mask]:
    """Of each GPU the steps in which one of the runs held it."""
    size = grid.step_s * 1000
    found: dict[str, Mask] = {}
    for key, (first, last) in spans.items():
        for device in devices[key].known:
            mask = found.setdefault(device.gpu, np.zeros(grid.steps, bool))
            begun, ended = max(first, device.held.start_ms or first), min(last, device.held.end_ms or last)
            mask[max(begun - grid.start_ms, 0) // size : -(-(ended - grid.start_ms) // size)] = True
    return found


async def _rows(
    reader: Reader,
    finder: Finder,
    wanted: Mapping[str, Device],
    held: Mapping[str, Mask],
    grid: Grid,
    span: tuple[int, int],
) -> dict[str, _Row]:
    """Of each GPU its activity by step: the best that is measured, in the order of `SOURCES`.

    The next best is asked of those GPUs only of which much is missing while a run held them.
    """
    found = {gpu: _Row(np.full(grid.steps, np.nan), np.full(grid.steps, -1, np.int64)) for gpu in wanted}
    reach = HOLD_S // grid.step_s
    for place in range(len(SOURCES)):
        lacking = [gpu for gpu in wanted if _known(found[gpu], held[gpu], reach) < _ENOUGH]
        asked = [(gpu, one) for gpu in lacking for at, one in wanted[gpu].series if at == place]
        if not asked:
            continue
        requests = [StatRequest((one.series.id,), _AVERAGE, grid.step_s) for _, one in asked]
        layers: dict[str, Floats] = {}
        for (gpu, one), answer in zip(asked, await reader.statistics(finder.scope, requests, *span), strict=True):
            row = grid.place(answer) * one.metric.scale
            layers[gpu] = np.fmax(layers[gpu], row) if gpu in layers else row
        for gpu, layer in layers.items():
            values, source = found[gpu].values, found[gpu].source
            better = np.isnan(values) & ~np.isnan(layer)
            values[better], source[better] = layer[better], place
    return {gpu: _filled(row, reach) for gpu, row in found.items()}


def _known(row: _Row, held: Mask, reach: int) -> float:
    """The share of the steps held in which something stands for what the GPU did."""
    there = ~np.isnan(row.values[_last_known(row.values, reach)][held])
    return float(there.mean()) if len(there) else 1.0


def _filled(row: _Row, reach: int) -> _Row:
    last = _last_known(row.values, reach)
    return _Row(np.clip(row.values[last], 0.0, 1.0), row.source[last])


def _last_known(values: Floats, reach: int) -> npt.NDArray[np.intp]:
    """Of each step the place of the newest value that still stands for it: a GPU may report more rarely than a step."""
    steps = np.arange(len(values))
    newest = np.maximum.accumulate(np.where(np.isnan(values), 0, steps))
    return np.where(steps - newest <= reach, newest, steps)


async def _memory(
    reader: Reader, finder: Finder, wanted: Mapping[str, Device], grid: Grid, start_ms: int, end_ms: int
) -> dict[str, Floats]:
    """Of each GPU the share of its memory that was in use at most, by step; only where its size is reported too.

    A GPU's memory does not change: its size is read in days, as reported or as the means of used and free together.
    """
    used = _of(finder.all(concepts.GPU_MEMORY_USED), wanted)
    sizes = [
        (gpu, name, one)
        for name, metrics in (("free", concepts.GPU_MEMORY_FREE), ("total", _MEMORY_TOTAL))
        for gpu, one in _of(finder.all(metrics), wanted)
    ]
    sizes += [(gpu, "used", one) for gpu, one in used]
    days = Grid.over(start_ms, end_ms, _DAY_S)
    requests = [StatRequest((one.series.id,), _MAXIMUM, grid.step_s) for _, one in used]
    requests += [StatRequest((one.series.id,), _AVERAGE, days.step_s) for *_, one in sizes]
    answers = await reader.statistics(finder.scope, requests, start_ms, end_ms) if requests else []
    most: dict[str, Floats] = {}
    for (gpu, one), answer in zip(used, answers[: len(used)], strict=True):
        row = grid.place(answer) * one.metric.scale
        most[gpu] = np.fmax(most[gpu], row) if gpu in most else row
    by: dict[tuple[str, str], Floats] = {}
    for (gpu, name, one), answer in zip(sizes, answers[len(used) :], strict=True):
        row = days.place(answer) * one.metric.scale
        by[gpu, name] = np.fmax(by[gpu, name], row) if (gpu, name) in by else row
    return {gpu: most.get(gpu, np.full(grid.steps, np.nan)) / _size(by, gpu, days) for gpu in wanted}


def _size(by: Mapping[tuple[str, str], Floats], gpu: str, days: Grid) -> float:
    nothing = np.full(days.steps, np.nan)
    free = by.get((gpu, "free"), nothing)
    whole = np.fmax(by.get((gpu, "total"), nothing), by.get((gpu, "used"), nothing) + free)
    return float(np.nan if np.all(np.isnan(whole)) else np.nanmax(whole))


def _of(found: Sequence[Found], wanted: Mapping[str, Device]) -> list[tuple[str, Found]]:
    return [(gpu, one) for one in found if (gpu := gpu_of(one.series)) in wanted]


def _of_run(
    devices: Devices,
    rows: Mapping[str, _Row],
    memory: Mapping[str, Floats],
    grid: Grid,
    span: tuple[int, int],
    exact: bool,
) -> Activity:
    """The part of a run. Unless the read was `exact`, its first and last step hold what others did too: left out."""
    size = grid.step_s * 1000
    first, last = (span[0] - grid.start_ms) // size, -(-(span[1] - grid.start_ms) // size)
    starts = grid.start_ms + np.arange(first, last) * size
    shape = (len(devices.known), last - first)
    values, seconds, source = np.full(shape, np.nan), np.zeros(shape), np.full(shape, -1, np.int64)
    peaks, unknown = np.full(len(devices.known), np.nan), np.full(grid.steps, np.nan)
    for at, device in enumerate(devices.known):
        held = device.held
        begun = max(span[0], held.start_ms or span[0])
        ended = min(span[1], held.end_ms or span[1])
        overlap = np.minimum(starts + size, ended) - np.maximum(starts, begun)
        seconds[at] = np.maximum(overlap, 0) / 1000
        row, peak = rows[device.gpu], memory.get(device.gpu, unknown)[first:last]
        whole = seconds[at] >= grid.step_s
        mine = whole if whole.any() and not exact else seconds[at] > 0
        values[at] = np.where(mine, row.values[first:last], np.nan)
        source[at] = np.where(mine, row.source[first:last], -1)
        within = peak[mine & ~np.isnan(peak)]
        peaks[at] = within.max() if len(within) else np.nan
    return Activity(devices, int(starts[0]), grid.step_s, values, seconds, source, peaks)
