"""The reference names everything that there is."""

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trimtab.audit.findings.rules import RULES
from trimtab.doors.aws.cloudwatch import limits
from trimtab.doors.guard import DEFAULT_MAX_BODY
from trimtab.doors.rest.endpoint import BODY_LIMIT
from trimtab.metrics.statistics import Family, parse_statistic
from trimtab.settings import describe


@pytest.fixture(scope="module")
def generator(repository: Path) -> ModuleType:
    file = repository / "scripts" / "generate_docs.py"
    spec = importlib.util.spec_from_file_location("generate_docs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(repository: Path, name: str) -> str:
    return (repository / "docs" / "reference" / name).read_text()


def test_generated_pages_are_current(repository: Path) -> None:
    # In a process of its own, as `make docs` writes them: other tests may have changed what help texts hold.
    command = [sys.executable, "scripts/generate_docs.py", "--check"]
    checked = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_has_its_default_and_meaning(repository: Path) -> None:
    text = page(repository, "settings.md")
    missing = [row.name for row in describe({}) if f"| `{row.name}` |" not in text or row.help not in text]
    assert [] == missing


def test_every_audit_finding_is_listed_and_told_by_the_attacks_that_it_names(repository: Path) -> None:
    rules = {rule.id for rule in RULES}
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", page(repository, "audit-findings.md"), re.MULTILINE))
    guide = (repository / "docs" / "guide" / "audit.md").read_text()
    _, heading, attacks = guide.partition("## Audit findings by technique")
    assert heading
    told = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", attacks))
    assert (rules, rules) == (listed, told)


def test_every_served_aws_operation_is_listed(generator: ModuleType, repository: Path) -> None:
    served = generator.served_operations()
    assert {"PutMetricData", "GetMetricData", "GetMetricStatistics", "ListMetrics"} <= set(served["cloudwatch"])
    assert {"GetCallerIdentity"} <= set(served["sts"])
    text = page(repository, "aws-operations.md")
    assert [] == [name for names in served.values() for name in names if f"| `{name}` |" not in text]
    assert [] == [name for names in served.values() for name, (_, sentence, _) in names.items() if not sentence]


def test_every_rest_operation_is_listed(generator: ModuleType, repository: Path) -> None:
    text = page(repository, "rest-operations.md")
    served = generator.served_rest()
    assert len(served) > 10
    assert [] == [one.path for one in served if f"| `{one.method} {one.path}` |" not in text]


def statistics_of(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def test_every_statistic_of_the_page_is_valid_and_every_family_is_there(repository: Path) -> None:
    families = {parse_statistic(name).family for name in statistics_of(page(repository, "statistics.md"))}
    assert set(Family) == families


def test_the_limits_are_those_of_the_code(repository: Path) -> None:
    text = page(repository, "limits.md")
    for number in (limits.MAX_METRICS, limits.MAX_VALUES, limits.MAX_DIMENSIONS, limits.MAX_NAME):
        assert f"| {number:,} |" in text
    assert f"| {limits.MAX_DIMENSION_VALUE:,} |" in text
    assert f"| {DEFAULT_MAX_BODY >> 20} MiB |" in text
    assert f"| {BODY_LIMIT >> 20} MiB |" in text


def test_every_metric_of_the_agent_is_listed(repository: Path) -> None:
    text = page(repository, "agent-metrics.md")
    sent = set()
    for file in (repository / "src" / "trimtab" / "agent").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reading":
                name = node.args[0] if node.args else None
                if isinstance(name, ast.Constant):
                    sent.add(name.value)
    assert len(sent) > 15
    assert [] == sorted(name for name in sent if f"`{name}`" not in text)
