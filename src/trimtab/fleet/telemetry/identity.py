"""Which GPU, host and workload a series is about, whichever exporter it comes from."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from trimtab.base.tags import Tags
from trimtab.metrics.concepts import LABELS
from trimtab.metrics.model import Series

_UUID = tuple(name for name in LABELS["gpu.uuid"] if name != "hw.id")
_INDEX = (*LABELS["gpu.index"], "hw.id", "minor_number")
_INSTANCE = LABELS["mig"]
_PROFILE = ("GPU_I_PROFILE", "gpu.mig.profile")
_HOST = (*LABELS["host"][:-1], "kubernetes_node", "instance", "InstanceId")
_WORKLOAD = ("exported_pod", "pod", "k8s.pod.name", "hpc_job", "slurm_job_id", "slurm.job.id", "exported_job_id")
_EXPORTERS = ("dcgm-exporter", "device-metrics-exporter", "nvidia-gpu-exporter", "hami-device-plugin", "vgpu-monitor")
"""Parts of the names of exporters' own pods and containers, with which a scraper may label all that they send."""
_SLICES = 7  # compute slices of a whole GPU that MIG divides (NVIDIA MIG user guide)


class _Said(NamedTuple):
    """What the labels of a series say of its GPU."""

    uuid: str
    number: str
    instance: str
    host: str
    model: str
    workload: str
    profile: str


@lru_cache(maxsize=65_536)
def _said(dimensions: Tags) -> _Said:
    """Read once: a ledger asks the same series of every day."""
    pairs = dict(dimensions)
    name = _first(pairs, _WORKLOAD)
    own = any(exporter in name or exporter in pairs.get("exported_container", "") for exporter in _EXPORTERS)
    return _Said(
        _first(pairs, _UUID),
        _first(pairs, _INDEX),
        _first(pairs, _INSTANCE),
        without_port(_first(pairs, _HOST)),
        _first(pairs, LABELS["gpu.model"]),
        "" if own else name,
        _first(pairs, _PROFILE).partition("g")[0],
    )


def gpu_of(series: Series) -> str:
    """The GPU (or MIG instance) that a series is about: by UUID, else by host and index, else by resource."""
    said = _said(series.identity.dimensions)
    tail = f"/{said.instance}" if said.instance else ""
    if said.uuid:
        return said.uuid + tail
    if said.number:
        return f"{said.host}/{said.number}{tail}"
    return series.identity.resource or said.host or str(series.id)


def host_of(series: Series) -> str:
    """The host that a series is about, without a port; "" where it does not say."""
    return _said(series.identity.dimensions).host


def without_port(name: str) -> str:
    """A host as its scraped address names it: two servers on one host have two ports."""
    head, separator, port = name.rpartition(":")
    return head if separator and port.isdecimal() else name


def index_of(series: Series) -> str:
    """The index on its host of the GPU that a series is about, "" where it does not say."""
    return _said(series.identity.dimensions).number


def short_host(name: str) -> str:
    """A host without its domain: exporters write the full name, schedulers the short one. Addresses stay whole, and so
    do the ids of clouds' resources: two of `…/Microsoft.Compute/virtualMachines/…` are not one host."""
    head, _, _ = name.partition(".")
    return name if head.isdecimal() or "/" in name else head


def model_of(series: Series) -> str:
    """The model of the GPU that a series is about, "" where it does not say."""
    return _said(series.identity.dimensions).model


def workload_of(series: Series) -> str:
    """The pod or job that held the GPU, "" where none; the exporter's own pod is none."""
    return _said(series.identity.dimensions).workload


def exporter_of(series: Series) -> tuple[str, str, str, str]:
    """Which set of exporters a series comes from: those set workload labels alike."""
    pairs = series.dimensions
    return (series.identity.account, series.identity.namespace, pairs.get("cluster", ""), pairs.get("job", ""))


def weight_of(series: Series) -> float:
    """GPUs that a series stands for: 1, or the share of the compute slices of a MIG instance."""
    profile = _said(series.identity.dimensions).profile
    return int(profile) / _SLICES if profile.isdecimal() else 1.0


def _first(pairs: dict[str, str], names: Iterable[str]) -> str:
    return next((value for name in names if (value := pairs.get(name))), "")
