from trimtab.jobfiles.read import read


def test_parts_of_a_values_file_that_name_gpus_are_asks():
    text = """
server:
  replicaCount: 2
  resources: {limits: {nvidia.com/gpu: 4}}
router:
  replicaCount: 3
  resources: {requests: {cpu: 1}}
"""
    assert [("server", 2, 8)] == [(one.name, one.replicas, one.gpus) for one in read(text, "chart/values.yaml").asks]


def test_models_of_a_list_request_gpus_by_words_of_their_own():
    model = "{name: llama, replicaCount: 2, requestGPU: 1, requestGPUType: nvidia.com/mig-4g.71gb}"
    text = f"engine:\n  modelSpec:\n    - {model}\n"
    ask = read(text, "values-01.yaml").asks[0]
    assert ("engine.modelSpec llama", {"nvidia.com/mig-4g.71gb": 2.0}) == (ask.name, ask.total("devices"))


def test_the_least_of_an_autoscaler_that_is_on_counts():
    text = "replicaCount: 1\nautoscaling: {enabled: %s, minReplicas: 3}\nresources: {limits: {nvidia.com/gpu: 1}}\n"
    assert [3, 1] == [read(text % on, "values.yaml").asks[0].gpus for on in ("true", "false")]


def test_other_files_without_a_kind_are_no_values():
    assert () == read("a: {resources: {limits: {nvidia.com/gpu: 4}}}\n", "settings.yaml").asks
