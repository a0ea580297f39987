"""`/rest/v1/runs`: what schedulers ran and run; reports of it (role write)."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.client import inventory_wire as wire
from trimtab.doors.rest.inventory import Place
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState

_RUNS, _TAG = "/rest/v1/runs", "runs"


def operations(room: InventoryRoom, clock: Clock, place: Place) -> list[Operation]:
    """The operation that takes reports of runs."""

    async def put(call: Call[Any, wire.ReportRuns]) -> wire.RunsTaken:
        body = call.body
        account = place.account_of(call, body.account)
        now_ms = clock.now_ms()
        seen_ms = now_ms if body.seen_ms is None else min(body.seen_ms, now_ms)
        found = [_run(RunKey(account, body.cluster, one.job), body.scheduler, one) for one in body.runs]
        open_jobs = None if body.open is None else {(account, body.cluster): frozenset(body.open)}
        taken = await room.runs.put(found, seen_ms, open_jobs)
        return wire.RunsTaken(taken.runs, taken.changed, taken.lost)

    return [
        Operation(
            "POST",
            _RUNS,
            "report runs",
            "What is known of a cluster's runs at a time. A repeat changes nothing, nor does an older report.",
            put,
            wire.RunsTaken,
            body=wire.ReportRuns,
            role=Role.WRITE,
            tag=_TAG,
        )
    ]


def _run(key: RunKey, scheduler: str, one: wire.RunRecord) -> Run:
    return Run(
        key=key,
        scheduler=scheduler,
        state=RunState(one.state),
        submit_ms=one.submit_ms,
        name=one.name,
        user=one.user,
        team=one.team,
        queue=one.queue,
        reason=one.reason,
        exit_code=one.exit_code,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        gpus=one.gpus,
        gpu_type=one.gpu_type,
        nodes=one.nodes,
        node_names=tuple(one.node_names),
        whole_nodes=one.whole_nodes,
        tasks=one.tasks,
        tags=one.tags,
        held=tuple(
            Held(
                part.node,
                part.gpus,
                tuple(part.indexes),
                tuple(part.uuids),
                part.pod,
                part.start_ms,
                part.end_ms,
                part.pod_uid,
            )
            for part in one.held
        ),
    )
