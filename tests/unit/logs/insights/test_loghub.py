"""Answers of Logs Insights against those that pandas gives, on real logs."""

import asyncio
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import Scope
from trimtab.logs.insights.run import Ask, Found, LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.telemetry.client import Telemetry

LOGHUB = Path(__file__).parents[5] / "shared/data/loghub"
ACCOUNT, REGION, STEP_MS = "1", "eu", 700
HEAD = r"^(?P<date>\d+) (?P<time>\d+) (?P<pid>\d+) (?P<level>\w+) (?P<component>[^:]+): (?P<content>.*)$"


class Logs:
    """Lines of a log, in the engine and as a frame; a line comes every STEP_MS."""

    def __init__(self, room: LogsRoom, telemetry: Telemetry, name: str) -> None:
        path = LOGHUB / name / f"{name}_2k.log"
        if not path.exists():
            pytest.skip("the logs of loghub are not on this machine")
        lines = path.read_text().splitlines()
        self.start_ms = NOW - len(lines) * STEP_MS
        self.frame = pd.DataFrame({"line": lines, "at": self.start_ms + STEP_MS * np.arange(len(lines))})
        self._name = name
        self._insights = LogInsights(telemetry, room.reader, room.groups, room.clock)
        asyncio.run(self._write(room))

    async def _write(self, room: LogsRoom) -> None:
        group, streams = await room.groups.ensure(ACCOUNT, REGION, self._name, ["s"])
        events = [LogEvent(int(at), line) for line, at in self.frame.itertuples(index=False)]
        await room.ingest.write([LogBatch(group, streams[0], events)])
        assert await room.reader.fresh(30)

    def ask(self, text: str) -> Found:
        ask = Ask(text, ACCOUNT, REGION, [self._name], self.start_ms, NOW)
        return asyncio.run(self._insights.run(Scope.of(ACCOUNT, REGION), ask))

    def table(self, text: str) -> list[tuple[str | None, ...]]:
        return self.ask(text).rows

    def numbers(self, text: str) -> list[list[float]]:
        """Rows whose first column is a key, without it."""
        return [[float(cell) for cell in row[1:] if cell is not None] for row in self.table(text)]


@pytest.fixture
def hdfs(room: LogsRoom, engine: Telemetry) -> Logs:
    return Logs(room, engine, "HDFS")


@pytest.fixture
def openstack(room: LogsRoom, engine: Telemetry) -> Logs:
    return Logs(room, engine, "OpenStack")


def test_parse_and_stats_by_what_was_parsed(hdfs: Logs) -> None:
    fields = hdfs.frame.line.str.extract(HEAD)
    grouped = fields.assign(pid=fields.pid.astype(float)).groupby("component").pid
    wanted = grouped.agg(["count", "sum", "mean", "min", "max", "median", "std", "nunique"])
    query = (
        'parse @message "* * * * *: *" as date, time, pid, level, component, content'
        " | stats count(pid), sum(pid), avg(pid), min(pid), max(pid), median(pid), stddev(pid), count_distinct(pid)"
        " by component"
    )
    assert [row[0] for row in hdfs.table(query)] == list(wanted.index)
    for found, row in zip(hdfs.numbers(query), wanted.itertuples(index=False), strict=True):
        assert found == pytest.approx([value for value in row if not np.isnan(value)], rel=1e-12)


def test_a_regular_expression_parses_as_the_glob_does(hdfs: Logs) -> None:
    by_regex = hdfs.table(f"parse @message /{HEAD.replace('/', '[/]')}/ | stats count(*) as n by component, level")
    glob = 'parse @message "* * * * *: *" as d, t, p, level, component, c | stats count(*) as n by component, level'
    fields = hdfs.frame.line.str.extract(HEAD)
    wanted = fields.groupby(["component", "level"]).size()
    assert by_regex == hdfs.table(glob) == [(*key, str(count)) for key, count in wanted.items()]


