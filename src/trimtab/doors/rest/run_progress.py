"""`/rest/v1/runs/progress`, `/mlperf` and `/energy-file`: how far runs are, told (role write) and asked."""

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.client import progress_wire as wire
from trimtab.doors.rest.inventory import Place
from trimtab.doors.rest.spec import Call, Operation
from trimtab.fleet.phases.pace import RankPaces
from trimtab.inventory.runs.model import RunKey
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport
from trimtab.progress import power_files
from trimtab.progress.course import Course
from trimtab.progress.energy import of_power
from trimtab.progress.flops import Known
from trimtab.progress.mllog import read_log
from trimtab.progress.model import Mark, Workload
from trimtab.progress.power_limits import Advised, Choice, Trial, advise
from trimtab.progress.report import RunProgress
from trimtab.progress.room import ProgressRoom
from trimtab.progress.store import Told

_RUNS, _TAG = "/rest/v1/runs", "runs"
_MOST_NAMED = 100
_MOST_RANKS = 16
ZEUS = "window of Zeus"


class ProgressQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which run."""

    job: Annotated[str, Meta(min_length=1, max_length=512, description="Its id: 48213, or vision/trainer-0.")]
    cluster: Annotated[str, Meta(max_length=128, description="Its cluster, where several have that id.")] = ""


class Progressing(Struct, frozen=True):
    """What the operations need: the room, and the reports that say what a run held."""

    room: ProgressRoom
    reports: RunReports


def operations(rooms: Progressing, place: Place) -> list[Operation]:
    """The operations on progress."""

    async def one(call: Call[ProgressQuery, None]) -> wire.RunProgress:
        report = await rooms.reports.one(call.principal.scope, call.query.job, call.query.cluster)
        others = [one.run for one in report.attempts]
        found = await rooms.room.one(call.principal.scope, report.run, report.whole_hours, others)
        return progress_on_wire(report, found)

    async def put(call: Call[Any, wire.ReportProgress]) -> wire.ProgressTaken:
        body = call.body
        account = place.account_of(call, body.account)
        key = RunKey(account, body.cluster, body.job)
        if not body.cluster:
            sight = Scope(accounts=frozenset((account,)))
            key = (await rooms.reports.room.runs.one(sight, body.job)).key
        marks = [typed.convert(one, Mark, from_attributes=True) for one in body.marks]
        workload = typed.convert(body.workload, Workload, from_attributes=True)
        changed = await rooms.room.take(Told(key, body.source, marks, workload))
        return wire.ProgressTaken(len(marks), bool(changed))

    async def mlperf(call: Call[Any, wire.ImportMlperf]) -> wire.MlperfTaken:
        body = call.body
        log = await asyncio.to_thread(lambda: read_log(body.log.split("\n"), body.accelerator, body.accelerators))
        if not log.marks:
            raise InvalidInput("cannot read an MLPerf training log: it has no :::MLLOG line of a run", field="log")
        key = RunKey(place.account_of(call, body.account), body.cluster, body.job)
        changed = await rooms.room.import_log(key, log, body.nodes)
        return wire.MlperfTaken(
            body.job, body.cluster, log.benchmark, len(log.marks), bool(changed), list(log.unreadable[:_MOST_NAMED])
        )

    async def energy(call: Call[Any, wire.EnergyFile]) -> wire.MeasuredEnergy:
        return await asyncio.to_thread(energy_of_file, call.body.text)

    return [
        Operation(
            "GET",
            f"{_RUNS}/progress",
            "get run progress",
            "How far a run is: steps, tokens/s, MFU, goodput, restarts, lost steps and energy, each with how, and "
            "which rank slows it.",
            one,
            wire.RunProgress,
            query=ProgressQuery,
            errors=(404, 504),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "POST",
            f"{_RUNS}/progress",
            "report run progress",
            "What a training program tells of its run. A repeat changes nothing.",
            put,
            wire.ProgressTaken,
            body=wire.ReportProgress,
            role=Role.WRITE,
            errors=(404,),
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{_RUNS}/mlperf",
            "import MLPerf log",
            "An MLPerf training log as a run and its progress. A repeat changes nothing.",
            mlperf,
            wire.MlperfTaken,
            body=wire.ImportMlperf,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{_RUNS}/energy-file",
            "read energy file",
            "Joules in a file of Zeus or of power readings, and the best power limit of its jobs. Nothing is kept.",
            energy,
            wire.MeasuredEnergy,
            body=wire.EnergyFile,
            tag=_TAG,
            bound=True,
        ),
    ]


def progress_on_wire(report: RunReport, found: RunProgress) -> wire.RunProgress:
    """The progress of a run; its report says what its GPU-hours cost."""
    run = report.run
    return wire.RunProgress(
        job=run.key.job,
        cluster=run.key.cluster,
        course=None if found.course is None else _course(found.course, found.workload.total_steps),
        sources=list(found.sources),
        step_s=_known(found.step_s),
        samples_per_s=_known(found.samples_per_s),
        tokens_per_s=_known(found.tokens_per_s),
        mfu=_known(found.mfu),
        goodput=_known(found.goodput),
        kwh=_known(found.kwh),
        joules_a_sample=_known(found.joules_a_sample),
        joules_a_token=_known(found.joules_a_token),
        pace=None if report.pace is None else _pace(report.pace, report),
    )


def _pace(found: RankPaces, report: RunReport) -> wire.RunPace:
    cost = report.part_of_cost(report.slow_rank_hours)
    judged = found.judgement
    return wire.RunPace(
        slow=judged.slow,
        node=found.slow_node,
        gain=judged.gain,
        words=judged.words,
        gpu_hours=report.slow_rank_hours,
        amounts={currency: f"{amount:.6f}" for currency, amount in cost.items()},
        metric=found.metric,
        own=found.own,
        ranks=[
            wire.RankPace(one.rank, found.nodes.get(one.rank, ""), one.pace, one.slowest_share)
            for one in judged.ranks[:_MOST_RANKS]
        ],
    )


def _known(figure: Known) -> wire.KnownFigure:
    return wire.KnownFigure(figure.value, figure.how)


def _course(course: Course, total_steps: int) -> wire.RunCourse:
    names = {phase: typed.convert(phase.value, wire.PhaseName) for phase in course.seconds}
    return wire.RunCourse(
        first_ms=course.first_ms,
        last_ms=course.last_ms,
        ended=course.ended,
        step=course.step,
        total_steps=total_steps or None,
        epoch=course.epoch,
        loss=course.loss,
        score=course.score,
        samples=course.samples,
        tokens=course.tokens,
        evaluations=course.evaluations,
        checkpoints=course.checkpoints,
        saved_step=course.saved_step,
        unsaved_steps=course.unsaved_steps,
        restarts=course.restarts,
        lost_steps=course.lost_steps,
        seconds={names[phase]: seconds for phase, seconds in course.seconds.items()},
        spans=[wire.PhaseSpan(one.from_ms, one.to_ms, names[one.phase]) for one in course.spans],
    )


def energy_of_file(text: str) -> wire.MeasuredEnergy:
    """What a file says of energy, whichever of the three kinds it is. Raises InvalidInput for another."""
    lines = text.splitlines()
    head = lines[0] if lines else ""
    jobs: dict[power_files.Job, list[Trial]] = {}
    parts: list[wire.EnergyPart] = []
    if "window_name" in head:
        windows = power_files.windows(lines)
        unreadable = windows.unreadable
        parts = [wire.EnergyPart(row.name, row.joules, row.seconds, ZEUS) for row in windows.rows]
        jobs = {(): [trial for row in windows.rows if (trial := row.trial) is not None]}
    elif "watts" in head:
        readings = power_files.power_readings(lines)
        unreadable = readings.unreadable
        for (run, node), found in readings.rows.items():
            times = [at for at, _ in found]
            energy = of_power(found, min(times), max(times))
            if energy is not None:
                name = f"{run}, {node}" if node else run
                parts.append(wire.EnergyPart(name, energy.joules, energy.covered_s, energy.basis.value))
    else:
        tried = power_files.trials(lines)
        jobs, unreadable = tried.rows, tried.unreadable
    advised = [(job, trials, one) for job, trials in jobs.items() if (one := advise(trials)) is not None]
    return wire.MeasuredEnergy(
        parts,
        [_advice(dict(job), len({one.limit_w for one in trials}), one) for job, trials, one in advised],
        sum(bool(trials) for trials in jobs.values()) - len(advised),
        list(unreadable[:_MOST_NAMED]),
    )


def _advice(job: dict[str, str], limits: int, advised: Advised) -> wire.LimitAdvice:
    def choice(one: Choice) -> wire.LimitChoice:
        return wire.LimitChoice(one.limit_w, one.joules, one.saving, one.slower)

    return wire.LimitAdvice(
        job=job,
        limits=limits,
        top_w=advised.top.limit_w,
        top_joules=advised.top.joules,
        fewest_joules=choice(advised.fewest_joules),
        hardly_slower=choice(advised.hardly_slower),
        words=advised.words,
    )
