"""What is known of a cluster: parts of runs by pod, nodes, and what of them changed since the last report."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from trimtab.client.inventory_wire import NodeRecord, RunRecord
from trimtab.sources.kubernetes import nodes as node_records
from trimtab.sources.kubernetes.objects import Node, Pod
from trimtab.sources.kubernetes.pods import Owners, Part, part_of, run_of

_OPEN = ("pending", "running")


class Cluster(Struct):
    """Kept up to date by lists and events. `owners` are the labels that name teams and users."""

    owners: Owners = field(default_factory=Owners)
    _parts: dict[str, dict[str, Part]] = field(default_factory=dict)
    _jobs: dict[str, str] = field(default_factory=dict)
    _nodes: dict[str, Node] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)

    def replace_nodes(self, found: Iterable[Node]) -> None:
        """Every node that there is."""
        self._nodes = {node.metadata.name: node for node in found}

    def set_node(self, node: Node, *, deleted: bool = False) -> None:
        """One node as it is now."""
        if deleted:
            self._nodes.pop(node.metadata.name, None)
        else:
            self._nodes[node.metadata.name] = node

    def replace_pods(self, found: Iterable[Pod], now_ms: int) -> None:
        """Every pod that there is; those that are gone went unseen, and the server ends what it no longer hears of."""
        pods = list(found)
        here = {pod.metadata.uid for pod in pods}
        for uid in [uid for uid in self._jobs if uid not in here]:
            self._drop(uid)
        self._done &= here
        for pod in pods:
            self.set_pod(pod, now_ms)

    def set_pod(self, pod: Pod, now_ms: int, *, deleted: bool = False) -> None:
        """One pod as it is now. What has ended stays a part of its run until the whole run has been reported."""
        node = self._nodes.get(pod.spec.node_name)
        replicas = node_records.replicas_of(node)
        part = part_of(pod, self.owners, now_ms, deleted=deleted, replicas=replicas)
        if part is None:
            return
        if part.uid in self._done:
            if deleted:
                self._done.discard(part.uid)
            return
        before = self._parts.get(part.job, {}).get(part.uid)
        if before is not None and before.end_ms is not None and part.end_ms is not None:
            return  # it ended before; when it was deleted says nothing
        if before != part:
            self._jobs[part.uid] = part.job
            self._parts.setdefault(part.job, {})[part.uid] = part
            self._changed.add(part.job)

    def changed(self) -> dict[str, RunRecord]:
        """The runs that changed since they were settled, by id."""
        return {job: run_of(list(self._parts[job].values())) for job in sorted(self._changed) if self._parts.get(job)}

    def settle(self, reported: Mapping[str, RunRecord]) -> None:
        """These runs are kept elsewhere as they were reported: those that have ended are forgotten."""
        for job, record in reported.items():
            if run_of(list(self._parts[job].values())) != record:
                continue
            self._changed.discard(job)
            if self._ended(job):
                uids = self._parts.pop(job).keys()
                self._done |= uids
                for uid in uids:
                    self._jobs.pop(uid, None)
        self._changed &= self._parts.keys()

    def open_jobs(self) -> list[str]:
        """The ids of all that wait or run."""
        return sorted(job for job, parts in self._parts.items() if parts and not self._ended(job))

    def nodes(self) -> list[NodeRecord]:
        """The nodes that have GPUs."""
        held: dict[str, float] = {}
        for parts in self._parts.values():
            for part in parts.values():
                if part.state == "running":
                    held[part.node] = held.get(part.node, 0.0) + part.gpus
        records = (node_records.record_of(node, held.get(name, 0.0)) for name, node in sorted(self._nodes.items()))
        return [record for record in records if record is not None]

    def _ended(self, job: str) -> bool:
        return all(part.state not in _OPEN for part in self._parts.get(job, {}).values())

    def _drop(self, uid: str) -> None:
        job = self._jobs.pop(uid)
        parts = self._parts.get(job, {})
        part = parts.get(uid)
        if part is not None and part.end_ms is None:
            parts.pop(uid)
            self._changed.add(job)
        if not parts:
            self._parts.pop(job, None)
            self._changed.discard(job)
