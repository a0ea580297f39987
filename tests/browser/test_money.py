"""Statements, allocation and untagged cost in a real browser over a real server with a bill worked out by hand."""

from collections.abc import Iterator

import pytest

from brought import bring
from browser.conftest import Served, Watched
from browser.looks import assert_fit
from live_server import LiveServer
from made_bill import cur2, unblended
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import BudgetNotification, PutBudget
from trimtab.client.economics import Economics
from trimtab.economics.rules.store import DEFAULT_DOCUMENT

pytestmark = [pytest.mark.browser, pytest.mark.wire]
JULY = "/statements?month=2026-07"
VIEWS = (
    "/statements",
    JULY + "&owner=search",
    "/allocation",
    "/untagged",
    "/costs?months=all",
    "/unit-costs",
    "/budgets?budget=search-month&account=123456789012",
)
TOLD = (
    "/analyses",
    "/analyses/new?dataset=costs&by=service&m=sum(billed_cost)&from=2026-07-01&to=2026-09-01",
    "/datasets/costs",
    "/reports",
    "/reports/now?template=executive&start=2026-08-01&end=2026-09-01",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    live = LiveServer(tmp_path_factory.mktemp("money")).start()
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(live, path)
    with Client(live.url) as client:
        told = [BudgetNotification("80", emails=["a@example.com"])]
        Budgets(client).put(PutBudget("search-month", "50", tags={"team": ["search"]}, notifications=told))
    yield Served(live.url)
    live.stop()


@pytest.mark.parametrize("path", [*VIEWS, *TOLD])
def test_a_page_of_money_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)


def test_the_builder_adds_up_to_the_bill_and_its_address_is_the_visual(watched: Watched) -> None:
    page = watched.open(TOLD[1])
    page.get_by_text("Amazon Elastic Compute Cloud").first.wait_for()
    page.locator("main summary", has_text="Table").first.click()
    shown = page.locator("section.panel details[open] table").inner_text()
    storage = sum(unblended(month, product_servicename="Amazon Simple Storage Service") for month in (7, 8))
    assert f"{storage:,.2f}" in shown
    address = page.url
    page.reload()
    page.get_by_text("Amazon Elastic Compute Cloud").first.wait_for()
    assert address == page.url
    assert watched.problems == []


def coins(shown: str) -> int:
    """Cents of an amount as a page writes it."""
    return round(float(shown.replace("−", "-").replace(",", "")) * 100)


def test_the_table_adds_up_to_the_bill_and_a_name_opens_its_lines(watched: Watched) -> None:
    page = watched.open(JULY)
    table = page.locator("section[aria-label^='Charged by team'] table")
    total, to_invoice, invoice = (
        coins(table.locator(f"tfoot .{line} td.num").last.inner_text()) for line in ("total", "to-invoice", "invoice")
    )
    assert invoice == round(unblended(7) * 100)
    assert total + to_invoice == invoice
    assert sum(coins(text) for text in table.locator("tbody td b").all_inner_texts()) == total
    page.get_by_role("link", name="search").first.click()
    page.wait_for_url("**owner=search**")
    assert page.locator("section[aria-label='Lines of search'] tbody tr").count() > 0
    assert watched.problems == []


def test_rules_are_tried_as_they_are_typed_and_then_applied(watched: Watched) -> None:
    page = watched.open("/allocation?month=2026-07")
    editor = page.locator("#document")
    editor.fill("basis: cash")
    page.locator("#told [role=alert]").wait_for()
    assert "expected one of billed" in page.locator("#told").inner_text()
    editor.fill("categories: [{name: team, default: nobody, rules: [{value: all, when: {service-code: AmazonEC2}}]}]")
    page.locator("#told >> text=adds up").wait_for()
    assert "nobody" in page.locator("#told").inner_text().lower()
    page.get_by_label("Why (kept with the version)").fill("one owner")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**applied=1**")
    assert "one owner" in page.locator("main").inner_text()
    assert watched.problems == []
    with Client(watched.url) as client:  # the other tests' statements are by tag, in whatever order tests come
        Economics(client).apply(DEFAULT_DOCUMENT, "as before")
