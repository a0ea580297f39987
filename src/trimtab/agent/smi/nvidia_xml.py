"""`nvidia-smi -q -x`: the GPUs of NVIDIA's tool, of the drivers 390 to 595.

Releases renamed parts of the document: power lies in `power_readings` or `gpu_power_readings`, as `power_draw`,
`average_power_draw` or `instant_power_draw`.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from trimtab.agent.smi.sample import GpuProcess, GpuSample, Recording, quantity, said, whole
from trimtab.base.errors import InvalidInput

_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_DRAWS = ("power_draw", "average_power_draw", "instant_power_draw")
_POWER = ("gpu_power_readings", "power_readings")
_UNCORRECTED = ("aggregate/sram_uncorrectable", "aggregate/dram_uncorrectable")


def read(text: str) -> Recording:
    """The GPUs of a document. Raises InvalidInput."""
    if _ENTITY.search(text):  # nvidia-smi declares none, and expanding a stranger's may take all memory
        raise InvalidInput("cannot read nvidia-smi's XML: it declares entities, which nvidia-smi never does")
    try:
        root = fromstring(text.strip())  # noqa: S314 — a document that declares entities was refused above
    except ParseError as problem:
        raise InvalidInput(f"cannot read nvidia-smi's XML: {problem}; was all of the output kept?") from None
    if root.tag != "nvidia_smi_log":
        raise InvalidInput(f"cannot read nvidia-smi's XML: got <{root.tag}>; expected <nvidia_smi_log>")
    gpus = tuple(_gpu(index, one) for index, one in enumerate(root.findall("gpu")))
    return Recording(gpus, said(root.findtext("driver_version")))


def _gpu(index: int, gpu: Element) -> GpuSample:
    power = (quantity(gpu.findtext(f"{group}/{name}"), "W") for group in _POWER for name in _DRAWS)
    errors = [whole(gpu.findtext(f"ecc_errors/{name}")) for name in _UNCORRECTED]
    counted = [count for count in errors if count is not None]
    return GpuSample(
        vendor="NVIDIA",
        index=index,
        name=said(gpu.findtext("product_name")),
        uuid=said(gpu.findtext("uuid")),
        bus_id=gpu.get("id", ""),
        utilization=quantity(gpu.findtext("utilization/gpu_util"), "%"),
        memory_busy=quantity(gpu.findtext("utilization/memory_util"), "%"),
        memory_used=whole(gpu.findtext("fb_memory_usage/used"), "MiB"),
        memory_total=whole(gpu.findtext("fb_memory_usage/total"), "MiB"),
        power=next((watts for watts in power if watts is not None), None),
        temperature=quantity(gpu.findtext("temperature/gpu_temp"), "C"),
        uncorrected=sum(counted) if counted else None,
        mig_mode=(gpu.findtext("mig_mode/current_mig") or "").strip(),
        mig_devices=len(gpu.findall("mig_devices/mig_device")),
        processes=tuple(_processes(gpu)),
    )


def _processes(gpu: Element) -> Iterator[GpuProcess]:
    for one in gpu.findall("processes/process_info"):
        pid = whole(one.findtext("pid"))
        if pid is not None:
            yield GpuProcess(pid, said(one.findtext("process_name")), whole(one.findtext("used_memory"), "MiB"))
