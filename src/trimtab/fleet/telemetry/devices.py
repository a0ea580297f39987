"""Which GPUs a run held, as series name them: by UUID, by index on a node, by the job or pod that DCGM maps, or all of
a node that it had to itself. Where only a count is known, which GPUs they were stays unknown.

`hpc_job` is what NVIDIA's dcgm-exporter takes from a job mapping directory, `pod` and `namespace` what it has of the
kubelet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from trimtab.fleet.telemetry.concepts import Found
from trimtab.fleet.telemetry.identity import gpu_of, host_of, short_host
from trimtab.inventory.runs.model import Held, Run
from trimtab.metrics.model import Series

UUIDS, INDEXES, JOB_LABEL, POD_LABEL, WHOLE_NODES, COUNT_ONLY = (
    "UUIDs of the scheduler",
    "GPU indexes of the scheduler",
    "job label of the GPU metrics",
    "pod label of the GPU metrics",
    "whole nodes",
    "count only",
)
JOB_LABELS = ("hpc_job", "slurm_job_id", "slurm.job.id", "exported_job_id", "jobid")
_INDEX_LABELS = ("gpu", "hw.id", "index", "minor_number", "gpu.index", "gpu.number")
_PODS = (
    ("exported_namespace", "exported_pod"),
    ("namespace", "pod"),
    ("k8s.namespace.name", "k8s.pod.name"),
    ("podnamespace", "podname"),
)


class Device(Struct):
    """A GPU of a run: as series name it, its node and index there, and its series with the place of their metric in the
    order of what measures activity best.
    """

    gpu: str
    node: str
    index: str
    held: Held
    series: list[tuple[int, Found]] = field(default_factory=list)


class Devices(Struct, frozen=True):
    """The GPUs of a run that are known one by one, how they are known, and how many more there were."""

    known: tuple[Device, ...]
    by: str
    unknown: float


class SeriesIndex(Struct):
    """Activity series by whatever may name their GPU."""

    gpus: dict[str, list[tuple[int, Found]]] = field(default_factory=lambda: defaultdict(list))
    hosts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    jobs: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pods: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    where: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[tuple[int, Found]]) -> "SeriesIndex":
        """The index of series, each with the place of its metric in the order of preference."""
        index = cls()
        for place, one in found:
            series, pairs = one.series, one.series.dimensions
            gpu, host, number = gpu_of(series), host_of(series), index_of_gpu(series)
            index.gpus[gpu].append((place, one))
            index.where.setdefault(gpu, (host, number))
            if host:
                index.hosts[short_host(host)].add(gpu)
                index.places[short_host(host), number].add(gpu)
            if job := first(pairs, JOB_LABELS):
                index.jobs[job].add(gpu)
            if pod := pod_of(series):
                index.pods[pod].add(gpu)
        return index

    def devices(self, run: Run) -> Devices:
        """The GPUs of a run."""
        held = run.held or (Held(run.node_names[0] if len(run.node_names) == 1 else "", run.gpus),)
        named = {gpu for gpu in self.jobs.get(run.key.job, ()) if self._in(run, gpu)}
        found: dict[str, tuple[str, Held]] = {}
        unknown = 0.0
        for part in held:
            by, gpus = self._part(run, part, named)
            if gpus:
                found |= {gpu: (by, part) for gpu in gpus if gpu not in found}
            else:
                unknown += part.gpus
        if named and not found:
            found = dict.fromkeys(named, (JOB_LABEL, held[0]))
            unknown = 0.0
        known = [Device(gpu, *self.where[gpu], part, self.gpus[gpu]) for gpu, (_, part) in found.items()]
        ways = dict.fromkeys(by for by, _ in found.values())
        return Devices(tuple(sorted(known, key=_order)), ", ".join(ways) or COUNT_ONLY, unknown)

    def _part(self, run: Run, part: Held, named: set[str]) -> tuple[str, set[str]]:
        """How the GPUs of one node of a run are known, and which they are."""
        host = short_host(part.node)
        if uuids := {uuid for uuid in part.uuids if uuid in self.gpus}:
            return UUIDS, uuids
        by_index = [self.places.get((host, str(index)), set()) for index in part.indexes]
        if by_index and all(by_index):
            return INDEXES, set().union(*by_index)
        if part.pod and (pods := self.pods.get(part.pod)):
            return POD_LABEL, pods
        if on_node := {gpu for gpu in named if short_host(self.where[gpu][0]) == host}:
            return JOB_LABEL, on_node
        there = self.hosts.get(host, set())
        if there and (run.whole_nodes or len(there) == part.gpus):
            return WHOLE_NODES, there
        return COUNT_ONLY, set()

    def _in(self, run: Run, gpu: str) -> bool:
        """Whether a GPU is of the run's cluster, as far as that is known: ids of two clusters may be the same."""
        nodes = {short_host(name) for name in run.node_names}
        return not nodes or not self.where[gpu][0] or short_host(self.where[gpu][0]) in nodes


def index_of_gpu(series: Series) -> str:
    """The number of a GPU on its node, as a label of a series has it; else whatever names it there."""
    pairs = series.dimensions
    number = next((value for name in _INDEX_LABELS if (value := pairs.get(name, "")).isdecimal()), "")
    return number or first(pairs, _INDEX_LABELS)


def pod_of(series: Series) -> str:
    """The pod that held the GPU of a series, `namespace/name`; "" where it does not say."""
    pairs = series.dimensions
    for space, pod in _PODS:
        if pairs.get(pod):
            return f"{pairs.get(space, '')}/{pairs[pod]}"
    return ""


def _order(one: Device) -> tuple[str, int, str]:
    return one.node, int(one.index) if one.index.isdecimal() else 1 << 30, one.gpu


def first(pairs: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of some labels that says something."""
    return next((value for name in names if (value := pairs.get(name))), "")
