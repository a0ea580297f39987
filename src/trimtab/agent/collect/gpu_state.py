"""What one GPU does at this moment: utilisation, memory, power, heat, clocks, errors, and whether it is well."""

from typing import Any

from trimtab.agent.collect import gpu_field
from trimtab.agent.collect.gpu_device import Device, MigDevice
from trimtab.agent.collect.gpu_library import Library
from trimtab.agent.reading import Attributes, Reading

_IS_GPU = ("hw.type", "gpu")
_REASONS = (
    # hw.gpu.throttle.reason, bit of nvmlClocksEventReason*, whether the GPU itself is in trouble by it
    ("power_cap", 4, False),
    ("hw_slowdown", 8, True),
    ("sync_boost", 16, False),
    ("sw_thermal", 32, False),
    ("hw_thermal", 64, True),
    ("hw_power_brake", 128, True),
)
_IDLE_BIT = 1
_STATES = ("ok", "degraded", "failed")
Rows = tuple[int, int, int, int]
"""Remapped rows: corrected, uncorrected; whether one waits for a reset, and whether remapping failed."""


def readings(nvml: Library, device: Device, boot_ms: int) -> list[Reading]:
    """Every reading of `device` but those of its processes. Raises GpuLost or DriverAway."""
    found = [Reading("hw.gpu.info", "1", 1, (*device.attributes, *device.info)), *device.fixed]
    found += _utilization(nvml, device)
    found += memory(nvml, device.handle, device.uuid, device.attributes)
    found += _power(nvml, device, boot_ms)
    found += _clocks(nvml, device)
    throttled = _throttling(nvml, device)
    found += throttled
    fields = gpu_field.read(nvml, device)
    found += gpu_field.readings(fields, device.attributes, boot_ms)
    rows = _rows(nvml, device)
    found += _errors(nvml, device, boot_ms)
    found += _remapped(device, rows, boot_ms)
    found += status(device.attributes, _health(throttled, fields, rows))
    for mig in device.mig:
        found += of_mig(nvml, mig)
    return found


def of_mig(nvml: Library, mig: MigDevice) -> list[Reading]:
    """A MIG device has memory of its own; its activity comes from profiling, where the GPU has that."""
    return [*mig.readings, *memory(nvml, mig.handle, mig.uuid, mig.attributes)]


def memory(nvml: Library, handle: Any, uuid: str, about: Attributes) -> list[Reading]:
    """Memory of a GPU or MIG device. The second form of the call tells what the driver keeps for itself apart."""
    known = nvml.ask(f"{uuid}/2", "nvmlDeviceGetMemoryInfo", handle, nvml.constant("nvmlMemory_v2"))
    reserved = getattr(known, "reserved", None)
    known = known or nvml.ask(uuid, "nvmlDeviceGetMemoryInfo", handle)
    if known is None or not known.total:
        return []
    found = [
        Reading("hw.gpu.memory.limit", "By", int(known.total), about),
        Reading("hw.gpu.memory.usage", "By", int(known.used), about),
        Reading("hw.gpu.memory.utilization", "1", known.used / known.total, about),
    ]
    if reserved is not None:
        found.append(Reading("hw.gpu.memory.reserved", "By", int(reserved), about))
    return found


def status(about: Attributes, state: str) -> list[Reading]:
    """One series a state, 1 for the one that holds: ok, degraded or failed (OpenTelemetry's hw.status)."""
    return [Reading("hw.status", "1", int(state == one), (*about, _IS_GPU, ("hw.state", one))) for one in _STATES]


def _utilization(nvml: Library, device: Device) -> list[Reading]:
    found = []
    rates = nvml.ask(device.uuid, "nvmlDeviceGetUtilizationRates", device.handle)
    if rates is not None:
        found.append(_busy(device, "general", rates.gpu))
        found.append(Reading("hw.gpu.memory.controller.utilization", "1", rates.memory / 100, device.attributes))
    for task, function in (
        ("encoder", "nvmlDeviceGetEncoderUtilization"),
        ("decoder", "nvmlDeviceGetDecoderUtilization"),
    ):
        answer = nvml.ask(device.uuid, function, device.handle)
        if answer is not None:
            found.append(_busy(device, task, answer[0]))
    return found


def _busy(device: Device, task: str, percent: int) -> Reading:
    return Reading("hw.gpu.utilization", "1", percent / 100, (*device.attributes, ("hw.gpu.task", task)))


