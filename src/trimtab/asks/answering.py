"""What owners answer, by a signed link or signed in, and what follows: a decision on the finding, or a stop.

A link is for one answer to one time of asking, and for LINK_DAYS days. Its page asks once more before anything is
done, since mail servers open links by themselves. A stop waits until somebody with the role to write approves it, and
runs only what the settings allow.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct
from sqlalchemy import Connection

from trimtab.access import signed_links
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.asks.model import DAY_MS, DISOWNED, LINK_DAYS, SNOOZE_DAYS, STOP_ASKED, Answer, Ask, Kind, Stop
from trimtab.asks.store import AskStore, ask_in, put
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound, TrimtabError
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.store.state.database import State

Decide = Callable[[Ask, Answer, str, int], Awaitable[None]]
"""Tells the room of a subject what its owner answered, who it was, and until when (ms) it is put off. Raises
TrimtabError; NotFound where the subject is gone."""


class Stopper(Protocol):
    """What stops subjects."""

    @property
    def problem(self) -> str:
        """Why nothing can be stopped here, in words; "" where it can."""
        ...

    async def stop(self, ask: Ask, who: str) -> str:
        """Stop the subject of an ask, once however often it is called for it; what came of it. Raises TrimtabError."""
        ...


class Answering(Struct, frozen=True):
    """Takes answers."""

    state: State
    clock: Clock
    store: AskStore
    stopper: Stopper
    decide: Mapping[Kind, Decide]

    async def opened(self, token: str) -> tuple[Ask, Answer]:
        """What a link asks about, and the answer that it gives. Raises NotFound, Conflict for one that is too old."""
        text = signed_links.opened(self.state.signing_keys(signed_links.PURPOSE), token)
        id_, _, rest = text.partition(" ")
        round_, _, answer = rest.partition(" ")
        ask = await self.store.get(EVERYTHING, id_)
        if str(ask.round) != round_:
            raise Conflict("cannot use the link: it was asked again since; take the newest message")
        if self.clock.now_ms() - ask.asked_ms >= LINK_DAYS * DAY_MS:
            raise Conflict(f"cannot use the link: it is older than {LINK_DAYS} days; sign in and open the page /asked")
        if answer not in {one.value for one in ask.buttons()}:
            raise NotFound(f"cannot answer {answer!r}: it offers {', '.join(one.value for one in ask.buttons())}")
        return ask, Answer(answer)

    async def answer(self, scope: Scope, id_: str, answer: Answer, who: str) -> Ask:
        """Answer an ask; the same answer again changes nothing. Raises NotFound, Conflict."""
        ask = await self.store.get(scope, id_)
        self._check(ask, answer)
        if ask.answer is answer and answer is not Answer.SNOOZE:
            return ask
        now_ms = self.clock.now_ms()
        until_ms = now_ms + SNOOZE_DAYS * DAY_MS if answer is Answer.SNOOZE else 0
        if (decide := self.decide.get(ask.subject.kind)) is not None:
            await decide(ask, answer, who, until_ms)
        return await self.state.change(
            partial(self._write, id_=id_, answer=answer, who=who, now_ms=now_ms, until_ms=until_ms)
        )

    def _check(self, ask: Ask, answer: Answer) -> None:
        if ask.answer is not answer and not ask.open:
            what = f"{ask.answered_by} said {ask.answer.value!r}" if ask.answer else "it is gone by itself"
            raise Conflict(f"cannot answer {answer.value!r}: {what} already")
        if answer is Answer.STOP and not ask.subject.facts:
            raise Conflict(f"cannot stop a {ask.subject.kind.value}: there is nothing that runs")
        if answer is Answer.STOP and self.stopper.problem:
            raise Conflict(f"cannot stop it: {self.stopper.problem}")

    def _write(self, connection: Connection, id_: str, answer: Answer, who: str, now_ms: int, until_ms: int) -> Ask:
        ask = ask_in(connection, id_)
        self._check(ask, answer)
        changed = replace(ask, answer=answer, answered_by=who, answered_ms=now_ms, until_ms=until_ms)
        if answer is Answer.STOP and ask.stop is Stop.NONE:
            changed = replace(changed, stop=Stop.WAITS)
        put(connection, changed)
        told = {"ask": id_, "who": who, "link": "/asked", "text": ask.subject.title}
        if answer is Answer.STOP:
            title = f"{ask.subject.owner} asks to stop: {ask.subject.title}"
            emit(connection, self.clock, STOP_ASKED, id_, {**told, "title": title, "severity": "warning"})
        if answer is Answer.NOT_MINE:
            title = f"{ask.subject.owner} says that it is not theirs: {ask.subject.title}"
            emit(connection, self.clock, DISOWNED, id_, {**told, "title": title, "severity": "info"})
        return changed

    async def approve(self, scope: Scope, id_: str, who: str) -> Ask:
        """Stop what an owner asked to stop. It is on record as running before anything is done. Raises NotFound,
        Conflict."""
        ask = await self.store.get(scope, id_)
        if ask.stop not in (Stop.WAITS, Stop.FAILED, Stop.RUNS):
            raise Conflict(f"cannot approve the stop: {ask.stop.value or 'nobody asked for it'}")
        if self.stopper.problem:
            raise Conflict(f"cannot stop it: {self.stopper.problem}")
        ask = await self._move(ask, Stop.RUNS, who, "")
        try:
            outcome = await self.stopper.stop(ask, who)
        except TrimtabError as problem:
            return await self._move(ask, Stop.FAILED, who, str(problem))
        return await self._move(ask, Stop.DONE, who, outcome)

    async def refuse(self, scope: Scope, id_: str, who: str) -> Ask:
        """Say that what an owner asked to stop goes on. Raises NotFound, Conflict."""
        ask = await self.store.get(scope, id_)
        if ask.stop not in (Stop.WAITS, Stop.FAILED):
            raise Conflict(f"cannot refuse the stop: {ask.stop.value or 'nobody asked for it'}")
        return await self._move(ask, Stop.REFUSED, who, "")

    async def _move(self, ask: Ask, stop: Stop, who: str, outcome: str) -> Ask:
        def change(connection: Connection) -> Ask:
            now = ask_in(connection, ask.id)
            if now.stop is not ask.stop:
                raise Conflict(f"cannot change the stop: it is {now.stop.value} now")
            moved = replace(now, stop=stop, stop_by=who, outcome=outcome)
            put(connection, moved)
            return moved

        return await self.state.change(change)
