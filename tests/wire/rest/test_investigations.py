"""Investigations over REST, by the command line and on their pages, against a live server to which things happened."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from patience import until
from trimtab.assistants.toolbox import call, find
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.cli.main import root
from trimtab.client import investigations_wire as wire
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.investigations import Investigations

pytestmark = pytest.mark.wire
MS_A_NS = 1_000_000


class Trouble:
    """A service that fails, an alarm on it, and a run whose machine has its name; all with names of this test's own."""

    def __init__(self, server: LiveServer) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self.service, self.alarm, self.node = f"shop-{self.mark}", f"slow-{self.mark}", f"node-{self.mark}"
        self.job, self.trace = f"job-{self.mark}", uuid.uuid4().hex
        self.now_ms = int(time.time() * 1000)
        self.url = server.url

    def happen(self) -> "Trouble":
        with Client(self.url) as client:
            alarms = Alarms(client)
            alarms.put(
                self.alarm,
                {
                    "Namespace": "Shop",
                    "MetricName": "Latency",
                    "Dimensions": [{"Name": "Service", "Value": self.service}],
                    "Statistic": "Average",
                    "Period": 60,
                    "EvaluationPeriods": 1,
                    "Threshold": 1.0,
                    "ComparisonOperator": "GreaterThanThreshold",
                },
            )
            alarms.set_state(self.alarm, "ALARM", "Set by hand: it is slow")
        run = {
            "job": self.job, "state": "failed", "name": f"train {self.mark}", "submit_ms": self.now_ms - 900_000,
            "start_ms": self.now_ms - 600_000, "end_ms": self.now_ms - 60_000, "gpus": 8, "nodes": 1,
            "node_names": [self.node],
        }  # fmt: skip
        self._post("/rest/v1/runs", {"cluster": "gpu", "scheduler": "slurm", "runs": [run]})
        self._post("/v1/traces", {"resourceSpans": [self._failed()]})
        return self

    def _failed(self) -> dict[str, Any]:
        start = (self.now_ms - 120_000) * MS_A_NS
        span = {
            "traceId": self.trace, "spanId": "a" * 16, "name": "POST /pay", "kind": 2,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 2500 * MS_A_NS), "status": {"code": 2},
        }  # fmt: skip
        named = [{"key": "service.name", "value": {"stringValue": self.service}}]
        return {"resource": {"attributes": named}, "scopeSpans": [{"spans": [span]}]}

    def _post(self, path: str, body: Any) -> None:
        httpx.post(f"{self.url}{path}", json=body, timeout=60).raise_for_status()


@pytest.fixture(scope="module")
def trouble(server: LiveServer) -> Trouble:
    return Trouble(server).happen()


@pytest.fixture
def calls(server: LiveServer) -> Iterator[Investigations]:
    with Client(server.url) as client:
        yield Investigations(client)


