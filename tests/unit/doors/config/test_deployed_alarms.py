"""The alarms about trimtab itself that come with it: they apply, ask for metrics that there are, and are explained."""

import asyncio
import re
from pathlib import Path

import pytest
import yaml
from tests.unit.doors.config.conftest import OWNER

from trimtab.doors.config.document import File
from trimtab.doors.config.room import Configurations


@pytest.fixture
def file(repository: Path) -> str:
    return (repository / "deploy/alarms/trimtab.yaml").read_text()


def test_they_apply_and_applying_them_again_changes_nothing(configurations: Configurations, file: str) -> None:
    names = set(yaml.safe_load(file)["metric_alarms"])
    applied = asyncio.run(configurations.apply(OWNER, [File("trimtab.yaml", file)], prune=False))
    assert names == {change.name for change in applied.done}
    assert [] == asyncio.run(configurations.changes(OWNER, [File("trimtab.yaml", file)], prune=True))


def test_their_metrics_are_trimtabs_own_and_each_says_what_to_do(repository: Path, file: str) -> None:
    own = (repository / "docs/reference/own-metrics.md").read_text()
    asked = set(re.findall(r"\btrimtab_\w+", file))
    assert len(asked) > 8
    assert set() == asked - set(re.findall(r"`(trimtab_\w+)`", own))
    guide = (repository / "docs/how-to/operate.md").read_text()
    assert list(yaml.safe_load(file)["metric_alarms"]) == re.findall(r"^\| `(trimtab-[a-z-]+)` \|", guide, re.MULTILINE)
