"""`GET /rest/v1/runs`, `/rest/v1/runs/report` and `/rest/v1/queue`: what ran, what it cost, and what waits."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.client import runs_wire as wire
from trimtab.client.inventory_wire import HeldGpus, StateName
from trimtab.doors.rest.gpu_health import health_of_run
from trimtab.doors.rest.profile_answers import profile_on_wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import RunKey, RunState
from trimtab.kpis.runs import queue, starts
from trimtab.kpis.runs.activity import Activity
from trimtab.kpis.runs.phases import Hang, Stretch
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import Attempt, PhaseHours, PricedLoss, RunReport

_RUNS, _TAG = "/rest/v1/runs", "runs"
_LONGEST_MS = 400 * 86_400_000
_NOW_MS = 60_000
"""A range that ended at most that long ago is of now."""


class RunsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs: those that waited or ran at any time of the range, and fit every filter."""

    start: Instant = "-7d"
    end: Instant = "now"
    cluster: Annotated[str, Meta(max_length=128, description="Of this cluster only.")] = ""
    state: Annotated[list[StateName], Meta(max_length=20, description="In one of these states.")] = []
    team: Annotated[str, Meta(max_length=256, description="Of this team (SLURM's account) only.")] = ""
    user: Annotated[str, Meta(max_length=256, description="Of this user only.")] = ""
    queue: Annotated[str, Meta(max_length=256, description="Of this partition or queue only.")] = ""
    text: Annotated[str, Meta(max_length=256, description="Words of id, name, user, team, reason or nodes.")] = ""
    limit: Annotated[int, Meta(ge=1, le=500, description="How many at most.")] = 100
    after: Annotated[str, Meta(max_length=2000, description="`next` of the page before.")] = ""


class ReportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which run."""

    job: Annotated[str, Meta(min_length=1, max_length=512, description="Its id: 48213, or vision/trainer-0.")]
    cluster: Annotated[str, Meta(max_length=128, description="Its cluster, where several have that id.")] = ""


class QueueQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which range."""

    start: Instant = "-24h"
    end: Instant = "now"
    cluster: Annotated[str, Meta(max_length=128, description="Of this cluster only.")] = ""


def operations(reports: RunReports) -> list[Operation]:
    """The operations that read runs and the queue."""

    async def listed(call: Call[RunsQuery, None]) -> wire.RunPage:
        asked = call.query
        span = time_range(asked.start, asked.end, reports.clock.now_ms())
        wanted = RunFilter(
            span.start_ms,
            span.end_ms,
            asked.cluster,
            tuple(asked.state),
            asked.team,
            asked.user,
            asked.queue,
            asked.text,
        )
        after = _after(asked.after) if asked.after else None
        found = await reports.listed(call.principal.scope, wanted, asked.limit + 1, after)
        shown = found[: asked.limit]
        key = shown[-1].run.key if len(found) > len(shown) else None
        more = encode_token([key.account, key.cluster, key.job]) if key is not None else None
        known: dict[RunKey, starts.Start | None] = {}
        if any(one.run.state is RunState.PENDING for one in shown):
            waiting = await starts.waiting(reports.room, call.principal.scope, reports.clock.now_ms(), asked.cluster)
            known = {one.run.key: one.start for one in waiting}
        return wire.RunPage([run_on_wire(one, known.get(one.run.key)) for one in shown], more)

    async def one(call: Call[ReportQuery, None]) -> wire.RunDetail:
        return detail_on_wire(await reports.one(call.principal.scope, call.query.job, call.query.cluster))

    async def queued(call: Call[QueueQuery, None]) -> wire.Queue:
        span = time_range(call.query.start, call.query.end, reports.clock.now_ms())
        start_ms = max(span.start_ms, span.end_ms - _LONGEST_MS)
        scope, now_ms = call.principal.scope, reports.clock.now_ms()
        found = await queue.read(reports.room, scope, start_ms, span.end_ms, call.query.cluster)
        is_now = span.end_ms >= now_ms - _NOW_MS
        return queue_on_wire(
            found, await starts.waiting(reports.room, scope, now_ms, call.query.cluster) if is_now else []
        )

    return [
        Operation(
            "GET",
            _RUNS,
            "list runs",
            "Runs with the GPU-hours, activity, cost and largest loss of the range, the last submitted first.",
            listed,
            wire.RunPage,
            query=RunsQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_RUNS}/report",
            "get run",
            "A run in full: every GPU's activity, what it waited for, and every loss.",
            one,
            wire.RunDetail,
            query=ReportQuery,
            errors=(404, 504),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            "/rest/v1/queue",
            "get queue",
            "Who waits for how many GPUs, why and how long, beside the GPUs that are idle and why.",
            queued,
            wire.Queue,
            query=QueueQuery,
            tag=_TAG,
            bound=True,
        ),
    ]


