"""JSON of AMD's tools: `rocm-smi -a --json` (ROCm 4 to 6) and `amd-smi metric --json` with `amd-smi static --json`.

rocm-smi prints an object a card, whose keys are sentences with their unit in brackets; amd-smi a list of objects with
`{value, unit}`, since ROCm 6.4 within `gpu_data`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.agent.smi.sample import GpuProcess, GpuSample, Recording, quantity, said, whole
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace

_CARD = re.compile(r"card(\d+)")
_PID = re.compile(r"PID(\d+)")
_POWERS = ("Average Graphics Package Power (W)", "Current Socket Graphics Package Power (W)", "Socket Power (W)")
_NAMES = ("Card series", "Card Series", "Card model", "Card Model", "Device Name")
_SENSORS = (
    ("edge", "Temperature (Sensor edge) (C)"),
    ("junction", "Temperature (Sensor junction) (C)"),
    ("hotspot", "Temperature (Sensor hotspot) (C)"),
)


def read(text: str) -> Recording:
    """The GPUs of either tool. Raises InvalidInput."""
    try:
        document = typed.loads(text.lstrip("\ufeff"))
    except ValueError as problem:
        raise InvalidInput(f"cannot read the JSON of rocm-smi or amd-smi: {problem}; was all of it kept?") from None
    if isinstance(document, dict) and any(_CARD.fullmatch(key) for key in document):
        return _rocm(document)
    entries = document.get("gpu_data") if isinstance(document, dict) else document
    if not isinstance(entries, list) or not all(isinstance(one, dict) and "gpu" in one for one in entries):
        raise InvalidInput("cannot read the JSON: expected cards as of `rocm-smi -a --json`, or GPUs as of amd-smi")
    return Recording(tuple(_amd(one) for one in entries))


def named(metrics: Recording, static: Recording) -> Recording:
    """Measurements (`amd-smi metric`) with the names and ids that only `amd-smi static` prints."""
    known = {one.index: one for one in static.gpus}
    return Recording(
        tuple(_with_names(one, known[one.index]) if one.index in known else one for one in metrics.gpus),
        metrics.driver or static.driver,
    )


def _rocm(document: Mapping[str, Any]) -> Recording:
    system = _mapping(document.get("system"))
    processes = tuple(_rocm_processes(system))
    cards = sorted((int(match[1]), key) for key in document if (match := _CARD.fullmatch(key)))
    gpus = tuple(_rocm_card(index, _mapping(document[key])) for index, key in cards)
    if len(gpus) == 1 and processes:  # the list is of the system: only one card tells where they are
        gpus = (replace(gpus[0], processes=processes),)
    return Recording(gpus, said(_text(system.get("Driver version"))))


def _rocm_card(index: int, card: Mapping[str, Any]) -> GpuSample:
    powers = (quantity(_text(card.get(name)), "W") for name in _POWERS)
    heat = ((sensor, quantity(_text(card.get(key)), "C")) for sensor, key in _SENSORS)
    sensor, temperature = next(((one, value) for one, value in heat if value is not None), ("edge", None))
    return GpuSample(
        vendor="AMD",
        index=index,
        name=next((name for key in _NAMES if (name := said(_text(card.get(key))))), ""),
        uuid=said(_text(card.get("Unique ID"))),
        bus_id=said(_text(card.get("PCI Bus"))),
        utilization=quantity(_text(card.get("GPU use (%)")), "%"),
        memory_busy=quantity(_text(card.get("GPU Memory Read/Write Activity (%)")), "%"),
        memory_used=whole(_text(card.get("VRAM Total Used Memory (B)"))),
        memory_total=whole(_text(card.get("VRAM Total Memory (B)"))),
        power=next((watts for watts in powers if watts is not None), None),
        temperature=temperature,
        sensor=sensor,
    )


def _rocm_processes(system: Mapping[str, Any]) -> Iterator[GpuProcess]:
    """`"PID104225": "python, 1, 4096, 0, 0"`: name, number of GPUs, bytes of memory, …"""
    for key, value in system.items():
        match = _PID.fullmatch(key)
        if match:
            parts = [part.strip() for part in _text(value).split(",")]
            yield GpuProcess(int(match[1]), said(parts[0]), whole(parts[2]) if len(parts) > 2 else None)


def _amd(one: Mapping[str, Any]) -> GpuSample:
    usage, memory = _mapping(one.get("usage")), _mapping(one.get("mem_usage"))
    power, heat, ecc = _mapping(one.get("power")), _mapping(one.get("temperature")), _mapping(one.get("ecc"))
    asic, bus, vram = _mapping(one.get("asic")), _mapping(one.get("bus")), _mapping(one.get("vram"))
    measured = ((sensor, _value(heat.get(sensor), "C")) for sensor in ("edge", "hotspot", "junction"))
    sensor, temperature = next(((name, value) for name, value in measured if value is not None), ("edge", None))
    total = _value(memory.get("total_vram"), "MB")
    return GpuSample(
        vendor="AMD",
        index=int(_value(one.get("gpu")) or 0),
        name=said(_text(asic.get("market_name"))),
        uuid=said(_text(one.get("uuid"))) or said(_text(asic.get("asic_serial"))),
        bus_id=said(_text(bus.get("bdf"))),
        utilization=_value(usage.get("gfx_activity"), "%"),
        memory_busy=_value(usage.get("umc_activity"), "%"),
        memory_used=_whole(_value(memory.get("used_vram"), "MB")),
        memory_total=_whole(total if total is not None else _value(vram.get("size"), "MB")),
        power=_value(power.get("socket_power"), "W"),
        temperature=temperature,
        sensor=sensor,
        uncorrected=_whole(_value(ecc.get("total_uncorrectable_count"))),
    )


def _value(one: Any, unit: str = "") -> float | None:
    """`{value: 5, unit: "%"}`, or a plain number of `unit`; a megabyte of amd-smi is 2^20 bytes."""
    if isinstance(one, Mapping):
        return _value(one.get("value"), _text(one.get("unit")) or unit)
    return quantity(_text(one), "MiB" if unit == "MB" else unit)


def _with_names(measured: GpuSample, static: GpuSample) -> GpuSample:
    return replace(
        measured,
        name=static.name or measured.name,
        uuid=static.uuid or measured.uuid,
        bus_id=static.bus_id or measured.bus_id,
        memory_total=static.memory_total if measured.memory_total is None else measured.memory_total,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, Mapping | list) else str(value)
