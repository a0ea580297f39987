"""The Logs page over made-up events."""

import html
import re

from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from trimtab.web.app import WebState


def link(text: str, words: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>{words}', text)
    assert found is not None, words
    return html.unescape(found[1])


def test_events_come_newest_first_with_a_histogram_fields_and_their_host(pages: AsgiClient) -> None:
    text = pages.get("/logs").text
    assert "720 events" in text
    assert text.count('class="columns"') == 2
    assert "GET /cart/" in text
    assert "at that moment</a>" in text
    assert ">status <" in text


def test_words_and_patterns_narrow_and_the_address_keeps_them(pages: AsgiClient) -> None:
    text = pages.get("/logs?q=settle&live=off").text
    assert "60 events" in text
    assert 'value="settle"' in text
    assert "60 events" in pages.get('/logs?as=pattern&q="cannot settle"').text
    assert "360 events" in pages.get("/logs?group=/shop/payments").text


def test_a_pattern_that_cannot_be_read_says_where(pages: AsgiClient) -> None:
    text = html.unescape(pages.get("/logs?as=pattern&q={ $.a = }").text)
    assert "at character 9; expected a value" in text
    assert pages.get("/logs.json?as=pattern&q={ $.a = }").status_code == 400


def test_a_value_of_a_field_makes_a_pattern_and_another_adds_to_it(pages: AsgiClient) -> None:
    first = link(pages.get("/logs").text, "200</a>")
    assert "as=pattern" in first
    second = link(pages.get(first).text, "info</a>")
    shown = html.unescape(pages.get(second).text)
    assert '{ ($.status = 200) && $.level = "info" }' in shown


def test_a_row_names_its_service_and_a_facet_narrows_to_it_and_is_taken_away(pages: AsgiClient) -> None:
    text = pages.get("/logs?live=off").text
    narrowed = link(text, "pay</a>")
    assert "is=service.name%3Dpay" in narrowed
    shown = pages.get(narrowed).text
    assert ">360 events" in shown
    assert "charged order" in shown and "GET /cart/" not in shown
    assert "720 events" in pages.get(link(shown, "service.name: pay")).text
    assert "/shop/checkout</a></td>" in text, "what names no service is of its group"
    assert "group=/shop/checkout" in link(text, "/shop/checkout</a></td>")
    assert ">360 events" in pages.get(narrowed + "&is=pod%3Dpay-1").text
    assert ">0 events" in pages.get(narrowed + "&is=pod%3Dother").text
    assert pages.get("/logs.json?is=pod").status_code == 400


def test_a_facet_and_words_narrow_together(pages: AsgiClient) -> None:
    assert ">60 events" in pages.get("/logs?q=settle&is=service.name%3Dpay").text
    assert ">0 events" in pages.get("/logs?q=cart&is=service.name%3Dpay").text


def test_a_field_is_shown_as_a_column_and_taken_away(pages: AsgiClient) -> None:
    text = pages.get("/logs?live=off").text
    address = re.search(r'href="([^"]+col=status)"', text)
    assert address is not None
    shown = pages.get(html.unescape(address[1])).text
    assert '<th scope="col">status <a' in shown
    assert '<td class="wrap">200</td>' in shown
    assert '<td class="wrap">–</td>' in shown, "the others have no status"
    assert "col=" not in link(shown, "Take its column away")


def test_pages_go_back_in_time_and_end(pages: AsgiClient) -> None:
    seen, address = 0, "/logs?live=off"
    while True:
        text = pages.get(address).text
        seen += text.count('class="log-time"')
        if ">Older</a>" not in text:
            break
        address = link(text, "Older")
    assert seen == 720


def test_an_event_is_shown_with_what_its_stream_said_before_and_after(pages: AsgiClient) -> None:
    address = link(pages.get("/logs?q=settle&before=").text, r"\d{4}-")
    text = pages.get(address).text
    assert 'class="log-chosen"' in text
    assert "charged order" in text
    assert "/cart/" not in text
    assert "q=settle" in link(text, "Back to the search")
    assert pages.get("/logs?around=1.5.5").status_code == 404
    assert pages.get("/logs?around=1.x").status_code == 400


def test_the_new_error_is_the_first_pattern_and_leads_to_its_lines(pages: AsgiClient) -> None:
    text = pages.get("/logs?tab=patterns").text
    first = text.index("ERROR cannot settle order")
    assert first < text.index("charged order")
    assert ">new</span>" in text[:first]
    address = link(text, "<code>ERROR cannot settle")
    assert "events" in pages.get(address).text
    only = pages.get("/logs?tab=patterns&change=new").text
    assert "charged order" not in only


def test_json_and_csv_have_what_the_page_has(pages: AsgiClient) -> None:
    events = pages.get("/logs.json?q=settle").json()["events"]
    assert len(events) == 60
    assert events[0]["time"] > events[-1]["time"]
    table = pages.get("/logs.csv?q=settle").text.splitlines()
    assert table[0] == "time,group,stream,severity,trace_id,message"
    assert len(table) == 61
    found = pages.get("/logs.json?tab=patterns").json()["patterns"]
    assert (found[0]["change"], found[0]["severity"], found[0]["events"]) == ("new", "error", 60)


def test_without_a_group_the_page_says_how_to_get_one(nothing: WebState, open_pages: Open) -> None:
    assert "No log group yet" in open_pages(nothing).get("/logs").text


def test_an_unusual_pattern_is_marked_and_listed_with_the_anomalies(pages: AsgiClient) -> None:
    text = html.unescape(pages.get("/logs?tab=patterns").text)
    marks = re.findall(r'<a class="badge (\w+)" href="(/anomalies[^"]*#patterns)"[^>]*>.*?(first seen [\d: -]+)<', text)
    assert [(level, href) for level, href, _ in marks] == [("bad", "/anomalies#patterns")]
    listed = html.unescape(pages.get("/anomalies").text).split("Table of log patterns")[1]
    assert "ERROR cannot settle order <*>: ledger is behind" in listed
    assert "new error" in listed
    assert "tab=patterns&group=/shop/payments" in listed
