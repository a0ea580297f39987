"""NVML's field values: dozens of numbers of a GPU in one call. A GPU answers those that it has."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.agent.collect.gpu_device import Device
from trimtab.agent.collect.gpu_library import Library
from trimtab.agent.reading import Attributes, Reading

Values = Mapping[str, float | int]
"""Answers by name of the field."""

ALL_LINKS = 0xFFFFFFFF
"""Scope of an NVLink field that asks for the sum over all links. Source: nvml.h, NVML_FI_DEV_NVLINK_THROUGHPUT_*."""
_KIB = 1024
_MEMBER = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""Member of the value's union, by nvmlValueType_t."""
RECOVERY = "NVML_FI_DEV_GET_GPU_RECOVERY_ACTION"
RETIREMENT_PENDING = "NVML_FI_DEV_RETIRED_PENDING"


class Field(Struct, frozen=True):
    """A field and the reading that it becomes ("" for one that only health looks at): `factor` times its value."""

    field: str
    metric: str = ""
    unit: str = "1"
    attributes: Attributes = ()
    factor: float = 1
    counter: bool = True
    all_links: bool = False


def _nvlink_error(field: str, kind: str) -> Field:
    about = (("hw.type", "gpu"), ("error.type", f"nvlink.{kind}"))
    return Field(f"NVML_FI_DEV_NVLINK_{field}", "hw.errors", "{error}", about)


def _nvlink_bytes(field: str, direction: str, factor: int) -> Field:
    about = (("network.io.direction", direction),)
    return Field(f"NVML_FI_DEV_NVLINK_{field}", "hw.gpu.nvlink.io", "By", about, factor, all_links=True)


def _violation(field: str, reason: str) -> Field:
    about = (("hw.gpu.throttle.reason", reason),)
    return Field(f"NVML_FI_DEV_PERF_POLICY_{field}", "hw.gpu.throttle.time", "s", about, 1e-9)


FIELDS = (
    Field(
        "NVML_FI_DEV_MEMORY_TEMP",
        "hw.temperature",
        "Cel",
        (("hw.type", "gpu"), ("hw.sensor_location", "memory")),
        counter=False,
    ),
    _nvlink_bytes("THROUGHPUT_DATA_TX", "transmit", _KIB),
    _nvlink_bytes("THROUGHPUT_DATA_RX", "receive", _KIB),
    # Blackwell counts bytes, under another name; the first of the two that answers is taken.
    _nvlink_bytes("COUNT_XMIT_BYTES", "transmit", 1),
    _nvlink_bytes("COUNT_RCV_BYTES", "receive", 1),
    _nvlink_error("CRC_FLIT_ERROR_COUNT_TOTAL", "crc_flit"),
    _nvlink_error("CRC_DATA_ERROR_COUNT_TOTAL", "crc_data"),
    _nvlink_error("REPLAY_ERROR_COUNT_TOTAL", "replay"),
    _nvlink_error("RECOVERY_ERROR_COUNT_TOTAL", "recovery"),
    Field("NVML_FI_DEV_NVLINK_LINK_COUNT", "hw.gpu.nvlink.links", "{link}", counter=False),
    _violation("POWER", "power_cap"),
    _violation("THERMAL", "thermal"),
    _violation("RELIABILITY", "reliability"),
    _violation("BOARD_LIMIT", "board_limit"),
    Field(RETIREMENT_PENDING),
    Field(RECOVERY),
)


def read(nvml: Library, device: Device) -> Values:
    """Every field that `device` answers. Raises GpuLost or DriverAway."""
    asked = [(one, code) for one in FIELDS if (code := nvml.constant(one.field)) is not None]
    request = [(code, ALL_LINKS) if one.all_links else code for one, code in asked]
    answers = nvml.ask(device.uuid, "nvmlDeviceGetFieldValues", device.handle, request)
    if answers is None:
        return {}
    return {
        one.field: getattr(answer.value, _MEMBER[answer.valueType])
        for (one, _), answer in zip(asked, answers, strict=True)
        if answer.nvmlReturn == 0 and 0 <= answer.valueType < len(_MEMBER)
    }


def readings(values: Values, about: Attributes, boot_ms: int) -> list[Reading]:
    """The readings of the fields that were answered; of two that mean the same, the first."""
    found: dict[tuple[str, Attributes], Reading] = {}
    for one in FIELDS:
        value = values.get(one.field)
        if one.metric and value is not None:
            scaled = value if one.factor == 1 else value * one.factor
            reading = Reading(one.metric, one.unit, scaled, (*about, *one.attributes), boot_ms if one.counter else None)
            found.setdefault((one.metric, one.attributes), reading)
    return list(found.values())
