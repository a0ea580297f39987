import json
import textwrap

import pytest

from trimtab.jobfiles.read import read


def _pod(gpus: int = 1) -> dict:
    return {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": gpus}}}]}}


def _asks(text: str):
    return read(textwrap.dedent(text), "objects.yaml").asks


def _one(kind: str, spec: dict, api: str = "v1"):
    return _asks(json.dumps({"apiVersion": api, "kind": kind, "metadata": {"name": "it"}, "spec": spec}))[0]


@pytest.mark.parametrize(
    ("kind", "api", "spec", "pods", "gpus"),
    [
        ("Deployment", "apps/v1", {"replicas": 3, "template": _pod(2)}, 3, 6),
        ("Deployment", "apps/v1", {"template": _pod(1)}, 1, 1),
        ("StatefulSet", "apps/v1", {"replicas": 0, "template": _pod(1)}, 0, 0),
        ("ReplicaSet", "apps/v1", {"replicas": 2, "template": _pod(1)}, 2, 2),
        ("Rollout", "argoproj.io/v1alpha1", {"replicas": 2, "template": _pod(1)}, 2, 2),
        ("Job", "batch/v1", {"parallelism": 3, "template": _pod(4)}, 3, 12),
        ("Job", "batch/v1", {"parallelism": 5, "completions": 2, "template": _pod(1)}, 2, 2),
        ("CronJob", "batch/v1", {"jobTemplate": {"spec": {"parallelism": 2, "template": _pod(1)}}}, 2, 2),
        (
            "Job",
            "batch.volcano.sh/v1alpha1",
            {"tasks": [{"replicas": 2, "template": _pod(1)}, {"template": _pod(0)}]},
            3,
            2,
        ),
        (
            "CronJob",
            "batch.volcano.sh/v1alpha1",
            {"jobTemplate": {"spec": {"tasks": [{"replicas": 2, "template": _pod(1)}]}}},
            2,
            2,
        ),
        (
            "JobSet",
            "jobset.x-k8s.io/v1alpha2",
            {
                "replicatedJobs": [
                    {"name": "w", "replicas": 3, "template": {"spec": {"parallelism": 2, "template": _pod(8)}}}
                ]
            },
            6,
            48,
        ),
        (
            "LeaderWorkerSet",
            "leaderworkerset.x-k8s.io/v1",
            {"replicas": 2, "leaderWorkerTemplate": {"size": 3, "workerTemplate": _pod(1)}},
            6,
            6,
        ),
        (
            "LeaderWorkerSet",
            "leaderworkerset.x-k8s.io/v1",
            {"leaderWorkerTemplate": {"size": 3, "leaderTemplate": _pod(0), "workerTemplate": _pod(8)}},
            3,
            16,
        ),
        (
            "PyTorchJob",
            "kubeflow.org/v1",
            {"pytorchReplicaSpecs": {"Master": {"template": _pod(8)}, "Worker": {"replicas": 3, "template": _pod(8)}}},
            4,
            32,
        ),
        (
            "PyTorchJob",
            "kubeflow.org/v1",
            {
                "elasticPolicy": {"minReplicas": 2, "maxReplicas": 9},
                "pytorchReplicaSpecs": {"Worker": {"template": _pod(1)}},
            },
            2,
            2,
        ),
        (
            "MPIJob",
            "kubeflow.org/v2beta1",
            {"mpiReplicaSpecs": {"Launcher": {"template": _pod(0)}, "Worker": {"replicas": 2, "template": _pod(8)}}},
            3,
            16,
        ),
        (
            "TFJob",
            "kubeflow.org/v1",
            {
                "tfReplicaSpecs": {
                    "PS": {"replicas": 2, "template": _pod(0)},
                    "Worker": {"replicas": 4, "template": _pod(1)},
                }
            },
            6,
            4,
        ),
        (
            "RayCluster",
            "ray.io/v1",
            {
                "headGroupSpec": {"template": _pod(1)},
                "workerGroupSpecs": [{"groupName": "w", "replicas": 2, "numOfHosts": 2, "template": _pod(4)}],
            },
            5,
            17,
        ),
        (
            "RayCluster",
            "ray.io/v1",
            {
                "headGroupSpec": {"template": _pod(0)},
                "workerGroupSpecs": [{"groupName": "w", "replicas": 0, "minReplicas": 2, "template": _pod(1)}],
            },
            3,
            2,
        ),
        (
            "RayJob",
            "ray.io/v1",
            {"submitterPodTemplate": _pod(7), "rayClusterSpec": {"headGroupSpec": {"template": _pod(1)}}},
            1,
            1,
        ),
        ("RayService", "ray.io/v1", {"rayClusterConfig": {"headGroupSpec": {"template": _pod(2)}}}, 1, 2),
        (
            "StormService",
            "orchestration.aibrix.ai/v1alpha1",
            {
                "replicas": 2,
                "template": {
                    "spec": {
                        "roles": [
                            {"name": "p", "replicas": 2, "podGroupSize": 2, "template": _pod(1)},
                            {"name": "d", "template": _pod(4)},
                        ]
                    }
                },
            },
            10,
            16,
        ),
        (
            "RayClusterFleet",
            "orchestration.aibrix.ai/v1alpha1",
            {"replicas": 2, "template": {"spec": {"headGroupSpec": {"template": _pod(8)}}}},
            2,
            16,
        ),
        ("Workload", "kueue.x-k8s.io/v1beta2", {"podSets": [{"name": "a", "count": 4, "template": _pod(2)}]}, 4, 8),
        (
            "SparkApplication",
            "sparkoperator.k8s.io/v1beta2",
            {"driver": {"cores": 1}, "executor": {"instances": 3, "gpu": {"name": "nvidia.com/gpu", "quantity": 2}}},
            4,
            6,
        ),
        (
            "DynamoGraphDeployment",
            "nvidia.com/v1alpha1",
            {
                "services": {
                    "Frontend": {"replicas": 1},
                    "Decode": {"replicas": 2, "resources": {"limits": {"gpu": "4"}}},
                }
            },
            3,
            8,
        ),
        (
            "NIMService",
            "apps.nvidia.com/v1alpha1",
            {"replicas": 2, "resources": {"limits": {"nvidia.com/gpu": 4}}},
            2,
            8,
        ),
        ("Thing", "example.com/v1", {"replicas": 2, "template": _pod(1)}, 2, 2),
    ],
)
def test_pods_of_every_kind(kind, api, spec, pods, gpus):
    ask = _one(kind, spec, api)
    assert (kind, "it", pods, gpus) == (ask.kind, ask.name, ask.replicas, ask.gpus)


def test_hyperpods_job_lists_its_roles() -> None:
    spec = {"nprocPerNode": "8", "replicaSpecs": [{"name": "pods", "replicas": 4, "template": _pod(8)}]}
    assert 32 == _one("HyperPodPyTorchJob", spec, "sagemaker.amazonaws.com/v1").gpus


def test_pods_that_are_not_known_are_told_though_none_has_gpus() -> None:
    ask = _one("Deployment", {"replicas": "$N", "template": _pod(0)}, "apps/v1")
    assert (0, None, True) == (ask.gpus, ask.replicas, "placeholder" in ask.why_unknown)


def test_a_daemon_set_is_told_by_node():
    ask = _one("DaemonSet", {"template": _pod()}, "apps/v1")
    assert (True, 1, False) == (ask.per_node, ask.gpus, ask.ends)


def test_replicas_that_are_a_placeholder_are_unknown():
    ask = _one("Deployment", {"replicas": "$N", "template": _pod()}, "apps/v1")
    assert (None, None) == (ask.replicas, ask.gpus)
    assert "placeholder" in ask.why_unknown


@pytest.mark.parametrize("kind", ["Service", "ConfigMap", "Queue", "PodTemplate", "ClusterQueue"])
def test_other_objects_ask_for_nothing(kind):
    spec = {"template": _pod()} if kind == "PodTemplate" else {"x": _pod()}
    assert () == _asks(json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "it"}, "spec": spec}))


