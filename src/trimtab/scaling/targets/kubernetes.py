"""Scale subresources of Kubernetes as targets: `custom-resource`, `kubernetes/<cluster>/<namespace>/<kind>/<name>`.

Read and written is `/apis/apps/v1/namespaces/…/scale` (autoscaling/v1 Scale), by a merge patch of `spec.replicas`. A
HorizontalPodAutoscaler or a KEDA ScaledObject whose `scaleTargetRef` names the workload owns it: it is never written,
its manifest is told.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.base.errors import AccessDenied, Conflict, NotFound, Unavailable
from trimtab.egress.client import Client, HTTPError
from trimtab.egress.gate import Gate
from trimtab.scaling.engine.model import CUSTOM, Standing, TargetKey
from trimtab.scaling.targets.file import ClusterSettings

PREFIX = "kubernetes/"
_KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "replicasets": "ReplicaSet"}
_TIMEOUT_S = 10.0


class Workload(Struct, frozen=True):
    """What a resource id names."""

    cluster: str
    namespace: str
    kind: str
    name: str

    @property
    def path(self) -> str:
        """Its path on the API server."""
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/{self.kind}/{quote(self.name)}"


def workload_of(key: TargetKey) -> Workload | None:
    """The workload of a target; None where it is none."""
    parts = key.resource.split("/")
    if key.namespace != CUSTOM or len(parts) != 5 or parts[0] + "/" != PREFIX or parts[3] not in _KINDS:
        return None
    return Workload(*parts[1:])


class KubernetesBackend(Struct, frozen=True):
    """The clusters of the settings' file, by name."""

    clusters: Mapping[str, ClusterSettings]
    gate: Gate
    name: str = "Kubernetes"

    def takes(self, key: TargetKey) -> bool:
        """Whether the target is a workload of a cluster of the file."""
        found = workload_of(key)
        return found is not None and found.cluster in self.clusters

    async def standing(self, key: TargetKey) -> Standing:
        """Ready and wanted replicas, and who owns them. Raises NotFound, AccessDenied, Unavailable."""
        own = self._workload(key)
        async with self._client(own) as client:
            found = await _ask(client, "GET", own.path)
            wanted = int(found.get("spec", {}).get("replicas", 1))
            ready = int(found.get("status", {}).get("readyReplicas", 0))
            owner, manifest = await _owner(client, own)
        return Standing(ready, max(0, wanted - ready), wanted, owner, manifest)

    async def scale(self, key: TargetKey, desired: int, reason: str) -> str:
        """Patch the scale subresource, unless a controller owns it by now. Raises Conflict then."""
        own = self._workload(key)
        async with self._client(own) as client:
            owner, _ = await _owner(client, own)
            if owner:
                raise Conflict(f"cannot scale {own.name}: {owner} owns it")
            await _ask(client, "PATCH", f"{own.path}/scale", {"spec": {"replicas": desired}})
        return f"PATCH {own.path}/scale with spec.replicas {desired}"

    async def preview(self, key: TargetKey, desired: int) -> str:
        """The request that would be made."""
        own = self._workload(key)
        return f"PATCH {self.clusters[own.cluster].server}{own.path}/scale with spec.replicas {desired}"

    def _workload(self, key: TargetKey) -> Workload:
        found = workload_of(key)
        assert found is not None  # noqa: S101 - `takes` was asked first
        return found

    def _client(self, own: Workload) -> Client:
        settings = self.clusters[own.cluster]
        headers = {"Accept": "application/json"}
        if settings.token_file:
            try:
                headers["Authorization"] = f"Bearer {Path(settings.token_file).read_text(encoding='utf-8').strip()}"
            except OSError as problem:
                raise Unavailable(f"cannot read the token of cluster {own.cluster}: {problem}") from None
        verify: Any = settings.ca_file or settings.verify
        return Client(self.gate, base_url=settings.server, headers=headers, verify=verify, timeout_s=_TIMEOUT_S)


async def _owner(client: Client, own: Workload) -> tuple[str | None, Mapping[str, Any] | None]:
    """The autoscaler that has the workload, and its manifest."""
    namespace = quote(own.namespace)
    places = (
        ("HorizontalPodAutoscaler", f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"),
        ("KEDA ScaledObject", f"/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects"),
    )
    for kind, path in places:
        for item in (await _ask(client, "GET", path, missing={})).get("items", ()):
            ref = item.get("spec", {}).get("scaleTargetRef", {})
            if ref.get("name") == own.name and ref.get("kind", "Deployment") == _KINDS[own.kind]:
                return f"{kind} {item.get('metadata', {}).get('name', '?')}", item
    return None, None


async def _ask(client: Client, method: str, path: str, body: Any = None, missing: Any = None) -> dict[str, Any]:
    """An object of the API server. Raises NotFound (unless `missing` is given), AccessDenied, Unavailable."""
    headers = {"Content-Type": "application/merge-patch+json"} if body is not None else {}
    try:
        answer = await client.request(method, path, json=body, headers=headers)
        told: dict[str, Any] = answer.json() if answer.content else {}
    except (HTTPError, ValueError) as problem:
        raise Unavailable(f"cannot reach {client.base_url}: {str(problem) or type(problem).__name__}") from None
    if answer.is_success:
        return told
    words = told.get("message") or f"HTTP {answer.status_code}"
    if answer.status_code == 404:
        if missing is not None:
            return dict(missing)
        raise NotFound(f"cannot find {path} of {client.base_url}: {words}")
    if answer.status_code in (401, 403):
        raise AccessDenied(f"cannot {method} {path} of {client.base_url}: {words}")
    raise Unavailable(f"cannot {method} {path} of {client.base_url}: {words}")
