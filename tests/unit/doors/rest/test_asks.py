"""What owners were asked, over REST: within what a caller sees; answers and stops as the pages give them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.asks.answering import Answering
from trimtab.asks.asking import Asking
from trimtab.asks.model import Ask, Kind, Subject
from trimtab.asks.room import AsksRoom
from trimtab.asks.store import AskStore, put
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.records import replace
from trimtab.client import asks_wire as wire
from trimtab.doors.rest.asks import Which, operations
from trimtab.doors.rest.spec import Call
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State

RUN = Subject(kind=Kind.RUN, id="r", owner="ml", account="1", title="train idles", worth=Decimal("12.50"),
              currency="USD", link="/runs/c/7", facts={"job": "7"})  # fmt: skip
ASK = Ask(id="a" * 24, subject=RUN, asked_ms=5)
OTHER = Ask(id="b" * 24, subject=replace(RUN, owner="web", worth=None), asked_ms=6)
OPS = Principal("ops", None, Role.WRITE, EVERYTHING)
TEAM = Principal("web", None, Role.WRITE, Scope(rows=(RowRule("team", frozenset({"web"})),)))


class Stopping:
    """Stops whatever it is asked to."""

    problem = ""

    async def stop(self, ask: Ask, who: str) -> str:
        return f"{who} started run 1"


@pytest.fixture
def room(state: State) -> AsksRoom:
    clock, store = ManualClock(), AskStore(state)

    async def nobody() -> frozenset[str]:
        return frozenset()

    for ask in (ASK, OTHER):
        state.change_sync(lambda connection, ask=ask: put(connection, ask))
    asking = Asking(state, clock, {}, nobody, Lock(state, clock, "owner asks"))
    return AsksRoom(store, asking, Answering(state, clock, store, Stopping(), {}))


def _ask(room: AsksRoom, name: str, who: Principal, query: Any = None, body: Any = None, id_: str = ASK.id) -> Any:
    operation = next(one for one in operations(room) if one.name == name)
    return asyncio.run(operation.handler(Call(who, query or Which(), body, {"id": id_}, {})))


def _listed(room: AsksRoom, who: Principal, query: Any = None) -> list[wire.Asked]:
    found: wire.AskedList = _ask(room, "list what owners were asked", who, query)
    return found.asked


def test_what_was_asked_is_listed_within_what_the_caller_sees(room: AsksRoom) -> None:
    assert ["web", "ml"] == [one.owner for one in _listed(room, OPS)]
    assert ["web"] == [one.owner for one in _listed(room, TEAM)]
    (found,) = _listed(room, OPS, Which(owner="ml"))
    assert ("12.50", "USD", "idle run", True, "") == (found.worth, found.currency, found.kind, found.open, found.answer)
    assert None is _listed(room, TEAM)[0].worth


def test_an_answer_is_taken_and_leaves_the_list_of_what_is_open(room: AsksRoom) -> None:
    found = _ask(room, "answer for an owner", OPS, body=wire.GiveAnswer("done"))
    assert ("done", "ops", False) == (found.answer, found.answered_by, found.open)
    assert ["web"] == [one.owner for one in _listed(room, OPS, Which(open=True))]
    with pytest.raises(NotFound, match="cannot find what was asked"):
        _ask(room, "answer for an owner", TEAM, body=wire.GiveAnswer("done"))


def test_a_stop_is_approved_or_refused(room: AsksRoom) -> None:
    with pytest.raises(Conflict, match="nobody asked for it"):
        _ask(room, "decide on a stop", OPS, body=wire.DecideStop(approve=True))
    for id_, approve in ((ASK.id, True), (OTHER.id, False)):
        _ask(room, "answer for an owner", OPS, body=wire.GiveAnswer("stop it"), id_=id_)
        _ask(room, "decide on a stop", OPS, body=wire.DecideStop(approve=approve), id_=id_)
    told = {one.owner: (one.stop, one.outcome) for one in _listed(room, OPS)}
    assert {"ml": ("done", "ops started run 1"), "web": ("refused", "")} == told