def test_lists_and_several_documents_are_read_in_order():
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {containers: [{}]}}"
    text = f"apiVersion: v1\nkind: List\nitems: [{pod % 'a'}, {pod % 'b'}]\n---\n{pod % 'c'}\n"
    assert ["a", "b", "c"] == [one.name for one in _asks(text)]


def test_queue_and_team_are_labels():
    ask = _asks(f"""
        apiVersion: batch/v1
        kind: Job
        metadata: {{generateName: x-, namespace: vision, labels: {{kueue.x-k8s.io/queue-name: fast}}}}
        spec: {{template: {_pod()}, activeDeadlineSeconds: 600}}
    """)[0]
    assert ("x-", "fast", "vision", 600, True) == (ask.name, ask.queue, ask.team, ask.seconds, ask.ends)


def _served(**components):
    return _one("InferenceService", components, "serving.kserve.io/v1beta1")


def _resources(gpus):
    return {"resources": {"limits": {"nvidia.com/gpu": gpus}}}


def test_a_component_of_a_service_takes_what_its_model_says():
    predictor = {"minReplicas": 2, "model": {"modelFormat": {"name": "x"}, **_resources(1)}}
    ask = _served(predictor=predictor, transformer={"containers": [{"name": "t"}]})
    assert (3, 2) == (ask.replicas, ask.gpus)


