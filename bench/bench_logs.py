"""Logs: how fast a day of one group is searched, what a line costs, and moto's server side by side on the same events.

    python bench/bench_logs.py [--lines 5000000] [--directory DIR] [--only queries|ingest|moto]

Queries: 70 % text and 30 % JSON lines, evenly over 24 h of one group; the best of some runs, everything that a query
does included (its statistics too), and CPU of the engine. `common` ones find so much that no index helps: every message
is read. Ingest: JSON bodies of 4,000 lines, gzipped, from one connection, until all can be read; bytes a line on disk
against gzip -6 of the same lines. Moto: 100,000 events by PutLogEvents, then Insights. `--directory` keeps the lines.
The last line is one JSON object.
"""

import argparse
import asyncio
import gzip
import json
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
from bench_cloudwatch import Server, moto, trimtab
from botocore.config import Config
from logs_room import ACCOUNT, DAY_MS, END_MS, REGION, Bench, logs_room, make_lines

from trimtab.access.scope import EVERYTHING
from trimtab.logs.filters.condition import condition
from trimtab.logs.insights.run import Ask
from trimtab.logs.read import EventQuery

GROUP = "/gateway"
QUERIES = {
    "substring": "fields @timestamp, @message | filter @message like 'CUDA out of memory' | limit 1000",
    "regex": "filter @message like /out of memory: tried to allocate [0-9]{4} MiB/ | stats count(*)",
    "stats_by_bin": "stats count(*) by bin(5m)",
    "top_k_parsed": "parse @message 'path=* ' as path | stats count(*) as n by path | sort n desc | limit 10",
    "substring_common": "filter @message like 'status=429' | stats count(*)",
    "regex_common": "filter @message like /status=50[03] .*ms=[0-9]{3}/ | stats count(*)",
    "json_field": "filter status >= 500 | stats count(*) by host",
    "newest": "fields @timestamp, @message | sort @timestamp desc | limit 100",
}
TARGETS_MS = {"substring": 100, "regex": 300, "stats_by_bin": 100, "top_k_parsed": 500}
PATTERNS = {
    "pattern_words": '"out of memory"',
    "pattern_json": "{ $.status >= 500 && $.gpu.index = 3 }",
    "pattern_fields": "[stamp, level=ERROR, host, ...]",
}
INGEST_LINES, A_BODY = 400_000, 4_000
EVENTS, A_PUT = 100_000, 4_000
STATS = "stats count(*) as n, avg(ms) as mean by level | sort level"


