from pathlib import Path

import pytest

from trimtab.agent.scrape.config import load
from trimtab.base.errors import SetupError

WHOLE = """
global: {scrape_interval: 30s, external_labels: {cluster: a}}
scrape_configs:
  - job_name: dcgm
    scrape_interval: 10s
    static_configs:
      - targets: ["127.0.0.1:9400", "127.0.0.1:9401"]
        labels: {rack: r1, __private: x}
  - job_name: federate
    metrics_path: /federate
    scheme: https
    params: {"match[]": ['{job="x"}']}
    honor_labels: true
    basic_auth: {username: u, password_file: /p}
    tls_config: {ca_file: /ca}
    file_sd_configs: [{files: ["sd/*.json"]}]
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_like_prometheus_own_is_read(tmp_path: Path) -> None:
    write(tmp_path / "sd" / "a.json", '[{"targets": ["h:1"], "labels": {"team": "x"}}]')
    loaded = load(write(tmp_path / "scrape.yml", WHOLE))
    first, second, third = loaded.targets
    assert (first.url, first.interval_s, first.timeout_s) == ("http://127.0.0.1:9400/metrics", 10, 10)
    assert dict(second.labels) == {"job": "dcgm", "instance": "127.0.0.1:9401", "cluster": "a", "rack": "r1"}
    assert third.url == "https://h:1/federate?match%5B%5D=%7Bjob%3D%22x%22%7D"
    assert (third.interval_s, third.honor_labels, third.basic) == (30, True, ("u", "", "/p"))
    assert dict(third.labels)["team"] == "x"
    assert set(loaded.files) == {tmp_path / "scrape.yml", tmp_path / "sd", tmp_path / "sd" / "a.json"}


@pytest.mark.parametrize("text", ['[{"targets": ["h:1"]}]', "- targets: [h:1]\n"])
def test_a_bare_list_of_targets_is_a_job_of_its_own(tmp_path: Path, text: str) -> None:
    (target,) = load(write(tmp_path / "gpus.json", text)).targets
    assert dict(target.labels) == {"job": "gpus", "instance": "h:1"}


def test_a_target_that_is_named_twice_is_one(tmp_path: Path) -> None:
    assert len(load(write(tmp_path / "x.yml", "[{targets: [h:1, h:1]}]")).targets) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scrape_configs: [{job_name: a, relabel_configs: []}]", "unknown field `relabel_configs`"),
        ("scrape_configs: [{static_configs: []}]", "missing required field `job_name`"),
        ("scrape_configs: [{job_name: a, scrape_interval: soon, static_configs: []}]", "cannot read duration"),
        ("scrape_configs: [{job_name: a, scheme: ftp}]", "got 'ftp'; expected http or https"),
        ("[{targets: ['http://h:1/metrics']}]", "cannot use target 'http://h:1/metrics'"),
        ("[{targets: [h:1], labels: {'a-b': x}}]", "matching regex"),
        ("scrape_configs: [", "cannot read"),
        ("3", "Expected `object`"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SetupError, match=r"scrape\.yml") as told:
        load(write(tmp_path / "scrape.yml", text))
    assert message in str(told.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot read .*none\.yml"):
        load(tmp_path / "none.yml")