def run_on_wire(report: RunReport, start: starts.Start | None = None) -> wire.Run:
    """A run as it is listed."""
    run, cost = report.run, report.cost
    return wire.Run(
        run.key.job,
        run.key.cluster,
        run.key.account,
        run.scheduler,
        run.name,
        run.user,
        run.team,
        run.queue,
        typed.convert(run.state.value, StateName),
        run.reason,
        run.exit_code,
        run.submit_ms,
        run.start_ms,
        run.end_ms,
        report.wait_ms / 1000,
        run.gpus,
        run.gpu_type,
        run.nodes,
        list(run.node_names),
        dict(run.tags),
        report.gpu_hours,
        report.known_hours,
        report.active_hours,
        report.active_share,
        list(report.measured_by),
        report.gpus_known_by,
        report.unknown,
        {currency: f"{amount:.6f}" for currency, amount in cost.amounts.items()},
        [basis.value for basis in cost.bases],
        list(cost.notes),
        cost.unpriced_hours,
        cost.reason,
        None if report.largest_loss is None else _loss(report.largest_loss),
        report.settled,
        _expected(start),
    )


def _expected(start: starts.Start | None) -> wire.ExpectedStart | None:
    return None if start is None else typed.convert(start, wire.ExpectedStart, from_attributes=True)


def detail_on_wire(report: RunReport) -> wire.RunDetail:
    """A run in full."""
    held = [
        HeldGpus(one.node, one.gpus, list(one.indexes), list(one.uuids), one.pod, one.start_ms, one.end_ms)
        for one in report.run.held
    ]
    activity = report.activity
    return wire.RunDetail(
        run_on_wire(report),
        held,
        [wire.Waited(one.from_ms, one.to_ms, one.reason) for one in report.stretches],
        [_loss(one) for one in report.losses],
        activity.start_ms if activity is not None else None,
        activity.step_s if activity is not None else None,
        [] if activity is None else _gpus(activity),
        None if report.profile is None else profile_on_wire(report.profile),
        phases=[_phase(one) for one in report.phases],
        band=[] if report.gpu_phases is None else [_stretch(one) for one in report.gpu_phases.band()],
        hangs=[] if report.gpu_phases is None else [_hang(one) for one in report.gpu_phases.hangs],
        health=health_of_run(report.health),
        attempts=[_attempt(one) for one in report.attempts],
    )


def queue_on_wire(found: queue.QueueReport, waiting: Sequence[starts.WaitingRun]) -> wire.Queue:
    """The queue."""
    return wire.Queue(
        found.start_ms,
        found.end_ms,
        found.gpu_hours,
        [typed.convert(one, wire.Waiting, from_attributes=True) for one in found.waiting],
        [typed.convert(one, wire.GpuUse, from_attributes=True) for one in found.gpus],
        [typed.convert(one, wire.QueueMoment, from_attributes=True) for one in found.timeline],
        found.nodes,
        [_waiting_run(one) for one in waiting],
    )


def _waiting_run(one: starts.WaitingRun) -> wire.WaitingRun:
    run = one.run
    known = (run.key.job, run.key.cluster, run.name, run.team, run.queue, run.gpus, run.gpu_type, run.submit_ms)
    return wire.WaitingRun(*known, _expected(one.start))


def _gpus(activity: Activity) -> list[wire.GpuOfRun]:
    found = []
    for device, values, seconds, peak in zip(
        activity.devices.known, activity.values, activity.seconds, activity.memory, strict=True
    ):
        known = ~np.isnan(values) & (seconds > 0)
        mean = float(np.average(values[known], weights=seconds[known])) if known.any() else None
        row = [None if np.isnan(value) else round(float(value), 4) for value in values]
        memory = None if np.isnan(peak) else float(peak)
        found.append(wire.GpuOfRun(device.gpu, device.node, device.index, mean, memory, row))
    return found


def _loss(one: PricedLoss) -> wire.Loss:
    amounts = {currency: f"{amount:.6f}" for currency, amount in one.amounts.items()}
    kind = typed.convert(one.loss.kind.value, wire.LossName)
    return wire.Loss(kind, one.loss.gpu_hours, one.loss.gpus, amounts, one.words)


def _attempt(one: Attempt) -> wire.RunAttempt:
    run = one.run
    return wire.RunAttempt(
        job=run.key.job,
        state=typed.convert(run.state.value, StateName),
        reason=run.reason,
        submit_ms=run.submit_ms,
        start_ms=run.start_ms,
        end_ms=run.end_ms,
        gpu_hours=one.gpu_hours,
        amounts={currency: f"{amount:.6f}" for currency, amount in one.cost.amounts.items()},
    )


def _phase(one: PhaseHours) -> wire.RunPhase:
    amounts = {currency: f"{amount:.6f}" for currency, amount in one.amounts.items()}
    return wire.RunPhase(typed.convert(one.phase.words, wire.PhaseName), one.gpu_hours, amounts)


def _stretch(one: Stretch) -> wire.PhaseStretch:
    return wire.PhaseStretch(typed.convert(one.phase.words, wire.PhaseName), one.start_ms, one.end_ms)


def _hang(one: Hang) -> wire.RunHang:
    return wire.RunHang(one.start_ms, one.end_ms, one.ended, one.stopped_first, one.node, one.index)


def _after(token: str) -> RunKey:
    match decode_token(token):
        case [str(account), str(cluster), str(job)]:
            return RunKey(account, cluster, job)
    raise InvalidInput("cannot read page token: expected one from an earlier answer", field="after")
