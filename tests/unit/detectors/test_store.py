"""Detectors are put, changed and deleted; a training never marks settings that came later."""

import asyncio

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.detectors.model import Adaptation, Settings, Target, Training
from trimtab.detectors.room import DetectorRoom
from trimtab.store.state.database import State

TARGET = Target("Shop", "Latency", (("Service", "checkout"),), "Average")


def test_two_puts_of_one_target_are_one_detector_that_awaits_training_again(state: State) -> None:
    room = DetectorRoom.of(state, ManualClock())

    async def scenario() -> None:
        first = await room.store.put("1", "eu", TARGET, Settings())
        await room.store.trained([(first, Training.TRAINED)])
        same = await room.store.put("1", "eu", TARGET, Settings())
        assert (same.version, same.state) == (1, Training.TRAINED)
        changed = await room.store.put("1", "eu", TARGET, Settings(adaptation=Adaptation.FAST))
        assert (changed.id, changed.version, changed.state) == (first.id, 2, Training.PENDING)
        await room.store.trained([(first, Training.TRAINED)])
        [kept] = await room.store.all()
        assert kept.state is Training.PENDING

    asyncio.run(scenario())


def test_detectors_are_listed_by_account_region_and_metric(state: State) -> None:
    room = DetectorRoom.of(state, ManualClock())

    async def scenario() -> None:
        made = await room.store.put("1", "eu", TARGET, Settings(excluded=((1, 2),), zone="Europe/Berlin"))
        await room.store.put("2", "eu", TARGET, Settings())
        assert [made] == await room.store.listed("1", "eu", namespace="Shop", name="Latency")
        assert await room.store.listed("1", "us") == []
        assert await room.store.listed("1", "eu", name="Errors") == []
        await room.store.delete("1", "eu", made.id)
        with pytest.raises(NotFound, match="cannot delete anomaly detector"):
            await room.store.delete("1", "eu", made.id)

    asyncio.run(scenario())


def test_the_book_remembers_for_ten_seconds_and_forgets_when_told(state: State) -> None:
    clock = ManualClock()
    room = DetectorRoom.of(state, clock)

    async def scenario() -> None:
        assert await room.book.known() == {}
        made = await room.store.put("1", "eu", TARGET, Settings())
        assert await room.book.known() == {}
        clock.advance(10)
        assert await room.book.known() == {("1", "eu", made.id): made}
        await room.store.delete("1", "eu", made.id)
        room.book.forget()
        assert await room.book.known() == {}

    asyncio.run(scenario())
