"""The page Connect: receipts, what is near, forms that say why not; and the overview leads with what is connected."""

import re
from collections.abc import Callable

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from browser.pretend_connect import PretendConnector
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.costs.model import ImportRecord, ImportState, Receipt, Skipped
from trimtab.web.app import WebState
from trimtab.web.connect.receipts import of_import

Open = Callable[..., AsgiClient]
READER = Principal("viewer", None, Role.READ, EVERYTHING)
OF_AN_ACCOUNT = Principal("one", "111111111111", Role.ADMIN, Scope(accounts=frozenset({"111111111111"})))


def asked(state: WebState) -> list[tuple[str, object]]:
    assert isinstance(state.connector, PretendConnector)
    return state.connector.asked


def test_receipts_say_rows_span_what_was_refused_and_what_is_possible_now(pages: AsgiClient) -> None:
    page = pages.get("/connect/receipts").text
    assert 'hx-trigger="every 1s"' in page, "one is being read"
    for part in ("1,204,331 samples", " UTC", "42 %", "refused: too old", "cannot list pods: &lt;b&gt;403", ">1 run<"):
        assert part in page, part
    first, second, third = re.findall(r'<li id="receipt-\d">.*?</li>', page, re.DOTALL)
    assert 'href="/explore/metrics"' in first
    assert 'href="/runs"' in second
    assert "Possible now" not in third
    assert "Disconnect" in first
    assert "Forget" in third


def test_what_is_near_has_a_button_or_says_why_not(pages: AsgiClient) -> None:
    page = pages.get("/connect/near").text
    assert 'name="url" value="http://127.0.0.1:9090"' in page
    assert 'name="context" value="prod"' in page
    assert 'action="/connect/slurm"' not in page
    assert "the settings do not allow commands" in page
    assert 'name="profile" value="ops"' in page


def test_a_form_connects_and_leads_to_the_receipts(fleet: WebState, pages: AsgiClient) -> None:
    form = {"url": " http://p:9090 ", "since": "7d", "match": "up", "token": "secret"}
    answer = pages.post("/connect/prometheus", data=form, follow_redirects=False)
    assert (303, "/connect#receipts") == (answer.status_code, answer.headers["location"])
    [(kind, wanted)] = asked(fleet)
    assert ("prometheus", "http://p:9090", "up") == (kind, wanted.url, wanted.match)  # type: ignore[attr-defined]
    assert wanted.since_ms == fleet.clock.now_ms() - 7 * 86_400_000  # type: ignore[attr-defined]
    assert ("secret", None) == (wanted.credentials.bearer, wanted.credentials.basic)  # type: ignore[attr-defined]
    pages.post("/connect/kubernetes", data={"context": "prod"}, follow_redirects=False)
    pages.post("/connect/stop", data={"id": "2"}, follow_redirects=False)
    assert [("kubernetes", "prod"), ("stop", "2")] == asked(fleet)[1:]


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("prometheus", {"url": "prometheus:9090"}, "expected http://host:port"),
        ("prometheus", {"url": "http://nowhere"}, "cannot reach http://nowhere"),
        ("prometheus", {"url": "http://p", "since": "9000d"}, "expected five years at most"),
        ("slurm", {"do": "go"}, "the settings do not allow it"),
        ("bill", {"location": ""}, "expected s3://bucket/prefix"),
        ("aws", {"role_arn": "role"}, "cannot connect the account"),
    ],
)
def test_what_cannot_be_connected_is_said_on_the_page(
    path: str, form: dict[str, str], said: str, pages: AsgiClient
) -> None:
    answer = pages.post(f"/connect/{path}", data=form)
    assert (400, True) == (answer.status_code, said in answer.text)
    assert "A Prometheus" in answer.text, "the forms are still there"


def test_a_password_is_not_written_back(pages: AsgiClient) -> None:
    answer = pages.post("/connect/prometheus", data={"url": "http://nowhere", "username": "me", "password": "p4ss"})
    assert 'value="me"' in answer.text
    assert "p4ss" not in answer.text


@pytest.mark.parametrize("who", [READER, OF_AN_ACCOUNT])
def test_connecting_is_for_administrators_of_the_whole_server(
    who: Principal, fleet: WebState, open_pages: Open
) -> None:
    client = open_pages(fleet, who)
    page = client.get("/connect").text
    assert "Connecting is for administrators" in page
    assert "<form" not in page[page.index("<main") :]
    assert client.post("/connect/kubernetes", data={"context": "prod"}).status_code == 403
    assert [] == asked(fleet)
    assert ("prometheus:9090" in page) == (who is READER), "what others connected is not one account's to see"


def test_the_overview_leads_with_what_is_connected(pages: AsgiClient, nothing: WebState, open_pages: Open) -> None:
    page = pages.get("/").text
    chips = page[page.index('aria-label="What is connected"') : page.index('aria-label="Now"')]
    assert "OpenTelemetry" in chips
    assert re.search(r'class="open"><a href="/connect#bill">.*?Bill', chips, re.DOTALL)
    assert page.index('aria-label="What is connected"') < page.index("data-tile")
    assert 'href="/connect"' in open_pages(nothing).get("/").text


def test_a_scheduler_is_connected_by_its_runs(clock: ManualClock, open_pages: Open) -> None:
    page = open_pages(build_state(3, clock, gpus=True)).get("/connect.json").json()
    runs = [one for one in page["connected"] if one["id"] == "runs"]
    assert [("SLURM atlas", False)] == [(one["name"], one["is_open"]) for one in runs]
    assert re.fullmatch(r"\d+ runs? open, seen .*", runs[0]["detail"])


def test_a_bill_has_its_lines_and_what_was_skipped() -> None:
    skipped = Skipped("no date", 3, "row 7")
    receipt = Receipt("cur", "cur2", ("a.csv",), 12, (202610,), 0, (), (skipped,), ("a column is new",))
    record = ImportRecord(4, "cur", "upload:x", "cur2", ImportState.DONE, 5, 9, 12, (202609, 202610), receipt, "")
    shown = of_import(record)
    assert ("12 lines", "2026-09 to 2026-10", "good") == (shown.rows, shown.span, shown.level)
    assert ["3 rows: no date (such as row 7)", "a column is new"] == list(shown.refused)
    assert "/costs" in [href for _, href in shown.next]
    failed = of_import(ImportRecord(5, "cur", "x", "auto", ImportState.FAILED, 5, 9, 0, (), None, "no such file"))
    assert ("bad", "no such file", ()) == (failed.level, failed.problem, failed.next)
