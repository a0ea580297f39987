"""The data folder that a release leaves behind, which tests open with later programs: how it is made, what is in it.

`python -m crash.release_data crash/releases/0.1.0.tar.xz` in `tests/`, run by the released program, makes the file:
something of every store, told once by that program itself, and a part that was acknowledged and had not reached the
engine when everything was killed.
"""

import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
import cramjam
import httpx
import psutil

from live_server import LiveServer
from made_audit import record
from patience import until
from prompb import messages

RELEASES = Path(__file__).parent / "releases"
KEPT = {
    f"TRIMTAB_RETENTION_{what}_DAYS": "36500"
    for what in ("RAW", "1M", "5M", "1H", "TRACES", "RUNS", "ANOMALIES", "NOTIFICATIONS", "EVENTS")
}
"""A release is older at every run of the tests, and nothing of it may be old enough to be dropped."""
_ACCOUNT = "123456789012"
_GROUP = "/release/service"
_PERIODS = 40


def unpacked(file: Path, folder: Path) -> Path:
    """A release's folder: `data/` and `facts.json`."""
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder


def facts(release: Path) -> dict[str, Any]:
    """When a release's folder was made (`made_s`), and what the release itself told of it (`told`)."""
    found: dict[str, Any] = json.loads((release / "facts.json").read_text())
    return found


def told(url: str, made_s: int) -> dict[str, Any]:
    """Everything of it, as the public doors tell it."""
    span = {"StartTime": made_s - 3600, "EndTime": made_s + 3600}
    metrics = _aws(url, "cloudwatch")
    read = {"Period": 60, "Statistics": ["Sum", "SampleCount", "Maximum"], **span}
    points = metrics.get_metric_statistics(Namespace="Release", MetricName="latency", **read)["Datapoints"]
    logs = _aws(url, "logs").filter_log_events(logGroupName=_GROUP)["events"]
    found = _aws(url, "xray").batch_get_traces(TraceIds=[_trace(part, made_s) for part in (1, 2)])["Traces"]
    at = {"time": made_s + 60}
    gauge = httpx.get(f"{url}/api/v1/query", params={"query": "sum(release_gauge)", **at}).json()["data"]["result"]
    rate = httpx.get(f"{url}/api/v1/query", params={"query": "increase(release_total[10m])", **at}).json()
    asked = {"name": "ReleaseCall", "start": str(made_s - 3600), "end": str(made_s + 3600)}
    events = httpx.get(f"{url}/rest/v1/audit/events", params=asked, timeout=60).json()["events"]
    window = {"version": "1.0", "start": "2026-08-01T00:00:00Z", "end": "2026-09-01T00:00:00Z"}
    bill = httpx.get(f"{url}/rest/v1/costs/export", params=window, timeout=120).text.splitlines()
    cost = bill[0].split(",").index("BilledCost")
    alarm = metrics.describe_alarms(AlarmNames=["release-latency"])["MetricAlarms"][0]
    budgets = _aws(url, "budgets").describe_budgets(AccountId=_ACCOUNT)["Budgets"]
    return {
        "metrics": [sum(one["Sum"] for one in points), sum(one["SampleCount"] for one in points)],
        "gauge": [one["value"][1] for one in gauge],
        "increase": [one["value"][1] for one in rate["data"]["result"]],
        "logs": sorted(one["message"] for one in logs),
        "spans": sorted(json.loads(part["Document"])["name"] for one in found for part in one["Segments"]),
        "records": sorted(one["id"] for one in events),
        "bill": sorted(line.split(",")[cost] for line in bill[1:]),
        "alarm": [alarm["Threshold"], alarm["ComparisonOperator"], alarm["EvaluationPeriods"]],
        "dashboard": json.loads(metrics.get_dashboard(DashboardName="release")["DashboardBody"]),
        "budgets": [[one["BudgetName"], one["BudgetLimit"]["Amount"]] for one in budgets],
    }