def command(server: LiveServer, *words: str) -> str:
    done = CliRunner().invoke(root, [*words, "--url", server.url], catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return done.output


def test_one_line_tells_what_every_source_knows_of_a_service(calls: Investigations, trouble: Trouble) -> None:
    found = calls.line({"at": "now", "around": "30m", "service": trouble.service, "only": "true"})
    kinds = {one.kind: one for one in found.entries}
    assert {"alarm", "trace"} <= set(kinds)
    fired = next(one for one in found.entries if one.kind == "alarm" and one.level == "bad")
    assert fired.what == f"{trouble.alarm}: INSUFFICIENT_DATA to ALARM"
    assert fired.further == "Set by hand: it is slow"
    assert (kinds["trace"].page, kinds["trace"].level) == (f"/traces/{trouble.trace}", "bad")
    assert kinds["trace"].what == f"{trouble.service} POST /pay: failed after 2.50 s"
    assert all(one.about for one in found.entries)
    assert [one.at_ms for one in found.entries] == sorted(one.at_ms for one in found.entries)
    whole = calls.line({"at": "now", "around": "30m", "service": trouble.service})
    assert len(whole.entries) > len(found.entries)


def test_changes_that_speak_of_a_name_are_about_it(calls: Investigations, trouble: Trouble) -> None:
    found = calls.line({"around": "30m", "about": [trouble.alarm], "only": "true", "kind": "change"})
    assert [one.what for one in found.entries if "PutMetricAlarm" in one.what or trouble.alarm in one.what]
    assert {"change"} == {one.kind for one in found.entries}


def test_a_run_brings_its_machines_and_its_ends(calls: Investigations, trouble: Trouble) -> None:
    of_run = calls.line({"around": "30m", "run": trouble.job, "only": "true"}).entries
    assert [one.what for one in of_run] == [
        f"train {trouble.mark} began on 8 GPUs",
        f"train {trouble.mark} ended: failed",
    ]
    assert [one.level for one in of_run] == ["", "bad"]
    of_host = calls.line({"around": "30m", "host": trouble.node, "only": "true"}).entries
    assert [one.key for one in of_run] == [one.key for one in of_host]
    assert of_run[0].page == f"/runs/gpu/{trouble.job}"


def test_kinds_are_counted_even_where_they_are_not_shown(
    server: LiveServer, calls: Investigations, trouble: Trouble
) -> None:
    found = calls.line({"around": "30m", "run": trouble.job, "kind": ["alarm"]})
    assert {"alarm"} == {one.kind for one in found.entries}
    assert found.counts["run"] >= 2
    held = httpx.get(f"{server.url}/rest/v1/costs/imports", timeout=60).json()["held"]  # other tests may import one
    assert bool(held) == ("the bill" not in {one.name for one in found.absent})


def test_what_cannot_be_asked_is_refused(calls: Investigations, server: LiveServer) -> None:
    for asked in ({"around": "30d"}, {"around": "soon"}, {"at": "yesterday"}):
        with pytest.raises(InvalidInput, match=r"cannot (look|read)"):
            calls.line(asked)
    assert 400 == httpx.get(f"{server.url}/investigate", params={"around": "30d"}, timeout=60).status_code
    assert 200 == httpx.get(f"{server.url}/investigate", params={"off": "nonsense"}, timeout=60).status_code


def test_suspects_are_changes_before_and_components(calls: Investigations, trouble: Trouble) -> None:
    asked = {"around": "30m", "about": [trouble.alarm]}
    found = until(  # the audit is written a moment after what it tells of
        lambda: next((one for one in [calls.suspects(asked)] if one.changes and one.changes[0].about), None),
        "a change that speaks of the alarm",
    )
    assert found.changes[0].about == [trouble.alarm]
    assert found.changes[0].page.startswith("/audit/events/")
    nobody = calls.suspects({"around": "5m", "service": f"nobody-{trouble.mark}"})
    assert (nobody.components, nobody.traces) == ([], 0)


def test_one_is_kept_with_notes_and_pins_and_written_as_a_report(
    calls: Investigations, server: LiveServer, trouble: Trouble, tmp_path: Path
) -> None:
    made = calls.keep(wire.KeepInvestigation(f"slow shop {trouble.mark}", around="30m", service=trouble.service))
    assert made.id in [one.id for one in calls.listed()]
    entry = next(
        one for one in calls.line({"at": str(made.at_ms), "service": trouble.service}).entries if one.kind == "trace"
    )
    calls.note(made.id, "The database was <full>.")
    pinned = calls.note(made.id, "", pin=entry.key)
    assert pinned.pinned == entry
    with pytest.raises(NotFound, match="cannot pin"):
        calls.note(made.id, "", pin="0" * 16)
    with pytest.raises(InvalidInput, match="cannot add the note"):
        calls.note(made.id, " ")
    assert f"/investigations/{made.id}" == made.page
    shown = httpx.get(f"{server.url}/investigations/{made.id}", timeout=60).text
    assert "The database was &lt;full&gt;." in shown
    assert shown.count(f"{trouble.service} POST /pay: failed after 2.50 s") >= 2
    text = b"".join(calls.file(made.id, "html")).decode()
    assert "The database was &lt;full&gt;." in text
    assert f"{trouble.service} POST /pay: failed after 2.50 s" in text
    out = tmp_path / "slow.pdf"
    command(server, "investigations", "report", made.id, str(out))
    assert out.read_bytes().startswith(b"%PDF")
    assert b"The database was <full>." in httpx.get(f"{server.url}/investigations/{made.id}.csv", timeout=60).content
    address = f"{server.url}/rest/v1/investigations/{made.id}"
    calls.remove_note(made.id, pinned.id)
    assert (
        404 == httpx.delete(f"{server.url}/rest/v1/investigations/{made.id}/notes/{pinned.id}", timeout=60).status_code
    )
    assert ["The database was <full>."] == [one["text"] for one in httpx.get(address, timeout=60).json()["notes"]]
    assert calls.remove(made.id).id == made.id
    with pytest.raises(NotFound, match="cannot find the investigation"):
        calls.get(made.id)
    with pytest.raises(NotFound, match="cannot find the investigation"):
        calls.note(made.id, "too late")


def test_pages_keep_note_pin_and_delete(server: LiveServer, trouble: Trouble) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        page = http.get("/investigate", params={"around": "30m", "service": trouble.service, "off": "run"}).text
        assert f"/traces/{trouble.trace}" in page
        assert "Who is suspected" in page
        assert 'class="chip off"' in page
        told = http.get(
            "/investigate.json", params={"around": "30m", "service": trouble.service, "only": "about"}
        ).json()
        assert f"/traces/{trouble.trace}" in [one["page"] for one in told["entries"]]
        assert trouble.trace in http.get("/investigate.csv", params={"service": trouble.service}).text
        assert "Who is suspected" in http.get("/investigate/suspects", params={"service": trouble.service}).text
        query = f"at={trouble.now_ms}&around=30m&service={trouble.service}"
        kept = http.post("/investigations", data={"name": "by hand", "query": query, "text": "It began."})
        assert 303 == kept.status_code
        path = kept.headers["location"]
        trace = next(one for one in told["entries"] if one["kind"] == "trace")
        id_ = path.removeprefix("/investigations/")
        http.post(f"/investigations/{id_}/act", data={"pin": trace["key"]})
        page = http.get(path).text
        assert "It began." in page
        assert "pinned" in page
        assert path in http.get("/investigations").text
        http.post(f"{path}/act", data={"do": "delete"})
        assert 404 == http.get(path).status_code


def test_the_command_line_tells_the_same(server: LiveServer, trouble: Trouble) -> None:
    text = command(server, "investigations", "line", "--around", "30m", "--service", trouble.service, "--only")
    assert trouble.alarm in text
    told = json.loads(
        command(server, "investigations", "line", "--around", "30m", "--service", trouble.service, "--only", "--json")
    )
    assert trouble.trace in "".join(one["page"] for one in told["entries"])
    assert trouble.alarm in command(server, "investigations", "suspects", "--about", trouble.alarm)
    made = json.loads(
        command(server, "investigations", "keep", f"of {trouble.mark}", "--team", "vision", "--about", "x", "--json")
    )
    assert (made["team"], made["about"]) == ("vision", ["x"])
    assert made["id"] in command(server, "investigations", "list")
    noted = json.loads(command(server, "investigations", "note", made["id"], "Look here.", "--json"))
    assert "Look here." in command(server, "investigations", "show", made["id"])
    command(server, "investigations", "remove", made["id"], "--note", noted["id"])
    assert [] == json.loads(command(server, "investigations", "show", made["id"], "--json"))["notes"]
    command(server, "investigations", "remove", made["id"])
    assert made["id"] not in command(server, "investigations", "list")


def test_pages_with_a_time_lead_to_it(server: LiveServer, trouble: Trouble) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        traces = http.get("/traces", params={"range": "1h"}).text
        assert 'href="/investigate?at=' in traces
        assert "around=30m" in traces
        run = http.get(f"/runs/gpu/{trouble.job}").text
        assert f"run={trouble.job}" in run
        alarm = http.get(f"/alarms/named/{trouble.alarm}").text
        assert f"about={trouble.alarm}" in alarm
        address = f"/traces/{trouble.trace}"
        until(lambda: "data-investigate" in http.get(address).text, "the trace can be read")
        assert "data-investigate" not in http.get("/settings").text


def test_an_assistant_is_told_the_same_line(server: LiveServer, trouble: Trouble) -> None:
    with Client(server.url) as client:
        told = call(find("changes"), {"ask": "around", "about": trouble.job}, client)
    answer = json.loads(told.text)
    assert not told.failed
    assert answer["total"]["entries"] >= 2
    assert f"train {trouble.mark} ended: failed" in told.text
    silent = [source for source, _ in answer["data"].get("silent_sources", {"rows": []})["rows"]]
    held = httpx.get(f"{server.url}/rest/v1/costs/imports", timeout=60).json()["held"]
    assert ("the bill" in silent) == (not held)
