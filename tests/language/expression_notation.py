"""The notation of metric_math.test, search.test and metrics_insights.test, and a room over what such a file loads.

    # a comment
    start 2026-11-25T00:00:00Z        when the points begin (this is also the default)
    load [period]                     metrics follow, a line each, indented: `-` is a missing point
      m1: 30 20 0 0                   the metric test|m1 without dimensions; expressions know it as m1
      AWS/EC2|CPU{Id=i-1, az="a b"}: 1 2
    let e1 = EXPRESSION               another query, which the next expressions can read
    label TEXT                        the label of the next expression
    eval EXPRESSION                   what it gives: its points, or `label | points` a line for each series
      0 0 1 0
    find SEARCH TEXT                  which metrics a SEARCH finds
      AWS/EC2|CPU{Id=i-1, az="a b"}
    fail EXPRESSION                   what is wrong with it: part of the message
      Invalid syntax at character 4
    clear                             forget everything

Points after the last that is named do not exist; every range is as long as the longest metric.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock, to_ms
from trimtab.base.tags import Tags, make_tags
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.model import Identity
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic

START = "2026-11-25T00:00:00Z"
_PAIR = re.compile(r'\s*([^={},]+?)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^,"}]*?))\s*(?:,|$)')


@dataclass(frozen=True)
class Block:
    """A command with its indented lines, and the number of the line where it stands."""

    command: str
    text: str
    lines: tuple[str, ...]
    line: int


@dataclass
class Loaded:
    """Metrics with one value a period, behind the interface of the metric reader."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(to_ms(datetime.fromisoformat(START))))
    period_s: int = 60

    def __post_init__(self) -> None:
        self.start_ms = self.clock.at_ms
        self.registry = SeriesRegistry(None, self.clock)
        self.rows: dict[int, np.ndarray] = {}
        self.queries: list[Query] = []
        self.calls = 0

    @property
    def end_ms(self) -> int:
        longest = max((len(row) for row in self.rows.values()), default=0)
        return self.start_ms + longest * self.period_s * 1000

    def add(self, text: str, values: str) -> None:
        namespace, name, dimensions = read_metric(text)
        row = np.array([np.nan if value == "-" else float(value) for value in values.split()])
        self.rows[self.registry.add(Identity("1", "eu", namespace, name, dimensions))] = row
        if "|" not in text:
            stat = MetricStat(namespace, name, dimensions, parse_statistic("Average"), self.period_s)
            self.queries.append(Query(name, stat, returned=False))

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.calls += 1
        return [self._answer(request, start_ms, end_ms) for request in requests]

    def _answer(self, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        values = np.concatenate([self.rows[id_] for id_ in request.series])
        times = np.concatenate([self._times(len(self.rows[id_])) for id_ in request.series])
        known = ~np.isnan(values) & (times >= start_ms) & (times < end_ms)
        period_ms = request.period_s * 1000
        buckets = (times[known] - request.origin_ms) // period_ms
        apply = {"Average": np.mean, "Sum": np.sum, "Minimum": np.min, "Maximum": np.max, "SampleCount": np.size}
        function = apply[request.statistic.text]
        found = np.unique(buckets)
        answer = [float(function(values[known][buckets == bucket])) for bucket in found]
        return StatSeries(found * period_ms + request.origin_ms, np.array(answer, dtype=np.float64))

    def _times(self, count: int) -> np.ndarray:
        return self.start_ms + np.arange(count, dtype=np.int64) * self.period_s * 1000

    def evaluate(self, text: str, label: str | None = None) -> list[Result]:
        queries = [*self.queries, Query("result", text, label=label)]
        evaluator = Evaluator(self, self.registry, self.clock, NoBands())
        return asyncio.run(evaluator.evaluate(EVERYTHING, queries, self.start_ms, self.end_ms))


def read_metric(text: str) -> tuple[str, str, Tags]:
    """`namespace|name{key=value}` in its parts."""
    head, _, inside = text.strip().partition("{")
    namespace, bar, name = head.partition("|")
    found = _PAIR.finditer(inside.rstrip("}"))
    pairs = {match[1].strip('"'): match[3] if match[2] is None else match[2] for match in found}
    namespace, name = (namespace.strip('"'), name.strip('"')) if bar else ("test", namespace)
    return namespace, name, make_tags(pairs)


def blocks(path: Path) -> Iterator[Block]:
    """The commands of a test file."""
    command, text, lines, at = "", "", [], 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            lines.append(line.strip())
            continue
        if command:
            yield Block(command, text, tuple(lines), at)
        command, _, text = line.partition(" ")
        lines, at = [], number
    if command:
        yield Block(command, text, tuple(lines), at)


def points(loaded: Loaded, result: Result) -> str:
    """A result's points, as the notation writes them."""
    period_ms = result.period_s * 1000
    slots = -(-(loaded.end_ms - loaded.start_ms) // period_ms)
    row = ["-"] * slots
    for time, value in zip(result.times.tolist(), result.values.tolist(), strict=True):
        row[(time - loaded.start_ms) // period_ms] = f"{value:.6g}"
    return " ".join(row)
