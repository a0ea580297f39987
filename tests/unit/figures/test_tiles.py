"""Tiles: every page that draws one is opened, by the site's own routes, and every tile is of a declared figure."""

import gzip
import html
import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route
from tests.unit.figures.rooms import every_room

from trimtab import web
from trimtab.figures import areas
from trimtab.figures.areas.budgets import ACTUAL
from trimtab.figures.model import Figure
from trimtab.figures.register import REGISTER
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.web.app import routes
from trimtab.web.site import Site
from trimtab.web.tiles import Tile

TEMPLATES = Path(web.__file__).parent / "templates"
WITH_TILES = {path.stem for path in (TEMPLATES / "pages").glob("*.html") if "ui.tile(" in path.read_text()}
HEADS = {
    "pages/statements.html": 10,
    "pages/budgets.html": 3,
    "parts/budget_table.html": 4,
    "parts/costs_ahead.html": 6,
}
"""How many heads and totals of a template lead to a figure, columns that are named by code apart."""
DRAWN = re.compile(r'\.page\(\s*request,\s*view,\s*"(\w+)"')
TILE = re.compile(r'<div class="tile" data-tile="([^"]+)" data-figure="([^"]+)">')


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The templates with which tiles were drawn."""
    found: set[str] = set()
    page = Site.page

    def noted(site: Site, request: Any, view: Any, template: str, *more: Any, **facts: Any) -> Any:
        answer = page(site, request, view, template, *more, **facts)
        body = gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body
        found.update({template} if b"data-tile=" in body else set())
        return answer

    monkeypatch.setattr(Site, "page", noted)
    return found


def pages_of(all_routes: list[BaseRoute]) -> list[Route]:
    """The pages of the modules that draw a template with tiles: lists lead to the pages of one thing."""
    found = []
    for route in all_routes:
        handler = inspect.unwrap(route.endpoint) if isinstance(route, Route) else None
        inner = inspect.getclosurevars(handler).nonlocals.get("handler") if handler else None
        if not isinstance(route, Route) or inner is None or "GET" not in (route.methods or ()):
            continue
        source = inspect.getsource(import_module(inner.__module__))
        if ".page(" in inspect.getsource(inner) and WITH_TILES & set(DRAWN.findall(source)):
            found.append(route)
    return found


def undeclared(text: str) -> list[str]:
    """The tiles of a page that are not of a declared figure, under one of its names, with a link to it."""
    wrong = []
    for shown, id_ in TILE.findall(text):
        name = html.unescape(shown)
        names = [one.lower() for one in REGISTER[id_].names] if id_ in REGISTER else []
        named = any(name == one or name.startswith(f"{one}, ") for one in names)
        if not named or f'class="tile-how" href="/figures/{id_}' not in text:
            wrong.append(name)
    return wrong


def test_every_page_with_tiles_is_opened_and_shows_declared_figures_alone(
    engine: Telemetry, state: State, tmp_path: Path, static: Path, open_pages: Any, drawn: set[str]
) -> None:
    server = every_room(engine, state, tmp_path)
    pages, opened = open_pages(server), dict[str, str]()
    todo = pages_of(routes(server, static))
    team = re.findall(r'href="(/home/team\?team=[^"]+)', pages.get("/home/team").text)[:1]
    for path in ("/", *team, *(route.path for route in todo if "{" not in route.path)):
        opened[path] = pages.get(path).text
    links = {
        html.unescape(one).partition("?")[0] for text in opened.values() for one in re.findall(r'href="(/[^"#]+)', text)
    }
    for route in todo:
        if "{" in route.path:
            leading = sorted(one for one in links if route.path_regex.match(one))
            assert leading, f"no page leads to {route.path}"
            opened |= {path: pages.get(path).text for path in (leading[0], leading[-1])}
    for path, text in opened.items():
        assert [] == undeclared(text), path
        assert text.count('class="tile"') == len(TILE.findall(text)) + text.count('class="tile" data-fact='), path
    assert set() == WITH_TILES - drawn, "these draw tiles, and were not opened"


def test_tiles_are_drawn_by_one_macro_and_what_is_a_fact_is_no_number() -> None:
    every = {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATES.rglob("*.html")}
    assert ["parts/ui.html"] == [name for name, text in every.items() if 'class="tile"' in text]
    assert [] == [name for name, text in every.items() if name.startswith("parts/") and "ui.tile(" in text]
    facts = {label for text in every.values() for label in re.findall(r'ui\.fact\("([^"]+)"', text)}
    assert {"Bottleneck", "State", "Rules", "Owner"} == facts


def test_heads_that_lead_to_a_figure_have_one_of_its_names() -> None:
    told = re.compile(r'ui\.how\(view, "(\w+)"(?:, "([^"]+)")?\)')
    heads = {name: told.findall((TEMPLATES / name).read_text()) for name in HEADS}
    for name, number in HEADS.items():
        assert number == len(heads[name]), name
        assert [] == [one for one in heads[name] if (one[1] or REGISTER[one[0]].label) not in REGISTER[one[0]].names], (
            name
        )


@pytest.mark.parametrize("area", [info.name for info in iter_modules(areas.__path__)])
def test_an_area_declares_every_figure_that_it_makes(area: str) -> None:
    made = import_module(f"{areas.__name__}.{area}")
    constants = {one.id for one in vars(made).values() if isinstance(one, Figure)}
    assert constants == {one.id for one in made.FIGURES} <= set(REGISTER)
    assert len(constants) == len(made.FIGURES)


def test_a_tile_is_shown_under_a_name_of_its_figure() -> None:
    assert "Actual, USD" == Tile(ACTUAL, "1", name="Actual", of="USD").label
    with pytest.raises(ValueError, match="bug: a tile shows 'budget_actual' as 'Spent'; expected one of Budget actual"):
        Tile(ACTUAL, "1", name="Spent")
