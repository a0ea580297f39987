import configparser
import sys

import pytest

from trimtab.agent import manifests
from trimtab.cli.agent import agent


def test_the_unit_runs_this_installation_and_parses() -> None:
    text = manifests.systemd("https://server:4750", 10.0)
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # systemd's keys are case-sensitive
    unit.read_string(text)
    start = unit["Service"]["ExecStart"]
    assert start.startswith(f'"{sys.executable}" -m trimtab agent --url "https://server:4750" --interval 10 ')
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    assert "$" not in text


def test_the_daemonset_keeps_the_node_name_for_kubernetes_to_fill_in() -> None:
    text = manifests.kubernetes("https://server:4750", 15.0)
    assert "--url=https://server:4750" in text
    assert "--interval=15" in text
    assert text.count("$(NODE_NAME)") == 2
    assert "$" not in text.replace("$(NODE_NAME)", "")


def test_the_daemonset_is_whole() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the development environment only")
    documents = {item["kind"]: item for item in yaml.safe_load_all(manifests.kubernetes("https://server:4750", 10.0))}
    assert set(documents) == {"Namespace", "ServiceAccount", "DaemonSet"}
    pod = documents["DaemonSet"]["spec"]["template"]
    assert documents["DaemonSet"]["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    [container] = pod["spec"]["containers"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["spec"]["volumes"]}
    known = {option for parameter in agent.params for option in parameter.opts}
    flags = {argument.partition("=")[0] for argument in container["args"] if argument.startswith("--")}
    assert flags <= known