async def measure_queries(bench: Bench, engine: psutil.Process, runs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in QUERIES.items():
        ask = Ask(text, ACCOUNT, REGION, [GROUP], END_MS - DAY_MS, END_MS)
        found[name] = await _best(lambda ask=ask: bench.insights.run(EVERYTHING, ask), engine, runs)
        print(name, found[name], flush=True)
    group = await bench.room.groups.get(ACCOUNT, REGION, GROUP)
    for name, text in PATTERNS.items():
        where, params = condition(text)
        query = EventQuery(END_MS - DAY_MS, END_MS, 1000, where=where, params=params)
        found[name] = await _best(
            lambda query=query: bench.room.reader.page(EVERYTHING, [group], query), engine, max(runs // 2, 1)
        )
        print(name, found[name], flush=True)
    return found


async def _best(ask: Callable[[], Any], engine: psutil.Process, runs: int) -> dict[str, float]:
    walls, cpus = [], []
    for _ in range(runs + 1):  # the first one is not counted: it opens the files
        cpu, began = _cpu(engine), time.perf_counter()
        await ask()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((_cpu(engine) - cpu) * 1000)
    walls.sort()
    return {
        "ms": round(min(walls[1:] or walls)),
        "median_ms": round(walls[len(walls) // 2]),
        "cpu_ms": round(min(cpus)),
    }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def sizes(bench: Bench) -> dict[str, float]:
    """Bytes a line on disk, with all columns and indexes, and those of gzip -6 of the same lines."""
    on_disk = bench.telemetry.fetch_sync(
        "SELECT sum(bytes_on_disk) / sum(rows) AS a FROM system.parts WHERE table = 'log_events' AND active", {}
    )
    lines = bench.telemetry.fetch_sync("SELECT message FROM log_events WHERE id < 200000 ORDER BY time, id", {})
    text = "\n".join(lines["message"]).encode()
    return {
        "bytes_a_line_raw": round(len(text) / 200_000, 1),
        "bytes_a_line": round(float(on_disk["a"][0]), 1),
        "bytes_a_line_gzip_6": round(len(gzip.compress(text, 6)) / 200_000, 1),
    }


def events(count: int) -> list[dict[str, Any]]:
    """JSON events of the last hour, in order."""
    chance, now_ms = random.Random(7), time.time_ns() // 1_000_000
    step = 3_600_000 / count
    found = []
    for number in range(count):
        level = chance.choices(["info", "warn", "error"], [90, 7, 3])[0]
        message = {
            "level": level, "path": f"/v1/{chance.choice(('chat', 'embeddings', 'models'))}", "n": number,
            "ms": round(chance.lognormvariate(3, 1), 1), "user": f"user-{chance.randrange(20_000)}",
            "request": f"{chance.getrandbits(64):016x}", "host": f"gpu-{chance.randrange(64):02}",
        }  # fmt: skip
        found.append({"timestamp": now_ms - 3_600_000 + int(number * step), "message": json.dumps(message)})
    return found


def measure_ingest(server: Server) -> dict[str, float]:
    """Lines a second, and a CPU-second of the whole server, until the last one can be read."""
    lines = [json.dumps({"date": one["timestamp"], "log": one["message"]}) for one in events(INGEST_LINES)]
    bodies = [gzip.compress("\n".join(lines[at : at + A_BODY]).encode(), 1) for at in range(0, len(lines), A_BODY)]
    url = f"{server.url}/rest/v1/logs/ingest?group=ingest&stream=s&message_key=log"
    cpu, began = server.cpu_s(), time.perf_counter()
    with httpx.Client(timeout=60) as client:
        for body in bodies:
            client.post(url, content=body, headers={"Content-Encoding": "gzip"}).raise_for_status()
        taken = time.perf_counter() - began
        body = {"query": "stats count(*) as n", "groups": ["ingest"], "start": "-3h", "end": "now"}
        while True:
            rows = client.post(f"{server.url}/rest/v1/logs/query", json=body).raise_for_status().json()["rows"]
            if rows and int(rows[0][0]) == INGEST_LINES:
                break
    wall, cpu = time.perf_counter() - began, server.cpu_s() - cpu
    return {
        "lines_per_s": round(INGEST_LINES / wall),
        "acknowledged_lines_per_s": round(INGEST_LINES / taken),
        "lines_per_cpu_s": round(INGEST_LINES / cpu),
    }


def measure_put(server: Server, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """PutLogEvents and Insights as boto3 asks for them; `right` is whether the answer of `stats` is."""
    client = boto3.client(
        "logs", endpoint_url=server.url, region_name=REGION, aws_access_key_id="bench", aws_secret_access_key="bench",
        config=Config(retries={"max_attempts": 0}, read_timeout=3600),
    )  # fmt: skip
    client.create_log_group(logGroupName="bench")
    client.create_log_stream(logGroupName="bench", logStreamName="s")
    cpu, began = server.cpu_s(), time.perf_counter()
    for at in range(0, len(sent), A_PUT):
        client.put_log_events(logGroupName="bench", logStreamName="s", logEvents=sent[at : at + A_PUT])
    found: dict[str, Any] = {"put_lines_per_s": round(len(sent) / (time.perf_counter() - began))}
    count: dict[str, str] = {}
    for _ in range(20):  # trimtab acknowledges from its log, and a read waits a second for the engine
        count = _ask(client, sent, "stats count(*) as n")[0]
        if count.get("n", str(len(sent))) == str(len(sent)):
            break
    found["put_lines_per_cpu_s"] = round(len(sent) / (server.cpu_s() - cpu))
    for name, text in (("stats", STATS), ("fields", "fields @timestamp, @message | sort @timestamp desc | limit 100")):
        walls, rows = [], []
        for _ in range(3):
            began = time.perf_counter()
            rows = _ask(client, sent, text)
            walls.append((time.perf_counter() - began) * 1000)
        found[f"{name}_ms"] = round(min(walls), 1)
        found[f"{name}_rows"] = len(rows)
        if name == "stats":
            found["right"] = _is_right(rows, sent)
    found["count"] = count
    return found


def _ask(client: Any, sent: list[dict[str, Any]], text: str) -> list[dict[str, str]]:
    start = client.start_query(
        logGroupName="bench", startTime=sent[0]["timestamp"] // 1000, endTime=sent[-1]["timestamp"] // 1000 + 1,
        queryString=text,
    )  # fmt: skip
    while True:
        answer = client.get_query_results(queryId=start["queryId"])
        if answer["status"] in ("Complete", "Failed", "Timeout", "Cancelled"):
            return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]] or [{}]


def _is_right(rows: list[dict[str, str]], sent: list[dict[str, Any]]) -> bool:
    wanted: dict[str, list[float]] = {}
    for one in sent:
        message = json.loads(one["message"])
        wanted.setdefault(message["level"], []).append(message["ms"])
    if {row.get("level") for row in rows} != wanted.keys():
        return False
    return all(
        int(float(row["n"])) == len(wanted[row["level"]])
        and abs(float(row["mean"]) - sum(wanted[row["level"]]) / len(wanted[row["level"]])) < 1e-6
        for row in rows
    )


def main() -> None:
    """Measure, and print the figures with what was aimed at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--only", choices=("queries", "ingest", "moto"))
    options = parser.parse_args()
    summary: dict[str, Any] = {"bench": "logs", "cores": psutil.cpu_count(), "load": round(psutil.getloadavg()[0], 1)}
    if options.only in (None, "queries"):
        with nullcontext(options.directory) if options.directory else tempfile.TemporaryDirectory() as directory:
            place = Path(directory) / f"lines{options.lines}"
            place.mkdir(parents=True, exist_ok=True)
            summary |= asyncio.run(_queries(place, options.lines, options.runs))
    if options.only in (None, "ingest"):
        with trimtab() as server:
            summary["ingest"] = measure_ingest(server)
        print(summary["ingest"], flush=True)
    if options.only in (None, "moto"):
        summary["side_by_side"] = _side_by_side()
    print(json.dumps(summary))


async def _queries(place: Path, lines: int, runs: int) -> dict[str, Any]:
    with logs_room(place) as bench:
        if not (place / "done").exists():
            began = time.perf_counter()
            await make_lines(bench, GROUP, lines)
            (place / "done").touch()
            print(f"made {lines} lines in {time.perf_counter() - began:.0f} s", flush=True)
        engine = next(one for one in psutil.Process().children() if "owner" in " ".join(one.cmdline()))
        found = await measure_queries(bench, engine, runs)
        met = {name: found[name]["ms"] < most for name, most in TARGETS_MS.items()}
        return {"lines": lines, "queries": found, "targets_ms": TARGETS_MS, "met": met, **sizes(bench)}


def _side_by_side() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for start in (trimtab, moto):
        with start() as server:
            found[server.name] = measure_put(server, events(EVENTS))
            print(server.name, found[server.name], flush=True)
    ours, theirs = found["trimtab"], found["moto"]
    found["ratios"] = {
        "put_lines_per_s": round(ours["put_lines_per_s"] / theirs["put_lines_per_s"], 1),
        "put_lines_per_cpu_s": round(ours["put_lines_per_cpu_s"] / theirs["put_lines_per_cpu_s"], 1),
        "stats_ms": round(theirs["stats_ms"] / ours["stats_ms"], 1) if theirs["right"] else None,
        "fields_ms": round(theirs["fields_ms"] / ours["fields_ms"], 1),
    }
    return found


if __name__ == "__main__":
    main()
