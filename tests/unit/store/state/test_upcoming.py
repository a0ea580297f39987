"""What is due is asked of the database only after its tables changed, by whichever process."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from trimtab.base.clock import ManualClock
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_rules
from trimtab.store.state.tables import locks, tags
from trimtab.store.state.upcoming import NOW, Upcoming

T = TypeVar("T")
NEXT = select(func.min(locks.c.until_ms))


class Counting(State):
    """Counts its reads and changes."""

    reads = changes = 0

    def read_sync(self, work: Callable[[Connection], T]) -> T:
        self.reads += 1
        return super().read_sync(work)

    def change_sync(self, work: Callable[[Connection], T]) -> T:
        self.changes += 1
        return super().change_sync(work)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Counting]:
    opened = Counting.open("", tmp_path)
    assert isinstance(opened, Counting)
    opened.reads = opened.changes = 0
    yield opened
    opened.close()


def lock(state: State, name: str, until_ms: int) -> None:
    state.change_sync(
        lambda connection: connection.execute(insert(locks).values(name=name, holder="", until_ms=until_ms))
    )


def due(upcoming: Upcoming, now_ms: int) -> bool:
    return asyncio.run(upcoming.due(now_ms))


def test_nothing_is_asked_again_until_the_table_changes(state: Counting) -> None:
    upcoming = Upcoming(state, NEXT)
    assert [False] * 3 == [due(upcoming, 10) for _ in range(3)]
    assert 1 == state.reads
    lock(state, "a", 10)
    assert due(upcoming, 10)
    assert 2 == state.reads
    state.change_sync(lambda connection: connection.execute(update(locks).values(until_ms=30)))
    assert not due(upcoming, 10)
    assert 3 == state.reads


def test_a_change_of_another_table_is_not_asked_about(state: Counting) -> None:
    upcoming = Upcoming(state, NEXT)
    assert not due(upcoming, 10)
    state.change_sync(lambda connection: connection.execute(insert(tags).values(arn="x", key="k", value="v")))
    assert not due(upcoming, 10)
    assert 1 == state.reads


def test_time_alone_makes_due_what_is_known(state: Counting) -> None:
    lock(state, "a", 10)
    upcoming = Upcoming(state, NEXT)
    assert [False, True, True] == [due(upcoming, now_ms) for now_ms in (9, 10, 11)]
    assert 1 == state.reads


def test_the_earliest_of_several_queries_counts(state: Counting) -> None:
    upcoming = Upcoming(state, NEXT, select(NOW).select_from(event_rules).where(event_rules.c.name == "none"))
    lock(state, "a", 10)
    assert [False, True] == [due(upcoming, now_ms) for now_ms in (9, 10)]
    assert due(Upcoming(state, NEXT, select(NOW).select_from(locks)), 0)


def test_another_process_is_heard_by_the_file(state: Counting, tmp_path: Path) -> None:
    upcoming = Upcoming(state, NEXT)
    assert not due(upcoming, 10)
    other = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    lock(other, "a", 10)
    assert due(upcoming, 10)
    other.close()


def test_where_nobody_knows_of_changes_each_look_asks(state: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "marks_of", lambda places: None)  # as of PostgreSQL
    upcoming = Upcoming(state, NEXT)
    assert [False, False] == [due(upcoming, 10) for _ in range(2)]
    assert 2 == state.reads


def test_whoever_opens_the_state_has_all_asked_again(state: Counting, tmp_path: Path) -> None:
    upcoming = Upcoming(state, NEXT)
    assert not due(upcoming, 10)
    State.open("", tmp_path).close()
    assert not due(upcoming, 10)
    assert 2 == state.reads


def test_a_change_in_words_of_sql_counts_for_every_table(state: Counting) -> None:
    upcoming = Upcoming(state, NEXT)
    assert not due(upcoming, 10)
    words = text("INSERT INTO locks (name, holder, until_ms) VALUES ('a', '', 10)")
    state.change_sync(lambda connection: connection.execute(words))
    assert due(upcoming, 10)


def test_a_table_in_a_subquery_is_heard_too(state: Counting) -> None:
    upcoming = Upcoming(
        state, select(NOW).where(locks.c.until_ms > select(func.count()).select_from(tags).scalar_subquery())
    )
    lock(state, "a", 1)
    assert due(upcoming, 0)
    state.change_sync(lambda connection: connection.execute(insert(tags).values(arn="x", key="k", value="v")))
    assert not due(upcoming, 0)


def test_work_is_done_only_when_something_is_due(state: Counting) -> None:
    clock, done = ManualClock(), list[int]()

    async def work() -> None:
        done.append(clock.now_ms())

    look = Upcoming(state, NEXT).before(clock, work)
    asyncio.run(look())
    assert [] == done
    lock(state, "a", clock.now_ms())
    asyncio.run(look())
    assert [clock.now_ms()] == done


def test_changes_that_go_together_are_one_transaction_and_fail_alone(state: Counting) -> None:
    rows = [{"name": name, "holder": "", "until_ms": 5} for name in "abb"]

    def put(row: dict[str, object], connection: Connection) -> str:
        connection.execute(insert(locks).values(row))
        return str(row["name"])

    async def all_at_once() -> list[object]:
        asked = [state.change_together(partial(put, row)) for row in rows]
        return await asyncio.gather(*asked, return_exceptions=True)

    others = Upcoming(state, select(NOW).select_from(tags))
    assert not due(others, 0)
    before = state.reads
    first, second, third = asyncio.run(all_at_once())
    assert not due(others, 0)
    assert before == state.reads
    assert ["a", "b"] == [first, second]
    assert "IntegrityError" == type(third).__name__
    assert 1 == state.changes
    assert ["a", "b"] == state.read_sync(
        lambda connection: list(connection.execute(select(locks.c.name).order_by(locks.c.name)).scalars())
    )
