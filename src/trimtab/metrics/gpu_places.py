"""Which GPU is at a place on the PCI bus of a host, by what its series say: kernel logs know no other name."""

from collections.abc import Mapping
from typing import Protocol

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.gpu_faults.lines import bus_id
from trimtab.metrics.aliases import host, label
from trimtab.metrics.model import Series, SeriesQuery

_TELLS = (
    ("hw.gpu.info", "gpu.pci.bus_id"),
    ("nvidia_smi_gpu_info", "pci_bus_id"),
    ("DCGM_FI_DEV_GPU_UTIL", "pci_bus_id"),
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "pci_bus_id"),
    ("DCGM_FI_PROF_SM_ACTIVE", "pci_bus_id"),
    ("DCGM_FI_DEV_FB_USED", "pci_bus_id"),
)
"""Metrics that name a GPU's place on the bus, and the label: of the agent, nvidia_gpu_exporter and dcgm-exporter."""
_KEPT = {"gpu.uuid": "gpu.uuid", "gpu.index": "gpu.number", "gpu.model": "hw.name"}


class Finds(Protocol):
    """What is asked of `metrics.registry.SeriesRegistry`."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class GpuPlaces:
    """Names GPUs by their place."""

    def __init__(self, registry: Finds) -> None:
        self._registry = registry

    def __call__(self, account: str, machine: str, bus: str) -> dict[str, str]:
        """The labels by which the GPU's other series name it; empty where none tells. A host may be named with its
        domain or without.
        """
        if not bus:
            return {}
        for name, key in _TELLS:
            query = SeriesQuery(name=name, dimension_names=(key,))
            found = [
                series
                for series in self._registry.find(EVERYTHING, query)
                if series.identity.account == account
                and bus_id(series.dimensions[key]) == bus
                and _short(host(series.dimensions)) == _short(machine)
            ]
            if found:
                return _labels(max(found, key=lambda one: one.last_seen_ms).dimensions)
        return {}


def _labels(dimensions: Mapping[str, str]) -> dict[str, str]:
    kept = {as_: label(dimensions, name) for name, as_ in _KEPT.items()}
    kept |= {"host.name": host(dimensions), "hw.id": kept["gpu.uuid"]}
    return {name: value for name, value in kept.items() if value}


def _short(name: str) -> str:
    """A host without its domain; an address stays whole."""
    head = name.partition(".")[0]
    return name if head.isdecimal() else head
