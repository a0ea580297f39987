"""The page of notifications: full, empty, wrong, without secrets, and its button."""

from typing import Any

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.web.app import WebState


def test_channels_and_deliveries_say_how_they_do_and_why(pages: AsgiClient) -> None:
    answer = pages.get("/notifications")
    assert answer.status_code == 200
    for text in (
        "ops-hook",
        "https://hooks.slack.com/…",
        "away",
        "the receiver answered 503",
        "no mail server",
        "HighLatency",
    ):
        assert text in answer.text
    assert "&lt;b&gt;hot" in answer.text
    assert "<script>alert" not in answer.text


def test_nothing_secret_is_on_the_page_or_in_its_json(pages: AsgiClient) -> None:
    for path in ("/notifications", "/notifications.json", "/notifications.csv"):
        assert "SECRETSECRET" not in pages.get(path).text


def test_one_delivery_is_shown_with_its_attempts(pages: AsgiClient) -> None:
    text = pages.get("/notifications?delivery=d3").text
    assert "12 ms" in text and "9 ms" in text
    assert pages.get("/notifications?delivery=none").status_code == 404


def test_the_log_can_be_narrowed(pages: AsgiClient) -> None:
    assert "gpu-3" not in pages.get("/notifications?state=failed").text.partition('id="log"')[2]
    assert pages.get("/notifications?state=lost").status_code == 400
    assert pages.get("/notifications?before=x").status_code == 400


def test_the_empty_page_says_the_command_that_fills_it(nothing: WebState, open_pages: Any) -> None:
    text = open_pages(nothing).get("/notifications").text
    assert "Nobody is told yet" in text
    assert "trimtab notify add" in text


def test_a_test_is_sent_by_the_button_and_its_delivery_shown(pages: AsgiClient) -> None:
    answer = pages.post("/notifications/test/ops-hook")
    assert (answer.status_code, answer.headers["location"]) == (303, "/notifications?delivery=d1")


def test_a_reader_has_no_button_and_may_not_press_it(fleet: WebState, open_pages: Any) -> None:
    reader = open_pages(fleet, Principal("r", None, Role.READ, Scope()))
    assert "Send a test" not in reader.get("/notifications").text
    assert reader.post("/notifications/test/ops-hook").status_code == 403
