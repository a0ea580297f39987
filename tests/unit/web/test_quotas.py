"""The page of quotas: what is kept beside what teams held, and what to do where nothing is."""

import asyncio

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.base.clock import ManualClock
from trimtab.inventory.runs.quotas import Stated
from trimtab.web.app import WebState


@pytest.fixture
def state(clock: ManualClock) -> WebState:
    return build_state(3, clock, gpus=True)


@pytest.fixture
def pages(state: WebState, open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(state)
    return opened


def keep(state: WebState, cluster: str, from_ms: int, **gpus: float) -> None:
    assert state.runs is not None
    stated = [Stated(team=team, gpus=number) for team, number in gpus.items()]
    asyncio.run(state.runs.room.quotas.put("123456789012", cluster, from_ms, stated, "mira"))


def test_without_quotas_it_says_how_to_keep_some(pages: AsgiClient) -> None:
    page = pages.get("/runs/quotas")
    assert 200 == page.status_code
    assert "No quotas are kept" in page.text
    assert "trimtab queue quotas - --cluster NAME --keep" in page.text


def test_teams_are_there_by_range_and_by_day_as_in_the_json(
    pages: AsgiClient, state: WebState, clock: ManualClock
) -> None:
    keep(state, "atlas", clock.now_ms() - 3 * 86_400_000, search=2)
    told = pages.get("/runs/quotas.json?range=7d&cluster=atlas").json()
    search = next(one for one in told["teams"] if one["team"] == "search")
    assert 144 == round(search["entitled"])
    assert search["held"] > 0
    assert len(told["days"]) in (3, 4)
    page = pages.get("/runs/quotas?range=7d").text
    assert "GPU-hours by team, atlas" in page
    assert "quotas are known since" in page
    assert page.count('<th scope="row">search</th>') == len(told["days"]) + 1
    assert "no quota" in page  # teams that held GPUs without one


def test_of_several_clusters_each_has_its_link(pages: AsgiClient, state: WebState, clock: ManualClock) -> None:
    keep(state, "atlas", clock.now_ms() - 86_400_000, search=2)
    keep(state, "borea", clock.now_ms() - 86_400_000, search=4)
    assert "cluster=borea" in pages.get("/runs/quotas").text
    assert "GPU-hours by team, borea" in pages.get("/runs/quotas?cluster=borea").text
