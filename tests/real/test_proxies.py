"""nginx and HAProxy in front, as the guide has them: TLS, sign-in, signatures, large bodies, live tails, gRPC."""

import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from grpc import ssl_channel_credentials
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from live_server import LiveServer
from made_certificates import certificate
from patience import until
from real.parts import Daemons, daemons, free_port
from wire.rest.test_access import cli

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

JSON = {"content-type": "application/json"}
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "beyond-loopback.md"
MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
"""What Debian's own nginx.conf has around the block of the guide, on paths of the test."""


@dataclass
class Behind:
    """A trimtab behind a proxy: where the proxy listens, who signs its certificate, and keys of an admin."""

    url: str
    ca: Path
    token: str
    access_key: dict[str, str]

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    def http(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.tls, headers=headers, timeout=60)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
def trimtab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, str, dict[str, str]]]:
    data_dir = tmp_path_factory.mktemp("behind")
    made = [
        json.loads(cli(data_dir, "keys", "create", "--kind", kind, "--role", "admin", "--json").stdout)
        for kind in ("token", "aws")
    ]
    live = LiveServer(data_dir, TRIMTAB_REQUIRE_AUTH="1").start()
    yield live, made[0]["secret"], {"aws_access_key_id": made[1]["id"], "aws_secret_access_key": made[1]["secret"]}
    live.stop()


def of_guide(language: str, running: Daemons, port: int, server: LiveServer) -> str:
    """The guide's configuration, on the ports and paths of this test."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    grpc = "{}:{}".format(*server.address_of("OTLP over gRPC"))
    text = found[1].replace("127.0.0.1:4750", server.url.removeprefix("http://")).replace("127.0.0.1:4317", grpc)
    text = text.replace("/etc/trimtab", str(running.folder))
    return text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("bind :443", f"bind 127.0.0.1:{port}")


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def behind(request: pytest.FixtureRequest, trimtab: tuple[LiveServer, str, dict[str, str]]) -> Iterator[Behind]:
    server, token, access_key = trimtab
    with daemons() as running:
        certificate().write(running.folder)
        port, file = free_port(), running.folder / "proxy.conf"
        text = of_guide(request.param, running, port, server)
        if request.param == "nginx":
            file.write_text(MAIN.format(folder=running.folder, server=text))
            running.start("nginx", "-p", str(running.folder), "-c", str(file))
        else:
            file.write_text(text)
            running.start("haproxy", "-db", "-f", str(file))
        running.listens(request.param, port)
        yield Behind(f"https://localhost:{port}", running.folder / "cert.pem", token, access_key)


def test_people_sign_in_by_a_cookie_that_stays_on_tls(behind: Behind) -> None:
    with behind.http(Accept="text/html") as browser:
        assert 303 == browser.get("/").status_code
        origin = {"Origin": behind.url, "Sec-Fetch-Site": "same-origin"}
        entered = browser.post("/login", data={"token": behind.token, "next": "/alarms"}, headers=origin)
        assert (303, "/alarms") == (entered.status_code, entered.headers["location"])
        assert "; secure" in entered.headers["set-cookie"].lower()
        page = browser.get("/alarms")
        assert 200 == page.status_code
        assert "<title>" in page.text
        elsewhere = browser.post("/login", data={"token": behind.token}, headers={"Origin": "https://evil.example"})
        assert 403 == elsewhere.status_code


def test_signatures_of_aws_clients_hold(behind: Behind) -> None:
    client: Any = boto3.client(
        "cloudwatch", endpoint_url=behind.url, region_name="us-east-1", verify=str(behind.ca), **behind.access_key
    )
    client.put_metric_data(Namespace="behind", MetricData=[{"MetricName": "one", "Value": 1.0}])
    until(lambda: client.list_metrics(Namespace="behind")["Metrics"], "the metric is not there")


def test_a_body_of_many_megabytes_passes_and_a_larger_one_is_refused(behind: Behind) -> None:
    name = f"big-{time.time_ns()}"
    events = [{"message": "m" * 50_000, "time_ms": time.time_ns() // 1_000_000} for _ in range(140)]  # seven megabytes
    with behind.http(**behind.bearer) as client:
        taken = client.post("/rest/v1/logs/events", json={"group": name, "events": events})
        assert {"accepted": 140, "rejected": 0} == taken.json()
        refused = client.post("/rest/v1/logs/events", content=b"x" * (9 << 20), headers=JSON)
        assert 413 == refused.status_code


def test_a_live_tail_comes_line_by_line(behind: Behind) -> None:
    name = f"tail-{time.time_ns()}"
    logs: Any = boto3.client(
        "logs", endpoint_url=behind.url, region_name="us-east-1", verify=str(behind.ca), **behind.access_key
    )
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    with (
        behind.http(**behind.bearer) as client,
        client.stream("GET", "/rest/v1/logs/tail", params={"group": name}) as answer,
    ):
        assert 200 == answer.status_code
        lines = answer.iter_lines()
        assert ": following" == next(lines)  # before anything was written: nothing is held back
        now_ms = time.time_ns() // 1_000_000
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now_ms, "message": "comes"}])
        assert "comes" in next(line for line in lines if "comes" in line)


def test_metrics_come_by_grpc(behind: Behind) -> None:
    name = f"grpc{time.time_ns()}"
    exporter = OTLPMetricExporter(
        endpoint=behind.url, credentials=ssl_channel_credentials(behind.ca.read_bytes()),
        headers=(("authorization", f"Bearer {behind.token}"),), timeout=60,
    )  # fmt: skip
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], Resource({"service.name": name}))
    provider.get_meter("t").create_counter(name).add(3)
    assert provider.force_flush(60_000)
    provider.shutdown()
    with behind.http(**behind.bearer) as client:
        until(lambda: client.get("/rest/v1/metrics", params={"name": name}).json()["series"], "no metric came by gRPC")
