"""The simulator page: what its form reads, what it draws, what it promises."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from asgi_client import AsgiClient
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.scaling.simulation import simulate
from trimtab.web.pages.simulate import _promises
from trimtab.web.scaling.draft import CONTROLS, read_draft
from trimtab.web.scaling.example import MINUTES, example_demand
from trimtab.web.scaling.picture import draw
from trimtab.web.view import View
from trimtab.web.window import read_window

NOW_MS = 1_767_571_200_000


def view_of(**parameters: str) -> View:
    window, principal = read_window({}, NOW_MS, None), Principal("tester", None, Role.READ, EVERYTHING)
    return View("/simulate", tuple(parameters.items()), window, False, "", principal, NOW_MS, "http://127.0.0.1:4750")


def test_the_form_starts_with_the_usual_and_reads_every_control() -> None:
    assert {one.name: one.start for one in CONTROLS} == read_draft(view_of()).values
    draft = read_draft(view_of(target="80", launch="60", replicas="10", price="1.21"))
    asked = draft.asked(example_demand())
    assert (60.0, 0.8) == (asked.fleet.launch_s, asked.policies[1].target)
    assert 10 == pytest.approx(example_demand().max() / asked.fleet.pools[0].capacity)


def test_a_metric_is_found_by_words_and_its_text_is_what_the_form_reads(pages: AsgiClient) -> None:
    text = pages.get("/simulate?find=system.memory.utilization web-1 used&price=2").text
    (taken,) = re.findall(r'href="([^"]+)">Use it<', text)
    address = urlsplit(unescape(taken))
    given = dict(parse_qsl(address.query))
    assert ("/simulate", "2") == (address.path, given["price"])
    asked = read_draft(view_of(metric=given["metric"])).demand_asked(NOW_MS)
    assert asked is not None
    assert ("trimtab/Host", "system.memory.utilization", "Sum") == (asked.namespace, asked.name, asked.statistic)
    assert {"host.name": "web-1", "system.memory.state": "used"} == asked.dimensions
    assert "Use it" not in pages.get("/simulate").text


@pytest.mark.parametrize("wrong", [{"target": "x"}, {"target": "900"}, {"price": "-1"}])
def test_what_cannot_be_read_is_said(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        read_draft(view_of(**wrong))


def test_a_metric_is_read_from_the_text() -> None:
    asked = read_draft(view_of(metric="AWS/ELB|RequestCount{LoadBalancer=a/b,Zone=c}@Average")).demand_asked(NOW_MS)
    assert asked is not None
    assert ("AWS/ELB", "RequestCount", {"LoadBalancer": "a/b", "Zone": "c"}) == (
        asked.namespace,
        asked.name,
        asked.dimensions,
    )
    assert ("Average", False) == (asked.statistic, asked.per_period)
    assert read_draft(view_of()).demand_asked(NOW_MS) is None
    with pytest.raises(InvalidInput, match="NAMESPACE"):
        read_draft(view_of(metric="nonsense")).demand_asked(NOW_MS)


def test_the_example_is_a_week_whose_policies_can_be_told_apart() -> None:
    demand = example_demand()
    assert MINUTES == len(demand)
    found = simulate(read_draft(view_of()).asked(demand))
    portfolio, tracking = found.policies[:2]
    assert portfolio.outcome.cost < tracking.outcome.cost
    assert portfolio.outcome.violating <= 0.05
    told = _promises(found)  # a week is what a promise needs to begin with
    assert [(portfolio.name, None)] == [(one["policy"], one["kept"]) for one in told]
    assert told[0]["words"]
    picture = draw(found, 60.0, NOW_MS)
    assert "needed" in picture.wide
    assert "target tracking 50%" in picture.narrow
