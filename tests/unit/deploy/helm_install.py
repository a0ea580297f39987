"""Helm's own code installs the chart into a stand-in of Kubernetes' API; prints what it was sent as JSON.

python helm_install.py CHART VALUES_AS_JSON

Run by a Python that has PyPI's helm-sdkpy (Helm 4 as a library) and kubernetes-validate (the schemas of Kubernetes).
"""

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import helm_sdkpy
import kubernetes_validate

VERSION = "1.33"
_KINDS = {
    "v1": {"serviceaccounts": "ServiceAccount", "services": "Service", "secrets": "Secret"},
    "apps/v1": {"statefulsets": "StatefulSet", "daemonsets": "DaemonSet"},
    "networking.k8s.io/v1": {"ingresses": "Ingress", "networkpolicies": "NetworkPolicy"},
}
_VERBS = ["create", "get", "list", "patch", "update", "delete"]
_RELEASE = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "release", "namespace": "ml"}}


class Api(BaseHTTPRequestHandler):
    """As much of the API server as an installation asks: discovery, nothing there yet, and taking what is made."""

    protocol_version = "HTTP/1.1"
    made: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        """Discovery; every object is missing."""
        path = self.path.partition("?")[0].rstrip("/")
        answers: dict[str, dict[str, Any]] = {
            "/version": {"major": "1", "minor": VERSION[2:], "gitVersion": f"v{VERSION}.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(one) for one in _KINDS if "/" in one],
            },
        }
        answers |= {("/apis/" if "/" in one else "/api/") + one: _resources(one) for one in _KINDS}
        if path.endswith("/secrets"):
            answers[path] = {"kind": "SecretList", "apiVersion": "v1", "items": []}
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self._say(200 if path in answers else 404, answers.get(path, missing))

    def do_POST(self) -> None:
        """Take an object; the release itself comes as protobuf and is not kept."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body.startswith(b"k8s"):
            self._say(201, _RELEASE)
            return
        self.made.append(json.loads(body))
        self._say(201, self.made[-1])

    def do_PUT(self) -> None:
        """The release, told to be deployed."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, _RELEASE)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def _say(self, status: int, what: dict[str, Any]) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _group(version: str) -> dict[str, Any]:
    told = {"groupVersion": version, "version": "v1"}
    return {"name": version.partition("/")[0], "versions": [told], "preferredVersion": told}


def _resources(version: str) -> dict[str, Any]:
    kinds = [
        {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": _VERBS}
        for name, kind in _KINDS[version].items()
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": kinds}


def main(chart: str, values: str) -> None:
    """Lint, install, and hold what was sent against the schemas."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    near = f"http://127.0.0.1:{server.server_port}"
    kubeconfig = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": near}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "ml"}}],
        "users": [{"name": "me", "user": {}}],
    }  # fmt: skip
    text = "\n".join(f"{key}: {json.dumps(part)}" for key, part in kubeconfig.items())
    helm = helm_sdkpy.Configuration(namespace="ml", kubeconfig=text)
    linted = asyncio.run(helm_sdkpy.Lint(helm).run(chart))
    refused = ""
    try:
        asyncio.run(helm_sdkpy.Install(helm).run("trimtab", chart, values=json.loads(values), wait=False))
    except helm_sdkpy.InstallError as problem:
        refused = str(problem)
    invalid = []
    for one in Api.made:
        try:
            kubernetes_validate.validate(one, VERSION, strict=True)
        except kubernetes_validate.ValidationError as problem:
            invalid.append(f"{one['kind']}: {problem.message}")
    severities = [one["Severity"] for one in linted["Messages"] or []]
    told = {"objects": Api.made, "invalid": invalid, "refused": refused, "severities": severities}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
