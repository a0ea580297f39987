"""Kubeflow Trainer v2: a TrainJob takes its pods from a runtime, and may say itself how many nodes of what.

nodes         trainer.numNodes, else mlPolicy.numNodes of the runtime, else 1
of a node     trainer.resourcesPerNode, else the runtime's container
"""

from collections.abc import Mapping
from typing import Any

from trimtab.base.records import replace
from trimtab.jobfiles.documents import Document, items, mapping, text
from trimtab.jobfiles.kubernetes.pods import group_of_spec
from trimtab.jobfiles.kubernetes.workloads import Files, Made, job_set, number
from trimtab.jobfiles.model import Group

FROM_RUNTIME = "its resources come from the training runtime"
_STEP = "trainer.kubeflow.org/trainjob-ancestor-step"
_KINDS = ("TrainingRuntime", "ClusterTrainingRuntime")


def train_job(spec: Mapping[str, Any], files: Files) -> Made:
    """TrainJob."""
    trainer = mapping(spec.get("trainer"))
    runtime = _runtime(mapping(spec.get("runtimeRef")), files)
    own = trainer.get("resourcesPerNode")
    if not mapping(own) and runtime is None:
        return Made(unknown=FROM_RUNTIME)
    policy = mapping(mapping(mapping(runtime or {}).get("spec")).get("mlPolicy"))
    nodes = number(trainer.get("numNodes", policy.get("numNodes")))
    if mapping(own):
        return Made(groups=(group_of_spec({"containers": [{"resources": own}]}, nodes, "node"),))
    groups = _trained(runtime or {}, files)
    return Made(groups=tuple(replace(group, pods=nodes) for group in groups), unknown="" if groups else FROM_RUNTIME)


def _runtime(reference: Mapping[str, Any], files: Files) -> Document | None:
    name = text(reference.get("name"))
    kinds = (text(reference.get("kind")), *_KINDS)
    return next((found for kind in kinds if (found := files.object(kind, name)) is not None), None)


def _trained(runtime: Document, files: Files) -> tuple[Group, ...]:
    """The group of the step that trains, with which the number of nodes is meant."""
    template = mapping(mapping(runtime.get("spec")).get("template"))
    parts = [mapping(one) for one in items(mapping(template.get("spec")).get("replicatedJobs"))]
    trained = [one for one in parts if _step(one) == "trainer"] or [one for one in parts if one.get("name") == "node"]
    return job_set({"replicatedJobs": trained}, files).groups


def _step(part: Mapping[str, Any]) -> str:
    return text(mapping(mapping(mapping(part.get("template")).get("metadata")).get("labels")).get(_STEP))
