"""`trimtab config` against a live server: files applied, seen by boto3, exported, compared."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire

ALARM = """
trimtab: 1
metric_alarms:
  as-code:
    Namespace: as/code
    MetricName: depth
    Statistic: Maximum
    Period: 60
    EvaluationPeriods: 2
    Threshold: 10
    ComparisonOperator: GreaterThanThreshold
"""
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def trimtab(server: LiveServer) -> Call:
    def call(*words: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "trimtab", "config", *words, "--url", server.url]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)

    return call


def test_a_file_is_compared_applied_and_exported(server: LiveServer, trimtab: Call, tmp_path: Path) -> None:
    file = tmp_path / "alarms.yaml"
    file.write_text(ALARM)
    before = trimtab("diff", str(tmp_path), "--exit-code", "--replay", "0")
    assert (before.returncode, before.stdout.splitlines()[0]) == (1, "+ metric_alarms as-code")
    applied = trimtab("apply", str(file), "--yes")
    assert (applied.returncode, "1 to add" in applied.stderr) == (0, True)

    client = boto3.client(
        "cloudwatch", "us-east-1", endpoint_url=server.url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    (alarm,) = client.describe_alarms(AlarmNames=["as-code"])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["StateValue"]) == (10.0, "INSUFFICIENT_DATA")
    client.put_metric_alarm(
        AlarmName="as-code",
        **{name: alarm[name] for name in ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods")},
        Threshold=12,
        ComparisonOperator="GreaterThanThreshold",
    )
    drifted = trimtab("diff", str(file), "--replay", "1")
    assert "Threshold: 12.0 → 10.0" in drifted.stdout
    exported = trimtab("export", "--section", "metric_alarms").stdout
    assert trimtab("diff", "-", "--exit-code", "--replay", "0", text=exported).returncode == 0


def test_a_wrong_file_is_refused_with_its_name(trimtab: Call, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(ALARM.replace("Statistic", "Statistik"))
    refused = trimtab("apply", str(file), "--yes")
    assert refused.returncode == 2
    assert "metric_alarms as-code: cannot read Statistik" in refused.stderr
