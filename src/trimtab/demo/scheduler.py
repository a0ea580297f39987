"""What the schedulers of the company say of their runs and nodes, as `trimtab connect slurm` and `connect kubernetes`
would report it: by the hour in the history, by the minute from then on.
"""

from collections.abc import Iterator, Sequence

import msgspec

from trimtab.client.inventory_wire import (
    HeldGpus,
    NodeRecord,
    ReportNodes,
    ReportRuns,
    RunRecord,
    StateName,
)
from trimtab.demo.company import ACCOUNTS, SERVE, TRAINING, Account, Node, Pod
from trimtab.demo.kubernetes import HELD_FOR_MS
from trimtab.demo.runs import CANCELLED, COMPLETED, FAILED, PARTITIONS, Run
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.world import DRAINED_AFTER_MS, FAILING_NODE, World

RUNS_PATH, NODES_PATH = "/rest/v1/runs", "/rest/v1/nodes"
_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000
_ENDS: dict[str, StateName] = {COMPLETED: "completed", FAILED: "failed", CANCELLED: "cancelled"}
_CODES = {COMPLETED: 0, FAILED: 1, CANCELLED: 0}
_LONG_WAIT_MS = 2 * _HOUR_MS


class SchedulerFeed:
    """Reports of all clusters, in order of time: each must arrive before the next is sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told_ms = 0

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The reports that fall into a slab."""
        every = _MINUTE_MS if slab.fine else _HOUR_MS
        first = max(slab.first_ms, self._told_ms // every * every + every)
        moments = [*range(-(-first // every) * every, slab.last_ms + 1, every)]
        if slab.fine and len(moments) > 1:  # the last hours of the history, not yet live: by the hour too
            moments = [at for at in moments[:-1] if at % _HOUR_MS == 0] + moments[-1:]
        for at_ms in moments:
            yield from self._slurm(at_ms)
            for account in ACCOUNTS:
                if account is not TRAINING:
                    yield from self._kubernetes(account, at_ms)
            self._told_ms = at_ms

    def _slurm(self, at_ms: int) -> Iterator[Shipment]:
        there = [run for run in self._world.runs if run.submit_ms <= at_ms]
        waiting = [run for run in there if at_ms < run.start_ms]
        heads = {partition: _first(waiting, partition) for partition in PARTITIONS}
        told = [run for run in there if run.end_ms > self._told_ms or run.start_ms > self._told_ms]
        records = [_record(run, at_ms, heads[run.partition] is run) for run in told]
        open_ = [str(run.id) for run in there if at_ms < run.end_ms]
        yield _shipment(RUNS_PATH, TRAINING, ReportRuns(TRAINING.cluster, "slurm", records, at_ms, open=open_))
        nodes = [self._node(node, there, at_ms) for partition in PARTITIONS for node in self._nodes(partition)]
        yield _shipment(NODES_PATH, TRAINING, ReportNodes(TRAINING.cluster, nodes, at_ms, whole=True))

    def _nodes(self, partition: str) -> tuple[Node, ...]:
        return self._world.company.partition(partition)

    def _node(self, node: Node, runs: Sequence[Run], at_ms: int) -> NodeRecord:
        held = any(run.start_ms <= at_ms < run.end_ms and node in run.nodes for run in runs)
        drained = node.name == FAILING_NODE and at_ms >= self._world.failed_ms + DRAINED_AFTER_MS
        state = "ALLOCATED" if held else "IDLE+DRAIN" if drained else "IDLE"
        return NodeRecord(
            name=node.name,
            condition="drained" if drained else "up",
            state=state,
            reason="health check: GPU has fallen off the bus" if drained else "",
            gpus=float(node.machine.gpus),
            allocated=float(node.machine.gpus) if held else 0.0,
            gpu_type=node.machine.gpu.name,
            instance_type=node.machine.type,
            instance_id=node.instance_id,
            partitions=[node.name.partition("-")[0]],
        )

    def _kubernetes(self, account: Account, at_ms: int) -> Iterator[Shipment]:
        pods = [pod for pod in self._world.company.pods if pod.node.account is account]
        started = self._world.anchor_ms - HELD_FOR_MS
        records = [] if self._told_ms else [_pod_record(pod, self._world, started) for pod in pods]
        open_ = [f"{pod.team}/{pod.name}" for pod in pods]
        yield _shipment(RUNS_PATH, account, ReportRuns(account.cluster, "kubernetes", records, at_ms, open=open_))
        nodes = [_kube_node(node, pods) for node in self._world.company.nodes if node.account is account]
        yield _shipment(NODES_PATH, account, ReportNodes(account.cluster, nodes, at_ms, whole=True))


def _first(waiting: Sequence[Run], partition: str) -> Run | None:
    """The run that is next in a partition: it waits for nodes, the others behind it for their turn."""
    return min((run for run in waiting if run.partition == partition), key=lambda run: run.submit_ms, default=None)


def _record(run: Run, at_ms: int, next_: bool) -> RunRecord:
    started, ended = run.start_ms <= at_ms, run.end_ms <= at_ms
    gpus = run.size * 8  # every node of both partitions has eight
    long_wait = run.start_ms - run.submit_ms > _LONG_WAIT_MS
    waits_for = "Resources" if (next_ if not started else run.size > 1 and long_wait) else "Priority"
    return RunRecord(
        job=str(run.id),
        state=_ENDS[run.state] if ended else "running" if started else "pending",
        submit_ms=run.submit_ms,
        name=run.name,
        user=run.user,
        team=run.team,
        queue=run.partition,
        reason="" if started and run.start_ms == run.submit_ms else waits_for,
        exit_code=_CODES[run.state] if ended else None,
        start_ms=run.start_ms if started else None,
        end_ms=run.end_ms if ended else None,
        gpus=float(gpus),
        gpu_type="H100" if run.partition == "p5" else "A100",
        nodes=run.size,
        node_names=[node.name for node in run.nodes] if started else [],
        whole_nodes=started,
        tags={"qos": "normal"},
        held=[HeldGpus(node.name, 8.0, list(range(8))) for node in run.nodes] if started else [],
    )


def _pod_record(pod: Pod, world: World, started_ms: int) -> RunRecord:
    gpus = [world.company.gpus[number] for number in pod.gpus]
    name = f"{pod.team}/{pod.name}"
    return RunRecord(
        job=name,
        state="running",
        submit_ms=started_ms,
        name=pod.name,
        team=pod.team,
        queue=pod.team,
        start_ms=started_ms,
        gpus=float(len(gpus)),
        gpu_type=pod.node.machine.gpu.name,
        nodes=1,
        node_names=[pod.node.name],
        tags={"app": pod.app, "kind": "Deployment" if pod.use == SERVE else "StatefulSet"},
        held=[HeldGpus(pod.node.name, float(len(gpus)), uuids=[gpu.uuid for gpu in gpus], pod=name)],
    )


def _kube_node(node: Node, pods: Sequence[Pod]) -> NodeRecord:
    return NodeRecord(
        name=node.name,
        condition="up",
        state="Ready",
        gpus=float(node.machine.gpus),
        allocated=float(sum(len(pod.gpus) for pod in pods if pod.node is node)),
        gpu_type=node.machine.gpu.name,
        instance_type=node.machine.type,
        instance_id=node.instance_id,
        labels={"node.kubernetes.io/instance-type": node.machine.type},
    )


def _shipment(path: str, account: Account, body: msgspec.Struct) -> Shipment:
    return Shipment(account.id, path, msgspec.json.encode(body), 0)
