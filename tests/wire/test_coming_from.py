"""The three commands with which each section of `docs/guide/coming-from.md` begins, run as a newcomer runs them."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.wire.sources.test_slurm import Site

from live_server import LiveServer
from made_bill import cur2

pytestmark = pytest.mark.wire

RATES = """name: hall-9
currency: USD
from: 2026-08-01
to: 2026-09-01
items:
  - {name: rented-a100, gpus: 16, price_per_gpu_hour: 1.79}
"""
SHOWN = {
    "CloudWatch": ["MetricName", "Orders"],
    "Cost Explorer": ["ResultsByTime", "2026-07-01", "2026-08-01", "UnblendedCost"],
    "Kubecost and OpenCost": ["21308.16 USD", "existing"],
    "Prometheus and Grafana": ["samples are in trimtab", "17 widgets", "Wrote "],
    "SLURM accounting": ["pretrain", "mira"],
}
"""What the commands print, of each section."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A trimtab of a newcomer: the bill that is imported here is no other test's."""
    live = LiveServer(tmp_path_factory.mktemp("newcomer") / "server").start()
    yield live
    live.stop()


def sections(repository: Path) -> dict[str, list[str]]:
    """The first commands of every section, by its heading."""
    text = (repository / "docs/guide/coming-from.md").read_text()
    return {
        heading: commands.strip().splitlines()
        for heading, commands in re.findall(
            r"^## (.+?)\n(?:(?!^## ).)*?```sh\n(.*?)```", text, re.MULTILINE | re.DOTALL
        )
    }


def test_every_section_begins_with_three_commands(repository: Path) -> None:
    assert dict.fromkeys(SHOWN, 3) == {name: len(commands) for name, commands in sections(repository).items()}


@pytest.mark.parametrize("section", SHOWN)
def test_a_section_begins_with_commands_that_work(
    repository: Path, own: LiveServer, tmp_path: Path, section: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "trimtab").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m trimtab "$@"\n')
    (tools / "trimtab").chmod(0o755)
    Site(tools, int(time.time() * 1000))
    (tmp_path / "bill.csv").write_text(cur2())
    (tmp_path / "rates.yaml").write_text(RATES)
    dashboards = repository / "deploy/grafana/dashboards/trimtab"
    shutil.copy(dashboards / "cost-owners-gpus.json", tmp_path / "dashboard.json")
    path = f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TRIMTAB_"))}
    place = {"PATH": path, "TRIMTAB_URL": own.url, "TRIMTAB_DATA_DIR": str(tmp_path / "here"), "AWS_PAGER": ""}
    # A trimtab answers as a Prometheus does, so that the section's is at hand on every machine.
    commands = "\n".join(sections(repository)[section]).replace("http://prometheus:9090", own.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment | place, capture_output=True,
        text=True, check=False, timeout=200,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert [] == [word for word in SHOWN[section] if word not in said], said
    if section.startswith("Kubecost"):
        assert "kind: ClusterRole" in (tmp_path / "role.yaml").read_text()
    if section.startswith("Prometheus"):
        assert list((tmp_path / "grafana").rglob("*.json"))
