"""GPUs in Kubernetes' words: extended resources of device plugins, and which devices a pod's annotations name.

Resource names: NVIDIA's, AMD's, Intel's and AWS Neuron's device plugins. Annotations: HAMi (`hami.io/vgpu-devices-…`),
Volcano (`volcano.sh/gpu-index`), gpushare (`ALIYUN_COM_GPU_MEM_IDX`), and the Container Device Interface's.
"""

import re
from collections.abc import Iterable, Mapping

from trimtab.sources.kubernetes.objects import Pod

_WHOLE = frozenset(
    {
        "nvidia.com/gpu",
        "amd.com/gpu",
        "gpu.intel.com/i915",
        "gpu.intel.com/xe",
        "habana.ai/gaudi",
        "aliyun.com/gpu",
        "volcano.sh/gpu-number",
        "volcano.sh/vgpu-number",
    }
)
_OTHERS = frozenset({"aws.amazon.com/neuron"})
"""What no GPU is, and counts as one in the ledger: a Neuron device."""
_SHARED = "nvidia.com/gpu.shared"
_HUNDREDTHS = frozenset({"tencent.com/vcuda-core", "nvidia.com/gpu-percentage"})
"""A hundred of these are a GPU (Tencent's gpu-manager; Run:ai)."""
_MIG = re.compile(r"nvidia\.com/mig-(\d)g\.\d+gb(?:\.me|\+me|\.[a-z0-9.]+)*")
_SLICES = 7  # compute slices of a whole GPU that MIG divides (NVIDIA MIG user guide)
_UUID = re.compile(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CDI_INDEX = re.compile(r"nvidia\.com/gpu=(\d+)\b")
_INDEX_KEYS = ("volcano.sh/gpu-index", "ALIYUN_COM_GPU_MEM_IDX", "aliyun.com/gpu-index", "nvidia.com/gpu-index")
REPLICAS_LABEL = "nvidia.com/gpu.replicas"


def share_of(name: str, replicas: int = 1) -> float | None:
    """GPUs that one of a resource is: a MIG instance or a time slice its share; None for what is no GPU."""
    mig = _MIG.fullmatch(name)
    if mig:
        return int(mig[1]) / _SLICES
    if name in _HUNDREDTHS:
        return 0.01
    if name == _SHARED or name == "nvidia.com/gpu":
        return 1 / replicas
    return 1.0 if name in _WHOLE else None


def gpus_of(resources: Mapping[str, str | int], replicas: int = 1) -> float:
    """The GPUs of a list of quantities; MIG instances and time slices by their share of one."""
    total = 0.0
    for name, quantity in resources.items():
        text = str(quantity)
        share = 1.0 if name in _OTHERS else share_of(name, replicas)
        total += (int(text) if text.isdecimal() else 0) * (share or 0.0)
    return total


def asked(pod: Pod, replicas: int = 1) -> float:
    """The GPUs of a pod: of its containers together, or of one that runs before them, whichever is more."""
    together = sum(gpus_of(one.resources.limits or one.resources.requests, replicas) for one in pod.spec.containers)
    before = (gpus_of(one.resources.limits or one.resources.requests, replicas) for one in pod.spec.init_containers)
    return max(together, *before, 0.0)


def uuids(pod: Pod) -> tuple[str, ...]:
    """The UUIDs that a scheduler or device plugin noted in the pod's annotations."""
    return tuple(dict.fromkeys(_UUID.findall(" ".join(pod.metadata.annotations.values()))))


def indexes(pod: Pod) -> tuple[int, ...]:
    """The indexes on the node that the annotations name."""
    notes = pod.metadata.annotations
    found = [number for key in _INDEX_KEYS for number in _numbers(notes.get(key, ""))]
    found += [
        int(number)
        for key, text in notes.items()
        if key.startswith("cdi.k8s.io/")
        for number in _CDI_INDEX.findall(text)
    ]
    return tuple(sorted(set(found)))


def _numbers(text: str) -> Iterable[int]:
    return [int(part) for part in text.split(",") if part.strip().isdecimal()]
