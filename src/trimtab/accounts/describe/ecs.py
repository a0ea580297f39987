"""ECS: clusters, their services and the machines that they own."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, chunks, picked, tags_of


def _all(place: Place) -> Iterator[Found]:
    arns = list(place.pages("ecs", "ListClusters", "clusterArns"))
    for part in chunks(arns, 100):
        for item in place.call("ecs", "DescribeClusters", clusters=part, include=["TAGS"]).get("clusters", ()):
            facts = picked(
                item,
                *("status", "runningTasksCount", "pendingTasksCount", "activeServicesCount"),
                *("registeredContainerInstancesCount", "capacityProviders"),
            )
            yield Found(item["clusterArn"], item["clusterName"], "", _tags(item), facts)
    definitions: dict[str, dict[str, Any]] = {}
    for cluster in arns:
        yield from _services(place, cluster, definitions)
        yield from _machines(place, cluster)


def _services(place: Place, cluster: str, definitions: dict[str, dict[str, Any]]) -> Iterator[Found]:
    arns = list(place.pages("ecs", "ListServices", "serviceArns", cluster=cluster))
    for part in chunks(arns, 10):
        answer = place.call("ecs", "DescribeServices", cluster=cluster, services=part, include=["TAGS"])
        for item in answer.get("services", ()):
            facts = picked(
                item,
                *("status", "desiredCount", "runningCount", "launchType", "taskDefinition", "platformVersion"),
                *("createdAt", "clusterArn", "schedulingStrategy"),
            )
            task = item.get("taskDefinition", "")
            if task and task not in definitions:
                found = place.maybe("ecs", "DescribeTaskDefinition", taskDefinition=task).get("taskDefinition", {})
                definitions[task] = picked(found, "cpu", "memory")
            facts |= definitions.get(task, {})
            yield Found(item["serviceArn"], item["serviceName"], item.get("launchType", ""), _tags(item), facts)


def _machines(place: Place, cluster: str) -> Iterator[Found]:
    arns = list(place.pages("ecs", "ListContainerInstances", "containerInstanceArns", cluster=cluster))
    for part in chunks(arns, 100):
        answer = place.call("ecs", "DescribeContainerInstances", cluster=cluster, containerInstances=part)
        for item in answer.get("containerInstances", ()):
            facts = picked(item, "status", "ec2InstanceId", "runningTasksCount", "agentConnected")
            facts |= {"clusterArn": cluster, **_amounts(item, "registered"), **_amounts(item, "remaining")}
            yield Found(item["containerInstanceArn"], item.get("ec2InstanceId", ""), "", _tags(item), facts)


def _amounts(item: Item, which: str) -> dict[str, Any]:
    """CPU units, MiB of memory and GPUs."""
    found = {}
    for one in item.get(f"{which}Resources", ()):
        name = {"CPU": "Cpu", "MEMORY": "Memory", "GPU": "Gpu"}.get(one.get("name", ""))
        if name:
            found[f"{which}{name}"] = len(one["stringSetValue"]) if name == "Gpu" else one.get("integerValue", 0)
    return found


def _tags(item: Item) -> dict[str, str]:
    return tags_of(item.get("tags"), "key", "value")


SOURCES = (
    Source(
        "ECS clusters and services",
        ("ecs:cluster", "ecs:service", "ecs:container-instance"),
        (
            ("ecs", "ListClusters"),
            ("ecs", "DescribeClusters"),
            ("ecs", "ListServices"),
            ("ecs", "DescribeServices"),
            ("ecs", "DescribeTaskDefinition"),
            ("ecs", "ListContainerInstances"),
            ("ecs", "DescribeContainerInstances"),
        ),
        _all,
    ),
)
