"""What the editor of a dashboard asks: the metrics that words fit, as rows of a panel."""

import json
import re
from html import unescape

import pytest
from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.web.app import WebState

METRICS = "/dashboards/mine/metrics"


def rows_of(text: str) -> list[list[str]]:
    return [json.loads(unescape(row)) for row in re.findall(r'data-row="([^"]+)"', text)]


def test_words_find_the_metrics_that_a_panel_may_get_as_its_rows(pages: AsgiClient) -> None:
    text = pages.get(f"{METRICS}?find=MEMORY utilization web-1 used").text
    [[namespace, name, *dimensions]] = rows_of(text)
    assert ("trimtab/Host", "system.memory.utilization") == (namespace, name)
    pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
    assert ("web-1", "used") == (pairs["host.name"], pairs["system.memory.state"])
    assert "<polyline" in text, "its last hours are drawn"
    assert "<a " not in text and "<main" not in text, "it is a part of the page that is open"
    nothing = pages.get(f"{METRICS}?find=memory nowhere").text
    assert [] == rows_of(nothing) and "has all of these words" in nothing
    assert [] == rows_of(pages.get(METRICS).text)


@pytest.mark.parametrize(
    ("principal", "status", "rows"),
    [
        (Principal("eve", None, Role.READ, Scope()), 403, 0),
        (Principal("mallory", "999999999999", Role.WRITE, Scope(accounts=frozenset({"999999999999"}))), 200, 0),
        (Principal("anna", None, Role.WRITE, Scope()), 200, 1),
    ],
)
def test_who_may_edit_finds_only_what_they_see(
    fleet: WebState, open_pages: Open, principal: Principal, status: int, rows: int
) -> None:
    answer = open_pages(fleet, principal).get(f"{METRICS}?find=system.memory.utilization web-1 used")
    assert (status, rows) == (answer.status_code, len(rows_of(answer.text)))
