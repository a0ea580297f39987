"""The page of what costs most series, and its buttons."""

from typing import Any

import pytest

from asgi_client import AsgiClient
from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.inventory.drop_rules import DropRuleStore
from trimtab.metrics.cardinality import CardinalityReader
from trimtab.metrics.drop_rules import DropRules, DropRulesRoom
from trimtab.metrics.model import Identity
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.web.app import WebState
from trimtab.web.state import SeriesRooms

PATH = "/sources/cardinality"


@pytest.fixture
def registry(clock: ManualClock) -> SeriesRegistry:
    registry = SeriesRegistry(None, clock)  # type: ignore[arg-type]  # nothing is read
    for at in range(3):
        registry.add(Identity("123456789012", "us-east-1", "Prometheus", "<up>", (("pod", f"p-{at}"),)))
    return registry


@pytest.fixture
def state(fleet: WebState, registry: SeriesRegistry, clock: ManualClock, tmp_path: Any) -> WebState:
    room = DropRulesRoom(DropRuleStore(State.open("", tmp_path), clock), DropRules(), [])
    return replace(fleet, series=SeriesRooms(CardinalityReader(registry, clock), room))


def open_as(open_pages: Any, state: WebState, principal: Principal = LOCAL_OPERATOR) -> AsgiClient:
    return open_pages(state, principal)  # type: ignore[no-any-return]  # a fixture


def test_metrics_and_labels_are_told_with_their_series(open_pages: Any, state: WebState) -> None:
    text = open_as(open_pages, state).get(PATH).text
    assert "&lt;up&gt;" in text
    assert "<up>" not in text
    assert '<th scope="row">pod</th><td class="num">3</td><td><code>p-' in text
    assert "Every series within the limits is kept" in text
    assert 3 == open_as(open_pages, state).get(PATH + ".json").json()["total"]["series"]
    assert "No series" in open_as(open_pages, state).get(PATH + "?name=none").text


def test_a_rule_is_made_and_removed_by_its_buttons(open_pages: Any, state: WebState) -> None:
    pages = open_as(open_pages, state)
    form = {"name": "no pods", "action": "drop_labels", "match": '{pod!=""}', "labels": "pod pod_.*"}
    answer = pages.post(PATH + "/act", data=form)
    assert (303, f"{PATH}#rules") == (answer.status_code, answer.headers["location"])
    text = pages.get(PATH).text
    assert "no pods" in text and "pod pod_.*" in text
    assert 400 == pages.post(PATH + "/act", data=form | {"action": "explode"}).status_code
    assert 400 == pages.post(PATH + "/act", data=form | {"match": "{"}).status_code
    pages.post(PATH + "/act", data={"do": "remove", "name": "no pods"})
    assert "no pods" not in pages.get(PATH).text


def test_a_reader_sees_rules_and_may_not_change_them(open_pages: Any, state: WebState) -> None:
    open_as(open_pages, state).post(PATH + "/act", data={"name": "r", "action": "drop", "match": "secret_metric"})
    reader = open_as(open_pages, state, Principal("r", None, Role.READ, Scope()))
    assert "secret_metric" in reader.get(PATH).text
    assert "Keep the rule" not in reader.get(PATH).text
    assert 403 == reader.post(PATH + "/act", data={"do": "remove", "name": "r"}).status_code


def test_who_is_bound_to_an_account_sees_its_series_and_no_rules(open_pages: Any, state: WebState) -> None:
    open_as(open_pages, state).post(PATH + "/act", data={"name": "r", "action": "drop", "match": "secret_metric"})
    other = open_as(open_pages, state, Principal("o", "999999999999", Role.ADMIN, Scope(frozenset(("999999999999",)))))
    text = other.get(PATH).text
    assert "secret_metric" not in text
    assert "&lt;up&gt;" not in text
    assert 400 == other.post(PATH + "/act", data={"do": "remove", "name": "r"}).status_code
