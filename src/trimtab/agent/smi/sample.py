"""A GPU as a tool printed it. What the tool does not know is None, never 0."""

import re

from msgspec import Struct

_NUMBER = re.compile(r"\(?(-?\d+(?:\.\d+)?)\s*([A-Za-z%]*)\)?")
_SCALES = {
    "": 1.0, "%": 0.01, "B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30,
    "W": 1.0, "mW": 1e-3, "C": 1.0, "MHz": 1e6, "Mhz": 1e6, "Hz": 1.0,
}  # fmt: skip
"""Units of the tools, as a number of the unit that is kept: shares, bytes, watts, degrees Celsius, hertz."""
_NOTHING = frozenset({"N/A", "NONE", "NOT SUPPORTED", "UNKNOWN", "UNKNOWN ERROR", "ERR!"})
"""What the tools print for no answer."""


class GpuProcess(Struct, frozen=True):
    """A process on a GPU; `memory` in bytes, None where the driver does not tell (Windows, MIG without rights)."""

    pid: int
    name: str
    memory: int | None


class GpuSample(Struct, frozen=True, kw_only=True):
    """A GPU at a moment. Shares 0 to 1, bytes, watts, degrees Celsius; `sensor` is where the temperature was taken. A
    GPU that is divided (MIG) has no utilisation of its own.
    """

    vendor: str
    index: int
    name: str
    uuid: str = ""
    bus_id: str = ""
    utilization: float | None = None
    memory_busy: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    power: float | None = None
    temperature: float | None = None
    sensor: str = "gpu"
    uncorrected: int | None = None
    throttle_reasons: int | None = None
    mig_mode: str = ""
    mig_devices: int = 0
    processes: tuple[GpuProcess, ...] = ()


class Recording(Struct, frozen=True):
    """What was read: the GPUs, and the version of the driver ("" unknown)."""

    gpus: tuple[GpuSample, ...]
    driver: str = ""


def quantity(text: str | None, unit: str = "") -> float | None:
    """A number with its unit: `42 MiB`, `(500Mhz)`, `0 %`. `unit` is that of a plain number. None for any other text:
    `N/A`, `[Not Supported]`, `N/A (Secondary die)`, `Requested functionality has been deprecated`.
    """
    match = _NUMBER.fullmatch((text or "").strip())
    if match is None:
        return None
    scale = _SCALES.get(match[2] or unit)
    return None if scale is None else float(match[1]) * scale


def whole(text: str | None, unit: str = "") -> int | None:
    """A quantity as a whole number."""
    found = quantity(text, unit)
    return None if found is None else round(found)


def said(text: str | None) -> str:
    """A text, "" where the tool says that there is none."""
    plain = (text or "").strip()
    return "" if plain.strip("[]").upper() in _NOTHING else plain
