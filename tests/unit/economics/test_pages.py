"""The pages of money: what they say with and without a bill, the live preview, closing, and who may see them."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.economics.conftest import House, every_kind, line

from asgi_client import AsgiClient
from browser.pretend import build_app, build_state
from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.records import replace

FINANCE = Principal("ledger", None, Role.FINANCE, EVERYTHING)
BOUND = Principal("bound", "111111111111", Role.ADMIN, EVERYTHING)
Open = Callable[..., AsgiClient]


@pytest.fixture
def open_pages(house: House, tmp_path: Path) -> Open:
    static = tmp_path / "static"
    static.mkdir()
    names = {name: name for name in ("app.js", "app.css", "favicon.svg", "inter-latin-wght-normal.woff2")}
    for name in names:
        (static / name).write_text("/* */")
    (static / "manifest.json").write_text(json.dumps(names))
    state = replace(build_state(0, house.clock), economics=house.room)

    def opened(principal: Principal = LOCAL_OPERATOR) -> AsgiClient:
        return AsgiClient(build_app(state, principal, static))

    return opened


@pytest.mark.parametrize("path", ["/statements", "/untagged", "/allocation"])
def test_without_a_bill_pages_say_what_brings_one(open_pages: Open, path: str) -> None:
    page = open_pages().get(path)
    assert 200 == page.status_code
    assert "trimtab import FILE" in page.text


def test_a_statement_is_shown_down_to_its_lines(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    page = open_pages().get("/statements?month=2026-08&owner=search").text
    assert "0.00 apart" in page
    assert ">12.01<" in page
    assert "14.005" in page
    assert "Difference between net amortised cost and invoice" in page
    assert ">−0.25<" in page
    assert "Close 2026-08 for good" in page
    found = open_pages().get("/statements.json?month=2026-08").json()
    assert {"search", "ads", "unowned", "unused commitments"} == {one["owner"] for one in found["lines"]}
    assert 404 == open_pages().get("/statements?month=2026-08&owner=nobody").status_code
    assert 400 == open_pages().get("/statements?month=August").status_code


def test_heads_and_totals_of_a_statement_lead_to_how_they_are_computed(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    page = open_pages().get("/statements?month=2026-08").text
    for id_, text in (
        ("statement_usage", "Usage"),
        ("statement_unused", "Unused commitments"),
        ("statement_fees", "Support and fees"),
        ("statement_tax", "Tax"),
        ("statement_total", "Charged"),
        ("statement_total", "Statement total"),
        ("invoice_total", "Invoice"),
        ("statement_to_invoice", "Difference between net amortised cost and invoice"),
    ):
        assert re.search(rf'class="how" href="/figures/{id_}"[^>]*>{text}[^<]*</a>', page), text
    assert "August 2026, USD, net amortised" in page


def test_a_team_that_is_charged_has_a_page_though_it_holds_no_gpu(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    client = open_pages()
    charged = sum(
        Decimal(one["charged"])
        for one in client.get("/statements.json?month=2026-08").json()["lines"]
        if one["owner"] == "search"
    )
    for page in (client.get("/teams/search").text, client.get("/home/team?team=search").text):
        assert "Charged, August" in page
        assert f"{charged:,.2f}" in page
        assert 'href="/statements?month=2026-08&amp;owner=search"' in page
        assert "search held none in the" in page
    listed = client.get("/teams").text
    assert '<a href="/teams/ads">ads</a>' in listed
    assert "unused commitments" not in listed
    assert 404 == client.get("/teams/unowned").status_code  # nobody is no team
    assert 0 == client.get("/teams/search.json").json()["team"]["held"]


def test_who_may_not_see_the_whole_bill_is_not_told_what_teams_are_charged(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    team = replace(LOCAL_OPERATOR, scope=Scope(rows=(RowRule("team", frozenset({"ads"})),)))
    for one in (BOUND, team):
        client = open_pages(one)
        assert 404 == client.get("/teams/search").status_code
        assert "/teams/ads" not in client.get("/teams").text


def test_files_are_the_statement(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    client = open_pages(FINANCE)
    csv = client.get("/statements/2026-08/file?format=csv&owner=ads")
    assert 'filename="statement-2026-08-ads.csv"' in csv.headers["content-disposition"]
    assert "20.333333333333,20.33" in csv.text
    assert client.get("/statements/2026-08/file?format=pdf").content.startswith(b"%PDF-")
    assert 400 == client.get("/statements/2026-08/file?format=docx").status_code


def test_a_name_that_a_spreadsheet_would_run_is_text(house: House, open_pages: Open) -> None:
    house.bring([line(team="=cmd|x")])
    assert "'=cmd|x" in open_pages().get("/statements/2026-08/file").text


def test_closing_is_a_button_that_freezes(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    client = open_pages()
    assert 303 == client.post("/statements/2026-08/close").status_code
    page = client.get("/statements?month=2026-08").text
    assert "Closed" in page
    assert "for good" not in page
    again = client.post("/statements/2026-08/close")
    assert 409 == again.status_code
    assert "closed already" in again.text


def test_the_preview_says_what_moves_and_what_is_wrong(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    client = open_pages(FINANCE)
    document = "categories: [{name: team, default: nobody, rules: [{value: all, when: {service: AmazonEC2}}]}]"
    told = client.post("/allocation/preview", data={"document": document, "month": "2026-08"}).text
    assert "adds up" in told
    assert "nobody&#39;s" in told or "nobody's" in told
    wrong = client.post("/allocation/preview", data={"document": "basis: cash", "month": "2026-08"})
    assert 200 == wrong.status_code
    assert "expected one of billed, net" in wrong.text
    assert 403 == client.post("/allocation/apply", data={"document": document}).status_code


def test_rules_are_applied_and_an_older_page_does_not_overwrite(house: House, open_pages: Open) -> None:
    client = open_pages()
    made = client.post("/allocation/apply", data={"document": "basis: net", "based_on": "0", "note": "why"})
    assert (303, "/allocation?applied=1") == (made.status_code, made.headers["location"])
    assert "why" in client.get("/allocation").text
    late = client.post("/allocation/apply", data={"document": "basis: billed", "based_on": "0"})
    assert 409 == late.status_code
    assert "basis: net" in client.get("/allocation?version=1").text


def test_untagged_cost_has_its_reasons(house: House, open_pages: Open) -> None:
    house.bring([*every_kind(), line(cost="9", line_item_resource_id="search-cache-1")])
    page = open_pages(FINANCE).get("/untagged").text
    assert "contains search" in page
    csv = open_pages(FINANCE).get("/untagged.csv").text
    assert csv.startswith("account,service,resource")


def test_a_suggestion_is_one_more_rule_in_the_editor(house: House, open_pages: Open) -> None:
    house.bring([*every_kind(), line(cost="9", line_item_resource_id="search-cache-1")])
    assert "owner=search&amp;resource=search-cache-1" in open_pages().get("/untagged").text
    assert "owner=search" not in open_pages(FINANCE).get("/untagged").text
    page = open_pages().get("/allocation?owner=search&resource=search-cache-1&month=2026-08").text
    assert "- search-cache-1" in page
    assert "+9.00" in page
    assert 400 == open_pages().get("/allocation?owner=search").status_code


def test_a_key_of_one_account_sees_none_of_it(house: House, open_pages: Open) -> None:
    house.bring(every_kind())
    for path in ("/statements", "/statements.json", "/allocation", "/untagged", "/statements/2026-08/file"):
        assert 403 == open_pages(BOUND).get(path).status_code


def test_finance_is_shown_the_pages_it_may_open(house: House, open_pages: Open) -> None:
    page = open_pages(FINANCE).get("/statements").text
    assert 'href="/costs"' in page
    assert 'href="/allocation"' in open_pages(FINANCE).get("/untagged").text  # a tab beside it
    assert 'href="/hosts"' not in page
    assert "jump-menu" not in page
