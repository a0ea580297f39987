"""The training cluster as SLURM exporters show it.

Queue, node and GPU totals have the names of vpenso/prometheus-slurm-exporter. Of single runs there is no common
exporter: `slurm_job_*` are the demo's own, with the owner, the job's id and, while it runs, its nodes.
"""

from collections.abc import Iterator

import numpy as np

from trimtab.demo.block import Block, Labels
from trimtab.demo.company import TRAINING
from trimtab.demo.feed import Moment, scraped
from trimtab.demo.noise import Floats, Marks, Times
from trimtab.demo.remote_write import series_head
from trimtab.demo.runs import COMPLETED, PARTITIONS, Run
from trimtab.demo.world import DRAINED_AFTER_MS, FAILING_NODE, World

PORT = 8080
_ENDED_SHOWN_MS = 3_600_000


class QueueFeed:
    """The exporters beside the controller of the cluster."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scraped = scraped(world.company.nodes[0], "slurm-exporter", PORT)
        self._heads: dict[tuple[tuple[str, str], ...], bytes] = {}

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """One block of everything."""
        times = moment.slab.times
        runs = self._world.active_runs(moment.slab.first_ms, moment.slab.last_ms)
        rows = [*self._totals(runs, times), *self._nodes(runs, times)]
        for run in runs:
            rows += self._run(run, times)
        kept = [(labels, values) for labels, values in rows if np.isfinite(values).any()]
        heads = [self._head(labels) for labels, _ in kept]
        yield Block(TRAINING.id, heads, times, np.array([values for _, values in kept]))

    def _head(self, labels: Labels) -> bytes:
        key = tuple(labels.items())
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = series_head({**labels, **self._scraped})
        return head

    def _totals(self, runs: list[Run], times: Times) -> Iterator[tuple[Labels, Floats]]:
        drained = self._drained(times).astype(float)
        for partition in PARTITIONS:
            nodes = self._world.company.partition(partition)
            mine = [run for run in runs if run.partition == partition]
            pending, running, used = np.zeros((3, len(times)))
            for run in mine:
                pending += (times >= run.submit_ms) & (times < run.start_ms)
                at_work = (times >= run.start_ms) & (times < run.end_ms)
                running += at_work
                used += at_work * run.size
            down = drained if partition == FAILING_NODE.partition("-")[0] else np.zeros(len(times))
            gpus = sum(node.machine.gpus for node in nodes)
            each = nodes[0].machine.gpus
            for name, values in (
                ("slurm_queue_pending", pending),
                ("slurm_queue_running", running),
                ("slurm_nodes_alloc", used),
                ("slurm_nodes_drain", down),
                ("slurm_nodes_idle", len(nodes) - used - down),
                ("slurm_gpus_total", np.full(len(times), float(gpus))),
                ("slurm_gpus_alloc", used * each),
                ("slurm_gpus_idle", gpus - (used + down) * each),
            ):
                yield {"__name__": name, "partition": partition}, values

    def _nodes(self, runs: list[Run], times: Times) -> Iterator[tuple[Labels, Floats]]:
        drained = self._drained(times)
        for partition in PARTITIONS:
            for node in self._world.company.partition(partition):
                used = np.zeros(len(times), bool)
                for run in runs:
                    if node in run.nodes:
                        used |= (times >= run.start_ms) & (times < run.end_ms)
                down = drained if node.name == FAILING_NODE else np.zeros(len(times), bool)
                for status, here in (("alloc", used), ("drain", down), ("idle", ~used & ~down)):
                    labels = {"__name__": "slurm_node_cpu_total", "node": node.name, "status": status}
                    yield labels, np.where(here, float(node.machine.cpus), np.nan)

    def _run(self, run: Run, times: Times) -> Iterator[tuple[Labels, Floats]]:
        who = _who(run)
        gpus = float(run.size * self._world.company.partition(run.partition)[0].machine.gpus)
        waits = (times >= run.submit_ms) & (times < run.start_ms)
        works = (times >= run.start_ms) & (times < run.end_ms)
        ended = (times >= run.end_ms) & (times < run.end_ms + _ENDED_SHOWN_MS)
        if waits.any():
            yield {"__name__": "slurm_job_gpus", **who, "state": "PENDING"}, np.where(waits, gpus, np.nan)
            since = np.where(waits, (times - run.submit_ms) / 1000.0, np.nan)
            yield {"__name__": "slurm_job_wait_seconds", **who}, since
        if works.any():
            yield {"__name__": "slurm_job_gpus", **who, "state": "RUNNING"}, np.where(works, gpus, np.nan)
            for node in run.nodes:
                yield {"__name__": "slurm_job_node_info", **who, "node": node.name}, np.where(works, 1.0, np.nan)
        if ended.any():
            code = 0.0 if run.state == COMPLETED else 1.0
            yield {"__name__": "slurm_job_exit_code", **who, "state": run.state}, np.where(ended, code, np.nan)

    def _drained(self, times: Times) -> Marks:
        return times >= self._world.failed_ms + DRAINED_AFTER_MS


def _who(run: Run) -> dict[str, str]:
    """Whose run it is. SLURM calls the team that pays an account."""
    return {
        "slurm_job_id": str(run.id),
        "job_name": run.name,
        "user": run.user,
        "account": run.team,
        "partition": run.partition,
    }
