import pytest

from trimtab.jobfiles.documents import documents_of
from trimtab.jobfiles.kubernetes.pods import claims_of, group_of, group_of_spec


def _container(**limits):
    return {"resources": {"limits": {name.replace("__", "/"): value for name, value in limits.items()}}}


def _gpu(number):
    return {"resources": {"limits": {"nvidia.com/gpu": number}}}


def test_containers_add_up():
    assert 3 == group_of_spec({"containers": [_gpu(1), _gpu("2")]}).gpus_each


def test_an_init_container_counts_where_it_needs_more():
    assert 4 == group_of_spec({"containers": [_gpu(1)], "initContainers": [_gpu(4), _gpu(2)]}).gpus_each
    assert 5 == group_of_spec({"containers": [_gpu(5)], "initContainers": [_gpu(4)]}).gpus_each


def test_a_sidecar_runs_beside_containers_and_what_starts_after_it():
    side = {**_gpu(1), "restartPolicy": "Always"}
    assert 3 == group_of_spec({"containers": [_gpu(2)], "initContainers": [side]}).gpus_each
    assert 5 == group_of_spec({"containers": [_gpu(1)], "initContainers": [side, _gpu(4)]}).gpus_each
    assert 4 == group_of_spec({"containers": [_gpu(1)], "initContainers": [_gpu(4), side]}).gpus_each


def test_requests_come_before_limits_and_of_gpus_limits():
    resources = {
        "requests": {"cpu": "500m", "nvidia.com/gpu": 1},
        "limits": {"cpu": 2, "memory": "1Gi", "nvidia.com/gpu": 2},
    }
    group = group_of_spec({"containers": [{"resources": resources}]})
    assert (0.5, 2**30, 2) == (group.cpu_each, group.memory_each, group.gpus_each)


def test_resources_of_the_pod_stand_for_the_sum_and_overhead_comes_on_top():
    spec = {"containers": [_container(cpu="1")], "resources": {"requests": {"cpu": "3"}}, "overhead": {"cpu": "250m"}}
    assert 3.25 == group_of_spec(spec).cpu_each


@pytest.mark.parametrize(
    ("name", "number", "gpus"),
    [
        ("nvidia.com/mig-1g.10gb", 7, 1),
        ("nvidia.com/mig-3g.40gb", 1, 3 / 7),
        ("nvidia.com/gpu.shared", 1, 1),
        ("amd.com/gpu", 2, 2),
        ("gpu.intel.com/i915", 1, 1),
        ("gpu.intel.com/xe", 1, 1),
        ("tencent.com/vcuda-core", 50, 0.5),
        ("volcano.sh/vgpu-number", 2, 2),
        ("nvidia.com/gpumem", 3000, 0),
        ("nvidia.com/gpucores", 30, 0),
        ("example.com/widget", 3, 0),
    ],
)
def test_resource_names(name, number, gpus):
    group = group_of_spec({"containers": [{"resources": {"limits": {name: number}}}]})
    assert gpus == pytest.approx(group.gpus_each)


def test_other_accelerators_are_told_beside_gpus():
    limits = {"google.com/tpu": 4, "aws.amazon.com/neuron": 1}
    group = group_of_spec({"containers": [{"resources": {"limits": limits}}]})
    assert (0, {"google.com/tpu": 4.0, "aws.amazon.com/neuron": 1.0}) == (group.gpus_each, group.others)


def test_a_placeholder_is_unknown():
    group = group_of_spec({"containers": [_gpu("$GPU_PER_NODE")]})
    assert group.gpus_each is None
    assert "placeholder" in group.unknown


def test_parts_of_a_gpu_by_annotation():
    template = {"metadata": {"annotations": {"gpu-fraction": "0.5", "gpu-fraction-num-devices": "2"}}, "spec": {}}
    assert 1.0 == group_of(template).gpus_each
    by_memory = group_of({"metadata": {"annotations": {"gpu-memory": "2000"}}, "spec": {}})
    assert (None, "shared by memory") == (by_memory.gpus_each, by_memory.unknown)


def test_device_claims_count_as_their_template_asks():
    template = """
kind: ResourceClaimTemplate
metadata: {name: two}
spec:
  spec:
    devices:
      requests:
        - {name: gpu, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}
        - {name: nic, exactly: {deviceClassName: nic.example.com}}
"""
    claims = claims_of(documents_of(template, "a"))
    spec = {"containers": [{}], "resourceClaims": [{"name": "x", "resourceClaimTemplateName": "two"}]}
    assert 2 == group_of_spec(spec, claims=claims).gpus_each
    unknown = group_of_spec(spec)
    assert unknown.gpus_each is None
    assert "none of the files" in unknown.unknown
    assert 1 == group_of_spec({**spec, "containers": [_gpu(1)]}).gpus_each


@pytest.mark.parametrize(
    ("spec", "hardware"),
    [
        ({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}}, ("NVIDIA-H100-80GB-HBM3", "")),
        ({"nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}}, ("nvidia-tesla-t4", "")),
        ({"nodeSelector": {"node.kubernetes.io/instance-type": "p5.48xlarge"}}, ("", "p5.48xlarge")),
        ({"nodeSelector": {"gpu": "on"}}, ("", "")),
    ],
)
def test_selectors_name_the_hardware(spec, hardware):
    found = group_of_spec({"containers": [_gpu(1)], **spec}).hardware
    assert hardware == (found.gpu_type, found.instance_type)


def test_required_affinity_names_it_only_where_it_is_single():
    def spec(values):
        rule = {"key": "nvidia.com/gpu.product", "operator": "In", "values": values}
        terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
        return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}

    assert "A100" == group_of_spec(spec(["A100"])).hardware.gpu_type
    assert "" == group_of_spec(spec(["A100", "H100"])).hardware.gpu_type
