from typing import Any

from trimtab.sources.kubernetes.quotas import QueueQuota, quotas_of


def cluster_queue(name: str, *quotas: dict[str, Any], **spec: Any) -> dict[str, Any]:
    flavors = [{"name": f"f{at}", "resources": [{"name": key, "nominalQuota": value} for key, value in one.items()]} for at, one in enumerate(quotas)]  # fmt: skip  # noqa: E501
    groups = [{"coveredResources": [], "flavors": flavors}]
    return {"kind": "ClusterQueue", "metadata": {"name": name}, "spec": {"resourceGroups": groups, **spec}}


def kai(name: str, quota: Any, parent: str = "") -> dict[str, Any]:
    spec = {"resources": {"gpu": {"quota": quota, "limit": -1}}, **({"parentQueue": parent} if parent else {})}
    return {"apiVersion": "scheduling.run.ai/v2", "kind": "Queue", "metadata": {"name": name}, "spec": spec}


def test_a_cluster_queue_has_the_gpus_of_all_flavours_and_the_names_of_its_local_queues() -> None:
    objects = [
        cluster_queue("vision-cq", {"cpu": 9, "nvidia.com/gpu": 8}, {"nvidia.com/gpu": "4"}, cohortName="all"),
        {"kind": "LocalQueue", "metadata": {"name": "vision-lq"}, "spec": {"clusterQueue": "vision-cq"}},
        cluster_queue("slices", {"nvidia.com/mig-1g.10gb": 7}, cohort="old-name"),
    ]
    assert [QueueQuota("vision-cq", 12.0, "all", ("vision-lq",)), QueueQuota("slices", 1.0, "old-name")] == quotas_of(
        objects
    )


def test_queues_of_kai_without_queues_below_them_have_quotas() -> None:
    objects = [
        kai("department", 16),
        kai("a", 8, "department"),
        kai("b", "8", "department"),
        kai("free", -1, "department"),
    ]
    assert [QueueQuota("a", 8.0, "department"), QueueQuota("b", 8.0, "department")] == quotas_of(objects)


def test_a_queue_of_another_scheduler_is_none() -> None:
    assert [] == quotas_of(
        [{"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": "q"}}]
    )
