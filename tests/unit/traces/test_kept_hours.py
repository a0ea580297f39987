"""Hours are made again when spans of them, or beside them, came; never otherwise."""

import asyncio
from collections.abc import Mapping

from trimtab.traces import kept_hours
from trimtab.traces.kept_hours import HOUR_MS, KeptHours, Mark

H = HOUR_MS


class Spans:
    """Spans by hour, as numbers of spans and when the newest came; what is read of them is noted."""

    def __init__(self, marks: dict[int, Mark]) -> None:
        self.hours = marks
        self.reads: list[tuple[int, int]] = []
        self.most_hours = 99

    async def marks(self, start_ms: int, end_ms: int) -> Mapping[int, Mark]:
        return {hour: mark for hour, mark in self.hours.items() if start_ms <= hour < end_ms}

    async def read(self, start_ms: int, end_ms: int) -> Mapping[int, int] | None:
        self.reads.append((start_ms // H, end_ms // H))
        if end_ms - start_ms > self.most_hours * H:
            return None
        return {hour: number for hour, (number, _) in self.hours.items() if start_ms <= hour < end_ms}


def _ask(kept: KeptHours[int], first: int, last: int) -> list[int]:
    return asyncio.run(kept.over(first * H, last * H))


def test_an_hour_is_read_once_and_with_the_hours_beside_it() -> None:
    spans = Spans({5 * H: (7, 1), 6 * H: (8, 1)})
    kept = KeptHours(spans.marks, spans.read)
    assert [7, 8] == _ask(kept, 5, 7)
    assert [(4, 8)] == spans.reads
    assert [7, 8] == _ask(kept, 4, 9)
    assert [8] == _ask(kept, 6, 7)
    assert [(4, 8)] == spans.reads


def test_what_came_later_redoes_its_hour_and_those_beside_it_alone() -> None:
    spans = Spans({hour * H: (hour, 1) for hour in range(1, 9)})
    kept = KeptHours(spans.marks, spans.read)
    _ask(kept, 1, 9)
    spans.hours[5 * H] = (50, 2)
    assert [1, 2, 3, 4, 50, 6, 7, 8] == _ask(kept, 1, 9)
    assert (3, 8) == spans.reads[-1]
    spans.hours[5 * H] = (49, 2)  # one is gone: the newest is as it was
    assert 49 in _ask(kept, 1, 9)
    spans.hours[5 * H] = (49, 3)  # one was sent again: their number is as it was
    _ask(kept, 1, 9)
    assert 4 == len(spans.reads)


def test_hours_without_spans_are_not_read_and_long_ranges_are_read_in_blocks() -> None:
    spans = Spans({hour * H: (1, 1) for hour in (*range(2, 2 + kept_hours.BLOCK + 1), 90)})
    kept = KeptHours(spans.marks, spans.read)
    assert kept_hours.BLOCK + 2 == len(_ask(kept, 0, 100))
    block = kept_hours.BLOCK
    assert [(1, 3 + block), (1 + block, 4 + block), (89, 92)] == spans.reads
    spans.hours.clear()
    assert [] == _ask(kept, 0, 100)


def test_hours_that_were_asked_for_longest_ago_go_first(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(kept_hours, "MOST_HOURS", 2)
    spans = Spans({hour * H: (hour, 1) for hour in (1, 11, 21)})
    kept = KeptHours(spans.marks, spans.read)
    _ask(kept, 1, 2)
    _ask(kept, 11, 12)
    _ask(kept, 1, 2)
    _ask(kept, 21, 22)
    _ask(kept, 1, 2)
    assert 3 == len(spans.reads)
    _ask(kept, 11, 12)
    assert 4 == len(spans.reads)


def test_askers_of_the_same_time_share_a_read() -> None:
    spans = Spans({5 * H: (7, 1)})
    kept = KeptHours(spans.marks, spans.read)

    async def both() -> list[list[int]]:
        return list(await asyncio.gather(kept.over(5 * H, 6 * H), kept.over(5 * H, 6 * H)))

    assert [[7], [7]] == asyncio.run(both())
    assert 1 == len(spans.reads)
    kept.forget()
    _ask(kept, 5, 6)
    assert 2 == len(spans.reads)


def test_what_weighs_too_much_ends_an_answer_and_is_not_kept() -> None:
    spans = Spans({hour * H: (10, 1) for hour in (1, 11, 21, 31)})
    kept = KeptHours(spans.marks, spans.read, lambda value: value, 15)
    assert [10, 10] == _ask(kept, 1, 40)  # the second made it too much: the third is not even read
    assert [(0, 3), (10, 13)] == spans.reads
    assert 10 == kept.weight()
    assert [10] == _ask(kept, 1, 2)  # what it began with is still there
    assert 2 == len(spans.reads)
    assert [10] == _ask(kept, 11, 12)
    assert 3 == len(spans.reads)


def test_what_is_too_much_to_read_together_is_read_in_parts() -> None:
    spans = Spans({hour * H: (hour, 1) for hour in range(1, 8)})
    spans.most_hours = 4
    kept = KeptHours(spans.marks, spans.read)
    assert [1, 2, 3, 4, 5, 6, 7] == _ask(kept, 1, 8)
    assert [(0, 9), (0, 5), (0, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9)] == spans.reads
    assert [2, 3] == _ask(kept, 2, 4)
    assert 9 == len(spans.reads)
    kept.forget()
    assert [1, 2, 3, 4] == _ask(kept, 1, 5)  # it tries a little more than went well the last time
    assert [(0, 6), (0, 4), (2, 6)] == spans.reads[9:]


def test_a_walk_goes_on_however_much_it_is_and_keeps_what_it_begins_with() -> None:
    spans = Spans({hour * H: (10, 1) for hour in (1, 11, 21, 31)})
    kept = KeptHours(spans.marks, spans.read, lambda value: value, 25)

    def walked(until: int) -> list[int]:
        taken: list[int] = []

        async def take(value: int) -> bool:
            taken.append(value)
            return len(taken) < until

        asyncio.run(kept.walk(1 * H, 40 * H, take))
        return taken

    assert [10, 10, 10, 10] == walked(9)
    assert (20, 4) == (kept.weight(), len(spans.reads))
    assert [10, 10, 10] == walked(3)
    assert [(20, 23)] == spans.reads[4:]
