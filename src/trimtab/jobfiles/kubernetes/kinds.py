"""Every kind of object that makes pods, and who reads it; and objects of other kinds that look like it."""

from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import Document, items, mapping, text
from trimtab.jobfiles.kubernetes import ray, serving, trainer, workflows, workloads
from trimtab.jobfiles.kubernetes.workloads import Files, Made, Reader
from trimtab.jobfiles.model import Ask

_READERS: Mapping[str, Reader] = {
    "Pod": workloads.pod,
    "Deployment": workloads.replicated,
    "StatefulSet": workloads.replicated,
    "ReplicaSet": workloads.replicated,
    "ReplicationController": workloads.replicated,
    "CloneSet": workloads.replicated,
    "Rollout": workloads.replicated,
    "Notebook": workloads.replicated,
    "DaemonSet": workloads.daemon_set,
    "Job": workloads.job,
    "CronJob": workloads.cron_job,
    "JobSet": workloads.job_set,
    "LeaderWorkerSet": workloads.leader_worker_set,
    "PyTorchJob": workloads.replica_specs,
    "TFJob": workloads.replica_specs,
    "MPIJob": workloads.replica_specs,
    "XGBoostJob": workloads.replica_specs,
    "PaddleJob": workloads.replica_specs,
    "MXJob": workloads.replica_specs,
    "JAXJob": workloads.replica_specs,
    "HyperPodPyTorchJob": workloads.replica_specs,
    "AdaptDLJob": workloads.adaptdl_job,
    "StormService": workloads.storm_service,
    "RoleSet": workloads.storm_service,
    "PodSet": workloads.pod_set,
    "Workload": workloads.kueue_workload,
    "SparkApplication": workloads.spark_application,
    "DynamoGraphDeployment": workloads.service_graph,
    "NIMService": workloads.of_resources,
    "RayCluster": ray.cluster,
    "RayJob": ray.job,
    "RayCronJob": ray.cron_job,
    "RayService": ray.service,
    "RayClusterFleet": ray.fleet,
    "RayClusterReplicaSet": ray.fleet,
    "InferenceService": serving.inference_service,
    "LLMInferenceService": serving.llm_inference_service,
    "TrainJob": trainer.train_job,
    "Workflow": workflows.workflow,
    "CronWorkflow": workflows.workflow,
}
_VOLCANO = ("batch.volcano.sh/", "batch.volcano.sh")
_NO_PODS = frozenset({"PodTemplate", "Provisioner", "NodePool", "ScaledObject", "Certificate", "ExternalSecret"})
"""Kinds with a `spec.template` of something else than pods that run."""
_QUEUE_LABELS = (
    "kueue.x-k8s.io/queue-name",
    "kai.scheduler/queue",
    "runai/queue",
    "scheduling.volcano.sh/queue-name",
    "yunikorn.apache.org/queue",
    "queue",
)
_TEAM_LABELS = ("team", "trimtab.dev/team", "cost-center", "project", "department", "owner")


def asks_of(document: Document, files: Files) -> list[Ask]:
    """What an object asks for; nothing for one that makes no pods."""
    kind, api, spec = text(document.get("kind")), text(document.get("apiVersion")), mapping(document.get("spec"))
    if kind == "AppWrapper":
        return [ask for one in items(spec.get("components")) for ask in _wrapped(mapping(one), files)]
    reader = _reader(kind, api, spec)
    if reader is None:
        return []
    made = reader(spec, files)
    metadata = mapping(document.get("metadata"))
    labels = {**mapping(_labels_below(spec)), **mapping(metadata.get("labels"))}
    name = metadata.get("name", metadata.get("generateName"))
    return [
        Ask(
            kind=kind,
            name=name if isinstance(name, str) else None,
            api=api or None,
            groups=made.groups,
            unknown=made.unknown,
            ends=made.ends,
            per_node=made.per_node,
            seconds=made.seconds,
            team=_label(labels, _TEAM_LABELS) or text(metadata.get("namespace")),
            queue=_label(labels, _QUEUE_LABELS) or text(spec.get("queue")),
            facts=made.facts,
        )
    ]


def _reader(kind: str, api: str, spec: Mapping[str, Any]) -> Reader | None:
    if kind == "Job" and (api.startswith(_VOLCANO) or "tasks" in spec):
        return workloads.volcano_job
    if kind == "Service":  # Knative's has a template; Kubernetes' makes no pods
        return workloads.replicated if api.startswith("serving.knative.dev/") else None
    if kind in _READERS:
        return _READERS[kind]
    if kind in _NO_PODS:
        return None
    inside = mapping(mapping(spec.get("template")).get("spec"))
    return workloads.replicated if items(inside.get("containers")) else None


def _wrapped(component: Mapping[str, Any], files: Files) -> list[Ask]:
    """The object that an AppWrapper's component holds."""
    template = component.get("template")
    return asks_of(template, files) if isinstance(template, Mapping) else []


def _labels_below(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(mapping(spec.get("template")).get("metadata")).get("labels"))


def _label(labels: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text(labels[name]) for name in names if text(labels.get(name))), "")


def looks_like_object(document: Any) -> bool:
    """Whether a document is an object of Kubernetes: it names its kind."""
    return isinstance(document, Mapping) and isinstance(document.get("kind"), str) and "apiVersion" in document


__all__ = ["Files", "Made", "asks_of", "looks_like_object"]