def _aws(url: str, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def _trace(part: int, made_s: int) -> str:
    return f"1-{made_s:08x}-{part:024x}"


def _configure(url: str, bill: Path) -> None:
    metrics = _aws(url, "cloudwatch")
    metrics.put_metric_alarm(
        AlarmName="release-latency", Namespace="Release", MetricName="latency", Statistic="Average", Period=60,
        EvaluationPeriods=3, Threshold=12.5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    text = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "# Release"}}
    metrics.put_dashboard(DashboardName="release", DashboardBody=json.dumps({"widgets": [text]}))
    limit = {"Amount": "1234.56", "Unit": "USD"}
    budget = {"BudgetName": "release", "BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    _aws(url, "budgets").create_budget(AccountId=_ACCOUNT, Budget=budget)
    _aws(url, "logs").create_log_group(logGroupName=_GROUP)
    _aws(url, "logs").create_log_stream(logGroupName=_GROUP, logStreamName="one")
    lines = [f"2026-08-{day:02d}T05:00:00Z,2026-08-{day:02d}T06:00:00Z,{day}.000000000{day}" for day in range(1, 9)]
    head = (
        "ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,"
        "BillingPeriodEnd,ServiceName"
    )
    rows = [f"{one},{one.rpartition(',')[2]},USD,2026-08-01T00:00:00Z,2026-09-01T00:00:00Z,Compute" for one in lines]
    bill.write_text("\n".join([head, *rows, ""]))
    started = httpx.post(f"{url}/rest/v1/costs/imports", json={"location": str(bill)}, timeout=60).raise_for_status()
    number = started.json()["id"]
    ended = ("done", "failed")
    until(lambda: httpx.get(f"{url}/rest/v1/costs/imports/{number}").json()["state"] in ended, "the bill is not in")


def _send(url: str, part: int, made_s: int) -> None:
    """A part of the telemetry by every door whose rows are of another kind."""
    begin = made_s - 600 * part
    data = [
        {"MetricName": "latency", "Timestamp": begin + 7 * step, "Values": [float(part), 10.0], "Counts": [2.0, 1.0]}
        for step in range(_PERIODS)
    ]
    _aws(url, "cloudwatch").put_metric_data(Namespace="Release", MetricData=data)
    body = messages().WriteRequest()
    for name in ("release_gauge", "release_total"):
        series = body.timeseries.add()
        for key, value in (("__name__", name), ("host", f"h{part}")):
            label = series.labels.add()
            label.name, label.value = key, value
        for step in range(10):
            sample = series.samples.add()
            sample.timestamp, sample.value = (made_s - 300 + 30 * step) * 1000, float(part * 100 + step)
    content = bytes(cramjam.snappy.compress_raw(body.SerializeToString()))
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    httpx.post(f"{url}/api/v1/write", content=content, headers=headers, timeout=60).raise_for_status()
    lines = [{"timestamp": (begin + step) * 1000, "message": f"part {part} line {step}"} for step in range(20)]
    _aws(url, "logs").put_log_events(logGroupName=_GROUP, logStreamName="one", logEvents=lines)
    document = {
        "name": f"part-{part}", "id": f"{part:016x}", "trace_id": _trace(part, made_s), "start_time": float(begin),
        "end_time": begin + 1.5,
    }  # fmt: skip
    _aws(url, "xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])


def _record(url: str, part: int, made_s: int) -> None:
    """Apart from the rest: the door looks in the engine for records that it has already."""
    at = (made_s - 600 * part) * 1000
    records = [record(at + step * 1000, f"release-{part}-{step}", eventName="ReleaseCall") for step in range(5)]
    httpx.post(f"{url}/rest/v1/audit/events", json={"records": records}, timeout=60).raise_for_status()


def _counts(found: dict[str, Any]) -> list[int]:
    return [int(found["metrics"][1]), *(len(found[what]) for what in ("logs", "spans", "increase", "records"))]


def _first_is_stored(url: str, made_s: int) -> bool:
    return _counts(told(url, made_s)) == [3 * _PERIODS, 20, 1, 1, 10]


def make(file: Path) -> None:
    """Write a release's file, with the program that this interpreter imports."""
    made_s = int(time.time()) // 60 * 60
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        live = LiveServer(data, **KEPT).start()
        try:
            _configure(live.url, Path(folder) / "bill.csv")
            _send(live.url, 1, made_s)
            for part in (1, 2):
                _record(live.url, part, made_s)
            until(
                lambda: told(live.url, made_s)["metrics"][1] and len(told(live.url, made_s)["records"]) == 10, "records"
            )
            engine = json.loads((data / "engine" / "engine.json").read_text())["pid"]
            psutil.Process(engine).suspend()
            _send(live.url, 2, made_s)
        finally:
            live.kill()
        _ended(engine)
        packed = Path(folder) / "packed"
        shutil.copytree(data, packed / "data", symlinks=True)
        live.start()
        try:
            found = until(lambda: _complete(live.url, made_s), "the second part is not stored")
        finally:
            live.stop()
        (packed / "facts.json").write_text(json.dumps({"made_s": made_s, "told": found}, indent=1))
        with tarfile.open(file, "w:xz", preset=9) as archive:
            for one in ("facts.json", "data"):
                archive.add(packed / one, one)


def _complete(url: str, made_s: int) -> dict[str, Any] | None:
    found = told(url, made_s)
    return found if _counts(found) == [6 * _PERIODS, 40, 2, 2, 10] else None


def _ended(pid: int) -> None:
    if psutil.pid_exists(pid):
        os.kill(pid, signal.SIGKILL)
        psutil.Process(pid).wait(30)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
