"""Reports over REST, by the client that the command line uses, and their pages."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.base.errors import TrimtabError
from trimtab.cli.reports import reports as command
from trimtab.client import reports_wire as wire
from trimtab.client.api import Client
from trimtab.client.reports import Reports

pytestmark = pytest.mark.wire


@pytest.fixture
def calls(server: LiveServer) -> Iterator[Reports]:
    with Client(server.url) as client:
        yield Reports(client)


def test_a_report_says_what_it_does_not_know(calls: Reports, server: LiveServer, tmp_path: Path) -> None:
    assert {one.name for one in calls.templates()} >= {"weekly-fleet", "executive"}
    found = calls.write("executive", start="2021-01-04", end="2021-01-11")
    assert found.end_ms - found.start_ms == 7 * 86_400_000
    said = [one.text for section in found.sections for one in section.said]
    assert "No GPU existed in this period." in said
    assert [one.what for one in found.ages] == ["Bill", "Telemetry"]
    with pytest.raises(TrimtabError, match="expected the owner"):
        calls.write("monthly-team")
    out = tmp_path / "review.pdf"
    asked = ["write", "weekly-fleet", "--out", str(out), "--url", server.url]
    ran = CliRunner().invoke(command, asked, catch_exceptions=False)
    assert ran.exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    shown = CliRunner().invoke(command, ["write", "endpoint-slo", "--url", server.url], catch_exceptions=False)
    assert "Endpoint SLO review" in shown.output


def test_a_schedule_is_put_again_shown_and_removed(calls: Reports, server: LiveServer) -> None:
    body = wire.PutReport("weekly-fleet", "cron(0 7 ? * MON *)", folder="fleet")
    assert calls.put("rest weekly", body).next_ms is not None
    again = calls.put("rest weekly", wire.PutReport("executive", "rate(7 days)", emails=["a@example.com"]))
    assert (again.template, again.folder) == ("executive", "")
    assert "rest weekly" in httpx.get(f"{server.url}/reports", timeout=60).text
    assert "rest weekly" in [one.name for one in calls.scheduled().reports]
    assert calls.delete("rest weekly").name == "rest weekly"
    with pytest.raises(TrimtabError, match="cannot find"):
        calls.delete("rest weekly")


def test_pages_show_a_report_and_refuse_what_is_none(server: LiveServer) -> None:
    shown = httpx.get(f"{server.url}/reports/now", params={"template": "weekly-fleet"})
    assert shown.status_code == 200
    assert "Weekly fleet review" in shown.text
    assert httpx.get(f"{server.url}/reports/now.csv", params={"template": "weekly-fleet"}).status_code == 200
    assert httpx.get(f"{server.url}/reports/now", params={"template": "poem"}).status_code == 400
    assert httpx.get(f"{server.url}/reports/absent").status_code == 404
