"""NVML as a test wants it: the functions of `pynvml` over GPUs made up here. Constants, structures and errors are real.

A function that a GPU's `unsupported` names answers "not supported"; a GPU that is `lost` answers nothing but that.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml

EVENT_XID = 8


@dataclass
class FakeMig:
    uuid: str
    gpu_instance: int
    compute_instance: int = 0
    memory: int = 10 << 30
    used: int = 1 << 30


@dataclass
class FakeGpu:
    uuid: str
    name: str = "NVIDIA H100 80GB HBM3"
    bus_id: str = "00000000:0A:00.0"
    busy: int = 80
    memory_busy: int = 40
    memory: int = 80 << 30
    used: int = 60 << 30
    reserved: int = 600 << 20
    milliwatts: int = 500_000
    millijoules: int = 1_000_000
    celsius: int = 61
    reasons: int = 0
    ecc: tuple[int, int] = (3, 0)
    rows: tuple[int, int, int, int] = (0, 0, 0, 0)
    fields: dict[str, int | float] = field(default_factory=dict)
    processes: dict[int, int | None] = field(default_factory=dict)
    shares: list[tuple[int, int, int]] = field(default_factory=list)  # pid, time in µs, per cent
    mig: list[FakeMig] = field(default_factory=list)
    mig_on: bool = False
    profile: dict[str, float] | None = None  # GPM metric -> value; None: not supported
    lost: bool = False
    unsupported: set[str] = field(default_factory=set)


FIELDS: dict[str, int | float] = {
    "NVML_FI_DEV_MEMORY_TEMP": 70,
    "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX": 5,
    "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX": 7,
    "NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL": 2,
    "NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL": 0,
    "NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL": 0,
    "NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL": 0,
    "NVML_FI_DEV_NVLINK_LINK_COUNT": 18,
    "NVML_FI_DEV_PERF_POLICY_POWER": 2_500_000_000,
    "NVML_FI_DEV_PERF_POLICY_THERMAL": 0,
}
PROFILE = {
    "NVML_GPM_METRIC_SM_UTIL": 62.5,
    "NVML_GPM_METRIC_GRAPHICS_UTIL": 95.0,
    "NVML_GPM_METRIC_SM_OCCUPANCY": 31.0,
    "NVML_GPM_METRIC_ANY_TENSOR_UTIL": 40.0,
    "NVML_GPM_METRIC_DRAM_BW_UTIL": 55.0,
    "NVML_GPM_METRIC_PCIE_TX_PER_SEC": 100.0,
    "NVML_GPM_METRIC_PCIE_RX_PER_SEC": 200.0,
}


def full(number: int = 0, **changes: Any) -> FakeGpu:
    """An H100 that can do everything, with a process on it."""
    known: dict[str, Any] = {
        "uuid": f"GPU-{number:08x}-0000-0000-0000-000000000000",
        "fields": dict(FIELDS),
        "profile": dict(PROFILE),
        "processes": {4000 + number: 50 << 30},
    }
    return FakeGpu(**{**known, **changes})


class FakeNvml:
    """Stands for the module `pynvml`."""

    def __init__(self, *gpus: FakeGpu) -> None:
        self.gpus = list(gpus)
        self.events: list[tuple[FakeGpu, int]] = []
        self.calls: list[str] = []
        self.driver_error: int | None = None
        self.inits = self.samples = 0
        self.listed: list[FakeGpu] = []

    def __getattr__(self, name: str) -> Any:
        value = getattr(pynvml, name)
        if callable(value) and not isinstance(value, type):
            raise AttributeError(f"the fake has no {name}")
        return value

    def _gpu(self, handle: Any, function: str) -> Any:
        self.calls.append(function)
        if self.driver_error is not None:
            raise pynvml.NVMLError(self.driver_error)
        gpu = getattr(handle, "parent", handle)
        if gpu.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        if function in gpu.unsupported:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return handle

    def nvmlInit(self) -> None:
        if self.driver_error is not None:
            raise pynvml.NVMLError(self.driver_error)
        self.inits += 1
        self.listed = list(self.gpus)

    def nvmlShutdown(self) -> None:
        self.listed = []

    def nvmlDeviceGetCount(self) -> int:
        if self.driver_error is not None:
            raise pynvml.NVMLError(self.driver_error)
        return len(self.listed)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:
        return self._gpu(self.listed[index], "nvmlDeviceGetHandleByIndex")

    def nvmlDeviceGetUUID(self, handle: Any) -> str:
        return self._gpu(handle, "nvmlDeviceGetUUID").uuid

    def nvmlDeviceGetName(self, handle: Any) -> str:
        return self._gpu(handle, "nvmlDeviceGetName").name

    def nvmlDeviceGetPciInfo(self, handle: Any) -> Any:
        return SimpleNamespace(busId=self._gpu(handle, "nvmlDeviceGetPciInfo").bus_id)

    def nvmlDeviceGetSerial(self, handle: Any) -> str:
        self._gpu(handle, "nvmlDeviceGetSerial")
        return "1650000000001"

    def nvmlDeviceGetVbiosVersion(self, handle: Any) -> str:
        self._gpu(handle, "nvmlDeviceGetVbiosVersion")
        return "96.00.74.00.01"

    def nvmlDeviceGetPersistenceMode(self, handle: Any) -> int:
        self._gpu(handle, "nvmlDeviceGetPersistenceMode")
        return 1

    def nvmlSystemGetDriverVersion(self) -> str:
        return "550.54.15"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        return 12040

    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any:
        gpu = self._gpu(handle, "nvmlDeviceGetUtilizationRates")
        return SimpleNamespace(gpu=gpu.busy, memory=gpu.memory_busy)

    def nvmlDeviceGetEncoderUtilization(self, handle: Any) -> list[int]:
        self._gpu(handle, "nvmlDeviceGetEncoderUtilization")
        return [0, 100_000]

    def nvmlDeviceGetDecoderUtilization(self, handle: Any) -> list[int]:
        self._gpu(handle, "nvmlDeviceGetDecoderUtilization")
        return [12, 100_000]

    def nvmlDeviceGetMemoryInfo(self, handle: Any, version: int | None = None) -> Any:
        owner = self._gpu(handle, f"nvmlDeviceGetMemoryInfo{'_v2' if version else ''}")
        known = {"total": owner.memory, "used": owner.used, "free": owner.memory - owner.used}
        return SimpleNamespace(**known, **({"reserved": getattr(owner, "reserved", 0)} if version else {}))

    def nvmlDeviceGetPowerUsage(self, handle: Any) -> int:
        return self._gpu(handle, "nvmlDeviceGetPowerUsage").milliwatts

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: Any) -> int:
        self._gpu(handle, "nvmlDeviceGetEnforcedPowerLimit")
        return 700_000

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any) -> int:
        return self._gpu(handle, "nvmlDeviceGetTotalEnergyConsumption").millijoules

    def nvmlDeviceGetTemperature(self, handle: Any, sensor: int) -> int:
        return self._gpu(handle, "nvmlDeviceGetTemperature").celsius

    def nvmlDeviceGetTemperatureThreshold(self, handle: Any, threshold: int) -> int:
        self._gpu(handle, "nvmlDeviceGetTemperatureThreshold")
        return {0: 92, 1: 89}[threshold]

    def nvmlDeviceGetFanSpeed(self, handle: Any) -> int:
        self._gpu(handle, "nvmlDeviceGetFanSpeed")
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)  # servers have no fan on the card

    def nvmlDeviceGetClockInfo(self, handle: Any, type: int) -> int:
        self._gpu(handle, "nvmlDeviceGetClockInfo")
        return {1: 1755, 2: 2619}[type]

    def nvmlDeviceGetMaxClockInfo(self, handle: Any, type: int) -> int:
        self._gpu(handle, "nvmlDeviceGetMaxClockInfo")
        return {1: 1980, 2: 2619}[type]

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: Any) -> int:
        return self._gpu(handle, "nvmlDeviceGetCurrentClocksEventReasons").reasons

    def nvmlDeviceGetTotalEccErrors(self, handle: Any, errorType: int, counterType: int) -> int:
        return self._gpu(handle, "nvmlDeviceGetTotalEccErrors").ecc[errorType]

    def nvmlDeviceGetPcieReplayCounter(self, handle: Any) -> int:
        self._gpu(handle, "nvmlDeviceGetPcieReplayCounter")
        return 4

    def nvmlDeviceGetPcieThroughput(self, device: Any, counter: int) -> int:
        self._gpu(device, "nvmlDeviceGetPcieThroughput")
        return 1000 + counter

    def nvmlDeviceGetRemappedRows(self, device: Any) -> tuple[int, int, int, int]:
        return self._gpu(device, "nvmlDeviceGetRemappedRows").rows

    def nvmlDeviceGetFieldValues(self, handle: Any, fieldIds: list[Any]) -> Any:
        gpu = self._gpu(handle, "nvmlDeviceGetFieldValues")
        known = {getattr(pynvml, name): value for name, value in gpu.fields.items()}
        answers = (pynvml.c_nvmlFieldValue_t * len(fieldIds))()
        for answer, asked in zip(answers, fieldIds, strict=True):
            code = asked[0] if isinstance(asked, tuple) else asked
            value = known.get(code)
            answer.fieldId = code
            answer.nvmlReturn = pynvml.NVML_ERROR_NOT_SUPPORTED if value is None else 0
            if isinstance(value, float):
                answer.valueType, answer.value.dVal = 0, value
            elif value is not None:
                answer.valueType, answer.value.ullVal = 3, value
        return answers

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> list[Any]:
        gpu = self._gpu(handle, "nvmlDeviceGetComputeRunningProcesses")
        instance = gpu.mig[0].gpu_instance if gpu.mig else 0xFFFFFFFF
        return [
            SimpleNamespace(pid=pid, usedGpuMemory=used, gpuInstanceId=instance, computeInstanceId=0)
            for pid, used in gpu.processes.items()
        ]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Any) -> list[Any]:
        self._gpu(handle, "nvmlDeviceGetGraphicsRunningProcesses")
        return []

    def nvmlDeviceGetProcessUtilization(self, handle: Any, timeStamp: int) -> list[Any]:
        gpu = self._gpu(handle, "nvmlDeviceGetProcessUtilization")
        if gpu.mig_on:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        found = [SimpleNamespace(pid=p, timeStamp=t, smUtil=u) for p, t, u in gpu.shares if t > timeStamp]
        if not found:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return found

    def nvmlDeviceGetMigMode(self, device: Any) -> list[int]:
        gpu = self._gpu(device, "nvmlDeviceGetMigMode")
        return [int(gpu.mig_on), int(gpu.mig_on)]

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Any) -> int:
        self._gpu(device, "nvmlDeviceGetMaxMigDeviceCount")
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Any, index: int) -> Any:
        gpu = self._gpu(device, "nvmlDeviceGetMigDeviceHandleByIndex")
        if index >= len(gpu.mig):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        mig = gpu.mig[index]
        return SimpleNamespace(parent=gpu, uuid=mig.uuid, memory=mig.memory, used=mig.used, mig=mig)

    def nvmlDeviceGetGpuInstanceId(self, device: Any) -> int:
        return self._gpu(device, "nvmlDeviceGetGpuInstanceId").mig.gpu_instance

    def nvmlDeviceGetComputeInstanceId(self, device: Any) -> int:
        return self._gpu(device, "nvmlDeviceGetComputeInstanceId").mig.compute_instance

    def nvmlDeviceGetAttributes_v2(self, device: Any) -> Any:
        self._gpu(device, "nvmlDeviceGetAttributes_v2")
        return SimpleNamespace(gpuInstanceSliceCount=1, memorySizeMB=9856, multiprocessorCount=16)

    def nvmlDeviceGetSupportedEventTypes(self, handle: Any) -> int:
        self._gpu(handle, "nvmlDeviceGetSupportedEventTypes")
        return EVENT_XID | 1

    def nvmlEventSetCreate(self) -> list[FakeGpu]:
        return []

    def nvmlDeviceRegisterEvents(self, handle: Any, eventTypes: int, eventSet: list[FakeGpu]) -> None:
        assert eventTypes == EVENT_XID
        eventSet.append(self._gpu(handle, "nvmlDeviceRegisterEvents"))

    def nvmlEventSetWait_v2(self, eventSet: list[FakeGpu], timeoutms: int) -> Any:
        assert timeoutms == 0
        if not self.events:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)
        gpu, xid = self.events.pop(0)
        return SimpleNamespace(device=gpu, eventType=EVENT_XID, eventData=xid)

    def nvmlEventSetFree(self, eventSet: list[FakeGpu]) -> None:
        eventSet.clear()

    def nvmlGpmQueryDeviceSupport(self, device: Any) -> Any:
        gpu = self._gpu(device, "nvmlGpmQueryDeviceSupport")
        return SimpleNamespace(isSupportedDevice=int(gpu.profile is not None))

    def nvmlGpmSampleAlloc(self) -> Any:
        self.samples += 1
        return pynvml.c_nvmlGpmSample_t()

    def nvmlGpmSampleFree(self, gpmSample: Any) -> None:
        self.samples -= 1

    def nvmlGpmSampleGet(self, device: Any, gpmSample: Any) -> Any:
        gpu = self._gpu(device, "nvmlGpmSampleGet")
        if gpu.mig_on:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return gpmSample

    def nvmlGpmMigSampleGet(self, device: Any, gpuInstanceId: int, gpmSample: Any) -> Any:
        self._gpu(device, "nvmlGpmMigSampleGet")
        return gpmSample

    def nvmlGpmMetricsGet(self, metricsGet: Any) -> Any:
        assert metricsGet.version == pynvml.NVML_GPM_METRICS_GET_VERSION
        known = {getattr(pynvml, name): value for name, value in PROFILE.items()}
        for number in range(metricsGet.numMetrics):
            metricsGet.metrics[number].nvmlReturn = 0
            metricsGet.metrics[number].value = known[metricsGet.metrics[number].metricId]
        return metricsGet
