"""Ray's clusters on Kubernetes (KubeRay v1): a head, and groups of workers of `numOfHosts` pods a replica."""

from collections.abc import Mapping
from typing import Any

from trimtab.jobfiles.documents import items, mapping, text
from trimtab.jobfiles.kubernetes.workloads import Files, Made, number
from trimtab.jobfiles.model import Group, times
from trimtab.jobfiles.quantity import count


def cluster(spec: Mapping[str, Any], files: Files) -> Made:
    """RayCluster: the head and its workers; as many as are asked for, at least the least of an autoscaled group."""
    groups = [files.group(mapping(spec.get("headGroupSpec")).get("template"), 1, "head")]
    groups += [_workers(part, files) for part in map(mapping, items(spec.get("workerGroupSpecs")))]
    return Made(groups=tuple(groups), ends=False)


def _workers(part: Mapping[str, Any], files: Files) -> Group:
    replicas, least = part.get("replicas"), count(part.get("minReplicas")) or 0
    wanted = least if replicas is None else count(replicas)
    hosts = number(part.get("numOfHosts"))
    group = files.group(part.get("template"), hosts, text(part.get("groupName")))
    return times((group,), None if wanted is None else max(wanted, least), "its number of workers is a placeholder")[0]


def job(spec: Mapping[str, Any], files: Files) -> Made:
    """RayJob: a cluster of its own; what submits it (a pod beside it) is not counted."""
    seconds = count(spec.get("activeDeadlineSeconds"))
    if not mapping(spec.get("rayClusterSpec")):
        return Made(unknown="it runs on a Ray cluster that is there already", seconds=seconds)
    return Made(groups=cluster(mapping(spec.get("rayClusterSpec")), files).groups, seconds=seconds)


def cron_job(spec: Mapping[str, Any], files: Files) -> Made:
    """RayCronJob: one of its jobs."""
    inner = mapping(spec.get("jobTemplate"))
    return job(mapping(inner.get("spec")) or inner, files)


def service(spec: Mapping[str, Any], files: Files) -> Made:
    """RayService: its cluster."""
    return cluster(mapping(spec.get("rayClusterConfig") or spec.get("rayClusterSpec")), files)


def fleet(spec: Mapping[str, Any], files: Files) -> Made:
    """AIBrix's RayClusterFleet and RayClusterReplicaSet: replicas of a cluster."""
    made = cluster(mapping(mapping(spec.get("template")).get("spec")), files)
    return Made(groups=times(made.groups, number(spec.get("replicas"))), ends=False)