def test_percentiles_of_sizes(hdfs: Logs) -> None:
    sizes = hdfs.frame.line.str.extract(r"size (\d+)")[0].dropna().astype(float)
    levels = (0, 5, 50, 90, 99, 99.9, 100)
    asked = ", ".join(f"pct(size, {level})" for level in levels)
    (row,) = hdfs.table(f"parse @message /size (?<size>\\d+)/ | stats count(size), {asked}")
    assert [float(cell or "nan") for cell in row] == pytest.approx(
        [len(sizes), *np.percentile(sizes, levels)], rel=1e-12
    )


@pytest.mark.parametrize(
    ("condition", "pattern"),
    [
        ("@message like 'terminating'", r"terminating"),
        (r"@message like /blk_-\d+/", r"blk_-\d+"),
        (r"@message =~ /(?i)WARN.*(served|exception)/", r"(?i)WARN.*(served|exception)"),
        ("@message not like /INFO/", r"^(?!.*INFO)"),
        ("strcontains(@message, '10.251.')", r"10\.251\."),
    ],
)
def test_filters_match_the_same_lines(hdfs: Logs, condition: str, pattern: str) -> None:
    wanted = [line for line in hdfs.frame.line if re.search(pattern, line)]
    found = hdfs.ask(f"fields @message | filter {condition} | sort @timestamp asc")
    assert wanted
    assert [row[0] for row in found.rows] == wanted
    assert (found.scanned.matched, found.scanned.records) == (len(wanted), len(hdfs.frame))
    assert found.scanned.bytes == hdfs.frame.line.str.encode("utf-8").str.len().sum()


@pytest.mark.parametrize(("period", "step_ms"), [("10s", 10_000), ("1m", 60_000), ("5m", 300_000), ("1h", 3_600_000)])
def test_counts_by_bin(openstack: Logs, period: str, step_ms: int) -> None:
    frame = openstack.frame
    wanted = frame.groupby(frame["at"] // step_ms * step_ms).size()
    rows = openstack.table(f"stats count(*) by bin({period})")
    assert [int(count or 0) for _, count in rows] == wanted.tolist()
    starts = pd.to_datetime([start for start, _ in rows], utc=True).as_unit("ms").astype("int64")
    assert starts.tolist() == wanted.index.tolist()


def test_the_slowest_requests_by_path(openstack: Logs) -> None:
    pattern = (
        r'"(?P<verb>[A-Z]+) (?P<path>[^" ]+)[^"]*" status: (?P<status>\d+) len: (?P<len>\d+) time: (?P<took>[\d.]+)'
    )
    fields = openstack.frame.line.str.extract(pattern).dropna()
    fields = fields.assign(took=fields.took.astype(float))
    wanted = fields.groupby("path").took.agg(["size", "max"]).sort_values(["max"], ascending=False).head(5)
    asked = pattern.replace("/", "[/]")
    rows = openstack.table(
        f"parse @message /{asked}/ | filter ispresent(took) and status < 400"
        " | stats count(*) as n, max(took) as slowest by path | sort slowest desc | limit 5"
    )
    assert [(path, int(n or 0), float(most or 0)) for path, n, most in rows] == [
        (path, row["size"], row["max"]) for path, row in wanted.iterrows()
    ]


def test_dedup_keeps_the_newest_line_of_each(openstack: Logs) -> None:
    host = openstack.frame.line.str.extract(r"^(\S+) ")[0]
    wanted = openstack.frame.assign(host=host).groupby("host").line.last()
    rows = openstack.table('parse @message "* *" as host, rest | dedup host | display host, @message')
    assert sorted((row[0], row[1]) for row in rows) == sorted(wanted.items())


def test_patterns_count_every_line_once(hdfs: Logs) -> None:
    found = hdfs.ask("filter @message like 'INFO' | pattern @message | display @pattern, @sampleCount")
    wanted = int(hdfs.frame.line.str.contains("INFO").sum())
    assert sum(int(count or 0) for _, count in found.rows) == wanted == found.scanned.matched
    assert 5 < len(found.rows) < 60
