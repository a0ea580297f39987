"""The GPUs of this machine and their MIG devices: what they are, found anew when that may have changed."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from trimtab.agent.collect.gpu_library import GpuLost, Library
from trimtab.agent.reading import Attributes, Reading

_MIB = 1024 * 1024


class MigDevice(Struct, frozen=True):
    """A MIG device: its handle, its instances' numbers within the GPU, and what every reading of it carries."""

    handle: Any
    uuid: str
    gpu_instance: int | None
    compute_instance: int | None
    attributes: Attributes
    readings: tuple[Reading, ...]
    """What does not change while it exists."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU. `attributes` are on every reading of it; `info` are facts that one series carries."""

    handle: Any
    index: int
    uuid: str
    attributes: Attributes
    info: Attributes
    mig: tuple[MigDevice, ...] = ()
    supports_profiling: bool = False
    fixed: tuple[Reading, ...] = field(default=(), repr=False)
    """Limits, which do not change while it runs."""


def discover(nvml: Library) -> list[Device]:
    """Every GPU that answers. Raises DriverAway."""
    nvml.forget()
    found = []
    for index in range(nvml.ask("", "nvmlDeviceGetCount") or 0):
        try:
            handle = nvml.ask("", "nvmlDeviceGetHandleByIndex", index)
            device = None if handle is None else _describe(nvml, handle, index)
        except GpuLost:
            continue
        if device is not None:
            found.append(device)
    return found


def _describe(nvml: Library, handle: Any, index: int) -> Device | None:
    uuid = nvml.ask("", "nvmlDeviceGetUUID", handle)
    if not uuid:
        return None
    name = nvml.ask(uuid, "nvmlDeviceGetName", handle) or "GPU"
    shared = (("hw.name", name), ("gpu.number", str(index)), ("gpu.uuid", uuid))
    attributes = (("hw.id", uuid), *shared)
    return Device(
        handle=handle,
        index=index,
        uuid=uuid,
        attributes=attributes,
        info=_info(nvml, handle, uuid),
        mig=tuple(_mig_devices(nvml, handle, uuid, shared)),
        supports_profiling=_profiles(nvml, handle, uuid),
        fixed=tuple(_limits(nvml, handle, uuid, attributes)),
    )


def _info(nvml: Library, handle: Any, uuid: str) -> Attributes:
    pci = nvml.ask(uuid, "nvmlDeviceGetPciInfo", handle)
    cuda = nvml.ask("", "nvmlSystemGetCudaDriverVersion_v2")
    persistence = nvml.ask(uuid, "nvmlDeviceGetPersistenceMode", handle)
    mig = nvml.ask(uuid, "nvmlDeviceGetMigMode", handle)
    facts = {
        "hw.vendor": "NVIDIA",
        "hw.driver_version": nvml.ask("", "nvmlSystemGetDriverVersion"),
        "gpu.cuda.version": None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
        "gpu.pci.bus_id": None if pci is None else _text(pci.busId),
        "hw.serial_number": nvml.ask(uuid, "nvmlDeviceGetSerial", handle),
        "hw.firmware_version": nvml.ask(uuid, "nvmlDeviceGetVbiosVersion", handle),
        "gpu.persistence": None if persistence is None else ("on" if persistence else "off"),
        "gpu.mig": None if mig is None else ("on" if mig[0] else "off"),
    }
    return tuple((key, value) for key, value in facts.items() if value)


def _mig_devices(nvml: Library, parent: Any, parent_uuid: str, shared: Attributes) -> list[MigDevice]:
    mode = nvml.ask(parent_uuid, "nvmlDeviceGetMigMode", parent)
    if not mode or not mode[0]:
        return []
    found = []
    for number in range(nvml.ask(parent_uuid, "nvmlDeviceGetMaxMigDeviceCount", parent) or 0):
        # An empty slot answers "not found" or "invalid argument": that says nothing of the slots behind it.
        slot = f"{parent_uuid}/{number}"
        handle = nvml.ask(slot, "nvmlDeviceGetMigDeviceHandleByIndex", parent, number)
        uuid = None if handle is None else nvml.ask(slot, "nvmlDeviceGetUUID", handle)
        if uuid:
            found.append(_mig_device(nvml, handle, uuid, shared))
    return found


def _mig_device(nvml: Library, handle: Any, uuid: str, shared: Attributes) -> MigDevice:
    gpu_instance = nvml.ask(uuid, "nvmlDeviceGetGpuInstanceId", handle)
    compute_instance = nvml.ask(uuid, "nvmlDeviceGetComputeInstanceId", handle)
    about = [("hw.id", uuid), *shared]
    for key, value in (("gpu.mig.instance", gpu_instance), ("gpu.mig.compute_instance", compute_instance)):
        if value is not None:
            about.append((key, str(value)))
    shape = nvml.ask(uuid, "nvmlDeviceGetAttributes_v2", handle)
    if shape is None:
        return MigDevice(handle, uuid, gpu_instance, compute_instance, tuple(about), ())
    about.append(("gpu.mig.profile", f"{shape.gpuInstanceSliceCount}g.{round(shape.memorySizeMB / 1024)}gb"))
    attributes = tuple(about)
    fixed = (
        Reading("hw.gpu.mig.slices", "{slice}", int(shape.gpuInstanceSliceCount), attributes),
        Reading("hw.gpu.mig.multiprocessors", "{multiprocessor}", int(shape.multiprocessorCount), attributes),
    )
    return MigDevice(handle, uuid, gpu_instance, compute_instance, attributes, fixed)


def _profiles(nvml: Library, handle: Any, uuid: str) -> bool:
    """Whether it counts activity of its multiprocessors without DCGM: Hopper and newer do."""
    answer = nvml.ask(uuid, "nvmlGpmQueryDeviceSupport", handle)
    return answer is not None and bool(answer.isSupportedDevice)


_LIMITS = (
    # hw.limit_type, NVML's threshold: where it slows down, and where it switches itself off
    ("high.degraded", "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN"),
    ("high.critical", "NVML_TEMPERATURE_THRESHOLD_SHUTDOWN"),
)


def _limits(nvml: Library, handle: Any, uuid: str, about: Attributes) -> list[Reading]:
    found = []
    for limit, constant in _LIMITS:
        degrees = nvml.ask(f"{uuid}/{limit}", "nvmlDeviceGetTemperatureThreshold", handle, nvml.constant(constant))
        if degrees:
            attributes = (*about, ("hw.type", "gpu"), ("hw.limit_type", limit))
            found.append(Reading("hw.temperature.limit", "Cel", degrees, attributes))
    for domain, constant in (("sm", "NVML_CLOCK_SM"), ("memory", "NVML_CLOCK_MEM")):
        megahertz = nvml.ask(f"{uuid}/{domain}", "nvmlDeviceGetMaxClockInfo", handle, nvml.constant(constant))
        if megahertz:
            attributes = (*about, ("hw.gpu.clock", domain))
            found.append(Reading("hw.gpu.speed.limit", "Hz", megahertz * 1_000_000, attributes))
    return found


def _text(value: bytes | str) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
