"""GPUs in Kubernetes' words: extended resources of device plugins, and which devices a pod's annotations name.

Resource names: NVIDIA's, AMD's, Intel's and AWS Neuron's device plugins. Annotations: HAMi (`hami.io/vgpu-devices-…`),
Volcano (`volcano.sh/gpu-index`), gpushare (`ALIYUN_COM_GPU_MEM_IDX`), and the Container Device Interface's.
"""

import re
from collections.abc import Iterable, Mapping

from trimtab.sources.kubernetes.objects import Pod

_WHOLE = frozenset({"nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi", "gpu.intel.com/i915", "aws.amazon.com/neuron"})
_SHARED = "nvidia.com/gpu.shared"
_MIG = re.compile(r"nvidia\.com/mig-(\d)g\.\d+gb")
_SLICES = 7  # compute slices of a whole GPU that MIG divides (NVIDIA MIG user guide)
_UUID = re.compile(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CDI_INDEX = re.compile(r"nvidia\.com/gpu=(\d+)\b")
_INDEX_KEYS = ("volcano.sh/gpu-index", "ALIYUN_COM_GPU_MEM_IDX", "aliyun.com/gpu-index", "nvidia.com/gpu-index")
REPLICAS_LABEL = "nvidia.com/gpu.replicas"


def gpus_of(resources: Mapping[str, str | int], replicas: int = 1) -> float:
    """The GPUs of a list of quantities; MIG instances and time slices by their share of one."""
    total = 0.0
    for name, quantity in resources.items():
        text = str(quantity)
        number = int(text) if text.isdecimal() else 0
        mig = _MIG.fullmatch(name)
        if name in _WHOLE:
            total += number / (replicas if name == "nvidia.com/gpu" else 1)
        elif name == _SHARED:
            total += number / replicas
        elif mig:
            total += number * int(mig[1]) / _SLICES
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
