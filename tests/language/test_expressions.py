"""Runs metric_math.test, search.test and metrics_insights.test; each `eval`, `find` and `fail` is a case."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from tests.language.expression_notation import Block, Loaded, blocks, points, read_metric

from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import Query

HERE = Path(__file__).parent
FILES = ("metric_math.test", "search.test", "metrics_insights.test")


@dataclass(frozen=True)
class Case:
    loaded: Loaded
    block: Block
    label: str | None


def cases(name: str) -> Iterator[Case]:
    loaded, label = Loaded(), None
    for block in blocks(HERE / name):
        match block.command:
            case "clear":
                loaded = Loaded()
            case "start":
                loaded = Loaded()
                loaded.start_ms = loaded.clock.at_ms = to_ms(datetime.fromisoformat(block.text.strip()))
            case "load":
                loaded.period_s = int(block.text or 60)
                for line in block.lines:
                    metric, _, values = line.rpartition(":")
                    loaded.add(metric, values)
            case "let":
                id_, _, text = block.text.partition("=")
                loaded.queries.append(Query(id_.strip(), text.strip(), returned=False))
            case "label":
                label = block.text
            case "eval" | "find" | "fail":
                now = copy(loaded)
                now.queries = list(loaded.queries)
                yield Case(now, block, label)
                label = None
            case other:
                raise ValueError(f"{name}:{block.line}: unknown command {other}")


CASES = [pytest.param(case, id=f"{name}:{case.block.line}") for name in FILES for case in cases(name)]


@pytest.mark.parametrize("case", CASES)
def test_what_the_file_says(case: Case) -> None:
    {"eval": _eval, "find": _find, "fail": _fail}[case.block.command](case)


def _eval(case: Case) -> None:
    results = case.loaded.evaluate(case.block.text, case.label)
    named = any("|" in line for line in case.block.lines)
    found = [
        f"{result.label} | {points(case.loaded, result)}" if named else points(case.loaded, result)
        for result in results
    ]
    assert [" ".join(line.split()) for line in case.block.lines] == [" ".join(line.split()) for line in found]


def _find(case: Case) -> None:
    text = case.block.text.replace("'", "\\'")
    results = [result for result in case.loaded.evaluate(f"SEARCH('{text}', 'Average', 60)") if result.properties]
    found = [
        (
            result.properties["Namespace"],
            result.properties["MetricName"],
            tuple(sorted((key[4:], value) for key, value in result.properties.items() if key.startswith("Dim."))),
        )
        for result in results
    ]
    wanted = [] if case.block.lines == ("none",) else [read_metric(line) for line in case.block.lines]
    assert sorted(wanted) == found


def _fail(case: Case) -> None:
    with pytest.raises(InvalidInput) as problem:
        case.loaded.evaluate(case.block.text)
    for line in case.block.lines:
        assert line in str(problem.value)


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_cases(name: str) -> None:
    assert len(list(cases(name))) > 10
