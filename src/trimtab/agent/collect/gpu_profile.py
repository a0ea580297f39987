"""True activity of a GPU's multiprocessors (NVML's GPM: Hopper and newer), averaged between two looks, without DCGM.

Utilisation as `nvidia-smi` shows it says that some kernel ran; this says how many multiprocessors had work.
"""

from typing import Any

from trimtab.agent.collect.gpu_device import Device
from trimtab.agent.collect.gpu_library import Library
from trimtab.agent.reading import Attributes, Reading

_MIB = 1024 * 1024
_METRICS = (
    # NVML's metric, ours, unit, attributes, factor (NVML gives per cent, and MiB/s)
    ("NVML_GPM_METRIC_SM_UTIL", "hw.gpu.sm.utilization", "1", (), 0.01),
    ("NVML_GPM_METRIC_GRAPHICS_UTIL", "hw.gpu.engine.utilization", "1", (), 0.01),
    ("NVML_GPM_METRIC_SM_OCCUPANCY", "hw.gpu.sm.occupancy", "1", (), 0.01),
    ("NVML_GPM_METRIC_ANY_TENSOR_UTIL", "hw.gpu.tensor.utilization", "1", (), 0.01),
    ("NVML_GPM_METRIC_DRAM_BW_UTIL", "hw.gpu.memory.bandwidth.utilization", "1", (), 0.01),
    (
        "NVML_GPM_METRIC_PCIE_TX_PER_SEC",
        "hw.gpu.pcie.throughput",
        "By/s",
        (("network.io.direction", "transmit"),),
        _MIB,
    ),
    ("NVML_GPM_METRIC_PCIE_RX_PER_SEC", "hw.gpu.pcie.throughput", "By/s", (("network.io.direction", "receive"),), _MIB),
)
_OF_MIG = 5
"""Metrics that a MIG device has too: the PCIe bus belongs to the whole GPU."""


class Profiler:
    """Keeps the last sample of each GPU and MIG instance, and what is the difference."""

    def __init__(self, nvml: Library) -> None:
        self._nvml = nvml
        self._samples: dict[str, list[Any]] = {}

    def readings(self, device: Device) -> list[Reading]:
        """Averages since the last look; none at the first. Without GPM: the PCIe bus, sampled over 20 ms."""
        if not device.supports_profiling:
            return self._sampled_pcie(device)
        found: list[Reading] = []
        if not device.mig:  # with MIG on, only the instances can be sampled
            found = self._between(device.uuid, device.attributes, len(_METRICS), "nvmlGpmSampleGet", device.handle)
        for mig in device.mig:
            if mig.gpu_instance is not None:
                arguments = (device.handle, mig.gpu_instance)
                found += self._between(mig.uuid, mig.attributes, _OF_MIG, "nvmlGpmMigSampleGet", *arguments)
        return found

    def close(self) -> None:
        """Give the samples' memory back."""
        for samples in self._samples.values():
            for sample in samples:
                self._nvml.ask("", "nvmlGpmSampleFree", sample)
        self._samples.clear()

    def _between(self, key: str, about: Attributes, metrics: int, function: str, *arguments: Any) -> list[Reading]:
        samples = self._samples.get(key)
        fresh = samples[1] if samples and len(samples) == 2 else self._nvml.ask(key, "nvmlGpmSampleAlloc")
        if fresh is None or self._nvml.ask(key, function, *arguments, fresh) is None:
            return []
        if not samples:
            self._samples[key] = [fresh]
            return []
        before = samples[0]
        self._samples[key] = [fresh, before]  # the older one is overwritten at the next look
        return self._difference(key, about, metrics, before, fresh)

    def _difference(self, key: str, about: Attributes, metrics: int, before: Any, after: Any) -> list[Reading]:
        module = self._nvml.module
        wanted = [(code, row) for row in _METRICS[:metrics] if (code := self._nvml.constant(row[0])) is not None]
        request = module.c_nvmlGpmMetricsGet_t()
        request.version = module.NVML_GPM_METRICS_GET_VERSION
        request.numMetrics = len(wanted)
        request.sample1, request.sample2 = before, after
        for number, (code, _) in enumerate(wanted):
            request.metrics[number].metricId = code
        answer = self._nvml.ask(key, "nvmlGpmMetricsGet", request)
        if answer is None:
            return []
        return [
            Reading(name, unit, answer.metrics[number].value * factor, (*about, *attributes))
            for number, (_, (_, name, unit, attributes, factor)) in enumerate(wanted)
            if answer.metrics[number].nvmlReturn == 0
        ]

    def _sampled_pcie(self, device: Device) -> list[Reading]:
        found = []
        for direction, counter in (("transmit", 0), ("receive", 1)):
            kibibytes = self._nvml.ask(device.uuid, "nvmlDeviceGetPcieThroughput", device.handle, counter)
            if kibibytes is not None:
                about = (*device.attributes, ("network.io.direction", direction))
                found.append(Reading("hw.gpu.pcie.throughput", "By/s", kibibytes * 1024, about))
        return found
