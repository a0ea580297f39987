"""Which GPU, host and workload a series is about, whichever exporter it comes from."""

from collections.abc import Iterable

from trimtab.metrics.concepts import LABELS
from trimtab.metrics.model import Series

_UUID = tuple(name for name in LABELS["gpu.uuid"] if name != "hw.id")
_INDEX = (*LABELS["gpu.index"], "hw.id", "minor_number")
_INSTANCE = LABELS["mig"]
_PROFILE = ("GPU_I_PROFILE", "gpu.mig.profile")
_HOST = (*LABELS["host"][:-1], "kubernetes_node", "instance", "InstanceId")
_WORKLOAD = ("exported_pod", "pod", "k8s.pod.name", "hpc_job", "slurm_job_id", "slurm.job.id", "exported_job_id")
_SLICES = 7  # compute slices of a whole GPU that MIG divides (NVIDIA MIG user guide)


def gpu_of(series: Series) -> str:
    """The GPU (or MIG instance) that a series is about: by UUID, else by host and index, else by resource."""
    pairs = series.dimensions
    instance = _first(pairs, _INSTANCE)
    tail = f"/{instance}" if instance else ""
    if uuid := _first(pairs, _UUID):
        return uuid + tail
    if index := _first(pairs, _INDEX):
        return f"{host_of(series)}/{index}{tail}"
    return series.identity.resource or host_of(series) or str(series.id)


def host_of(series: Series) -> str:
    """The host that a series is about, without a port; "" where it does not say."""
    return without_port(_first(series.dimensions, _HOST))


def without_port(name: str) -> str:
    """A host as its scraped address names it: two servers on one host have two ports."""
    head, separator, port = name.rpartition(":")
    return head if separator and port.isdecimal() else name


def index_of(series: Series) -> str:
    """The index on its host of the GPU that a series is about, "" where it does not say."""
    return _first(series.dimensions, _INDEX)


def short_host(name: str) -> str:
    """A host without its domain: exporters write the full name, schedulers the short one. Addresses stay whole."""
    head, _, _ = name.partition(".")
    return name if head.isdecimal() else head


def model_of(series: Series) -> str:
    """The model of the GPU that a series is about, "" where it does not say."""
    return _first(series.dimensions, LABELS["gpu.model"])


def workload_of(series: Series) -> str:
    """The pod or job that held the GPU, "" where none; the exporter's own pod is none."""
    pairs = series.dimensions
    name = _first(pairs, _WORKLOAD)
    return "" if "dcgm-exporter" in name or "dcgm-exporter" in pairs.get("exported_container", "") else name


def exporter_of(series: Series) -> tuple[str, str, str, str]:
    """Which set of exporters a series comes from: those set workload labels alike."""
    pairs = series.dimensions
    return (series.identity.account, series.identity.namespace, pairs.get("cluster", ""), pairs.get("job", ""))


def weight_of(series: Series) -> float:
    """GPUs that a series stands for: 1, or the share of the compute slices of a MIG instance."""
    profile = _first(series.dimensions, _PROFILE).partition("g")[0]
    return int(profile) / _SLICES if profile.isdecimal() else 1.0


def _first(pairs: dict[str, str], names: Iterable[str]) -> str:
    return next((value for name in names if (value := pairs.get(name))), "")
