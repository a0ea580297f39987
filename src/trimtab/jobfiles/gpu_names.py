"""What a resource name, a label and a node selector say of accelerators."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import items, mapping
from trimtab.jobfiles.model import Hardware
from trimtab.sources.kubernetes.gpus import share_of

_OTHERS = re.compile(
    r"google\.com/tpu|cloud-tpus\.google\.com/.+|aws\.amazon\.com/neuron(?:core|device)?|huawei\.com/Ascend.*"
    r"|cambricon\.com/.*mlu.*|qualcomm\.com/qaic|tenstorrent\.com/.*|intel\.com/npu|npu\.intel\.com/.*"
    r"|metax-tech\.com/.*gpu|mthreads\.com/.*gpu|hygon\.com/dcu(?:num)?"
)
_NO_DEVICE = re.compile(
    r".*(?:gpumem|gpucores|gpu-memory|gpu-mem|gpumem-percentage|vgpu-memory|vgpu-cores|vcuda-memory)$"
)
"""Memory or cores of a shared GPU: how much of it, not how many."""
_TYPES = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instanceType")
_PRODUCTS = (
    "nvidia.com/gpu.product",
    "cloud.google.com/gke-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.azure.com/sku-gpu-name",
    "gpu.nvidia.com/model",
    "gpu.nvidia.com/class",
    "amd.com/gpu.product-name",
    "amd.com/gpu.device-id",
    "k8s.amazonaws.com/accelerator",
    "aliyun.accelerator/nvidia_name",
    "ray.io/accelerator-type",
    "skypilot.co/accelerator",
    "accelerator",
    "gpu-type",
    "gpu_type",
    "gpu",
)
"""Labels by which nodes tell their GPU: NVIDIA's feature discovery, GKE, Karpenter, CoreWeave, AMD, EKS, Alibaba."""
_KNOWN = re.compile(
    r"(?<![a-z0-9])((?:g?[bh][12]00|h20|gh200|gb[23]00|b300|a100|a800|h800|a10g?|a16|a2|a30|a40|l4|l40s?|l20|t4|v100|p100|p40|p4"
    r"|k80|mi\d{3}x?a?|rtx[-_ ]?(?:a\d{4}|\d{4}(?:[-_ ]?ti)?|pro[-_ ]?6000)|a[4-6]000))(?![0-9])"
)


def is_other(name: str) -> bool:
    """Whether a resource is an accelerator that is no GPU: a TPU, a Neuron device, an NPU."""
    return _OTHERS.fullmatch(name) is not None


def gpu_share(name: str) -> float | None:
    """GPUs that one of a resource is; None for what is no GPU."""
    if _NO_DEVICE.fullmatch(name) or is_other(name):
        return None
    return share_of(name)


def accelerator_in(text: str) -> str:
    """The accelerator that a label, a SLURM feature or a partition's name tells, such as `h100`; "" for none."""
    found = _KNOWN.search(text.casefold())
    return found[1] if found else ""


def hardware_of(pod_spec: Mapping[str, Any]) -> Hardware:
    """Which GPU and which instance type a pod's selector and required affinity name; "" where none or several."""
    selected: dict[str, list[str]] = {}
    for label, value in mapping(pod_spec.get("nodeSelector")).items():
        selected[str(label)] = [str(value)]
    required = mapping(mapping(pod_spec.get("affinity")).get("nodeAffinity")).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    for term in items(mapping(required).get("nodeSelectorTerms")):
        for one in items(mapping(term).get("matchExpressions")):
            rule = mapping(one)
            if rule.get("operator") == "In":
                values = [str(value) for value in items(rule.get("values"))]
                selected.setdefault(str(rule.get("key")), []).extend(values)
    instance = _single(selected, _TYPES)
    product = _single(selected, _PRODUCTS)
    return Hardware("" if product.casefold() in ("true", "on", "nvidia", "gpu") else product, instance)


def _single(selected: Mapping[str, list[str]], labels: tuple[str, ...]) -> str:
    for label in labels:
        values = set(selected.get(label, ()))
        if len(values) == 1:
            return values.pop()
    return ""
