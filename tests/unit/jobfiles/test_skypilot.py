import pytest

from trimtab.jobfiles.read import read


def _asked(text: str):
    return read(text + "\nrun: python train.py\n", "task.yaml").asks[0]


@pytest.mark.parametrize(
    ("accelerators", "gpu_type", "gpus"),
    [
        ("H100:8", "H100", 8),
        ("H100", "H100", 1),
        ("{H100: 8}", "H100", 8),
        ("A100-80GB:4", "A100-80GB", 4),
        ("[L4:2]", "L4", 2),
        ("aws:T4:1", "T4", 1),
        ("L4:0.5", "L4", 0.5),
    ],
)
def test_one_accelerator_in_all_its_forms(accelerators, gpu_type, gpus):
    ask = _asked(f"resources:\n  accelerators: {accelerators}")
    assert (gpu_type, gpus) == (ask.groups[0].hardware.gpu_type, ask.gpus)


def test_nodes_multiply():
    ask = _asked("num_nodes: 4\nresources:\n  accelerators: H200:8\n  use_spot: true")
    assert (32, 4, True) == (ask.gpus, ask.replicas, ask.spot)


@pytest.mark.parametrize(
    "resources",
    [
        "accelerators: {L4: 1, A10G: 2}",
        "accelerators: [L4:1, A10G:2]",
        "any_of:\n    - accelerators: L4:1\n    - accelerators: A10G:2",
        "ordered:\n    - accelerators: L4:1\n    - accelerators: A10G:2",
    ],
)
def test_several_accelerators_are_choices_and_no_number(resources):
    ask = _asked(f"resources:\n  {resources}")
    assert (None, [("L4", 1.0), ("A10G", 2.0)]) == (
        ask.gpus,
        [(one.hardware.gpu_type, one.gpus_each) for one in ask.choices],
    )


def test_a_set_without_numbers_is_one_of_each():
    assert [1.0, 1.0] == [one.gpus_each for one in _asked("resources:\n  accelerators: {L4, H100}").choices]


def test_clouds_alone_are_no_choice_of_hardware():
    ask = _asked("resources:\n  accelerators: H100:8\n  any_of:\n    - infra: aws\n    - infra: gcp")
    assert (8, (), True) == (ask.gpus, ask.choices, ask.facts["any_of"])


def test_what_is_no_gpu_is_another_accelerator():
    ask = _asked("resources:\n  accelerators: tpu-v5e-8:1")
    assert (0, {"tpu-v5e-8": 1.0}) == (ask.gpus, ask.total("others"))


def test_replicas_of_a_service_and_workers_of_a_pool():
    service = _asked("service:\n  replica_policy:\n    min_replicas: 2\nresources:\n  accelerators: L4:1")
    pool = _asked("pool:\n  workers: 4\nresources:\n  accelerators: L4:1")
    assert (2, False, 4) == (service.gpus, service.ends, pool.gpus)


def test_an_instance_type_alone_is_unknown():
    ask = _asked("resources:\n  instance_type: p4d.24xlarge")
    assert (None, "p4d.24xlarge") == (ask.gpus, ask.groups[0].hardware.instance_type)
    assert "instance type" in ask.why_unknown


def test_a_pipeline_has_its_name_in_front():
    found = read("name: two\n---\nresources: {accelerators: T4:1}\nrun: a\n---\nname: b\nrun: c\n", "p.yaml").asks
    assert ["two", "b"] == [one.name for one in found]


@pytest.mark.parametrize(
    "text",
    ["run: {timeout: 5m}\n", "version: 2\nrun: x\n", "resources: {requests: {cpu: 1}}\n", "name: x\nsetup: y\n"],
)
def test_what_is_no_task_is_none(text):
    assert () == read(text, "golangci.yaml").asks
