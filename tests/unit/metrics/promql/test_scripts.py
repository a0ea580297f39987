"""What PromQL means, as scripts that a user could write: `scripts/*.test`, each about one thing."""

import asyncio
from pathlib import Path

import pytest

from trimtab.metrics.promql.script.run import run_script

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds(path: Path) -> None:
    outcomes = asyncio.run(run_script(path.read_text(encoding="utf-8")))
    assert outcomes
    assert [f"{path.name}:{each.line} {each.text}: {each.reason}" for each in outcomes if each.reason] == []
