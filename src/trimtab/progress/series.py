"""What series say of a run: how far it is, and the energy of its GPUs. One read of the engine each."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.devices import COUNT_ONLY, Device, SeriesIndex
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.model import Run
from trimtab.metrics.model import Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic
from trimtab.progress.energy import GAP_S, Energy, of_counter, of_power
from trimtab.progress.model import Mark, MarkKind
from trimtab.progress.names import TOLD, RunNames
from trimtab.progress.report import RunEnergy

_LAST, _AVERAGE = parse_statistic("Last"), parse_statistic("Average")
_STEPS_S = (10, 60, 300, 900, 3600, 21_600)
_MOST_STEPS = 1000
"""Steps of a read: of an hour ten seconds each, of a day five minutes."""
_MOST_VALUES = 300_000
"""Values of one read: a second's work of the engine; a run on thousands of GPUs is read in longer steps."""


class ToldBySeries(Struct, frozen=True):
    """Marks from series, and the names of the metrics."""

    marks: tuple[Mark, ...] = ()
    metrics: tuple[str, ...] = field(default=())


async def marks_of(reader: Reader, registry: Registry, scope: Scope, run: Run, now_ms: int) -> ToldBySeries:
    """What metrics that name the run say of its progress. Raises QueryAborted, Unavailable."""
    if run.start_ms is None:
        return ToldBySeries()
    start_ms, end_ms = run.start_ms, now_ms if run.end_ms is None else min(run.end_ms, now_ms)
    if end_ms <= start_ms:
        return ToldBySeries()
    step_s = _step_s(end_ms - start_ms)
    finder = Finder(registry, scope, start_ms - step_s * 1000)
    names = RunNames([run])
    chosen: dict[str, list[Found]] = {}
    for name, metrics in TOLD.items():
        mine = [one for one in finder.all(metrics) if names.of(one)]
        if mine:
            chosen[name] = [one for one in mine if one.metric.name == mine[0].metric.name]
    if not any(name in chosen for name in ("step", "samples", "tokens", "epoch")):
        return ToldBySeries()
    asked = [(name, one) for name, found in chosen.items() for one in found]
    requests = [StatRequest((one.series.id,), _LAST, step_s) for _, one in asked]
    answers = await reader.statistics(scope, requests, start_ms, end_ms)
    columns: dict[str, dict[int, float]] = {}
    for (name, one), answer in zip(asked, answers, strict=True):
        counter = one.series.identity.kind is Kind.COUNTER
        for at, value in _points(answer, growing=counter and name in ("samples", "tokens")):
            held = columns.setdefault(name, {})
            held[at] = max(held.get(at, value), value)
    marks = _marks(columns, step_s * 1000, end_ms)
    return ToldBySeries(marks, tuple(found[0].metric.name for found in chosen.values()))


def _points(answer: StatSeries, *, growing: bool) -> list[tuple[int, float]]:
    """Bucket starts and values; of what a process counts from 0, on over its restarts."""
    values = [float(value) for value in answer.values]
    if growing:
        grown, before, total = [], 0.0, 0.0
        for value in values:
            total += value - before if value >= before else value
            before = value
            grown.append(total)
        values = grown
    return [(int(at), value) for at, value in zip(answer.times, values, strict=True) if not np.isnan(value)]


def _marks(columns: Mapping[str, Mapping[int, float]], size_ms: int, end_ms: int) -> tuple[Mark, ...]:
    """A mark at the end of each step in which something was told, and one for each checkpoint and evaluation."""
    found: list[Mark] = []
    before: dict[str, float] = {}
    for at in sorted({at for name in ("step", "samples", "tokens", "epoch") for at in columns.get(name, {})}):
        now = {name: values[at] for name, values in columns.items() if at in values}
        at_ms = min(at + size_ms, end_ms)
        step = now.get("step")
        mark = Mark(
            at_ms=at_ms,
            kind=MarkKind.STEP,
            step=None if step is None else int(step),
            epoch=now.get("epoch"),
            samples=now.get("samples"),
            tokens=now.get("tokens"),
            loss=now.get("loss"),
            step_s=now.get("step_s"),
        )
        found.append(mark)
        for name, kind in (("checkpoints", MarkKind.SAVED), ("evaluations", MarkKind.SCORE)):
            if name in now:
                if now[name] > before.get(name, 0.0):
                    found.append(Mark(at_ms=at_ms, kind=kind, step=mark.step))
                before[name] = now[name]
    return tuple(found)


