"""Answers by link and signed in: each does what it says once, and a stop waits for approval and for the settings."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from trimtab.access import signed_links
from trimtab.access.scope import EVERYTHING
from trimtab.asks.answering import Answering
from trimtab.asks.model import DAY_MS, DISOWNED, LINK_DAYS, SNOOZE_DAYS, STOP_ASKED, Answer, Ask, Kind, Stop, Subject
from trimtab.asks.store import AskStore, put
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound, Unavailable
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

NOW = 1_764_158_400_000
ASK = Ask(
    id="a" * 24,
    subject=Subject(
        kind=Kind.RUN, id="r", owner="ml", account="1", title="train idles", link="/runs/c/7", facts={"job": "7"}
    ),
    asked_ms=NOW,
)


class Stopping:
    """A stopper whose answer a test sets."""

    problem = ""

    def __init__(self) -> None:
        self.stopped: list[tuple[str, str]] = []
        self.fails = False

    async def stop(self, ask: Ask, who: str) -> str:
        self.stopped.append((ask.id, who))
        if self.fails:
            raise Unavailable("the scheduler is away")
        return "starts run 1"


class Room:
    """Answers over a state with one ask."""

    def __init__(self, state: State, ask: Ask = ASK) -> None:
        self.state, self.clock, self.stopper = state, ManualClock(), Stopping()
        self.clock.at_ms = NOW
        self.decided: list[tuple[str, Answer, str, int]] = []
        self.answering = Answering(state, self.clock, AskStore(state), self.stopper, {Kind.RUN: self._decide})
        self.put(ask)

    async def _decide(self, ask: Ask, answer: Answer, who: str, until_ms: int) -> None:
        self.decided.append((ask.id, answer, who, until_ms))

    def put(self, ask: Ask) -> None:
        self.state.change_sync(lambda connection: put(connection, ask))

    def answer(self, answer: Answer, who: str = "ann") -> Ask:
        return asyncio.run(self.answering.answer(EVERYTHING, ASK.id, answer, who))

    def approve(self) -> Ask:
        return asyncio.run(self.answering.approve(EVERYTHING, ASK.id, "ops"))

    def open(self, signs: str) -> tuple[Ask, Answer]:
        token = signed_links.signed(self.state.signing_keys(signed_links.PURPOSE)[0], signs)
        return asyncio.run(self.answering.opened(token))

    def kinds(self) -> list[str]:
        rows = self.state.read_sync(lambda connection: connection.execute(select(outbox.c.kind)).all())
        return [row.kind for row in rows]


@pytest.fixture
def room(state: State) -> Room:
    return Room(state)


def test_a_link_opens_its_answer_and_does_nothing(room: Room) -> None:
    ask, answer = room.open(ASK.signs(Answer.DONE))
    assert (ASK, Answer.DONE) == (ask, answer)
    assert ([], []) == (room.decided, room.kinds())


def test_a_link_is_of_one_time_of_asking_and_ends(room: Room) -> None:
    with pytest.raises(Conflict, match="asked again since"):
        room.open(replace(ASK, round=2).signs(Answer.DONE))
    with pytest.raises(NotFound, match="cannot answer 'dance'"):
        room.open(f"{ASK.id} 1 dance")
    with pytest.raises(NotFound, match="cannot find what was asked"):
        room.open("zzz 1 done")
    room.clock.at_ms = NOW + LINK_DAYS * DAY_MS
    with pytest.raises(Conflict, match="older than 30 days"):
        room.open(ASK.signs(Answer.DONE))


def test_a_subject_that_does_not_run_has_no_link_that_stops_it(state: State) -> None:
    room = Room(state, replace(ASK, subject=replace(ASK.subject, facts={})))
    with pytest.raises(NotFound, match="cannot answer 'stop it'"):
        room.open(ASK.signs(Answer.STOP))
    with pytest.raises(Conflict, match="nothing that runs"):
        room.answer(Answer.STOP)


def test_done_is_told_to_the_room_of_the_subject_once(room: Room) -> None:
    assert (Answer.DONE, "ann", NOW) == _said(room.answer(Answer.DONE))
    room.answer(Answer.DONE, "bob")
    assert [(ASK.id, Answer.DONE, "ann", 0)] == room.decided
    with pytest.raises(Conflict, match="ann said 'done' already"):
        room.answer(Answer.NOT_MINE)


def test_a_snooze_ends_after_a_week_and_may_become_another_answer(room: Room) -> None:
    until_ms = NOW + SNOOZE_DAYS * DAY_MS
    assert until_ms == room.answer(Answer.SNOOZE).until_ms
    assert [(ASK.id, Answer.SNOOZE, "ann", until_ms)] == room.decided
    assert Answer.DONE is room.answer(Answer.DONE).answer


def test_what_is_gone_takes_no_answer(room: Room) -> None:
    room.put(replace(ASK, closed_ms=NOW))
    with pytest.raises(Conflict, match="gone by itself"):
        room.answer(Answer.DONE)


def test_what_is_not_theirs_is_told(room: Room) -> None:
    room.answer(Answer.NOT_MINE)
    assert [DISOWNED] == room.kinds()


def test_a_stop_waits_until_it_is_approved_and_runs_once(room: Room) -> None:
    assert Stop.WAITS is room.answer(Answer.STOP).stop
    assert ([], [STOP_ASKED]) == (room.stopper.stopped, room.kinds())
    done = room.approve()
    assert (Stop.DONE, "ops", "starts run 1") == (done.stop, done.stop_by, done.outcome)
    with pytest.raises(Conflict, match="cannot approve the stop: done"):
        room.approve()
    assert [(ASK.id, "ops")] == room.stopper.stopped


def test_a_stop_that_nobody_asked_for_is_not_approved(room: Room) -> None:
    with pytest.raises(Conflict, match="nobody asked for it"):
        room.approve()
    with pytest.raises(Conflict, match="nobody asked for it"):
        asyncio.run(room.answering.refuse(EVERYTHING, ASK.id, "ops"))


def test_a_stop_that_fails_says_why_and_may_be_tried_again(room: Room) -> None:
    room.answer(Answer.STOP)
    room.stopper.fails = True
    failed = room.approve()
    assert (Stop.FAILED, "the scheduler is away") == (failed.stop, failed.outcome)
    room.stopper.fails = False
    assert Stop.DONE is room.approve().stop


def test_a_refused_stop_is_not_run(room: Room) -> None:
    room.answer(Answer.STOP)
    asyncio.run(room.answering.refuse(EVERYTHING, ASK.id, "ops"))
    with pytest.raises(Conflict, match="refused"):
        room.approve()
    assert [] == room.stopper.stopped


def test_nothing_is_stopped_that_the_settings_do_not_allow(room: Room) -> None:
    room.stopper.problem = "the settings allow no stop"
    with pytest.raises(Conflict, match="cannot stop it: the settings allow no stop"):
        room.answer(Answer.STOP)
    room.put(replace(ASK, answer=Answer.STOP, stop=Stop.WAITS))
    with pytest.raises(Conflict, match="cannot stop it: the settings allow no stop"):
        room.approve()
    assert ([], Stop.WAITS) == (room.stopper.stopped, asyncio.run(room.answering.store.get(EVERYTHING, ASK.id)).stop)


def _said(ask: Ask) -> tuple[Any, ...]:
    return ask.answer, ask.answered_by, ask.answered_ms
