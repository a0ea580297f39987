"""The page of what owners were asked, and the page behind a signed link, whose button alone does something."""

import asyncio
from typing import Any

import pytest

from asgi_client import AsgiClient
from trimtab.access import signed_links
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.asks.answering import Answering
from trimtab.asks.asking import Asking
from trimtab.asks.model import Answer, Ask, Kind, Stop, Subject
from trimtab.asks.room import AsksRoom
from trimtab.asks.store import AskStore, put
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.web.app import WebState

NOW = 1_764_158_400_000
RUN = Subject(kind=Kind.RUN, id="r", owner="ml", account="1", title="train <b>idles", text="since\nMonday",
              link="/runs/c/7", facts={"job": "7"})  # fmt: skip
ASK = Ask(id="a" * 24, subject=RUN, asked_ms=NOW)
OTHER = Ask(id="b" * 24, subject=replace(RUN, id="s", owner="web", title="serve idles", facts={}), asked_ms=NOW)


class Stopping:
    """Stops, as the settings of a test allow."""

    def __init__(self) -> None:
        self.problem = ""

    async def stop(self, ask: Ask, who: str) -> str:
        return f"{who} started run 1"


@pytest.fixture
def room(state: State) -> AsksRoom:
    clock = ManualClock()
    clock.at_ms = NOW
    store = AskStore(state)

    async def nobody() -> frozenset[str]:
        return frozenset()

    asking = Asking(state, clock, {}, nobody, Lock(state, clock, "owner asks"))
    for ask in (ASK, OTHER):
        state.change_sync(lambda connection, ask=ask: put(connection, ask))
    return AsksRoom(store, asking, Answering(state, clock, store, Stopping(), {}))


@pytest.fixture
def open_asked(fleet: WebState, room: AsksRoom, open_pages: Any) -> Any:
    def opened(*principal: Principal) -> AsgiClient:
        found: AsgiClient = open_pages(replace(fleet, asks=room), *principal)
        return found

    return opened


def _link(state: State, answer: Answer) -> str:
    return "/asked/by/" + signed_links.signed(state.signing_keys(signed_links.PURPOSE)[0], ASK.signs(answer))


def _now(room: AsksRoom) -> Ask:
    return asyncio.run(room.store.get(EVERYTHING, ASK.id))


def test_the_page_lists_what_was_asked_with_its_buttons(open_asked: Any) -> None:
    text = open_asked().get("/asked").text
    assert "train &lt;b&gt;idles" in text
    assert "Snooze for a week" in text and "Not mine" in text
    assert 1 == text.count('value="stop it"')
    assert "serve idles" not in open_asked().get("/asked?owner=ml").text
    assert ["ml", "web"] == [one["owner"] for one in open_asked().get("/asked.json").json()["asked"]]
    assert open_asked().get("/asked.csv").text.startswith("kind,owner,subject,")


def test_the_empty_page_says_how_owners_are_asked(nothing: WebState, room: AsksRoom, open_pages: Any) -> None:
    text = open_pages(replace(nothing, asks=room)).get("/asked?owner=nobody").text
    assert "trimtab notify add" in text and "--owner" in text


def test_a_link_shows_its_answer_and_only_its_button_gives_it(open_asked: Any, room: AsksRoom, state: State) -> None:
    path = _link(state, Answer.DONE)
    stranger = open_asked(Principal("anonymous", None, Role.FINANCE, Scope()))
    text = stranger.get(path).text
    assert "train &lt;b&gt;idles" in text and f'action="{path}"' in text
    assert Answer.NONE is _now(room).answer
    assert "Noted: done." in stranger.post(path).text
    assert (Answer.DONE, "ml by link") == (_now(room).answer, _now(room).answered_by)
    assert "<form" not in stranger.get(path).text.partition("<main")[2]


def test_a_link_that_was_not_signed_here_or_comes_too_late_says_so(open_asked: Any, state: State) -> None:
    assert 404 == open_asked().get(_link(state, Answer.DONE)[:-2]).status_code
    open_asked().post(_link(state, Answer.NOT_MINE))
    answer = open_asked().post(_link(state, Answer.DONE))
    assert 409 == answer.status_code
    assert "not mine" in answer.text


def test_a_stop_is_approved_or_refused_on_the_page(open_asked: Any, room: AsksRoom, state: State) -> None:
    assert "Somebody has to approve it" in open_asked().post(_link(state, Answer.STOP)).text
    assert "Stops that wait for approval" in open_asked().get("/asked").text
    answer = open_asked().post("/asked/approve", data={"id": ASK.id, "do": "approve"})
    assert (303, "/asked") == (answer.status_code, answer.headers["location"])
    assert Stop.DONE is _now(room).stop
    assert "started run 1" in open_asked().get("/asked").text


def test_a_refused_stop_goes_on(open_asked: Any, room: AsksRoom, state: State) -> None:
    open_asked().post(_link(state, Answer.STOP))
    open_asked().post("/asked/approve", data={"id": ASK.id, "do": "refuse"})
    assert Stop.REFUSED is _now(room).stop


def test_who_may_not_write_answers_and_approves_nothing(open_asked: Any, room: AsksRoom, state: State) -> None:
    reader = open_asked(Principal("r", None, Role.READ, Scope()))
    assert "Snooze for a week" not in reader.get("/asked").text
    assert 403 == reader.post("/asked/answer", data={"id": ASK.id, "answer": "done"}).status_code
    assert 403 == reader.post("/asked/approve", data={"id": ASK.id}).status_code
    assert Answer.NONE is _now(room).answer


def test_a_team_sees_and_answers_its_own_only(open_asked: Any, room: AsksRoom) -> None:
    team = open_asked(Principal("w", None, Role.WRITE, Scope(rows=(RowRule("team", frozenset({"web"})),))))
    assert "idles" in team.get("/asked").text and "train" not in team.get("/asked").text
    assert 404 == team.post("/asked/answer", data={"id": ASK.id, "answer": "done"}).status_code
    assert 303 == team.post("/asked/answer", data={"id": OTHER.id, "answer": "done"}).status_code
    assert 400 == team.post("/asked/answer", data={"id": OTHER.id, "answer": "dance"}).status_code
    assert Answer.NONE is _now(room).answer