def test_a_model_over_several_nodes_has_workers():
    assert 24 == _served(predictor={"model": _resources(8), "workerSpec": {"pipelineParallelSize": 3}}).gpus


def test_a_service_without_resources_of_its_own_is_unknown():
    ask = _served(predictor={"pytorch": {"storageUri": "gs://x"}})
    assert (None, None, "its resources come from the serving runtime") == (ask.gpus, ask.replicas, ask.why_unknown)


def test_an_llm_service_has_decode_and_prefill():
    prefill = {"replicas": 3, "template": _pod(2)["spec"]}
    spec = {"replicas": 2, "template": _pod(1)["spec"], "prefill": prefill}
    assert 8 == _one("LLMInferenceService", spec, "serving.kserve.io/v1alpha1").gpus


def test_a_train_job_says_its_nodes_or_takes_them_from_a_runtime_that_a_file_has():
    api = "trainer.kubeflow.org/v1alpha1"
    trainer = {"numNodes": 4, "resourcesPerNode": _resources(8)["resources"]}
    own = _one("TrainJob", {"runtimeRef": {"name": "r"}, "trainer": trainer}, api)
    unknown = _one("TrainJob", {"runtimeRef": {"name": "r"}, "trainer": {"numNodes": 4}}, api)
    runtime = f"""
        apiVersion: {api}
        kind: TrainingRuntime
        metadata: {{name: r}}
        spec:
          mlPolicy: {{numNodes: 2}}
          template: {{spec: {{replicatedJobs: [{{name: node, template: {{spec: {{template: {_pod(4)}}}}}}}]}}}}
        ---
        apiVersion: {api}
        kind: TrainJob
        metadata: {{name: t}}
        spec: {{runtimeRef: {{kind: TrainingRuntime, name: r}}}}
    """
    assert (32, None, 8) == (own.gpus, unknown.gpus, _asks(runtime)[0].gpus)
    assert "training runtime" in unknown.why_unknown


def test_an_app_wrapper_holds_objects():
    inner = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "in"}, "spec": {"template": _pod(2)}}
    spec = {"components": [{"template": inner}]}
    asks = _asks(json.dumps({"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "spec": spec}))
    assert [("in", 2)] == [(one.name, one.gpus) for one in asks]


def test_a_workflow_is_what_runs_at_its_fullest_moment():
    text = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: flow}
        spec:
          entrypoint: main
          templates:
            - name: main
              steps:
                - - {name: a, template: train, withItems: [1, 2, 3]}
                  - {name: b, template: test}
                - - {name: c, template: graph}
            - name: graph
              dag:
                tasks:
                  - {name: x, template: test}
                  - {name: y, template: test, dependencies: [x]}
            - name: train
              container: {resources: {limits: {nvidia.com/gpu: 4}}}
            - name: test
              script: {resources: {limits: {nvidia.com/gpu: 1}}}
    """
    assert 13 == _asks(text)[0].gpus
    assert _asks(text.replace("withItems: [1, 2, 3]", "withParam: '{{x}}'"))[0].gpus is None
