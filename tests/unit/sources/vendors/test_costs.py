"""The cost APIs of OpenAI and Anthropic: what is asked, page after page, and what happens where they refuse."""

import json
from typing import Any

import httpx
import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.sources.vendors.costs import ANTHROPIC, OPENAI, CostPages, Vendor

START_MS, END_MS = 1_793_491_200_000, 1_796_083_200_000  # November 2026
ADMIN = {OPENAI.name: "sk-admin-1", ANTHROPIC.name: "sk-ant-admin-1"}


class Answers:
    """A vendor that gives one answer after the other."""

    def __init__(self, *answers: httpx.Response | Exception, vendor: Vendor = OPENAI) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()
        self.clock, self.waits = ManualClock(), list[float]()
        transport = httpx.MockTransport(self._answer)
        self.pages = CostPages(vendor, ADMIN[vendor.name], self.clock, self._wait, transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def read(self) -> list[Any]:
        return [json.loads(page) for page in self.pages.over(START_MS, END_MS)]


def page(*amounts: str, more: str = "", results: bool = True) -> httpx.Response:
    found = [{"amount": amount} for amount in amounts] if results else []
    return httpx.Response(200, json={"data": [{"results": found}], "has_more": bool(more), "next_page": more or None})


def test_openai_is_asked_for_days_by_project_and_line_item() -> None:
    answers = Answers(page("1"))
    answers.read()
    [request] = answers.requests
    assert "https://api.openai.com/v1/organization/costs" == str(request.url).partition("?")[0]
    assert "Bearer sk-admin-1" == request.headers["authorization"]
    asked = httpx.QueryParams(request.url.query)
    assert ["project_id", "line_item"] == asked.get_list("group_by")
    assert ("1793491200", "1796083200", "1d", "31") == tuple(
        asked[name] for name in ("start_time", "end_time", "bucket_width", "limit")
    )


def test_anthropic_is_asked_for_days_by_workspace_and_description() -> None:
    answers = Answers(page("1"), vendor=ANTHROPIC)
    answers.read()
    [request] = answers.requests
    assert "https://api.anthropic.com/v1/organizations/cost_report" == str(request.url).partition("?")[0]
    assert ("sk-ant-admin-1", "2023-06-01") == (request.headers["x-api-key"], request.headers["anthropic-version"])
    assert "authorization" not in request.headers
    asked = httpx.QueryParams(request.url.query)
    assert ["workspace_id", "description"] == asked.get_list("group_by[]")
    assert ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z") == (asked["starting_at"], asked["ending_at"])


def test_every_page_is_read_and_those_without_a_result_are_left_out() -> None:
    answers = Answers(page("1", more="b"), page(results=False, more="c"), page("3"))
    assert ["1", "3"] == [one["data"][0]["results"][0]["amount"] for one in answers.read()]
    assert ["", "b", "c"] == [httpx.QueryParams(one.url.query).get("page", "") for one in answers.requests]


@pytest.mark.parametrize("next_page", ["a", None])
def test_pages_that_go_round_in_circles_end(next_page: str | None) -> None:
    body = {"data": [{"results": [{"amount": "1"}]}], "has_more": True, "next_page": next_page}
    answers = Answers(*[httpx.Response(200, json=body)] * 3)
    with pytest.raises(Unavailable, match="names no other page"):
        answers.read()


def test_a_vendor_that_is_busy_is_asked_again_when_it_says() -> None:
    busy = [httpx.Response(429, headers={"retry-after": "20"}), httpx.ReadTimeout("slow"), httpx.Response(529)]
    answers = Answers(*busy, page("1"))
    assert 1 == len(answers.read())
    assert [20.0, 2.0, 4.0] == answers.waits


def test_a_vendor_that_stays_away_ends_the_reading() -> None:
    answers = Answers(*[httpx.Response(503)] * 100)
    with pytest.raises(Unavailable, match=r"OpenAI answers 503; nothing was imported"):
        answers.read()
    assert 600 < sum(answers.waits) < 800


@pytest.mark.parametrize(("vendor", "kind"), [(OPENAI, "sk-admin-"), (ANTHROPIC, "sk-ant-admin")])
def test_a_key_of_another_kind_is_told_which_one_is_expected(vendor: Vendor, kind: str) -> None:
    answers = Answers(httpx.Response(401, text='{"error": "no\n such key"}'), vendor=vendor)
    with pytest.raises(InvalidInput, match=r"refuses \(401\): .* expected an .*key") as problem:
        answers.read()
    assert kind in str(problem.value)
    assert ADMIN[vendor.name] not in str(problem.value)


@pytest.mark.parametrize("body", ["<html>", '{"object": "page"}', '{"data": 1}'])
def test_what_is_no_page_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read OpenAI's answer"):
        Answers(httpx.Response(200, text=body)).read()


@pytest.mark.parametrize("url", ["http://gateway.example.com", "HTTP://gateway.example.com/v1"])
def test_a_key_is_not_sent_in_the_clear(url: str) -> None:
    with pytest.raises(SetupError, match="in the clear"):
        CostPages(OPENAI, "k", ManualClock(), lambda _: None, url)


def test_a_gateway_of_this_machine_may_be_asked_in_the_clear() -> None:
    CostPages(OPENAI, "k", ManualClock(), lambda _: None, "http://127.0.0.1:1").close()


@pytest.mark.parametrize("url", ["http://[bad", "gateway", "ftp://gateway.example.com"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="cannot use URL"):
        CostPages(OPENAI, "k", ManualClock(), lambda _: None, url)
