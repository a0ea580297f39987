"""The three commands with which each section of `docs/guide/coming-from.md` begins, and the first three of every other
guide, run as a newcomer runs them: with a bill, and nothing else."""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.wire.sources.test_slurm import Site

from live_server import LiveServer
from made_bill import cur2
from trimtab.cli.main import root

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


GUIDES = sorted(
    one.stem for one in (Path(__file__).parents[2] / "docs/guide").glob("*.md") if one.stem != "coming-from"
)
APART = (
    "up", "agent --url", "connect ", "logs tail", "traces tail-sampling", "scaling policy", "triggers put",
)  # fmt: skip
"""What goes on for ever, asks what is not there (a Prometheus, SLURM), or stands on several lines."""
REFUSED = {
    "advice accept": "cannot find advice",
    "alarms replay": "no alarm has that name, and no file is there",
    "alarms suggest": "no alarm has that name, and no file is there",
    "anomalies show": "there is none with this id",
    "import cloudtrail": "there is no such file or folder",
    "batch run": "there is no such file or folder",
    "import ~": "there is no such file or folder",
    "import /bills": "there is no such file or folder",
    "import s3": "the server needs credentials with s3:ListBucket and s3:GetObject",
    "dashboards show shop": "Dashboard shop does not exist",
    "triggers pipeline": "the settings name no command 'retrain'",
    "costs forecast": "wait for more history",
    "runs show": "is known",
    "loadtest run": "Connection refused",
    "loadtest sizing": "no load test of 'rerank' is recorded",
    "logs subscriptions": "log group does not exist|Could not deliver test message",
    "import bill.csv.gz": "already holds 202607 of AWS/333333333333",
    "notify add ops-slack": "expected printable ASCII",
    "notify test": "the test has not arrived",
    "advice rightsizing show": "no recommendation has the id",
    "simulate policies -m": "has no values above 0 in the range",
    "runs import-mlperf": "does not exist",
    "runs energy": "does not exist",
    "config ": "does not exist",
    "dashboards put": "does not exist",
    "simulate policies requests.csv": "does not exist",
}
"""What a newcomer has not got yet, and what is said then: never a fault, and never an option that there is not."""
BILL = cur2().replace("222222222222", "333333333333")
"""Another account's than that of the sections."""


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


@pytest.fixture(scope="module")
def billed(own: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """The same with a bill, whichever guide is read first."""
    file = tmp_path_factory.mktemp("bill") / "bill.csv"
    file.write_text(BILL)
    done = CliRunner(env={"TRIMTAB_URL": own.url}).invoke(root, ["import", str(file)], catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return own


def first_commands(text: str) -> list[str]:
    """The first three commands of a guide that are trimtab's."""
    found: list[str] = []
    for kind, block in re.findall(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        if kind in ("", "sh", "bash", "console"):
            lines = block.replace("\\\n", " ").splitlines()
            found += [
                re.sub(r"\s+#.*$", "", one)
                for line in lines
                for one in re.findall(r"^\s*(?:\$ )?trimtab ([a-z].*)$", line)
            ]
    return found[:3]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_begins_with_commands_that_work_or_say_what_is_missing(
    repository: Path, billed: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bill.csv.gz").write_bytes(gzip.compress(BILL.encode()))
    place = {"TRIMTAB_URL": billed.url, "TRIMTAB_DATA_DIR": str(tmp_path / "here"), "AWS_ACCESS_KEY_ID": ""}
    for command in first_commands((repository / f"docs/guide/{guide}.md").read_text()):
        if command.startswith(APART):
            continue
        done = CliRunner(env=place).invoke(root, shlex.split(command), input="a long password\n" * 2)
        expected = next((said for begins, said in REFUSED.items() if command.startswith(begins)), "")
        told = f"{done.output}{done.exception or ''}"
        if done.exit_code:
            assert expected, f"trimtab {command}: {told}"
            assert re.search(expected, told), f"trimtab {command}: {told}"
