"""A page of nvidia_gpu_exporter (`nvidia_smi_*`), as GPUs: what that exporter read with nvidia-smi."""

import math
from collections import defaultdict
from collections.abc import Mapping

from trimtab.agent.scrape import exposition
from trimtab.agent.smi.sample import GpuProcess, GpuSample, Recording

_PREFIX = "nvidia_smi_"
_INFO = "nvidia_smi_gpu_info"
_APP, _APP_MEMORY = "nvidia_smi_compute_app_info", "nvidia_smi_compute_app_used_memory_bytes"
_UNCORRECTED = ("nvidia_smi_ecc_errors_uncorrected_aggregate_total",)
_REASONS = ("nvidia_smi_clocks_event_reasons_active", "nvidia_smi_clocks_throttle_reasons_active")
Labels = dict[str, str]


def is_page(text: str) -> bool:
    """Whether a text is a page of this exporter."""
    return f"\n{_PREFIX}" in f"\n{text}"


def read(text: str) -> Recording:
    """The GPUs of a page: those of its info series, in order. Raises InvalidInput."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    infos: dict[str, Labels] = {}
    apps: dict[str, dict[str, tuple[str, float | None]]] = defaultdict(dict)
    samples = exposition.read(text, False, {}, lambda name, pairs: (name, dict(pairs))).samples
    for (name, labels), value, _ in samples:
        uuid = labels.get("uuid", "")
        if name == _INFO:
            infos[uuid] = labels
        elif name in (_APP, _APP_MEMORY):
            pid, known = labels.get("pid", ""), value if name == _APP_MEMORY and math.isfinite(value) else None
            before = apps[uuid].get(pid, ("", None))[1]
            apps[uuid][pid] = (labels.get("process_name", ""), before if known is None else known)
        elif name.startswith(_PREFIX) and uuid and math.isfinite(value):
            values[uuid][name] = value
    gpus = tuple(
        _gpu(index, uuid, infos.get(uuid, {}), values[uuid], apps[uuid])
        for index, uuid in enumerate(dict.fromkeys((*infos, *values)))
    )
    return Recording(gpus, next((one.get("driver_version", "") for one in infos.values()), ""))


def _gpu(
    place: int,
    uuid: str,
    info: Labels,
    values: Mapping[str, float],
    apps: Mapping[str, tuple[str, float | None]],
) -> GpuSample:
    index = info.get("index", "")
    return GpuSample(
        vendor="NVIDIA",
        index=int(index) if index.isdecimal() else place,
        name=info.get("name", ""),
        uuid=uuid,
        bus_id=info.get("pci_bus_id", ""),
        utilization=_first(values, "nvidia_smi_utilization_gpu_ratio"),
        memory_busy=_first(values, "nvidia_smi_utilization_memory_ratio"),
        memory_used=_whole(_first(values, "nvidia_smi_memory_used_bytes")),
        memory_total=_whole(_first(values, "nvidia_smi_memory_total_bytes")),
        power=_first(
            values,
            "nvidia_smi_power_draw_watts",
            "nvidia_smi_power_draw_average_watts",
            "nvidia_smi_power_draw_instant_watts",
        ),
        temperature=_first(values, "nvidia_smi_temperature_gpu"),
        uncorrected=_whole(_first(values, *_UNCORRECTED)),
        throttle_reasons=_whole(_first(values, *_REASONS)),
        processes=tuple(
            GpuProcess(int(pid), name, _whole(memory)) for pid, (name, memory) in apps.items() if pid.isdecimal()
        ),
    )


def _first(values: Mapping[str, float], *names: str) -> float | None:
    return next((values[name] for name in names if name in values), None)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
