"""Bills, CloudTrail files, exports and logs in a real S3 (SeaweedFS's, Ceph's), by the doors; read back by boto3."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest

from live_server import LiveServer
from made_audit import record
from patience import until
from real.s3_gateway import Gateway

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost\n"
)
LINE = "realpayer,USD,2031-05-01,2031-06-01,2031-05-03,2031-05-04,Usage,Compute,{cost},{cost}\n"


@pytest.fixture(scope="module")
def trimtab(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the credentials of the gateway, that delivers trails to their buckets."""
    server = LiveServer(tmp_path_factory.mktemp("s3"), TRIMTAB_AUDIT_DELIVERY="s3", **gateway.environment).start()
    yield server
    server.stop()


def run(server: LiveServer, *words: str) -> dict[str, Any]:
    environment = {**os.environ, "TRIMTAB_URL": server.url}
    done = subprocess.run(
        [sys.executable, "-m", "trimtab", *words, "--json"],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def aws(server: LiveServer, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def test_a_bill_is_read_and_its_export_is_delivered(gateway: Gateway, trimtab: LiveServer) -> None:
    costs = ("1.5", "2.0000000000000001", "0.25")
    text = HEADER + "".join(LINE.format(cost=cost) for cost in costs)
    gateway.client().put_object(Bucket="bills", Key="focus/may/bill.csv.gz", Body=gzip.compress(text.encode()))
    receipt = run(trimtab, "import", "s3://bills/focus")["receipt"]
    assert (3, "USD", Decimal("3.7500000000000001")) == (receipt["lines"], *_sum(receipt))
    output = {"OutputType": "CUSTOM", "Format": "PARQUET", "Compression": "PARQUET", "Overwrite": "OVERWRITE_REPORT"}
    place = {"S3Bucket": "s3://exports", "S3Prefix": "daily", "S3Region": "us-east-1", "S3OutputConfigurations": output}
    export = {
        "Name": "costs",
        "DataQuery": {"QueryStatement": "SELECT * FROM FOCUS_1_2_AWS"},
        "DestinationConfigurations": {"S3Destination": place},
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }
    exports = aws(trimtab, "bcm-data-exports")
    arn = exports.create_export(Export=export)["ExportArn"]

    def status() -> str:
        runs = exports.list_executions(ExportArn=arn)["Executions"]
        return str(runs[0]["ExecutionStatus"]["StatusCode"]) if runs else ""

    until(lambda: status().startswith("DELIVERY_") and not status().endswith("_IN_PROCESS"), "no export is made")
    assert "DELIVERY_SUCCESS" == status()
    keys = list(gateway.objects("exports"))
    assert any(key.endswith(".parquet") and key.startswith("daily/costs/data/BILLING_PERIOD=2031-05") for key in keys)


def _sum(receipt: dict[str, Any]) -> tuple[str, Decimal]:
    """Currency and amount of a receipt."""
    ((currency, amount),) = receipt["exact"].items()
    return currency, Decimal(amount)


def test_cloudtrail_files_are_read_and_a_trail_delivers_them(gateway: Gateway, trimtab: LiveServer) -> None:
    now_ms = time.time_ns() // 1_000_000
    key = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/12/01/123456789012_CloudTrail_us-east-1_a.json.gz"
    trail = aws(trimtab, "cloudtrail")
    trail.create_trail(Name="kept", S3BucketName="delivered", S3KeyPrefix="copy")
    trail.start_logging(Name="kept")
    body = gzip.compress(json.dumps({"Records": [record(now_ms, "real-1"), record(now_ms, "real-2")]}).encode())
    gateway.client().put_object(Bucket="trail", Key=key, Body=body)
    done = run(trimtab, "import", "cloudtrail", "s3://trail/AWSLogs")
    assert ("done", 1, 2, 2) == (done["state"], done["files"], done["records"], done["stored"])

    def delivered() -> set[str]:
        files = gateway.objects("delivered")
        rows = [one for name, text in files.items() if name.endswith(".json.gz") and "Digest" not in name
                for one in json.loads(gzip.decompress(text))["Records"]]  # fmt: skip
        assert all(name.startswith("copy/AWSLogs/") for name in files)
        return {str(one["eventID"]) for one in rows}

    until(lambda: {"real-1", "real-2"} <= delivered(), "the trail delivers nothing")


def test_logs_are_exported_a_line_an_event(gateway: Gateway, trimtab: LiveServer) -> None:
    logs = aws(trimtab, "logs")
    now_ms = time.time_ns() // 1_000_000
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="web")
    events = [{"timestamp": now_ms - 1000 + at, "message": f"line {at} – ä"} for at in range(3)]
    logs.put_log_events(logGroupName="app", logStreamName="web", logEvents=events)
    task = logs.create_export_task(
        logGroupName="app", fromTime=now_ms - 60_000, to=now_ms + 60_000, destination="s3://archive",
        destinationPrefix="cold",
    )["taskId"]  # fmt: skip
    state = lambda: logs.describe_export_tasks(taskId=task)["exportTasks"][0]["status"]["code"]  # noqa: E731  # asked twice
    until(lambda: state() in ("COMPLETED", "FAILED", "CANCELLED"), "the export does not end")
    assert "COMPLETED" == state()
    kept = gateway.objects("archive")
    text = gzip.decompress(kept[f"cold/{task}/web/000000.gz"]).decode()
    assert ["line 0 – ä", "line 1 – ä", "line 2 – ä"] == [line.split(" ", 1)[1] for line in text.splitlines()]
