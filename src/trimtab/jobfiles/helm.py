"""Helm without helm: GPUs that a values file sets, for the parts of a chart that it names.

A values file is no manifest: a chart's templates decide what becomes of it. By custom (`helm create`) a part has
`resources` and beside them `replicaCount` (or `replicas`, `minReplicas` of an autoscaler); vLLM's charts say
`requestGPU` and `requestGPUType`. What is read so is told as being of values; `helm template … | trimtab price -` reads
the whole.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from trimtab.jobfiles.documents import items, mapping, text
from trimtab.jobfiles.kubernetes.pods import group_of_spec
from trimtab.jobfiles.kubernetes.workloads import number
from trimtab.jobfiles.model import Ask, Group

_VALUES = re.compile(r"(?:^|[-_.])values(?:[-_.].*)?\.ya?ml$")
_ACTION = re.compile(r"\{\{-?\s*(?:\.(?:Values|Release|Chart)\b|(?:include|template|if|range|with|end|define)\b|\$)")
_COUNTS = ("replicaCount", "replicas", "numReplicas", "workers")


def looks_like_values(file: str, document: Any) -> bool:
    """Whether a file is one of a chart's values, by its name and for want of a kind."""
    named = _VALUES.search(PurePosixPath(file).name) is not None
    return named and isinstance(document, Mapping) and "kind" not in document


def looks_like_template(text_: str) -> bool:
    """Whether a text is a template of a chart, which helm is to fill in first."""
    return _ACTION.search(text_) is not None


def asks_of(values: Mapping[str, Any]) -> list[Ask]:
    """An ask for each part of the values that names GPUs."""
    return [
        Ask(kind="HelmValues", name=name or None, groups=(group,), ends=False) for name, group in _parts(values, ())
    ]


def _parts(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Group]]:
    group = _group(values)
    if group is not None and group.gpus != 0:
        yield ".".join(path) + (f" {text(values['name'])}" if text(values.get("name")) else ""), group
    for key, value in values.items():
        if isinstance(value, Mapping) and key not in ("resources", "limits", "requests"):
            yield from _parts(value, (*path, str(key)))
        for one in items(value):
            if isinstance(one, Mapping):
                yield from _parts(one, (*path, str(key)))


def _group(values: Mapping[str, Any]) -> Group | None:
    """Pods of a part: its `resources`, or the GPUs that it requests by a word of its own."""
    scaled = mapping(values.get("autoscaling"))
    least = scaled.get("minReplicas") if scaled.get("enabled") is True else None
    pods = number(least if least is not None else next((values[one] for one in _COUNTS if one in values), None))
    if "requestGPU" in values:
        resources = {"limits": {text(values.get("requestGPUType")) or "nvidia.com/gpu": values["requestGPU"]}}
    elif mapping(values.get("resources")):
        resources = values["resources"]
    else:
        return None
    selector = {"nodeSelector": values.get("nodeSelector"), "affinity": values.get("affinity")}
    return group_of_spec({**selector, "containers": [{"resources": resources}]}, pods, "pods")
