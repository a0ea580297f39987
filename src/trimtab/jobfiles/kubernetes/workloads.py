"""Which pods an object of Kubernetes makes, by its kind: how many, in which groups, from which templates.

Sources: the API references of Kubernetes v1.34 (apps, batch), JobSet v1alpha2, LeaderWorkerSet v1, Kubeflow Training
v1 (`…ReplicaSpecs`) and MPI v2beta1, Volcano v1alpha1, AIBrix v1alpha1, AdaptDL v1, Kueue v1beta2, Spark v1beta2,
Argo Rollouts v1alpha1. Ray, Kubeflow Trainer, KServe and Argo Workflows have files of their own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.jobfiles.documents import Document, items, mapping, text
from trimtab.jobfiles.kubernetes.pods import claims_of, group_of, group_of_spec
from trimtab.jobfiles.model import Group, times
from trimtab.jobfiles.quantity import count, quantity

_REPLICA_SPECS = "ReplicaSpecs"


class Made(Struct, frozen=True, kw_only=True):
    """The pods of an object. Without groups `unknown` says who decides them."""

    groups: tuple[Group, ...] = ()
    unknown: str = ""
    ends: bool = True
    per_node: bool = False
    seconds: int | None = None
    facts: Mapping[str, Any] = {}


class Files:
    """What the objects of some files say of each other: device claims, and runtimes by kind and name."""

    def __init__(self, documents: list[Document]) -> None:
        self.claims = claims_of(documents)
        self._named = {
            (text(one.get("kind")), text(mapping(one.get("metadata")).get("name"))): one for one in documents
        }

    def object(self, kind: str, name: str) -> Document | None:
        """The object of a kind and name, if a file has it."""
        return self._named.get((kind, name))

    def group(self, template: Any, pods: int | None, name: str = "") -> Group:
        """The group of pods of a template."""
        return group_of(template, pods, name, self.claims)


Reader = Callable[[Mapping[str, Any], Files], Made]
"""The pods of an object, of its `spec`."""


def number(value: Any, default: int = 1) -> int | None:
    """A number of replicas; the default where none is given, None where a placeholder stands for it."""
    return default if value is None else count(value)


def pod(spec: Mapping[str, Any], files: Files) -> Made:
    """Pod; its `spec` is a pod's."""
    group = group_of_spec(spec, 1, claims=files.claims)
    ends = spec.get("restartPolicy") in ("Never", "OnFailure")
    return Made(groups=(group,), seconds=count(spec.get("activeDeadlineSeconds")), ends=ends)


def replicated(spec: Mapping[str, Any], files: Files) -> Made:
    """Deployment, StatefulSet, ReplicaSet and their like: replicas of one template."""
    return Made(groups=(files.group(spec.get("template"), number(spec.get("replicas"))),), ends=False)


def daemon_set(spec: Mapping[str, Any], files: Files) -> Made:
    """DaemonSet: a pod on each node."""
    return Made(groups=(files.group(spec.get("template"), 1),), ends=False, per_node=True)


def job(spec: Mapping[str, Any], files: Files) -> Made:
    """Job: as many pods at once as `parallelism` says, and no more than are to complete."""
    pods = number(spec.get("parallelism"))
    completions = count(spec.get("completions"))
    if pods is not None and completions is not None:
        pods = min(pods, completions)
    facts = {} if completions is None else {"completions": completions}
    return Made(
        groups=(files.group(spec.get("template"), pods),),
        seconds=count(spec.get("activeDeadlineSeconds")),
        facts=facts,
    )


def cron_job(spec: Mapping[str, Any], files: Files) -> Made:
    """CronJob of Kubernetes or of Volcano: one of its jobs."""
    inner = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return volcano_job(inner, files) if "tasks" in inner else job(inner, files)


def job_set(spec: Mapping[str, Any], files: Files) -> Made:
    """JobSet: replicas of jobs."""
    groups: list[Group] = []
    for one in items(spec.get("replicatedJobs")):
        part = mapping(one)
        made = job(mapping(mapping(part.get("template")).get("spec")), files)
        named = tuple(replace(group, name=text(part.get("name"))) for group in made.groups)
        groups += times(named, number(part.get("replicas")), "its number of jobs is a placeholder")
    return Made(groups=tuple(groups))


def leader_worker_set(spec: Mapping[str, Any], files: Files) -> Made:
    """LeaderWorkerSet: replicas of a leader and its workers, `size` pods in all."""
    inner = mapping(spec.get("leaderWorkerTemplate"))
    size = number(inner.get("size"))
    leader = inner.get("leaderTemplate") or inner.get("workerTemplate")
    groups = (
        files.group(leader, 1, "leader"),
        files.group(inner.get("workerTemplate"), None if size is None else max(size - 1, 0), "worker"),
    )
    kept = tuple(group for group in groups if group.pods != 0)
    return Made(groups=times(kept, number(spec.get("replicas"))), ends=False)


