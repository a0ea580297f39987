"""An Alertmanager both ways: alarms go to it and resolve in it, and its own alerts come here by its webhook."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest

from live_server import LiveServer
from patience import until
from real.parts import daemons, free_port
from trimtab.base.ids import new_id

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

CONFIG = """\
route:
  receiver: trimtab
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: trimtab
    webhook_configs:
      - url: {url}/rest/v1/alertmanager
"""


@pytest.fixture(scope="module")
def alertmanager(server: LiveServer) -> Iterator[str]:
    with daemons() as running:
        port = free_port()
        (running.folder / "am.yml").write_text(CONFIG.format(url=server.url))
        running.start(
            "prometheus-alertmanager",
            f"--config.file={running.folder}/am.yml", f"--storage.path={running.folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        )  # fmt: skip
        running.listens("prometheus-alertmanager", port)
        yield f"http://127.0.0.1:{port}"


def received(server: LiveServer, name: str) -> list[dict[str, Any]]:
    """What trimtab was told of an alert."""
    alerts = httpx.get(f"{server.url}/rest/v1/alertmanager", timeout=30).json()["alerts"]
    return [one for one in alerts if one["name"] == name]


def test_its_alerts_come_here_once_each_way(server: LiveServer, alertmanager: str) -> None:
    name = f"DiskFull{new_id()[:8]}"
    begun = datetime.now(UTC) - timedelta(minutes=1)
    alert: dict[str, Any] = {
        "labels": {"alertname": name, "instance": "db-1", "severity": "page"},
        "annotations": {"summary": "ä full disk"},
        "startsAt": begun.isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }
    httpx.post(f"{alertmanager}/api/v2/alerts", json=[alert], timeout=30).raise_for_status()
    until(lambda: [one for one in received(server, name) if one["status"] == "firing"], "no alert came")
    (fires,) = received(server, name)
    assert ("db-1", "ä full disk") == (fires["body"]["labels"]["instance"], fires["body"]["annotations"]["summary"])
    ended = alert | {"endsAt": datetime.now(UTC).isoformat()}
    httpx.post(f"{alertmanager}/api/v2/alerts", json=[ended], timeout=30).raise_for_status()
    until(lambda: [one for one in received(server, name) if one["status"] == "resolved"], "its end did not come")
    assert 1 == len(received(server, name))


def test_an_alarm_fires_and_ends_there_and_does_not_come_back(server: LiveServer, alertmanager: str) -> None:
    name = f"load-{new_id()[:8]}"
    channel = {"name": f"am-{name}", "kind": "alertmanager", "endpoint": alertmanager, "events": ["alarm.*"]}
    made = httpx.post(f"{server.url}/rest/v1/channels", json=channel, timeout=30)
    assert made.is_success, made.text
    cloudwatch = _cloudwatch(server)
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="am", MetricName=name, Period=10, Statistic="Maximum", EvaluationPeriods=1,
        Threshold=5, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    until(lambda: _named(alertmanager, name), "the alarm did not reach the Alertmanager")
    (alert,) = _named(alertmanager, name)
    assert "trimtab" == alert["labels"]["trimtab_origin"]
    assert alert["endsAt"] > alert["startsAt"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="over")
    until(lambda: not _named(alertmanager, name), "its end did not reach the Alertmanager")
    own = [one for one in httpx.get(f"{server.url}/rest/v1/alertmanager", timeout=30).json()["alerts"]
           if "trimtab_origin" in json.dumps(one)]  # fmt: skip
    assert [] == own


def _named(alertmanager: str, name: str) -> list[dict[str, Any]]:
    """The active alerts in which the alarm is named."""
    alerts = httpx.get(f"{alertmanager}/api/v2/alerts", params={"active": "true"}, timeout=30).json()
    return [one for one in alerts if name in json.dumps(one["labels"])]


def _cloudwatch(server: LiveServer) -> Any:
    return boto3.client(
        "cloudwatch", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
