"""Whose a series is: the value of a tag, label, dimension or account, by the names that real fleets give them."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from msgspec import Struct, field

from trimtab.base.tags import Tags
from trimtab.inventory.owners import owner_of
from trimtab.metrics.model import Series

UNOWNED = "unowned"
"""The group of what carries no owner: a row of its own, never spread over the others."""
FLEET = "fleet"

TagsOf = Callable[[str], Mapping[str, str]]
"""The tags of a resource (its canonical path); empty where it has none."""

KEYS: Mapping[str, tuple[str, ...]] = {
    # The workload is `exported_*` where Prometheus keeps `namespace` and `pod` for the exporter's own.
    "team": ("team", "exported_team", "label_team", "team.name", "Team", "trimtab.team", "slurm_account", "owner"),
    "namespace": ("exported_namespace", "k8s.namespace.name", "namespace"),
    "service": (
        "service",
        "service.name",
        "ServiceName",
        "EndpointName",
        "inference_service",
        "app",
        "label_app",
        "deployment",
        "k8s.deployment.name",
        "exported_container",
        "job",
    ),
    "model": ("model_name", "gen_ai.request.model", "gen_ai.response.model", "model.name", "model_id", "model"),
    "pod": ("exported_pod", "k8s.pod.name", "pod"),
    "node": ("node", "k8s.node.name", "kubernetes_node", "Hostname", "hostname", "host.name", "instance"),
    "zone": ("zone", "cloud.availability_zone", "topology_kubernetes_io_zone", "AvailabilityZone", "availability_zone"),
    "account": (),
    "region": (),
}
"""By group key: the labels that may carry it, the first that a series has counts. Any other key is its own label."""

_EXPORTERS = re.compile(r".*[-_]exporter|kube-state-metrics|node|cadvisor|kubelet|prometheus|slurm.*")
"""Values of `job` that name what was scraped, not whom it serves."""
_NOT_SERVICES = frozenset({"Prometheus", "trimtab/Host", "CWAgent", "default", ""})
"""Namespaces that name a collector; any other OTLP namespace is the service itself."""


def no_tags(resource: str) -> Mapping[str, str]:
    """The tags of every resource, before any are known."""
    del resource
    return {}


class Owners(Struct, frozen=True):
    """Groups series by `by`: a key of `KEYS`, `fleet` for all in one, or any tag or label."""

    by: str
    tags_of: TagsOf = no_tags
    pods: Mapping[tuple[str, str, str], Mapping[str, str]] = field(default_factory=dict)
    """By account, namespace and pod: the labels of the pod as kube-state-metrics shows them, `label_…`."""

    def of(self, series: Series) -> str:
        """The group of a series; `UNOWNED` where nothing names one. Tags of its resource come before its labels."""
        by, known = self.by, series.identity
        if by == FLEET:
            return FLEET
        if by == "account":
            return known.account or UNOWNED
        if by == "region":
            return known.region or UNOWNED
        tags = self.tags_of(known.resource) if known.resource else {}
        tagged = owner_of(tags) if by == "team" else tags.get(by)
        return tagged or label(series, by) or self._of_pod(series) or self._implied(series) or UNOWNED

    def _of_pod(self, series: Series) -> str:
        pod = label(series, "pod")
        labels = self.pods.get((series.identity.account, label(series, "namespace"), pod)) if pod else None
        if not labels:
            return ""
        names = [name for name in KEYS.get(self.by, ()) if name.startswith("label_")]
        return next((value for name in (*names, f"label_{self.by}") if (value := labels.get(name))), "")

    def _implied(self, series: Series) -> str:
        if self.by == "team" and series.identity.name.startswith("slurm_"):
            return series.dimensions.get("account", "")  # SLURM calls whoever pays an account
        space = series.identity.namespace
        return space if self.by == "service" and space not in _NOT_SERVICES and not space.startswith("AWS/") else ""


def label(series: Series, key: str) -> str:
    """The value of `key` among a series' own labels, by any of its names; "" where none."""
    return _label(series.identity.dimensions, key)


@lru_cache(maxsize=131_072)
def _label(dimensions: Tags, key: str) -> str:
    pairs = dict(dimensions)
    for name in KEYS.get(key) or (key,):
        value = pairs.get(name, "")
        if value and not (name == "job" and _EXPORTERS.fullmatch(value)):
            return value
    return ""


def pods_of(series: Iterable[Series]) -> dict[tuple[str, str, str], Mapping[str, str]]:
    """The labels of pods, from the series of `kube_pod_labels`."""
    return {(one.identity.account, label(one, "namespace"), label(one, "pod")): one.dimensions for one in series}
