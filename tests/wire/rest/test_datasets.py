"""Datasets over REST: specs, rows as JSON, CSV and Arrow, SQL, teams; by the client, the command line and the pages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.cli.datasets import datasets as command
from trimtab.client import datasets_wire as wire
from trimtab.client.api import Client
from trimtab.client.datasets import Datasets, question

pytestmark = pytest.mark.wire
SPEC: dict[str, Any] = {
    "title": "Changes by day",
    "range": "2d",
    "sources": [{"use": "audit", "by": ["day", "account"], "take": {"changes": "countIf(event_id, not read_only)"}}],
    "fields": {"many": "changes > 1000000"},
    "parameters": {"least": {"type": "number", "default": 0}},
    "filters": ["changes >= ${least}"],
}


@pytest.fixture
def calls(server: LiveServer) -> Iterator[Datasets]:
    with Client(server.url) as client:
        yield Datasets(client)


def test_a_dataset_is_put_read_in_every_form_and_removed(calls: Datasets, server: LiveServer, tmp_path: Path) -> None:
    made = calls.put("wire changes", SPEC, version=0)
    assert (made.version, [one.name for one in made.fields]) == (1, ["day", "account", "changes", "many"])
    with pytest.raises(Conflict, match="somebody else"):
        calls.put("wire changes", SPEC, version=0)
    answer = calls.rows("wire changes", question({"n": "count()", "all": "sum(changes)"}))
    assert ["n", "all"] == [one.name for one in answer.fields]
    assert [] == calls.rows("wire changes", question((), parameters={"least": 1e15})).rows
    table = calls.table("wire changes", order=["day"])
    assert table.schema.field("changes").type == pa.int64()
    frame = calls.frame("wire changes", {"day": "", "changes": "sum(changes)"})
    assert ["day", "changes"] == list(frame.columns)
    csv = httpx.get(f"{server.url}/rest/v1/datasets/wire%20changes/csv", params={"column": "n=count()"})
    assert (csv.status_code, csv.text.splitlines()[0]) == (200, "n")
    wrong = httpx.get(f"{server.url}/rest/v1/datasets/wire%20changes/arrow", params={"fields": "n"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "fields")
    shown = httpx.get(f"{server.url}/datasets/wire%20changes")
    assert shown.status_code == 200
    assert "Changes by day" in shown.text
    assert "wire changes" in httpx.get(f"{server.url}/datasets").text
    calls.delete("wire changes")
    with pytest.raises(NotFound):
        calls.get("wire changes")


def test_what_is_wrong_in_a_spec_is_told_with_its_place(calls: Datasets) -> None:
    for change, message in (
        ({"fields": {"x": "changes >"}}, r"fields\.x, character 10"),
        ({"fields": {"x": "no_such"}}, "there is no field 'no_such'"),
        ({"fields": {"x": "y", "y": "x"}}, "it reads itself: x → y → x"),
        ({"sources": [{"use": "bills"}]}, "there is no source 'bills'"),
        ({"sources": [*SPEC["sources"], {"use": "logs"}]}, r"sources\[1\]\.on"),
        ({"rows": [{"where": "account"}]}, r"rows\[0\]\.where, character 1: expected a condition"),
        ({"extract": {"schedule": "often"}}, "extract"),
        ({"range": "9999d"}, "range"),
        ({"colour": "red"}, "colour"),
    ):
        with pytest.raises(InvalidInput, match=message):
            calls.check({**SPEC, **change})


def test_sql_answers_over_sources_and_pages_show_it(calls: Datasets, server: LiveServer) -> None:
    text = "SELECT account, count(*) AS n FROM audit GROUP BY account ORDER BY n DESC"
    found = calls.sql(wire.SqlStatement(text))
    assert ["account", "n"] == [one.name for one in found.fields]
    frame = calls.sql_frame(text)
    assert {row[0] for row in found.rows} == set(frame["account"])  # further events may have come between
    with pytest.raises(InvalidInput, match="is no dataset"):
        calls.sql(wire.SqlStatement("SELECT * FROM system.tables"))
    page = httpx.get(f"{server.url}/datasets/sql", params={"q": "SELECT * FROM file('/etc/passwd')"})
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert "root:" not in page.text


def test_every_source_can_be_read_and_looked_at(calls: Datasets, server: LiveServer) -> None:
    sources = calls.sources()
    assert len(sources) >= 14
    for one in sources:
        spec = {"sources": [{"use": one.name}], "range": "2d"}
        asked = httpx.post(
            f"{server.url}/rest/v1/dataset-query", json={"spec": spec, "query": {"limit": 5}}, timeout=60
        )
        assert asked.status_code == 200, (one.name, asked.text)
        assert [field.name for field in one.fields] == [field["name"] for field in asked.json()["fields"]]


def test_the_command_line_puts_compares_and_reads(server: LiveServer, tmp_path: Path) -> None:
    def run(*asked: str, code: int = 0) -> str:
        ran = CliRunner().invoke(command, [*asked, "--url", server.url], catch_exceptions=False)
        assert ran.exit_code == code, ran.output
        return ran.output

    file = tmp_path / "spec.yaml"
    joined = {**SPEC["sources"][0], "name": "more", "join": "full", "on": ["day", "account"]}
    file.write_text(json.dumps({**SPEC, "sources": [*SPEC["sources"], joined]}).replace('"on"', "on"))
    run("put", "wire cli", str(file))
    assert "changes" in run("show", "wire cli", "--fields")
    assert "" == run("diff", "wire cli", str(file))
    file.write_text(run("show", "wire cli").replace("range: 2d", "range: 3d"))
    assert "+range: 3d" in run("diff", "wire cli", str(file), code=1)
    assert "count()" in run("functions")
    assert "gpu_hours" in run("sources")
    run("read", "wire cli", "--column", "n=count()", "--format", "json")
    out = tmp_path / "rows.arrow"
    run("sql", "SELECT count(*) AS n FROM audit", "--format", "arrow", "--out", str(out))
    with pa.ipc.open_stream(out.read_bytes()) as stream:
        assert ["n"] == stream.read_all().column_names
    assert "wire-reader" in run("teams", "wire-reader", "--team", "vision")
    run("teams", "wire-reader", "--none")
    assert "wire cli" in run("list")
    run("remove", "wire cli")
