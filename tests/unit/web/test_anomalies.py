"""The pages of anomalies over made-up ones."""

import re

from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.anomalies.model import Anomaly, Direction
from trimtab.anomalies.occasions import occasions
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Series
from trimtab.web.anomaly_view import rows_of
from trimtab.web.app import WebState

READER = Principal("reader", None, Role.READ, EVERYTHING)


def first_id(pages: AsgiClient) -> str:
    found = re.search(r'href="/anomalies/(\d+-\d+)"', pages.get("/anomalies").text)
    assert found is not None
    return found[1]


def test_the_list_says_what_was_unusual_and_links_to_an_alarm_of_it(pages: AsgiClient) -> None:
    answer = pages.get("/anomalies")
    assert answer.status_code == 200
    assert "rose to" in answer.text
    assert "2 anomalies" in answer.text
    assert 'href="/alarms/new?namespace=' in answer.text
    assert "goes on" in answer.text
    assert 'class="expected"' in answer.text


def test_a_search_and_an_order_are_in_the_address(pages: AsgiClient) -> None:
    assert "Nothing unusual" in pages.get("/anomalies?q=nothing-has-this-name").text
    assert "The newest first" in pages.get("/anomalies?order=time").text
    assert pages.get("/anomalies?order=size").status_code == 400


def test_json_and_csv_have_what_the_page_has(pages: AsgiClient) -> None:
    found = pages.get("/anomalies.json").json()
    assert found["total"] == 2
    assert {"id", "began", "score", "what"} <= set(found["anomalies"][0])
    table = pages.get("/anomalies.csv").text.splitlines()
    assert table[0].startswith("id,began,ended")
    assert len(table) == 3


def test_one_anomaly_shows_what_changed_together(pages: AsgiClient) -> None:
    text = pages.get(f"/anomalies/{first_id(pages)}").text
    assert "other series changed with it" in text
    assert "5 min earlier" in text
    assert "<time-series" in text
    assert pages.get("/anomalies/1-1").status_code == 404


def test_its_chart_has_the_line_and_the_two_edges_of_what_was_expected(pages: AsgiClient) -> None:
    found = pages.get(f"/anomalies/{first_id(pages)}.json").json()
    assert [None, "expected", "expected"] == [one["edge"] for one in found["series"]]
    assert {found["count"]} == {len(one["values"]) for one in found["series"]}


def test_only_who_may_write_is_offered_to_mute(fleet: WebState, open_pages: Open) -> None:
    writer, reader = open_pages(fleet), open_pages(fleet, READER)
    path = f"/anomalies/{first_id(writer)}"
    assert "Mute for a week" in writer.get(path).text
    assert "Mute for a week" not in reader.get(path).text
    assert reader.post("/anomalies/mute/1/7").status_code == 403


def test_before_the_first_metric_it_says_what_is_awaited(nothing: WebState, open_pages: Open) -> None:
    assert "No series has been looked at yet" in open_pages(nothing).get("/anomalies").text


def of_one_host(number: int) -> tuple[Anomaly, Series]:
    """An anomaly of one of the series of a host; the lower the number, the stronger."""
    identity = Identity("1", "eu", "System", f"metric{number}", make_tags({"host.name": "gpu-1"}))
    score = 10.0 - number / 10
    found = Anomaly(number, 0, 300_000, "1", "eu", False, score, 0, Direction.ABOVE, 90.0, 10.0, 20.0, 0)
    return found, Series(number, identity)


def test_a_list_names_the_first_of_what_was_unusual_at_the_same_place_and_counts_all() -> None:
    [row] = rows_of(occasions([of_one_host(number) for number in range(1, 31)]))
    assert 1 == row.one.series
    assert 29 == row.more
    assert [f"/anomalies/{number}-0" for number in range(2, 22)] == [href for _, href in row.others]
    assert "metric2" in row.others[0][0]
    [alone] = rows_of(occasions([of_one_host(1)]))
    assert (0, ()) == (alone.more, alone.others)
