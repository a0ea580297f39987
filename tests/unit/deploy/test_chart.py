"""The Helm chart: rendered whole, with nothing that hangs in the air, and as Helm renders it where there is one."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chart_templates import Chart
from real.parts import program
from trimtab import __version__
from trimtab.cli.agent import agent
from trimtab.cli.main import COMMANDS
from trimtab.settings import describe

EVERYTHING: dict[str, Any] = {
    "tls": {"secretName": "trimtab-tls"},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecretName": "front", "annotations": {"a/b": "c"}},
    "networkPolicy": {"enabled": True, "namespaces": ["ingress-nginx"], "cidrs": ["10.0.0.0/8"]},
    "agent": {"enabled": True},
    "settings": {"TRIMTAB_RETENTION_RAW_DAYS": 30, "TRIMTAB_ACCOUNT_ID": "123456789012"},
    "existingSecret": "trimtab-env",
    "persistence": {"storageClass": "fast", "size": "200Gi"},
    "imagePullSecrets": [{"name": "registry"}],
    "podAnnotations": {"team": "ml"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}
INFO = 1
"""Helm's severity of what is good to know; 2 is a warning."""
CLAIMED: dict[str, Any] = {"persistence": {"existingClaim": "kept"}, "service": {"type": "LoadBalancer"}}


@pytest.fixture(scope="module")
def chart(repository: Path) -> Chart:
    return Chart(repository / "deploy" / "helm" / "trimtab")


def by_kind(chart: Chart, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in chart.documents(values)}


def test_what_is_asked_for_is_there_and_nothing_else(chart: Chart) -> None:
    always = {"ServiceAccount", "Service", "StatefulSet"}
    assert always == set(by_kind(chart, {}))
    assert always | {"Ingress", "NetworkPolicy", "DaemonSet"} == set(by_kind(chart, EVERYTHING))


@pytest.mark.parametrize("values", [{}, EVERYTHING, CLAIMED])
def test_selectors_ports_mounts_and_accounts_meet(chart: Chart, values: dict[str, Any]) -> None:
    found = by_kind(chart, values)
    for workload in (one for kind, one in found.items() if kind in ("StatefulSet", "DaemonSet")):
        pod = workload["spec"]["template"]
        assert workload["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert pod["spec"]["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"]
        [container] = pod["spec"]["containers"]
        claims = workload["spec"].get("volumeClaimTemplates", [])
        volumes = {one["name"] for one in pod["spec"]["volumes"]} | {one["metadata"]["name"] for one in claims}
        assert volumes == {one["name"] for one in container["volumeMounts"]}
    server = found["StatefulSet"]["spec"]["template"]
    assert found["Service"]["spec"]["selector"].items() <= server["metadata"]["labels"].items()
    named = {one["name"] for one in server["spec"]["containers"][0]["ports"]}
    assert named == {one["targetPort"] for one in found["Service"]["spec"]["ports"]}
    assert found["StatefulSet"]["spec"]["serviceName"] == found["Service"]["metadata"]["name"]


def test_the_server_is_nobody_and_writes_to_its_volumes_alone(chart: Chart) -> None:
    pod = by_kind(chart, {})["StatefulSet"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_commands_options_and_settings_are_trimtabs_own(chart: Chart) -> None:
    found = by_kind(chart, EVERYTHING)
    known = {one.name for one in describe({})}
    for kind, options in (("StatefulSet", set()), ("DaemonSet", {o for one in agent.params for o in one.opts})):
        [container] = found[kind]["spec"]["template"]["spec"]["containers"]
        command, *arguments = container["args"]
        assert command in COMMANDS
        assert {one.partition("=")[0] for one in arguments} <= options
        assert {one["name"] for one in container["env"] if one["name"] != "NODE_NAME"} <= known
    [container] = found["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert ("30", "123456789012") == (told["TRIMTAB_RETENTION_RAW_DAYS"], told["TRIMTAB_ACCOUNT_ID"])
    assert "TRIMTAB_ALLOW_PLAIN_HTTP" not in told  # it has a certificate


def test_probes_and_agents_speak_as_the_server_does(chart: Chart) -> None:
    for values, scheme in (({"agent": {"enabled": True}}, "HTTP"), (EVERYTHING, "HTTPS")):
        found = by_kind(chart, values)
        [server] = found["StatefulSet"]["spec"]["template"]["spec"]["containers"]
        assert {scheme} == {server[f"{one}Probe"]["httpGet"]["scheme"] for one in ("startup", "liveness", "readiness")}
        [one] = found["DaemonSet"]["spec"]["template"]["spec"]["containers"]
        assert f"--url={scheme.lower()}://trimtab.ml.svc:4750" in one["args"]


def test_the_chart_has_the_version_of_the_program(chart: Chart) -> None:
    assert (__version__, __version__) == (chart.about["version"], chart.about["appVersion"])
    [container] = by_kind(chart, {})["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    assert f"trimtab:{__version__}" == container["image"]


def test_values_are_checked_by_their_schema(chart: Chart) -> None:
    schema = json.loads((chart.folder / "values.schema.json").read_text())
    jsonschema.validate(chart.values, schema)
    jsonschema.validate(EVERYTHING, schema)
    for wrong in (
        {"settings": {"PATH": "/bin"}},
        {"persistence": {"size": "50"}},
        {"service": {"port": 0}},
        {"agent": {"intervalSeconds": 0}},
        {"replicas": 2},
        {"networkPolicy": {"cidrs": ["10.0.0.1"]}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.fixture(scope="module")
def helm() -> Callable[[Chart, Mapping[str, Any]], dict[str, Any]]:
    """What Helm's own code makes of the chart, by the environment that has it."""
    python = Path(program("kubernetes-validate")).with_name("python")

    def install(chart: Chart, values: Mapping[str, Any]) -> dict[str, Any]:
        command = [str(python), str(Path(__file__).with_name("helm_install.py")), str(chart.folder), json.dumps(values)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return install


@pytest.mark.parametrize("values", [{}, EVERYTHING, CLAIMED])
def test_helm_lints_and_installs_what_kubernetes_schemas_take(
    chart: Chart, helm: Callable[[Chart, Mapping[str, Any]], dict[str, Any]], values: dict[str, Any]
) -> None:
    told = helm(chart, values)
    assert ("", []) == (told["refused"], told["invalid"])
    assert all(severity <= INFO for severity in told["severities"])

    def content(one: dict[str, Any]) -> dict[str, Any]:
        """Without what Helm itself adds to an object when it installs it."""
        about = {key: value for key, value in one["metadata"].items() if key not in ("namespace", "annotations")}
        own = {k: v for k, v in one["metadata"].get("annotations", {}).items() if not k.startswith("meta.helm.sh/")}
        return one | {"metadata": about | {"annotations": own}}

    ours = {one["kind"]: content(one) for one in chart.documents(values)}
    assert ours == {one["kind"]: content(one) for one in told["objects"]}


def test_helm_refuses_values_that_the_schema_does_not_know(
    chart: Chart, helm: Callable[[Chart, Mapping[str, Any]], dict[str, Any]]
) -> None:
    told = helm(chart, {"replicas": 2})
    assert "additional properties 'replicas' not allowed" in told["refused"]
    assert [] == told["objects"]