def replica_specs(spec: Mapping[str, Any], files: Files) -> Made:
    """PyTorchJob, TFJob, MPIJob, XGBoostJob, PaddleJob, JAXJob …: replicas of roles; elastic ones at their least."""
    listed = {text(mapping(one).get("name")): one for one in items(spec.get("replicaSpecs"))}  # HyperPod's
    roles: Any = next((value for key, value in spec.items() if key.endswith(_REPLICA_SPECS)), listed)
    elastic = mapping(spec.get("elasticPolicy"))
    groups = []
    for role, one in mapping(roles).items():
        part = mapping(one)
        least = elastic.get("minReplicas") if role == "Worker" else None
        groups.append(files.group(part.get("template"), number(part.get("replicas", least)), text(role)))
    policy = mapping(spec.get("runPolicy"))
    seconds = count(policy.get("activeDeadlineSeconds", spec.get("activeDeadlineSeconds")))
    return Made(groups=tuple(groups), seconds=seconds)


def volcano_job(spec: Mapping[str, Any], files: Files) -> Made:
    """Volcano's Job: tasks with replicas."""
    groups = [
        files.group(part.get("template"), number(part.get("replicas")), text(part.get("name")))
        for part in map(mapping, items(spec.get("tasks")))
    ]
    return Made(groups=tuple(groups))


def adaptdl_job(spec: Mapping[str, Any], files: Files) -> Made:
    """AdaptDL's job: elastic, from its least number of replicas on."""
    facts = {"elastic": True, "max_replicas": count(spec.get("maxReplicas"))}
    least = number(spec.get("minReplicas")) or 1
    return Made(groups=(files.group(spec.get("template"), least),), facts=facts)


def storm_service(spec: Mapping[str, Any], files: Files) -> Made:
    """AIBrix's StormService (replicas of role sets) and RoleSet: replicas of roles, `podGroupSize` pods each."""
    inner = mapping(mapping(spec.get("template")).get("spec")) if "template" in spec else spec
    groups: list[Group] = []
    for part in map(mapping, items(inner.get("roles"))):
        one = files.group(part.get("template"), number(part.get("podGroupSize")) or 1, text(part.get("name")))
        groups += times((one,), number(part.get("replicas")), "its number of replicas is a placeholder")
    return Made(groups=times(groups, number(spec.get("replicas"))), ends=False)


def pod_set(spec: Mapping[str, Any], files: Files) -> Made:
    """AIBrix's PodSet: `podGroupSize` pods of a template."""
    return Made(groups=(files.group(spec.get("template"), number(spec.get("podGroupSize"))),), ends=False)


def kueue_workload(spec: Mapping[str, Any], files: Files) -> Made:
    """Kueue's Workload: sets of pods."""
    groups = [
        files.group(part.get("template"), number(part.get("count")), text(part.get("name")))
        for part in map(mapping, items(spec.get("podSets")))
    ]
    return Made(groups=tuple(groups))


def spark_application(spec: Mapping[str, Any], files: Files) -> Made:
    """SparkApplication: a driver and executors, whose GPUs stand beside them (`gpu: {name, quantity}`)."""
    groups = []
    for role in ("driver", "executor"):
        part = mapping(spec.get(role))
        gpu = mapping(part.get("gpu"))
        limits = {text(gpu.get("name")): gpu.get("quantity")} if gpu else {}
        cores = quantity(part.get("coreRequest", part.get("cores")))
        resources = {"limits": limits, "requests": {"cpu": cores} if cores else {}}
        pods = number(part.get("instances")) if role == "executor" else 1
        groups.append(group_of_spec({"containers": [{"resources": resources}]}, pods, role))
    return Made(groups=tuple(groups))


def service_graph(spec: Mapping[str, Any], files: Files) -> Made:
    """NVIDIA Dynamo's DynamoGraphDeployment: services with replicas and resources (`gpu`: NVIDIA's)."""
    groups: list[Group] = []
    for name, one in mapping(spec.get("services")).items():
        part = mapping(one)
        resources = {
            kind: {("nvidia.com/gpu" if key == "gpu" else key): value for key, value in mapping(amounts).items()}
            for kind, amounts in mapping(part.get("resources")).items()
            if kind in ("limits", "requests")
        }
        extra = mapping(mapping(part.get("extraPodSpec")).get("mainContainer")).get("resources")
        group = group_of_spec({"containers": [{"resources": resources or extra}]}, 1, text(name))
        nodes = number(mapping(part.get("multinode")).get("nodeCount"))
        groups += times(times((group,), nodes), number(part.get("replicas")))
    return Made(groups=tuple(groups), ends=False)


def of_resources(spec: Mapping[str, Any], files: Files) -> Made:
    """NIMService and its like: replicas of what `spec.resources` says."""
    group = group_of_spec({**spec, "containers": [{"resources": spec.get("resources")}], "resources": None})
    return Made(groups=times((group,), number(spec.get("replicas"))), ends=False)
