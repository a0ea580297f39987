"""The live tail's page over made-up groups: what it offers, and which stream it follows."""

import html
import re

from asgi_client import AsgiClient


def source(text: str) -> str:
    found = re.search(r'<log-tail src="([^"]+)">', text)
    return html.unescape(found[1]) if found else ""


def test_nothing_is_followed_until_a_group_is_chosen(pages: AsgiClient) -> None:
    text = pages.get("/logs/tail").text
    assert "Nothing is followed yet" in text
    assert "/shop/payments" in text
    assert not source(text)


def test_the_address_says_what_is_followed(pages: AsgiClient) -> None:
    text = pages.get("/logs/tail?group=/shop/payments&q=ERROR").text
    assert "/rest/v1/logs/tail?group=/shop/payments&filter=ERROR" == source(text)
    assert 'value="ERROR"' in text
    assert "trimtab logs tail /shop/payments --live --filter" in text


def test_a_wrong_pattern_is_told_and_not_followed(pages: AsgiClient) -> None:
    text = html.unescape(pages.get("/logs/tail?group=/shop/payments&q={ $.a = ").text)
    assert "at character 8; expected" in text
    assert not source(text)


def test_groups_that_there_are_not_are_not_followed(pages: AsgiClient) -> None:
    assert not source(pages.get("/logs/tail?group=/none").text)


def test_the_tabs_of_logs_lead_there_and_back(pages: AsgiClient) -> None:
    there = html.unescape(pages.get("/logs?group=/shop/payments&q=x").text)
    assert 'href="/logs/tail?group=/shop/payments"' in there
    back = html.unescape(pages.get("/logs/tail?group=/shop/payments").text)
    assert 'href="/logs?group=/shop/payments"' in back
    assert 'href="/logs?group=/shop/payments&mode=insights"' in back