async def energy_of(reader: Reader, registry: Registry, scope: Scope, run: Run, now_ms: int) -> RunEnergy:
    """The energy of a run's GPUs over its whole life: by counters, else by power. Raises QueryAborted, Unavailable."""
    if run.start_ms is None:
        return RunEnergy((), "it has not started")
    end_ms = now_ms if run.end_ms is None else min(run.end_ms, now_ms)
    if end_ms <= run.start_ms or not run.gpus:
        return RunEnergy((), "it held no GPU")
    finder = Finder(registry, scope, run.start_ms - _STEPS_S[-1] * 1000)
    kinds = (concepts.GPU_ENERGY, concepts.GPU_POWER)
    found = [(place, one) for place, metrics in enumerate(kinds) for one in finder.all(metrics)]
    if not found:
        return RunEnergy((), "no GPU reports its energy or power")
    devices = SeriesIndex.of(found).devices(run)
    if not devices.known:
        why = "only the number of its GPUs is known, not which" if devices.by == COUNT_ONLY else "its GPUs report none"
        return RunEnergy((), why)
    step_s = _step_s(end_ms - run.start_ms, len(devices.known))
    asked = [(device, place, one) for device in devices.known for place, one in device.series]
    requests = [StatRequest((one.series.id,), _AVERAGE if place else _LAST, step_s) for _, place, one in asked]
    size_ms = step_s * 1000
    answers = await reader.statistics(scope, requests, run.start_ms - size_ms, end_ms + size_ms)
    span = run.start_ms, end_ms
    parts = await asyncio.to_thread(lambda: _parts(asked, answers, span, step_s))
    return RunEnergy(parts, "" if parts else "its GPUs reported neither energy nor power while it ran")


def _parts(
    asked: Sequence[tuple[Device, int, Found]], answers: Sequence[StatSeries], span: tuple[int, int], step_s: int
) -> tuple[Energy, ...]:
    """The energy of each GPU of which it is known. Of several sources of one GPU the first that tells counts."""
    by: dict[str, dict[int, list[tuple[float, float]]]] = {}
    devices = {device.gpu: device for device, *_ in asked}
    for (device, place, one), answer in zip(asked, answers, strict=True):
        readings = by.setdefault(device.gpu, {}).setdefault(place, [])
        if not readings:
            readings += _readings(answer, one.metric.scale, step_s * (0.5 if place else 1.0))
    found = (_of_device(device, by[gpu], *span, step_s) for gpu, device in devices.items())
    return tuple(one for one in found if one is not None)


def _readings(answer: StatSeries, scale: float, late_s: float) -> list[tuple[float, float]]:
    """Readings at their time: what was last in a step at its end, what was mean in its middle."""
    return [
        (float(at) / 1000 + late_s, float(value) * scale)
        for at, value in zip(answer.times, answer.values, strict=True)
        if not np.isnan(value)
    ]


def _of_device(
    device: Device, readings: Mapping[int, Sequence[tuple[float, float]]], start_ms: int, end_ms: int, step_s: int
) -> Energy | None:
    """The energy of a GPU while the run held it."""
    begun = max(start_ms, device.held.start_ms or start_ms) / 1000
    ended = min(end_ms, device.held.end_ms or end_ms) / 1000
    by_counter = of_counter(readings.get(0, ()), begun, ended)
    return by_counter or of_power(readings.get(1, ()), begun, ended, max(GAP_S, 3.0 * step_s))


def _step_s(length_ms: int, gpus: int = 1) -> int:
    most = min(_MOST_STEPS, _MOST_VALUES // max(gpus, 1))
    return next((step for step in _STEPS_S if length_ms / 1000 / step <= most), _STEPS_S[-1])
