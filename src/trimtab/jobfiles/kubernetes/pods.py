"""What a pod asks for, by Kubernetes' own rule.

    a container      requests, else limits; of a GPU (an extended resource) limits, else requests
    a pod            Σ containers + Σ sidecars, at least what any init container and the sidecars before it need;
                     `spec.resources` of the pod, where it is there, instead of the sum; and `spec.overhead`

A sidecar is an init container with `restartPolicy: Always` (KEP-753). Device claims (DRA) count as their template in
the same files asks; shares of GPUs by annotation are KAI's (`gpu-fraction`) and Alibaba's.
"""

import itertools
from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import items, mapping, text
from trimtab.jobfiles.gpu_names import gpu_share, hardware_of, is_other
from trimtab.jobfiles.model import GPU_MEMORY_SHARE, Group
from trimtab.jobfiles.quantity import quantity

_FRACTION, _FRACTIONS, _MEMORY = "gpu-fraction", "gpu-fraction-num-devices", "gpu-memory"
"""Annotations of KAI and Run:ai: a part of a GPU, of how many GPUs, or MiB of its memory."""

Amounts = dict[str, float | None]
"""By resource name; None: a placeholder stands where a number should."""


def group_of(
    template: Any, pods: int | None = 1, name: str = "", claims: Mapping[str, float | None] | None = None
) -> Group:
    """The group of `pods` pods of a template (`metadata`, `spec`)."""
    template = mapping(template)
    return group_of_spec(mapping(template.get("spec")), pods, name, claims, mapping(template.get("metadata")))


def group_of_spec(
    spec: Mapping[str, Any],
    pods: int | None = 1,
    name: str = "",
    claims: Mapping[str, float | None] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Group:
    """The same of a pod's specification. `claims`: GPUs by claim template."""
    amounts = amounts_of_pod(spec)
    devices = {key: number for key, number in amounts.items() if gpu_share(key) is not None}
    missing = next((key for key, number in devices.items() if number is None), "")
    gpus: float | None = sum((number or 0.0) * (gpu_share(key) or 0.0) for key, number in devices.items())
    why = f"its number of {missing} is not known: it is a placeholder" if missing else ""
    claimed = _claimed(spec, claims or {})
    share, share_why = _annotated(mapping((metadata or {}).get("annotations")))
    if not devices and share:
        gpus = share
    if not devices and share_why:
        gpus, why = None, share_why
    if claimed is None and not devices:  # beside GPUs of a plugin it is another device, such as an IMEX channel
        gpus, why = None, "it claims devices by a template that is in none of the files"
    elif gpus is not None:
        gpus += claimed or 0.0
    return Group(
        name=name,
        pods=pods,
        gpus_each=None if missing else gpus,
        hardware=hardware_of(spec),
        devices={key: number for key, number in devices.items() if number},
        others={key: number for key, number in amounts.items() if is_other(key) and number},
        cpu_each=amounts.get("cpu") or 0.0,
        memory_each=amounts.get("memory") or 0.0,
        unknown=why or ("" if pods is not None else "its number of pods is not known: it is a placeholder"),
    )


def amounts_of_pod(spec: Mapping[str, Any]) -> Amounts:
    """What a pod asks for, by resource."""
    together = _sum(*(amounts_of(one) for one in items(spec.get("containers"))))
    sidecars: Amounts = {}
    before: list[Amounts] = []
    for one in items(spec.get("initContainers")):
        if mapping(one).get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, amounts_of(one))
        else:
            before.append(_sum(sidecars, amounts_of(one)))
    most = _most(_sum(together, sidecars), *before)
    whole = amounts_of({"resources": spec.get("resources")})
    return _sum({**most, **whole}, _numbers(spec.get("overhead")))


def amounts_of(container: Any) -> Amounts:
    """What a container asks for, by resource."""
    resources = mapping(mapping(container).get("resources"))
    limits, requests = _numbers(resources.get("limits")), _numbers(resources.get("requests"))
    extended = {key: number for key, number in limits.items() if "/" in key}
    return {**limits, **requests, **extended}


def _numbers(amounts: Any) -> Amounts:
    return {str(key): quantity(value) for key, value in mapping(amounts).items()}


def _sum(*parts: Amounts) -> Amounts:
    return _joined(parts, sum)


def _most(*parts: Amounts) -> Amounts:
    return _joined(parts, max)


def _joined(parts: tuple[Amounts, ...], join: Any) -> Amounts:
    keys = dict.fromkeys(itertools.chain.from_iterable(parts))
    found: Amounts = {}
    for key in keys:
        numbers = [part[key] for part in parts if key in part]
        found[key] = None if None in numbers else float(join(numbers))
    return found


def _annotated(notes: Mapping[str, Any]) -> tuple[float, str]:
    """The part of a GPU that annotations ask for, and why it is not known."""
    part = quantity(notes.get(_FRACTION))
    if part:
        return part * (quantity(notes.get(_FRACTIONS)) or 1.0), ""
    return 0.0, GPU_MEMORY_SHARE if quantity(notes.get(_MEMORY)) else ""


def _claimed(spec: Mapping[str, Any], claims: Mapping[str, float | None]) -> float | None:
    """GPUs of the pod's device claims; None where one's template is not known."""
    total = 0.0
    for one in items(spec.get("resourceClaims")):
        claim = mapping(one)
        source = mapping(claim.get("source"))
        name = text(claim.get("resourceClaimTemplateName") or source.get("resourceClaimTemplateName"))
        name = name or text(claim.get("resourceClaimName") or source.get("resourceClaimName"))
        number = claims.get(name)
        if number is None:
            return None
        total += number
    return total


def claims_of(documents: list[Mapping[str, Any]]) -> dict[str, float | None]:
    """GPUs by the name of a ResourceClaim or ResourceClaimTemplate among the documents; other devices are 0."""
    found: dict[str, float | None] = {}
    for one in documents:
        if one.get("kind") not in ("ResourceClaimTemplate", "ResourceClaim"):
            continue
        spec = mapping(one.get("spec"))
        devices = mapping(mapping(spec.get("spec") or spec).get("devices"))
        total: float | None = 0.0
        for request in items(devices.get("requests")):
            exactly = mapping(mapping(request).get("exactly")) or mapping(request)
            gpu = "gpu" in text(exactly.get("deviceClassName"))
            number = quantity(exactly.get("count", 1)) if exactly.get("allocationMode") != "All" else None
            if gpu:
                total = None if number is None or total is None else total + number
        found[text(mapping(one.get("metadata")).get("name"))] = total
    return found
