import asyncio

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.events.outbox import Event, Outbox, emit
from trimtab.store.state.database import State


def happen(state: State, subject: str) -> str:
    return state.change_sync(lambda connection: emit(connection, ManualClock(), "thing.happened", subject, {"n": 1}))


def test_events_arrive_in_order_once_and_not_again_after_a_restart(state: State) -> None:
    async def scenario() -> None:
        seen: list[str] = []

        async def handler(event: Event) -> None:
            seen.append(event.subject)

        first = Outbox(state)
        await first.subscribe("mail", handler)
        happen(state, "a")
        happen(state, "b")
        assert await first.deliver() == 2
        again = Outbox(state)
        await again.subscribe("mail", handler)
        happen(state, "c")
        assert await again.deliver() == 1
        assert seen == ["a", "b", "c"]

    asyncio.run(scenario())


def test_a_failed_delivery_is_repeated_with_the_same_id_and_holds_no_one_else_up(state: State) -> None:
    async def scenario() -> None:
        tries: list[str] = []
        other: list[str] = []

        async def flaky(event: Event) -> None:
            tries.append(event.id)
            if len(tries) == 1:
                raise Unavailable("receiver away")

        async def steady(event: Event) -> None:
            other.append(event.id)

        box = Outbox(state)
        await box.subscribe("flaky", flaky)
        await box.subscribe("steady", steady)
        id_ = happen(state, "x")
        await box.deliver()
        assert other == [id_]
        await box.deliver()
        assert tries == [id_, id_]
        assert await box.deliver() == 0

    asyncio.run(scenario())


def test_an_event_of_a_change_that_failed_never_was(state: State) -> None:
    def change(connection: object) -> None:
        emit(connection, ManualClock(), "thing.happened", "x", {})  # type: ignore[arg-type]  # a real Connection
        raise RuntimeError("the change failed")

    async def scenario() -> None:
        seen: list[Event] = []

        async def handler(event: Event) -> None:
            seen.append(event)

        box = Outbox(state)
        await box.subscribe("all", handler)
        with pytest.raises(RuntimeError):
            state.change_sync(change)
        assert await box.deliver() == 0
        assert seen == []

    asyncio.run(scenario())
