"""Answers of Logs Insights against those that pandas gives, on logs of Kubernetes: JSON, traces, many pods."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import Scope
from trimtab.logs.insights.run import Ask, LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.telemetry.client import Telemetry

FILES = sorted(Path(__file__).parents[5].glob("shared/data/nezha/trainticket/*/log/*.csv.gz"))[:2]
ACCOUNT, REGION, SPAN_MS = "1", "eu", 900_000
HEAD = r"TraceID: (?P<trace>\w+) SpanID: (?P<span>\w+) \[(?P<method>[^\]]*)\]"
Row = tuple[str | None, ...]


class Pods:
    """The lines of two minutes, a stream a pod, moved to the last quarter of an hour."""

    def __init__(self, room: LogsRoom, telemetry: Telemetry) -> None:
        if not FILES:
            pytest.skip("the logs of Nezha are not on this machine")
        read = pd.concat([pd.read_csv(path, dtype=str).fillna("") for path in FILES], ignore_index=True)
        at = read["TimeUnixNano"].astype("int64") // 1_000_000
        read["at"] = NOW - SPAN_MS + (at - at.min()) % (SPAN_MS // 2)
        read["log"] = [json.loads(text)["log"] for text in read["Log"]]
        self.frame = read.sort_values("at", kind="stable").reset_index(drop=True)
        self._insights = LogInsights(telemetry, room.reader, room.groups, room.clock)
        asyncio.run(self._write(room))

    async def _write(self, room: LogsRoom) -> None:
        pods = sorted(self.frame["PodName"].unique())
        group, streams = await room.groups.ensure(ACCOUNT, REGION, "pods", pods)
        batches = []
        for stream in streams:
            lines = self.frame[self.frame["PodName"] == stream.name]
            columns = zip(*(lines[name].tolist() for name in ("at", "Log", "TraceID", "SpanID")), strict=True)
            batches.append(
                LogBatch(group, stream, [LogEvent(at, text, "", trace, span) for at, text, trace, span in columns])
            )
        await room.ingest.write(batches)
        assert await room.reader.fresh(30)

    def ask(self, text: str) -> list[Row]:
        ask = Ask(text, ACCOUNT, REGION, ["pods"], NOW - SPAN_MS, NOW)
        return asyncio.run(self._insights.run(Scope.of(ACCOUNT, REGION), ask)).rows


def numbers(row: Sequence[str | None]) -> list[float]:
    return [float(cell or "nan") for cell in row]


@pytest.fixture
def pods(room: LogsRoom, engine: Telemetry) -> Pods:
    return Pods(room, engine)


def test_counts_by_pod_and_time(pods: Pods) -> None:
    wanted = pods.frame.groupby(["PodName", pods.frame["at"] // 10_000 * 10_000]).size()
    rows = pods.ask("stats count(*) as n by @logStream, bin(10s)")
    assert [(pod, int(n or 0)) for pod, _, n in rows] == [(pod, n) for (pod, _), n in wanted.items()]
    starts = pd.to_datetime([start for _, start, _ in rows], utc=True).as_unit("ms").astype("int64")
    assert starts.tolist() == [start for _, start in wanted.index]


def test_a_member_of_the_json_is_parsed_by_glob_and_by_expression(pods: Pods) -> None:
    found = pods.frame["log"].str.extract(HEAD)
    wanted = found.dropna().groupby("method").agg(n=("trace", "size"), traces=("trace", "nunique"))
    expected = [(method, str(row.n), str(row.traces)) for method, row in wanted.iterrows()]
    tail = "| filter ispresent(method) | stats count(*) as n, count_distinct(trace) as traces by method"
    assert expected
    assert pods.ask(f"parse log /{HEAD}/ {tail}") == expected
    lazy = pods.frame["log"].str.extract(r"(?s)TraceID: (?P<trace>.*?) SpanID: (?P<span>.*?) \[(?P<method>.*?)\]")
    wanted = lazy.dropna().groupby("method").agg(n=("trace", "size"), traces=("trace", "nunique"))
    expected = [(method, str(row.n), str(row.traces)) for method, row in wanted.iterrows()]
    assert pods.ask(f'parse log "TraceID: * SpanID: * [*]" as trace, span, method {tail}') == expected


def test_what_a_line_says_of_its_trace_is_the_trace_of_the_event(pods: Pods) -> None:
    found = pods.frame["log"].str.extract(r"TraceID: (?P<trace>.*?) SpanID: ")
    same = int((found["trace"] == pods.frame["TraceID"]).sum())
    query = 'parse log "TraceID: * SpanID: *" as trace, rest | filter trace = @traceId | stats count(*) as n'
    assert pods.ask(query) == [(str(same),)]
    assert same > 1000


def test_statistics_of_a_parsed_number_by_class(pods: Pods) -> None:
    found = pods.frame["log"].str.extract(r"t\.s\.(?P<class>\w+)#(?P<line>\d+)").dropna()
    grouped = found.assign(line=found["line"].astype(float)).groupby("class")["line"]
    wanted = grouped.agg(["count", "mean", "min", "max", "median"])
    wanted["p90"] = grouped.quantile(0.9)
    rows = pods.ask(
        r"parse log /t\.s\.(?<class>\w+)#(?<line>\d+)/ | filter ispresent(class)"
        " | stats count(line), avg(line), min(line), max(line), median(line), pct(line, 90) by class"
    )
    assert [row[0] for row in rows] == list(wanted.index)
    for row, expected in zip(rows, wanted.itertuples(index=False), strict=True):
        assert numbers(row[1:]) == pytest.approx(list(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("condition", "pattern"),
    [
        ("log like 'Seat request'", r"Seat request"),
        (r"log like /seatType=[23],/", r"seatType=[23],"),
        (r"stream = 'stdout' and log not like /INFO/", r"^(?!.*INFO)"),
        (r"log =~ /(?i)startstation=(nanjing|shanghai)/", r"(?i)startstation=(?:nanjing|shanghai)"),
    ],
)
def test_filters_keep_the_same_lines_and_the_slowest_traces_lead(pods: Pods, condition: str, pattern: str) -> None:
    kept = pods.frame[pods.frame["log"].str.contains(pattern, regex=True)]
    by_trace = kept.groupby("TraceID").size().sort_index()
    by_trace = by_trace.sort_values(ascending=False, kind="stable")[:5]
    query = f"filter {condition} | stats count(*) as n by @traceId | sort n desc, @traceId asc | limit 5"
    found = [(trace or "", int(n or 0)) for trace, n in pods.ask(query)]
    assert found == list(by_trace.items())
