"""Runs and nodes as rows of the state tables, and back."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.inventory.runs.model import (
    Condition,
    Held,
    LifeStretch,
    Node,
    NodeStretch,
    Run,
    RunKey,
    RunState,
    Stretch,
)

STILL = 1 << 62
"""The end of a stretch that goes on: it is as long as what it is about was seen."""
Row = Any
"""A row of the state database: its columns are attributes."""


def run_values(run: Run) -> dict[str, Any]:
    """The columns of a run but its key and times of sight."""
    return {
        "scheduler": run.scheduler,
        "name": run.name,
        "user": run.user,
        "team": run.team,
        "queue": run.queue,
        "state": run.state.value,
        "reason": run.reason,
        "exit_code": run.exit_code,
        "submit_ms": run.submit_ms,
        "start_ms": run.start_ms,
        "end_ms": run.end_ms,
        "gpus": run.gpus,
        "gpu_type": run.gpu_type,
        "nodes": run.nodes,
        "node_names": json.dumps(run.node_names),
        "whole_nodes": run.whole_nodes,
        "tasks": run.tasks,
        "tags": _pairs(run.tags),
    }


def held_values(run: Run) -> list[dict[str, Any]]:
    """A row a node of its GPUs."""
    return [
        {
            **key_values(run.key),
            "place": place,
            "node": one.node,
            "gpus": one.gpus,
            "indexes": json.dumps(one.indexes),
            "uuids": json.dumps(one.uuids),
            "pod": one.pod,
            "start_ms": one.start_ms,
            "end_ms": one.end_ms,
            "pod_uid": one.pod_uid,
        }
        for place, one in enumerate(run.held)
    ]


def key_values(key: RunKey) -> dict[str, str]:
    """The columns of a key."""
    return {"account": key.account, "cluster": key.cluster, "job": key.job}


def key_of(row: Row) -> RunKey:
    """The key of a row of any table of runs."""
    return RunKey(row.account, row.cluster, row.job)


def held_of(row: Row) -> Held:
    """A row of `run_devices`."""
    indexes, uuids = json.loads(row.indexes), json.loads(row.uuids)
    return Held(row.node, row.gpus, tuple(indexes), tuple(uuids), row.pod, row.start_ms, row.end_ms, row.pod_uid)


def run_of(row: Row, held: Iterable[Held]) -> Run:
    """A row of `runs` with its GPUs."""
    return Run(
        key=key_of(row),
        scheduler=row.scheduler,
        state=RunState(row.state),
        submit_ms=row.submit_ms,
        name=row.name,
        user=row.user,
        team=row.team,
        queue=row.queue,
        reason=row.reason,
        exit_code=row.exit_code,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        gpus=row.gpus,
        gpu_type=row.gpu_type,
        nodes=row.nodes,
        node_names=tuple(json.loads(row.node_names)),
        whole_nodes=row.whole_nodes,
        tasks=row.tasks,
        tags=json.loads(row.tags),
        held=tuple(held),
        seen_ms=row.seen_ms,
    )


def stretch_of(row: Row) -> Stretch:
    """A row of `run_states`."""
    return Stretch(row.from_ms, row.to_ms, RunState(row.state), row.reason)


def node_values(node: Node) -> dict[str, Any]:
    """The columns of a node but its key and when it went."""
    return {
        "condition": node.condition.value,
        "state": node.state,
        "reason": node.reason,
        "gpus": node.gpus,
        "allocated": node.allocated,
        "gpu_type": node.gpu_type,
        "instance_type": node.instance_type,
        "instance_id": node.instance_id,
        "partitions": json.dumps(node.partitions),
        "labels": _pairs(node.labels),
        "seen_ms": node.seen_ms,
    }


def node_of(row: Row) -> Node:
    """A row of `cluster_nodes`."""
    return Node(
        account=row.account,
        cluster=row.cluster,
        name=row.name,
        condition=Condition(row.condition),
        state=row.state,
        reason=row.reason,
        gpus=row.gpus,
        allocated=row.allocated,
        gpu_type=row.gpu_type,
        instance_type=row.instance_type,
        instance_id=row.instance_id,
        partitions=tuple(json.loads(row.partitions)),
        labels=json.loads(row.labels),
        seen_ms=row.seen_ms,
    )


def node_stretch_of(row: Row) -> NodeStretch:
    """A row of `node_states`."""
    return NodeStretch(row.name, row.from_ms, row.to_ms, Condition(row.condition), row.reason, row.gpus, row.allocated)


def life_stretch_of(row: Row) -> LifeStretch:
    """The same, without what of the node was allocated."""
    return LifeStretch(
        from_ms=row.from_ms,
        to_ms=None if row.to_ms == STILL else row.to_ms,
        condition=Condition(row.condition),
        reason=row.reason,
        gpus=row.gpus,
        gpu_type=row.gpu_type,
        instance_type=row.instance_type,
        instance_id=row.instance_id,
    )


def _pairs(pairs: Mapping[str, str]) -> str:
    return json.dumps(dict(pairs), sort_keys=True)
