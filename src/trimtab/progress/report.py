"""What a run has done, as it is shown: its course, and the figures that come of it, each with how it came about. Pure.

goodput = productive ÷ held: training of what nothing before had done already, × its GPUs, ÷ the GPU-hours that the
ledger says it held. Start-up, evaluation, checkpoints, training done twice and what nobody explains are not productive.
"""

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from trimtab.inventory.runs.model import Run
from trimtab.progress.course import Course, Phase
from trimtab.progress.energy import JOULES_PER_KWH, Energy, joules_a_unit
from trimtab.progress.flops import Known, mfu
from trimtab.progress.model import Workload

_SIZE = re.compile(r"^\s*([\d.,]+(?:[eE]\d+)?)\s*([kKmMbBtT])?\s*$")
_SCALE = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_ENOUGH = 0.99
"""Of the GPU-hours held, from which on energy is said without for how many it is known."""
NO_PROGRESS = (
    "no progress was reported: log lines of the training program, its metrics, the callback of "
    "trimtab.client.training, or `trimtab runs import-mlperf` tell it"
)


class RunProgress(Struct, frozen=True, kw_only=True):
    """What a run has done. `course` is None where nothing told of it; figures then say why they are unknown.

    `sources` are who told: dialects of logs, names of metrics, who reported. Energy is of the whole life of the run.
    """

    course: Course | None
    workload: Workload
    sources: tuple[str, ...]
    step_s: Known
    samples_per_s: Known
    tokens_per_s: Known
    mfu: Known
    goodput: Known
    kwh: Known
    joules_a_sample: Known
    joules_a_token: Known


class RunEnergy(Struct, frozen=True):
    """The energy of a run's GPUs that is known, and of how many GPU-hours; `reason` says why there is none."""

    parts: tuple[Energy, ...]
    reason: str = ""

    @property
    def joules(self) -> float | None:
        """Of all parts together; None of none."""
        return sum(one.joules for one in self.parts) if self.parts else None

    @property
    def gpu_hours(self) -> float:
        """GPU-hours for which it is known."""
        return sum(one.covered_s for one in self.parts) / 3600


def workload_of(run: Run) -> Workload:
    """What the scheduler says of what a run trains: its GPUs, and tags that somebody put.

    Tags: `model_parameters` (8e9, 8B), `sequence_length`, `global_batch_size`, `precision`, `flops_factor`.
    """
    tags = run.tags
    return Workload(
        parameters=_size(tags.get("model_parameters", "")),
        sequence=int(_size(tags.get("sequence_length", ""))),
        batch=_size(tags.get("global_batch_size", "")),
        precision=tags.get("precision", ""),
        flops_factor=_size(tags.get("flops_factor", "")),
        accelerators=run.gpus,
        accelerator=run.gpu_type,
        origin="scheduler",
    )


def _size(text: str) -> float:
    found = _SIZE.match(text)
    if not found:
        return 0.0
    try:
        value = float(found.group(1).replace(",", "")) * _SCALE[(found.group(2) or "").lower()]
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def report_of(
    course: Course | None, workload: Workload, held_hours: float, energy: RunEnergy, sources: Sequence[str] = ()
) -> RunProgress:
    """The figures of a run. `held_hours` are GPU-hours of the ledger over its whole life."""
    trained_s = course.seconds[Phase.TRAINING] if course is not None else 0.0
    samples, tokens = _work(course, workload)
    return RunProgress(
        course=course,
        workload=workload,
        sources=tuple(sources),
        step_s=_step(course),
        samples_per_s=_rate(course, samples, trained_s, "samples"),
        tokens_per_s=_rate(course, tokens, trained_s, "tokens"),
        mfu=_mfu(course, workload, tokens.value, trained_s),
        goodput=_goodput(course, trained_s, held_hours, workload.accelerators),
        kwh=_kwh(energy, held_hours),
        joules_a_sample=_joules(energy, held_hours, samples, "sample"),
        joules_a_token=_joules(energy, held_hours, tokens, "token"),
    )


def _work(course: Course | None, workload: Workload) -> tuple[Known, Known]:
    """Samples and tokens that it trained: as told, else from steps and samples."""
    if course is None:
        return Known(None, NO_PROGRESS), Known(None, NO_PROGRESS)
    if course.samples is not None:
        samples = Known(course.samples, "as told")
    elif course.steps is not None and workload.batch:
        samples = Known(course.steps * workload.batch, f"steps × {workload.batch:g} samples")
    else:
        samples = Known(None, "nothing says how many samples, nor how many a step has")
    if course.tokens is not None:
        return samples, Known(course.tokens, "as told")
    if samples.value is not None and workload.sequence:
        return samples, Known(samples.value * workload.sequence, f"samples × {workload.sequence:,} tokens")
    why = samples.how if samples.value is None else "nothing says how many tokens, nor how many a sample has"
    return samples, Known(None, why)


def _step(course: Course | None) -> Known:
    if course is None:
        return Known(None, NO_PROGRESS)
    if course.step_s is None:
        return Known(None, "fewer than two steps were told")
    return Known(course.step_s, "time of training ÷ steps trained in it")


def _rate(course: Course | None, work: Known, seconds: float, what: str) -> Known:
    if course is None or work.value is None:
        return Known(None, work.how)
    if not seconds:
        return Known(None, "nothing says how long it trained")
    return Known(work.value / seconds, f"{work.value:,.0f} {what} ({work.how}) ÷ {seconds:,.0f} s of training")


def _mfu(course: Course | None, workload: Workload, tokens: float | None, seconds: float) -> Known:
    if course is None:
        return Known(None, NO_PROGRESS)
    found = mfu(workload, tokens, seconds)
    if found.value is None and course.mfu is not None:
        return Known(course.mfu, "as the program itself reported last")
    return found


def _goodput(course: Course | None, seconds: float, held_hours: float, gpus: float) -> Known:
    if course is None:
        return Known(None, NO_PROGRESS)
    if held_hours <= 0 or gpus <= 0:
        return Known(None, "nothing says how long it held how many GPUs")
    productive = seconds * gpus / 3600
    how = f"{productive:,.2f} productive ÷ {held_hours:,.2f} held GPU-hours"
    return Known(min(productive / held_hours, 1.0), how)


def _kwh(energy: RunEnergy, held_hours: float) -> Known:
    joules = energy.joules
    if joules is None:
        return Known(None, energy.reason)
    basis = " and ".join(dict.fromkeys(one.basis.value for one in energy.parts))
    part = ""
    if energy.gpu_hours < _ENOUGH * held_hours:
        part = f", known for {energy.gpu_hours:,.2f} of {held_hours:,.2f} GPU-hours"
    return Known(joules / JOULES_PER_KWH, f"by {basis} of its GPUs, without hosts and cooling{part}")


def _joules(energy: RunEnergy, held_hours: float, work: Known, unit: str) -> Known:
    """Joules a unit of work; not where energy is known for a part of the time only: it would be too few."""
    if energy.joules is None:
        return Known(None, energy.reason)
    if energy.gpu_hours < 0.95 * held_hours:
        return Known(None, "its energy is known for a part of its time only")
    value = joules_a_unit(energy.joules, work.value)
    if value is None:
        return Known(None, work.how)
    return Known(value, f"energy of its whole life ÷ {work.value:,.0f} {unit}s trained")
