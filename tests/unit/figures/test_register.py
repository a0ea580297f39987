"""The register: no two figures share a name, money has a basis, and a page says how each is computed."""

from collections import Counter
from decimal import Decimal

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.figures.model import Rollup
from trimtab.figures.register import BY_NAME, REGISTER, figure
from trimtab.fleet.figures import FIGURES as FLEET
from trimtab.kpis.formulas import FORMULAS
from trimtab.web.navigation import tabs


@pytest.fixture
def pages(open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(build_state(3, ManualClock(), gpus=True))
    return opened


def test_no_two_figures_have_the_same_name() -> None:
    names = Counter(name.casefold() for one in REGISTER.values() for name in one.names)
    assert [] == [name for name, number in names.items() if number > 1]
    assert len(BY_NAME) == len(names)


def test_every_figure_of_gpu_time_and_every_kpi_is_in_the_register_with_its_own_words() -> None:
    for id_, one in (FLEET | FORMULAS).items():
        assert (one.label, one.unit, one.text) == (REGISTER[id_].label, REGISTER[id_].unit, REGISTER[id_].formula)


@pytest.mark.parametrize("id_", list(REGISTER))
def test_a_figure_says_everything(id_: str) -> None:
    one = REGISTER[id_]
    assert one.id == id_
    assert all((one.label, one.area, one.formula, one.span, one.unit))
    assert bool(one.basis) == (one.unit == "$"), "money has a basis, and nothing else has"
    assert one.rows.partition("?")[0] in {tab.path for _, tab in tabs()}
    assert one.unit != "$" or one.rollup in (Rollup.SUM, Rollup.RATIO, Rollup.WHOLE)
    assert "÷" not in one.formula or one.rollup is not Rollup.SUM or "Σ" in one.formula or one.unit == "1/s"


def test_what_is_no_figure_says_where_they_are() -> None:
    with pytest.raises(NotFound, match="no figure 'guess'"):
        figure("guess")


def test_a_figures_page_shows_formula_basis_range_and_opens_the_rows(pages: AsgiClient) -> None:
    text = pages.get("/figures/idle_cost?range=24h").text
    for said in ("inactive ÷ held where it was held", "Here: net amortised", "Here: last 24h", "The rows behind it"):
        assert said in text, said
    assert 'href="/hosts?range=24h&amp;show=gpus"' in text
    assert "Here: billed" in pages.get("/figures/idle_cost?basis=billed").text
    assert 404 == pages.get("/figures/guess").status_code
    assert 'href="/figures/gpu_hours_held"' in pages.get("/kpis?level=team").text


def test_a_figures_values_add_up_to_the_tile(pages: AsgiClient) -> None:
    values = pages.get("/figures/gpu_hours_held.json").json()["by_team"]
    tile = next(one for one in pages.get("/overview.json").json()["tiles"] if one["figure"] == "gpu_held_share")
    hours = [Decimal(one["value"].removesuffix(" h").replace(",", "")) for one in values]
    assert sum(hours[:-1]) == pytest.approx(hours[-1])
    whole = pages.get("/teams.json").json()["teams"][-1]
    assert f"{whole['held'] / whole['existing'] * 100:.1f}" == tile["value"]


def test_the_register_is_there_as_page_json_and_csv(pages: AsgiClient) -> None:
    listed = [one["id"] for one in pages.get("/figures.json").json()["figures"]]
    assert list(REGISTER) == listed
    assert len(REGISTER) + 1 == len(pages.get("/figures.csv").text.strip().splitlines())
    page = pages.get("/figures").text
    assert all(f'href="/figures/{id_}"' in page for id_ in REGISTER)
