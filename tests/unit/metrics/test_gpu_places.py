"""A place on the PCI bus of a host names the GPU that other series name by its UUID."""

from typing import Any, cast

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.gpu_places import GpuPlaces
from trimtab.metrics.model import Identity
from trimtab.metrics.registry import SeriesRegistry

AGENT = {
    "hw.id": "GPU-1", "gpu.uuid": "GPU-1", "gpu.number": "4", "hw.name": "H100", "host.name": "n1.cluster",
    "gpu.pci.bus_id": "00000000:9B:00.0",
}  # fmt: skip
DCGM = {"UUID": "GPU-2", "gpu": "0", "modelName": "A100", "Hostname": "n2", "pci_bus_id": "00000000:01:00.0"}


@pytest.fixture
def places() -> GpuPlaces:
    registry = SeriesRegistry(cast("Any", None), ManualClock())
    registry.add(Identity("1", "eu", "trimtab/Host", "hw.gpu.info", make_tags(AGENT)))
    registry.add(Identity("1", "eu", "Prometheus", "DCGM_FI_DEV_GPU_UTIL", make_tags(DCGM)))
    return GpuPlaces(registry)


def test_by_the_agent_and_by_dcgm(places: GpuPlaces) -> None:
    named = {"gpu.uuid": "GPU-1", "hw.id": "GPU-1", "gpu.number": "4", "hw.name": "H100", "host.name": "n1.cluster"}
    assert named == places("1", "n1", "0000:9b:00.0")
    assert ("GPU-2", "0", "A100") == tuple(
        places("1", "n2", "0000:01:00.0")[key] for key in ("gpu.uuid", "gpu.number", "hw.name")
    )


@pytest.mark.parametrize(
    ("account", "host", "bus"),
    [("2", "n1", "0000:9b:00.0"), ("1", "n3", "0000:9b:00.0"), ("1", "n1", "0000:9c:00.0"), ("1", "n1", "")],
)
def test_of_another_account_host_or_place_nothing_is_told(places: GpuPlaces, account: str, host: str, bus: str) -> None:
    assert {} == places(account, host, bus)
