"""Evaluate PromQL on a directory of promqltest scripts: `python bench/eval_promql.py DIR`.

Every `.test` file below DIR is run through `trimtab.metrics.promql.script`, that is through the parser, planner and
evaluator of the product, over series in memory. A corpus of JSON cases (`*.json.gz`, see shared/data/promql) is run the
same way. The last line is one JSON object: `passed`, `total`, and `failures` with the reason of each group.
"""

import asyncio
import gzip
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from trimtab.access.scope import EVERYTHING
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.labels import make
from trimtab.metrics.promql.memory import MemorySource, source_of
from trimtab.metrics.promql.problems import BadQuery, ExecutionFailed
from trimtab.metrics.promql.script.commands import Eval, commands_of
from trimtab.metrics.promql.script.run import Outcome, run_commands
from trimtab.metrics.promql.script.series import STALE_NAN


def main() -> int:
    """Run everything below the directory named on the command line."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: python bench/eval_promql.py DIR", file=sys.stderr)
        return 2
    directory = Path(sys.argv[1])
    results: dict[str, list[Outcome]] = {}
    for path in sorted(directory.rglob("*.test")):
        results[path.name] = asyncio.run(run_script(path.read_text(encoding="utf-8", errors="surrogateescape")))
    for path in sorted(directory.rglob("*.json.gz")):
        results[path.name] = asyncio.run(run_corpus(json.loads(gzip.decompress(path.read_bytes()))))
    report(results)
    return 0


async def run_script(text: str) -> list[Outcome]:
    """The outcomes of a script; one that cannot be read fails as often as it has queries."""
    try:
        commands = commands_of(text)
    except (BadQuery, ValueError) as problem:
        lines = [number for number, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith("eval")]
        return [Outcome(number, "", f"cannot read script: {problem}") for number in lines]
    try:
        return await run_commands(commands)
    except Exception as problem:  # noqa: BLE001 - a bug in the product must cost its file, not the whole report
        return [
            Outcome(each.line, each.text, f"bug: {type(problem).__name__}: {problem}")
            for each in commands
            if isinstance(each, Eval)
        ]


async def run_corpus(corpus: dict[str, Any]) -> list[Outcome]:
    """The outcomes of a corpus of JSON cases, whose values are rounded to three significant decimals."""
    sources = {
        dataset["id"]: source_of(
            (make(series["labels"]), [(at, number(value)) for at, value in series["samples"]])
            for series in dataset["series"]
        )
        for dataset in corpus["datasets"]
    }
    return [await run_case(sources[case["dataset"]], case, place) for place, case in enumerate(corpus["cases"])]


async def run_case(source: MemorySource, case: dict[str, Any], place: int) -> Outcome:
    """One case: its answer must have the same series, times and (rounded) values."""
    engine = PromQL(source)
    times = case["start_ms"], case["end_ms"], case["step_ms"]
    try:
        answer = await engine.query_range(EVERYTHING, case["expr"], *times)
    except (BadQuery, ExecutionFailed) as problem:
        return Outcome(place, case["expr"], f"got error {problem}")
    got = {
        series.labels: dict(zip(series.times.tolist(), series.values.tolist(), strict=True)) for series in answer.series
    }
    wanted = {
        make(series["labels"]): {at: number(value) for at, value in series["points"]} for series in case["expected"]
    }
    wanted = {labels: points for labels, points in wanted.items() if points}
    if got.keys() != wanted.keys():
        return Outcome(place, case["expr"], "other series than expected")
    for labels, points in wanted.items():
        if got[labels].keys() != points.keys():
            return Outcome(place, case["expr"], "other times than expected")
        for at, value in points.items():
            if not close(got[labels][at], value):
                return Outcome(place, case["expr"], f"got {got[labels][at]} at {at}; expected {value}")
    return Outcome(place, case["expr"])


def number(value: Any) -> float:
    """A number of the corpus: NaN and infinities are text, and so is the marker that a series ended."""
    return STALE_NAN if value == "stale" else float(value)


def close(got: float, wanted: float) -> bool:
    """Whether a value rounds to the one that is expected."""
    if math.isnan(got) or math.isnan(wanted):
        return math.isnan(got) and math.isnan(wanted)
    return got == wanted or abs(got - wanted) <= max(5.1e-3 * abs(wanted), 5.1e-4)


def report(results: dict[str, list[Outcome]]) -> None:
    """A line for each file and failure, then the JSON object."""
    failures: list[dict[str, Any]] = []
    for name, outcomes in results.items():
        wrong = [outcome for outcome in outcomes if outcome.reason]
        print(f"{name}: {len(outcomes) - len(wrong)} of {len(outcomes)}")
        for outcome in wrong:
            print(f"  {name}:{outcome.line} {outcome.text}: {outcome.reason}")
        reasons = Counter(outcome.reason.split(":")[0][:80] for outcome in wrong)
        failures += [{"file": name, "reason": reason, "count": count} for reason, count in reasons.most_common()]
    total = sum(map(len, results.values()))
    passed = sum(not outcome.reason for outcomes in results.values() for outcome in outcomes)
    print(json.dumps({"passed": passed, "total": total, "failures": failures}))


if __name__ == "__main__":
    sys.exit(main())
