"""Statements, allocation and tags against a live server of its own, by the client and as files; the role finance."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from brought import bring
from live_server import LiveServer
from made_bill import cur2, unblended
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound
from trimtab.cli.main import root
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.economics import Economics
from trimtab.client.wire import CreateKey

pytestmark = pytest.mark.wire
RULES = """
categories:
  - name: team
    rules:
      - {value: shared, when: {charge-type: Tax}}
      - inherit: "tag:team"
    splits: [{source: shared, targets: ["*"]}]
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("statements")
    server = LiveServer(folder / "data").start()
    path = folder / "made.csv"
    path.write_text(cur2())
    bring(server, path, "made")
    yield server
    server.stop()


def test_a_month_is_tried_allocated_stated_and_closed(live: LiveServer, tmp_path: Path) -> None:
    with Client(live.url) as client:
        calls = Economics(client)
        assert {"2026-07": "open", "2026-08": "open"} == {one.month: one.state for one in calls.months().months}

        tried = calls.check(RULES, "2026-07")
        assert all(one.adds_up for one in tried.totals)
        assert 0 == calls.allocation().version
        with pytest.raises(InvalidInput, match=r"categories\[0\].rules"):
            calls.check("categories: [{name: team, rules: [{value: x}]}]", "2026-07")
        assert 1 == calls.apply(RULES, "tax by use", based_on=0).version
        with pytest.raises(Conflict, match="made from version 0"):
            calls.apply(RULES, based_on=0)

        july = calls.statement("2026-07")
        assert {"USD": unblended(7)} == {name: Decimal(total) for name, total in july.totals.items()}
        assert {Decimal(0)} == {Decimal(one.difference) for one in july.reconciliation}
        rounded = sum(Decimal(one.coins) for one in july.owners)
        assert unblended(7).quantize(Decimal("0.01")) == rounded
        [search] = [one for one in july.owners if one.owner == "search"]
        assert Decimal(search.coins) == sum(Decimal(one.coins) for one in calls.statement("2026-07", "search").lines)

        rows = list(csv.DictReader(io.StringIO(b"".join(calls.export("2026-07", "csv")).decode())))
        assert unblended(7) == sum(Decimal(row["amount"]) for row in rows)
        assert rounded == sum(Decimal(row["charged"]) for row in rows)
        pdf = b"".join(calls.export("2026-07", "pdf", "search"))
        assert pdf.startswith(b"%PDF-")
        assert pdf == b"".join(calls.export("2026-07", "pdf", "search"))
        with pytest.raises(NotFound, match="no lines of 'nobody'"):
            list(calls.export("2026-07", "csv", "nobody"))

        closed = calls.close("2026-07")
        assert ("closed", july.lines, 1) == (closed.state, closed.lines, closed.rules_version)
        with pytest.raises(Conflict, match="closed already"):
            calls.close("2026-07")

        # The provider corrects July: nothing of it moves, August carries the difference.
        corrected = tmp_path / "made.csv"
        corrected.write_text(cur2().replace(",20,", ",17,", 1))
        moved = cur2() != corrected.read_text()
        assert moved
        bring(live, corrected, "made")
        assert closed.lines == calls.statement("2026-07").lines
        august = calls.statement("2026-08")
        assert {"2026-07"} == {one.about for one in august.lines if one.about}
        together = Decimal(closed.totals["USD"]) + Decimal(august.totals["USD"])
        held = Costs(client).imports().held
        assert together == sum(Decimal(one.totals["USD"]) for one in held)


def test_tags_are_reported(live: LiveServer) -> None:
    with Client(live.url) as client:
        calls = Economics(client)
        assert "team" in {one.key for one in calls.tag_keys("2026-08").keys}
        report = calls.untagged("2026-08")
        assert report.listed == report.total
        assert [] == calls.compliance().compliance


def test_the_commands_say_the_same(live: LiveServer, tmp_path: Path) -> None:
    runner = CliRunner()
    told = runner.invoke(root, ["statements", "show", "2026-08", "--url", live.url])
    assert 0 == told.exit_code, told.output
    assert "search" in told.output
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    checked = runner.invoke(root, ["allocation", "check", str(file), "--month", "2026-08", "--url", live.url])
    assert "adds up to the bill exactly" in checked.output
    for command in (["statements", "list"], ["allocation", "show"], ["allocation", "versions"], ["tags", "keys"]):
        found = runner.invoke(root, [*command, "--url", live.url])
        assert 0 == found.exit_code, found.output
    pdf = tmp_path / "s.pdf"
    runner.invoke(root, ["statements", "export", "2026-08", "--format", "pdf", "--output", str(pdf), "--url", live.url])
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_finance_sees_money_and_nothing_else(live: LiveServer) -> None:
    with Client(live.url) as client:
        token = client.create_key(CreateKey(name="ledger", kind="token", role="finance")).secret
    with Client(live.url, token) as client:
        calls = Economics(client)
        assert calls.months().months
        assert calls.check(RULES, "2026-08").totals
        for refused in (lambda: client.metrics(), lambda: calls.close("2026-08"), lambda: calls.apply(RULES)):
            with pytest.raises(AccessDenied):
                refused()
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    with httpx.Client(base_url=live.url, headers=headers) as browser:
        for path in ("/statements", "/statements.json", "/allocation", "/untagged", "/untagged.csv"):
            assert 200 == browser.get(path).status_code, path
        assert "/hosts" not in browser.get("/statements").text
        for path in ("/hosts", "/explore/metrics", "/rest/v1/hosts", "/jump.json"):
            assert 403 == browser.get(path).status_code, path
        home = browser.get("/")
        assert home.headers.get("location") == "/home/money"
