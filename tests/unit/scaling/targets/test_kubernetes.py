"""Scale subresources against an API server that answers as Kubernetes does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gates import open_gate
from trimtab.base.errors import AccessDenied, Conflict, NotFound
from trimtab.scaling.engine.model import CUSTOM, CUSTOM_DIMENSION, TargetKey
from trimtab.scaling.targets.file import ClusterSettings
from trimtab.scaling.targets.kubernetes import KubernetesBackend

_PATH = "/apis/apps/v1/namespaces/shop/deployments/web"


class _Api(BaseHTTPRequestHandler):
    """Deployments of one namespace, with the autoscalers that a test puts there."""

    replicas: ClassVar[int] = 3
    scalers: ClassVar[dict[str, list[Any]]] = {}
    patches: ClassVar[list[tuple[str, str, Any]]] = []

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Bearer right":
            self._answer(403, {"kind": "Status", "code": 403, "message": "deployments.apps is forbidden"})
        elif self.path == _PATH:
            self._answer(200, {"spec": {"replicas": _Api.replicas}, "status": {"readyReplicas": 2}})
        elif self.path.endswith("/horizontalpodautoscalers"):
            self._answer(200, {"items": _Api.scalers.get("hpa", [])})
        elif self.path.endswith("/scaledobjects") and "keda" in _Api.scalers:
            self._answer(200, {"items": _Api.scalers["keda"]})
        else:
            self._answer(404, {"kind": "Status", "code": 404, "message": "the server could not find it"})

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _Api.patches.append((self.path, self.headers["Content-Type"], body))
        _Api.replicas = body["spec"]["replicas"]
        self._answer(200, {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": body["spec"]})

    def _answer(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[KubernetesBackend]:
    _Api.replicas, _Api.scalers = 3, {}
    _Api.patches.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    token = tmp_path / "token"
    token.write_text("right\n")
    url = f"http://127.0.0.1:{server.server_port}"
    yield KubernetesBackend({"prod": ClusterSettings(server=url, token_file=str(token))}, open_gate())
    server.shutdown()
    server.server_close()
    thread.join()


def _key(name: str = "web", cluster: str = "prod") -> TargetKey:
    return TargetKey("1", "r", CUSTOM, f"kubernetes/{cluster}/shop/deployments/{name}", CUSTOM_DIMENSION)


def test_a_deployment_is_read_and_its_scale_subresource_patched(backend: KubernetesBackend) -> None:
    assert backend.takes(_key())
    assert not backend.takes(_key(cluster="other"))
    found = asyncio.run(backend.standing(_key()))
    assert (2, 1, 3, None) == (found.ready, found.coming, found.desired, found.owner)
    asyncio.run(backend.scale(_key(), 5, "more is asked"))
    assert [(f"{_PATH}/scale", "application/merge-patch+json", {"spec": {"replicas": 5}})] == _Api.patches
    assert 5 == asyncio.run(backend.standing(_key())).desired
    with pytest.raises(NotFound, match="could not find it"):
        asyncio.run(backend.standing(_key("nobody")))


@pytest.mark.parametrize("kind", ["hpa", "keda"])
def test_a_workload_with_an_autoscaler_is_never_written(backend: KubernetesBackend, kind: str) -> None:
    other = {"metadata": {"name": "own"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "db"}}}
    own = {"metadata": {"name": "own"}, "spec": {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 1}}
    _Api.scalers = {kind: [other, own]}
    found = asyncio.run(backend.standing(_key()))
    assert found.owner is not None
    assert found.owner.endswith(" own")
    assert own == found.manifest
    with pytest.raises(Conflict, match="owns it"):
        asyncio.run(backend.scale(_key(), 5, "more is asked"))
    assert [] == _Api.patches


def test_a_token_that_may_not_is_told_in_the_servers_words(backend: KubernetesBackend, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    with pytest.raises(AccessDenied, match=r"deployments\.apps is forbidden"):
        asyncio.run(backend.standing(_key()))
