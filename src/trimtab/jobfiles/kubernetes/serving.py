"""KServe's services: an InferenceService (v1beta1) of components, and an LLMInferenceService (v1alpha1).

A component has replicas, at least one while it serves. Its resources are those of its containers, or of its model
(`model:`, or a framework's name); where the file has none, the serving runtime decides them.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.base.records import replace
from trimtab.jobfiles.documents import mapping
from trimtab.jobfiles.kubernetes.pods import group_of_spec
from trimtab.jobfiles.kubernetes.workloads import Files, Made, number
from trimtab.jobfiles.model import Group, times
from trimtab.jobfiles.quantity import count

FROM_RUNTIME = "its resources come from the serving runtime"
_COMPONENTS = ("predictor", "transformer", "explainer")
_NO_MODELS = frozenset(
    {"logger", "batcher", "deploymentStrategy", "workerSpec", "nodeSelector", "affinity", "resources"}
)


def inference_service(spec: Mapping[str, Any], files: Files) -> Made:
    """InferenceService."""
    groups: list[Group] = []
    for name in _COMPONENTS:
        part = mapping(spec.get(name))
        if not part:
            continue
        group = _component(name, part, files)
        if group is None:
            return Made(unknown=FROM_RUNTIME, ends=False)
        worker = _workers(part, group, files)
        replicas = number(part.get("minReplicas"))
        groups += times((group, *worker), None if replicas is None else max(replicas, 1))
    return Made(groups=tuple(groups), unknown="" if groups else FROM_RUNTIME, ends=False)


def _component(name: str, part: Mapping[str, Any], files: Files) -> Group | None:
    """A pod of a component; None where neither a container nor the model says what it asks for."""
    models = [one for key, one in part.items() if isinstance(one, Mapping) and key not in _NO_MODELS]
    models = [one for one in models if "storageUri" in one or "resources" in one or "modelFormat" in one]
    containers = part.get("containers") or []
    stated = [one for one in [*models, *containers] if mapping(mapping(one).get("resources"))]
    if not stated and not containers:
        return None
    together = [*containers, *(mapping(one) for one in models)]
    return group_of_spec({**part, "containers": together, "resources": None}, 1, name, files.claims)


def _workers(part: Mapping[str, Any], head: Group, files: Files) -> tuple[Group, ...]:
    """The other nodes of a model that is spread over several (`workerSpec`): pipeline stages without the head."""
    spec = part.get("workerSpec")
    if not isinstance(spec, Mapping):
        return ()
    stages = number(spec.get("pipelineParallelSize"), 2)
    pods = None if stages is None else max(stages - 1, 1)
    own = group_of_spec(spec, pods, "worker", files.claims)
    return (own if own.devices else replace(head, name="worker", pods=pods),)


def llm_inference_service(spec: Mapping[str, Any], files: Files) -> Made:
    """LLMInferenceService: replicas of a template (and of its workers), and of the same for prefill."""
    groups: list[Group] = []
    for name, part in (("decode", spec), ("prefill", mapping(spec.get("prefill")))):
        template = mapping(part.get("template"))
        if not template:
            continue
        group = group_of_spec(template, 1, name, files.claims)
        worker = mapping(part.get("worker"))
        nodes = _nodes(mapping(part.get("parallelism")))
        more = (group_of_spec(worker, nodes - 1, f"{name}-worker", files.claims),) if worker and nodes > 1 else ()
        groups += times((group, *more), number(part.get("replicas")))
    if not any(group.devices for group in groups):
        return Made(unknown=FROM_RUNTIME, ends=False)
    return Made(groups=tuple(groups), ends=False)


def _nodes(parallelism: Mapping[str, Any]) -> int:
    """Nodes of a replica: pipeline stages, or data-parallel ranks by those that a node holds."""
    data, local = count(parallelism.get("data")), count(parallelism.get("dataLocal"))
    if data and local:
        return max(data // local, 1)
    return count(parallelism.get("pipeline")) or 1
