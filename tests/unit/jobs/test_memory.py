"""A budget of memory: what is free is given back first, and what is said of it is said once."""

import asyncio

import pytest

from trimtab.jobs import memory
from trimtab.jobs.memory import MemoryWatch, give_back, resident_bytes

MIB = 1 << 20


class Process:
    def __init__(self) -> None:
        self.used = self.free = 0
        self.told: list[bool] = []
        self.watch = MemoryWatch(100, self.told.append, lambda: self.used + self.free, self.trim)

    def trim(self) -> None:
        self.free = 0

    def at(self, used: int, free: int = 0) -> bool:
        self.used, self.free = used * MIB, free * MIB
        asyncio.run(self.watch.look())
        return self.watch.over


def test_memory_that_is_only_kept_in_reserve_is_given_back_and_does_not_count() -> None:
    process = Process()
    assert not process.at(60, 90)
    assert (0, []) == (process.free, process.told)


def test_what_is_used_beyond_is_told_once_and_again_when_there_is_some_room() -> None:
    process = Process()
    assert process.at(101)
    assert process.at(97)
    assert [True] == process.told
    assert not process.at(95)
    assert not process.at(99)
    assert [True, False] == process.told


def test_a_process_knows_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back()
    assert 10 * MIB < resident_bytes() < 10_000 * MIB
    monkeypatch.setattr(memory, "_STATM", memory._STATM / "none")
    assert 0 == resident_bytes()
