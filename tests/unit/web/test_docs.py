"""The guides in the program: each opens, its links lead somewhere, and search finds without a script."""

import html
import re

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.guides.documents import Document
from trimtab.guides.search import Guides
from trimtab.store import passages
from trimtab.web.app import WebState
from trimtab.web.guide_html import ROOT, address, shown

GUIDES = Guides()


def test_the_index_has_a_search_box_and_leads_to_guides(pages: AsgiClient) -> None:
    page = pages.get("/docs").text
    assert '<form class="docs-search" method="get" action="/docs" role="search">' in page
    assert 'href="/docs/guide/getting-started"' in page
    assert '<a href="/docs">Guides</a>' in pages.get("/hosts").text, "the sidebar leads there"


def test_a_guide_is_shown_with_its_picture_and_contents(pages: AsgiClient) -> None:
    page = pages.get("/docs/guide/connect").text
    assert "<title>Connect in the browser · trimtab</title>" in page
    assert 1 == len(re.findall(r"<h1", page))
    assert '<h2 id="slurm">SLURM</h2>' in page
    assert '<a href="#slurm">SLURM</a>' in page
    (picture,) = re.findall(r'<img src="([^"]+)"', page)
    answer = pages.get(picture)
    assert (200, "image/webp") == (answer.status_code, answer.headers["content-type"])


def test_every_link_of_every_document_leads_to_something() -> None:
    made = {path: shown(one).html for path, one in GUIDES.documents.items()}
    anchors = {address(path): set(re.findall(r' id="([^"]+)"', text)) for path, text in made.items()}
    broken = []
    for path, text in made.items():
        for link in map(html.unescape, re.findall(r' href="([^"]*)"', text)):
            page, _, anchor = link.partition("#")
            if link.startswith(("http:", "https:")):
                continue
            if page not in anchors or (anchor and anchor not in anchors[page]):
                broken.append((path, link))
    assert [] == broken
    assert 70 < len(made)
    assert [] == [path for path, text in made.items() if text.startswith("<p>&lt;!--")], "remarks are not shown"


def test_tables_have_names_of_their_own_and_no_empty_head() -> None:
    for path, one in GUIDES.documents.items():
        text = shown(one).html
        names = re.findall(r'role="region" aria-label="([^"]+)"', text)
        assert text.count("<table>") == len(names) == len(set(names)), path
        assert "<th></th>" not in text, path
    assert 'aria-label="Table 2, Connect a Prometheus"' in shown(GUIDES.documents["guide/connect"]).html


def test_sections_that_are_found_have_the_anchors_of_the_page() -> None:
    for path, one in GUIDES.documents.items():
        made = set(re.findall(r'<h[1-6] id="([^"]+)"', shown(one).html))
        assert {section.anchor for section in one.sections() if section.anchor} <= made, path


@pytest.mark.parametrize("path", GUIDES.documents)
def test_no_document_has_script_or_style_inside(path: str) -> None:
    assert None is re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", shown(GUIDES.documents[path]).html)


def test_a_document_brings_no_markup_of_its_own() -> None:
    text = "# T\n\n<b onclick='x'>bold</b> [go](javascript:alert(1))\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n"
    made = shown(Document("guide/t", "T", text)).html
    assert "<b " not in made
    assert 'href="javascript' not in made
    assert "style=" not in made, "the pages' policy refuses it, in the console"
    assert "<th>a</th>" in made


def test_search_finds_by_address_with_the_words_marked(pages: AsgiClient) -> None:
    page = pages.get("/docs?q=connect+slurm").text
    assert re.search(r'<h2><a href="/docs/guide/connect">Connect in the browser</a>', page)
    assert 'href="/docs/guide/connect#slurm"' in page
    assert "<mark>slurm</mark>" in page.replace("SLURM", "slurm")
    assert 'value="connect slurm"' in page


def test_the_same_as_json(pages: AsgiClient) -> None:
    answer = pages.get("/docs.json?q=connect+slurm").json()
    first = answer["found"][0]
    assert "connect slurm" == answer["q"]
    assert ("Connect in the browser", "Guide", "/docs/guide/connect") == (first["title"], first["kind"], first["url"])
    assert "/docs/guide/connect#slurm" in [one["url"] for one in first["places"]]
    assert any("slurm" in one["excerpt"].casefold() for one in first["places"])
    assert {"q": "", "found": []} == pages.get("/docs.json").json()


def test_what_is_typed_is_escaped(pages: AsgiClient) -> None:
    page = pages.get("/docs", params={"q": "<script>zzyzzx"}).text
    assert "<script>zzyzzx" not in page
    assert "No guide has these words." in page


def test_what_is_not_there_is_not_found(pages: AsgiClient) -> None:
    assert 404 == pages.get("/docs/guide/nothing").status_code
    for name in ("nothing.webp", "..%2f..%2findex.md", "%2fetc%2fpasswd"):
        assert 404 == pages.get(f"/docs/images/guide/{name}").status_code, name


def test_who_sees_money_or_one_team_only_may_read_them(fleet: WebState, open_pages) -> None:  # type: ignore[no-untyped-def]  # a callable
    for role, scope in ((Role.FINANCE, Scope()), (Role.READ, Scope(accounts=frozenset({"999999999999"})))):
        opened = open_pages(fleet, Principal("who", None, role, scope))
        assert [200, 200] == [opened.get(path).status_code for path in (ROOT, "/docs/guide/bill")]


def test_a_python_without_the_index_finds_by_titles_and_says_so(
    monkeypatch: pytest.MonkeyPatch, clock: ManualClock, open_pages
) -> None:  # type: ignore[no-untyped-def]  # a callable
    monkeypatch.setattr(passages, "_TABLE", "CREATE VIRTUAL TABLE passages USING fts55(body)")
    page = open_pages(build_state(0, clock)).get("/docs?q=budgets").text
    assert 'href="/docs/guide/budgets"' in page
    assert "What follows has these words in its title." in page
    assert "no FTS5" in page
