"""Runs promql.test, and Prometheus' own scripts where the shared data is at hand."""

import asyncio
from pathlib import Path

import pytest

from trimtab.metrics.promql.script.run import run_script

HERE = Path(__file__).parent
UPSTREAM = HERE.parents[2] / "shared/data/promql/upstream_tests"


def failures(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    outcomes = asyncio.run(run_script(text))
    assert outcomes
    return [f"{path.name}:{one.line} {one.text}: {one.reason}" for one in outcomes if one.reason]


def test_what_the_file_says() -> None:
    assert failures(HERE / "promql.test") == []


def test_a_wrong_expectation_is_noticed() -> None:
    (outcome,) = asyncio.run(run_script("load 1m\n  a 1 2\n\neval instant at 1m a\n  a 3\n"))
    assert "expected" in outcome.reason


def test_prometheus_own_scripts_pass() -> None:
    if not UPSTREAM.is_dir():
        pytest.skip(f"no {UPSTREAM}: Prometheus' scripts come with the shared data")
    assert [text for path in sorted(UPSTREAM.rglob("*.test")) for text in failures(path)] == []