def _power(nvml: Library, device: Device, boot_ms: int) -> list[Reading]:
    about = (*device.attributes, _IS_GPU)
    found = []
    milliwatts = nvml.ask(device.uuid, "nvmlDeviceGetPowerUsage", device.handle)
    if milliwatts is not None:
        found.append(Reading("hw.power", "W", milliwatts / 1000, about))
    milliwatts = nvml.ask(device.uuid, "nvmlDeviceGetEnforcedPowerLimit", device.handle)
    if milliwatts is not None:
        found.append(Reading("hw.gpu.power.limit", "W", milliwatts / 1000, device.attributes))
    millijoules = nvml.ask(device.uuid, "nvmlDeviceGetTotalEnergyConsumption", device.handle)
    if millijoules is not None:
        found.append(Reading("hw.energy", "J", millijoules / 1000, about, boot_ms))
    celsius = nvml.ask(
        device.uuid, "nvmlDeviceGetTemperature", device.handle, nvml.constant("NVML_TEMPERATURE_GPU") or 0
    )
    if celsius is not None:
        found.append(Reading("hw.temperature", "Cel", celsius, (*about, ("hw.sensor_location", "gpu"))))
    percent = nvml.ask(device.uuid, "nvmlDeviceGetFanSpeed", device.handle)
    if percent is not None:
        found.append(Reading("hw.fan.speed_ratio", "1", percent / 100, (*about,)))
    return found


def _clocks(nvml: Library, device: Device) -> list[Reading]:
    found = []
    for domain, constant in (("sm", "NVML_CLOCK_SM"), ("memory", "NVML_CLOCK_MEM")):
        megahertz = nvml.ask(
            f"{device.uuid}/{domain}", "nvmlDeviceGetClockInfo", device.handle, nvml.constant(constant)
        )
        if megahertz is not None:
            about = (*device.attributes, ("hw.gpu.clock", domain))
            found.append(Reading("hw.gpu.speed", "Hz", megahertz * 1_000_000, about))
    return found


def _throttling(nvml: Library, device: Device) -> list[Reading]:
    bits = nvml.ask(device.uuid, "nvmlDeviceGetCurrentClocksEventReasons", device.handle)
    if bits is None:  # drivers before 535 know it by its old name
        bits = nvml.ask(device.uuid, "nvmlDeviceGetCurrentClocksThrottleReasons", device.handle)
    if bits is None:
        return []
    return [
        Reading(
            "hw.gpu.throttled", "1", int(bool(bits & bit)), (*device.attributes, ("hw.gpu.throttle.reason", reason))
        )
        for reason, bit, _ in _REASONS
    ] + [Reading("hw.gpu.idle", "1", int(bool(bits & _IDLE_BIT)), device.attributes)]


_ECC = (
    # error.type, NVML's kind of error; counted over the life of the GPU
    ("ecc.corrected", 0),
    ("ecc.uncorrected", 1),
)
_AGGREGATE_ECC = 1


def _errors(nvml: Library, device: Device, boot_ms: int) -> list[Reading]:
    found = []
    for kind, code in _ECC:
        count = nvml.ask(device.uuid, "nvmlDeviceGetTotalEccErrors", device.handle, code, _AGGREGATE_ECC)
        if count is not None:
            about = (*device.attributes, _IS_GPU, ("error.type", kind))
            found.append(Reading("hw.errors", "{error}", count, about, boot_ms))
    replays = nvml.ask(device.uuid, "nvmlDeviceGetPcieReplayCounter", device.handle)
    if replays is not None:
        about = (*device.attributes, _IS_GPU, ("error.type", "pcie.replay"))
        found.append(Reading("hw.errors", "{error}", replays, about, boot_ms))
    return found


def _rows(nvml: Library, device: Device) -> Rows | None:
    rows: Rows | None = nvml.ask(device.uuid, "nvmlDeviceGetRemappedRows", device.handle)
    return rows


def _remapped(device: Device, rows: Rows | None, boot_ms: int) -> list[Reading]:
    return [
        Reading("hw.gpu.memory.remapped_rows", "{row}", count, (*device.attributes, ("error.type", kind)), boot_ms)
        for kind, count in zip(("ecc.corrected", "ecc.uncorrected"), rows or (), strict=False)
    ]


def _health(throttled: list[Reading], fields: gpu_field.Values, rows: Rows | None) -> str:
    """`failed` needs a person, `degraded` is slower than it should be or will need one soon."""
    _, _, waits, failed = rows or (0, 0, 0, 0)
    if failed or fields.get(gpu_field.RECOVERY, 0) > 0:
        return "failed"
    severe = {reason for reason, _, trouble in _REASONS if trouble}
    slowed = any(one.value and one.attributes[-1][1] in severe for one in throttled)
    if waits or fields.get(gpu_field.RETIREMENT_PENDING, 0) > 0 or slowed:
        return "degraded"
    return "ok"
