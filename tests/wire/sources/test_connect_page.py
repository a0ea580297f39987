"""The page Connect: a Prometheus, SLURM's output and a bill are connected by its forms, and receipts tell what came."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx
import pytest

from live_server import LiveServer
from trimtab.base.ids import new_id
from trimtab.client.api import Client
from trimtab.client.egress import Egress
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
WAIT_S = 30
PAUSE = threading.Event()
NAME = f"page_gauge_{new_id()[:8].replace('-', '')}"


class Source(BaseHTTPRequestHandler):
    """Answers as Prometheus does, as far as it is asked: one gauge of one value a minute, over the last half hour."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {key: values[0] for key, values in parse_qs(body).items()}
        query, now = asked.get("query", ""), float(asked.get("time", "0"))
        if query == "vector(1)":
            self._answer("vector", [{"metric": {}, "value": [now, "1"]}])
        elif "count" in query:
            self._answer("vector", [{"metric": {"__name__": NAME}, "value": [now, "1"]}])
        else:
            window = re.search(r"\[(\d+)ms\]", query)
            start = now - (float(window[1]) / 1000 if window else 0)
            begun = time.time() - 1800
            whole = [60.0 * minute for minute in range(int(start // 60) + 1, int(now // 60) + 1)]
            values = [[at, "7"] for at in whole if begun <= at < time.time() - 120]
            self._answer("matrix", [{"metric": {"__name__": NAME, "job": "page"}, "values": values}])

    def do_GET(self) -> None:
        if self.path.startswith("/api/v1/metadata"):
            self._sent(200, {"status": "success", "data": {NAME: [{"type": "gauge"}]}})
        else:
            self._sent(404, {"status": "error", "error": "not here"})

    def _answer(self, kind: str, result: list[dict[str, object]]) -> None:
        self._sent(200, {"status": "success", "data": {"resultType": kind, "result": result}})

    def _sent(self, status: int, answer: dict[str, object]) -> None:
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def source() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Source) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


@pytest.fixture(scope="module")
def pages(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html", "Origin": server.url}, timeout=60) as client:
        yield client


def receipt(pages: httpx.Client, name: str, states: tuple[str, ...]) -> dict[str, object]:
    """The newest receipt of that name, once it is in one of the states."""
    for _ in range(WAIT_S * 10):
        found = [one for one in pages.get("/connect.json").json()["receipts"] if name in one["name"]]
        if found and found[0]["state"] in states:
            return dict(found[0])
        PAUSE.wait(0.1)
    raise AssertionError(f"no receipt of {name} in {states}: {found}")


def test_a_prometheus_is_connected_with_a_receipt_and_an_entry_and_disconnected(
    source: str, pages: httpx.Client, server: LiveServer
) -> None:
    answer = pages.post("/connect/prometheus", data={"url": source, "since": "2h", "match": NAME})
    assert (303, "/connect#receipts") == (answer.status_code, answer.headers["location"])
    found = receipt(pages, source, ("following",))
    assert (str(found["rows"]).endswith(" samples"), found["problem"]) == (True, "")
    assert int(str(found["rows"]).split()[0]) >= 25
    assert " UTC" in str(found["span"])
    with Client(server.url) as client:
        assert source.removeprefix("http://") in [one.place for one in Egress(client).listed().entries]
        lines = client.query("Prometheus", NAME, statistic="Maximum", start="-2h", period="1h", fresh=True).lines
        assert {7.0} == {value for line in lines for _, value in line.points}
    again = pages.post("/connect/prometheus", data={"url": source, "since": "2h", "match": NAME})
    assert (400, True) == (again.status_code, "is connected already" in again.text)
    assert 303 == pages.post("/connect/stop", data={"id": str(found["id"])}).status_code
    assert [] == [one for one in pages.get("/connect.json").json()["receipts"] if one["name"] == source]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"url": "ftp://x"}, "expected http://host:port"),
        ({"url": "http://169.254.169.254"}, "metadata"),
        ({"url": "http://127.0.0.1:9", "since": "1d"}, "cannot reach http://127.0.0.1:9"),
        ({"url": "http://example.com", "since": "soon"}, "cannot read duration"),
    ],
)
def test_what_cannot_be_connected_says_why_beside_the_form(
    form: dict[str, str], said: str, pages: httpx.Client
) -> None:
    answer = pages.post("/connect/prometheus", data=form)
    assert (400, True) == (answer.status_code, said in answer.text)
    assert f'value="{form["url"]}"' in answer.text, "what was typed is still there"


def test_our_own_server_is_no_source(pages: httpx.Client, server: LiveServer) -> None:
    answer = pages.post("/connect/prometheus", data={"url": server.url})
    assert (400, True) == (answer.status_code, "trimtab itself listens there" in answer.text)


def test_commands_are_not_run_unless_the_settings_allow_it(pages: httpx.Client) -> None:
    answer = pages.post("/connect/slurm", data={"do": "go"})
    assert (400, True) == (answer.status_code, "TRIMTAB_CONNECT_COMMANDS" in answer.text)


def test_dropped_output_of_slurm_becomes_runs(pages: httpx.Client, server: LiveServer) -> None:
    cluster, user = f"page-{new_id()[:8]}", f"u{new_id()[:8]}"
    rows = (
        "JobID|JobIDRaw|JobName|User|Account|Partition|QOS|State|ExitCode|Submit|Start|End|AllocTRES|ReqTRES|NodeList|Cluster\n"
        f"77|77|train|{user}|vision|gpu|normal|COMPLETED|0:0|2026-11-01T00:00:00|2026-11-01T00:10:00|2026-11-01T01:10:00|"
        f"cpu=8,gres/gpu=2|cpu=8,gres/gpu=2|n1|{cluster}\n"
    )
    upload = pages.post("/rest/v1/costs/uploads").json()["id"]
    pages.put(f"/rest/v1/costs/uploads/{upload}", params={"name": "sacct.txt", "offset": "0"}, content=rows.encode())
    assert 303 == pages.post("/connect/slurm", data={"upload": upload}).status_code
    found = receipt(pages, "SLURM files", ("done",))
    assert ("1 run", True) == (found["rows"], f"cluster {cluster}" in str(found["refused"]))
    with Client(server.url) as client:
        assert ["77"] == [run.job for run in Runs(client).listed(start="2026-10-01", user=user).runs]


def test_a_bill_where_it_lies_is_imported_by_the_form(pages: httpx.Client) -> None:
    missing = pages.post("/connect/bill", data={"location": ""})
    assert (400, True) == (missing.status_code, "expected s3://bucket/prefix" in missing.text)
    name = f"page-{new_id()[:8]}"
    assert 303 == pages.post("/connect/bill", data={"location": f"/nowhere/{name}.csv", "source": name}).status_code
    found = receipt(pages, name, ("failed",))
    assert f"/nowhere/{name}.csv" in str(found["problem"])


def test_the_page_and_its_fragments_open(pages: httpx.Client) -> None:
    page = pages.get("/connect").text
    for part in ("A bill", "A Prometheus", "A scheduler", "A cloud account", "What is connected"):
        assert part in page
    assert 'id="receipts"' in pages.get("/connect/receipts").text
    assert 'id="near"' in pages.get("/connect/near").text
