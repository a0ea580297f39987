"""Whose a series is, as the pages name it: the team, the service, and the workload that a pod belongs to."""

import re
from collections.abc import Mapping

from msgspec import field

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder
from trimtab.fleet.telemetry.identity import workload_of
from trimtab.fleet.telemetry.owners import FLEET, UNOWNED, Owners, pods_of
from trimtab.kpis.model import Level
from trimtab.metrics.model import Series

_REPLICA = re.compile(r"(-[a-z0-9]{6,10})?-[a-z0-9]{5}$|-\d+$")
"""What Kubernetes adds to a workload's name to make a pod's: a ReplicaSet's hash and five characters, or an ordinal."""


class ServiceOwners(Owners, frozen=True):
    """By service; where nothing names one, the series of a pod that answers requests (`serving`) are its service's."""

    by: str = "service"
    serving: Mapping[str, str] = field(default_factory=dict)

    def of(self, series: Series) -> str:
        """The service, else `UNOWNED`."""
        found = Owners.of(self, series)
        return found if found != UNOWNED else self.serving.get(workload_of(series), UNOWNED)


def owners_of(level: Level, finder: Finder) -> Owners:
    """Who owns what at a level, with what the labels of pods and of what they serve say."""
    if level is Level.FLEET:
        return Owners(FLEET)
    pods = pods_of(one.series for one in finder.named(POD_LABELS))
    if level is Level.TEAM:
        return Owners("team", pods=pods)
    return ServiceOwners(pods=pods, serving=_serving(finder))


def workload_name(pod: str) -> str:
    """The workload of a pod: `moe-ablation-7d9f8c6b5-x2x4z` and `moe-ablation-0` are `moe-ablation`'s."""
    return _REPLICA.sub("", pod) or pod


def _serving(finder: Finder) -> dict[str, str]:
    """The service of each pod that answers requests, as the series of its requests and tokens name it."""
    by_service = Owners("service")
    series = [one.series for one in finder.all((*concepts.REQUESTS, *concepts.OUTPUT_TOKENS, *concepts.IN_FLIGHT))]
    found = {workload_of(one): by_service.of(one) for one in series}
    return {pod: service for pod, service in found.items() if pod and service != UNOWNED}
