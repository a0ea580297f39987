"""The job that sends: targets side by side, the deliveries of one in order, each outcome on record before the next.

Between sending and recording a process can die; the delivery is then sent again under the same id: at least once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from sqlalchemy import Connection, and_, func, select

from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, TrimtabError
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_deliveries
from trimtab.store.state.upcoming import NOW, Upcoming
from trimtab.triggers import queue
from trimtab.triggers.model import Delivery, DeliveryState, Outcome, Sent
from trimtab.triggers.sending.contract import Sender
from trimtab.triggers.sending.dead_letters import KEPT_HERE, PENDING, DeadLetters

_AT_ONCE = 8
"""Targets that are talked to at the same time."""
A_TURN = 200
"""Deliveries that one turn takes up."""
_columns = event_deliveries.c
_NEXT = select(func.min(_columns.next_ms)).where(_columns.state == DeliveryState.WAITING.value)
_UNWRITTEN = and_(_columns.state == DeliveryState.DEAD.value, _columns.dead_letter == PENDING)
_NEVER = (InvalidInput, NotFound, Conflict, AccessDenied)
"""Errors after which asking again would not help."""


Tell = Callable[[Delivery, Sent, DeliveryState, int], Awaitable[None]]
"""Is told what came of a delivery, and when (ms)."""


class Dispatcher:
    """Sends what is due. `may_send` is asked before each: of several servers one sends. `tell` hears of outcomes."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        senders: Sequence[Sender],
        dead_letters: DeadLetters,
        may_send: Callable[[], bool] = lambda: True,
        tell: Tell | None = None,
    ) -> None:
        self._state = state
        self._clock = clock
        self._senders = tuple(senders)
        self._dead_letters = dead_letters
        self._may_send = may_send
        self._tell = tell
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._upcoming = Upcoming(state, _NEXT, select(NOW).where(_UNWRITTEN))

    def reaches(self, arn: str) -> bool:
        """Whether there is a sender for a target of this ARN."""
        return any(one.takes(arn) for one in self._senders)

    async def turn(self) -> int:
        """Send what is due now; returns how many deliveries were taken up."""
        if not self._may_send():
            return 0
        if not await self._upcoming.due(self._clock.now_ms()):
            return 0
        await self._letters()
        due = await self._state.read(partial(queue.due, now_ms=self._clock.now_ms(), limit=A_TURN))
        await asyncio.gather(*map(self._one_after_another, queue.by_target(due)))
        return len(due)

    async def _one_after_another(self, deliveries: Sequence[Delivery]) -> None:
        async with self._gate:
            for delivery in deliveries:
                if not self._may_send():
                    return
                await self._send(delivery)

    async def _send(self, delivery: Delivery) -> None:
        began_s = self._clock.monotonic()
        sent = await self._attempt(delivery)
        took_ms = round(1000 * (self._clock.monotonic() - began_s))

        def write(connection: Connection) -> DeliveryState:
            state = queue.record(connection, delivery, sent, self._clock.now_ms(), took_ms)
            if state is DeliveryState.DEAD:
                has_place = bool((delivery.form.get("DeadLetterConfig") or {}).get("Arn"))
                queue.note_dead_letter(connection, delivery.id, PENDING if has_place else KEPT_HERE)
            return state

        state = await self._state.change(write)
        if self._tell is not None:
            await self._tell(delivery, sent, state, self._clock.now_ms())

    async def _attempt(self, delivery: Delivery) -> Sent:
        sender = next((one for one in self._senders if one.takes(delivery.arn)), None)
        if sender is None:
            return Sent(
                Outcome.REFUSED, f"trimtab cannot reach targets like {delivery.arn}; see the guide of event rules"
            )
        try:
            return await sender.send(delivery)
        except _NEVER as problem:
            return Sent(Outcome.REFUSED, str(problem))
        except TrimtabError as problem:
            return Sent(Outcome.RETRY, str(problem))

    async def _letters(self) -> None:
        """Write the letters of the dead, also those that a crash left unwritten."""
        query = select(event_deliveries).where(_UNWRITTEN)
        rows = await self._state.read(lambda connection: connection.execute(query.limit(A_TURN)).all())
        for row in rows:
            delivery = queue.delivery_of(row)
            where = await self._dead_letters.post(replace(delivery, dead_letter=""))
            await self._state.change(partial(queue.note_dead_letter, id_=delivery.id, where=where))
