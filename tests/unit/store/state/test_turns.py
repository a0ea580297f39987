"""Changes come one after another: what one read is still so when it writes. Reads cannot write."""

import ast
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

import trimtab
from trimtab.base.errors import Unavailable
from trimtab.store.state import database
from trimtab.store.state.database import State
from trimtab.store.state.tables import tags

SOURCE = Path(trimtab.__file__).parent
_ENGINES = SOURCE / "store/state/database.py", SOURCE / "store/postgres_rows.py"
"""The state's, and the one that reads a PostgreSQL elsewhere, which has no state of trimtab's."""
ROW = {"arn": "arn:aws:x", "key": "count", "value": "0"}


def _add_one(connection: Connection) -> None:
    count = int(connection.execute(select(tags.c.value)).scalar_one())
    threading.Event().wait(0.001)  # others get to read the same, if they may
    connection.execute(update(tags).values(value=str(count + 1)))


def _count(state: State) -> int:
    return state.read_sync(lambda connection: int(connection.execute(select(tags.c.value)).scalar_one()))


def _at_once(works: list[Callable[[], None]]) -> None:
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], None]) -> None:
        gate.wait()
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(begin, work) for work in works]:
            done.result()


def test_forty_threads_that_read_and_write_one_row_lose_nothing(either: State) -> None:
    either.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    _at_once([lambda: either.change_sync(_add_one)] * 40)
    assert _count(either) == 40


def test_two_processes_lose_nothing_either(either: State) -> None:
    either.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    other = State(either.engine.url.render_as_string(hide_password=False))  # with connections of its own
    _at_once([lambda: either.change_sync(_add_one), lambda: other.change_sync(_add_one)] * 20)
    other.close()
    assert _count(either) == 40


def test_a_read_that_writes_is_refused_by_the_database(either: State) -> None:
    with pytest.raises(AssertionError, match="a read of the state tried to write: INSERT INTO tags"):
        either.read_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    assert either.read_sync(lambda connection: connection.execute(select(tags)).all()) == []


def test_a_read_sees_one_moment(either: State) -> None:
    either.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))

    def twice(connection: Connection) -> tuple[str, str]:
        first = connection.execute(select(tags.c.value)).scalar_one()
        thread = threading.Thread(target=either.change_sync, args=(_add_one,))
        thread.start()
        thread.join()
        return first, connection.execute(select(tags.c.value)).scalar_one()

    assert either.read_sync(twice) == ("0", "0")
    assert _count(either) == 1


def test_readers_wait_for_no_change(either: State) -> None:
    either.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))

    def meanwhile(connection: Connection) -> int:
        connection.execute(update(tags).values(value="7"))
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(_count, either).result(timeout=30)

    assert either.change_sync(meanwhile) == 0
    assert _count(either) == 7


def test_a_transaction_within_one_is_a_bug_and_says_so(either: State) -> None:
    with pytest.raises(AssertionError, match="a transaction within a transaction"):
        either.change_sync(lambda _: either.change_sync(_add_one))
    with pytest.raises(AssertionError, match="a transaction within a transaction"):
        either.change_sync(lambda _: _count(either))
    either.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))  # the thread is free again
    assert _count(either) == 0


@pytest.mark.parametrize("own", [True, False], ids=["of this process", "of another"])
def test_who_waits_too_long_for_a_turn_is_told(either: State, own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_S", 1)
    monkeypatch.setattr(database, "_TURN_S", 0.05)
    pragmas = tuple(re.sub(r"busy_timeout = \d+", "busy_timeout = 50", one) for one in database._SQLITE_PRAGMAS)
    monkeypatch.setattr(database, "_SQLITE_PRAGMAS", pragmas)
    late = State(either.engine.url.render_as_string(hide_password=False))
    busy = late if own else either
    taken, done = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        taken.set()
        done.wait(60)

    thread = threading.Thread(target=busy.change_sync, args=(hold,))
    thread.start()
    taken.wait(60)
    try:
        with pytest.raises(Unavailable, match="too busy" if own else "cannot reach the state database"):
            late.change_sync(_add_one)
    finally:
        done.set()
        thread.join()
        late.close()


def test_all_reach_the_state_through_its_two_transactions() -> None:
    """Nobody opens a connection beside `read` and `change`; of other engines there is that of somebody's database."""
    other = re.compile(r"\bcreate_engine\b|\.engine\.(begin|connect)\(|with_for_update|\bbegin_nested\b")
    found = [
        str(file.relative_to(SOURCE))
        for file in sorted(SOURCE.rglob("*.py"))
        if file not in _ENGINES and other.search(file.read_text())
    ]
    assert found == []


_OF_THE_STATE = {"state", "_state", "database", "_database"}
_IN_TWO = {
    "alarms/evaluator.py:_round": "`write_round` looks again at versions, and at the clock that it moves on",
    "alarms/evaluator.py:run": "`write_round` looks again at versions, and at the clock that it moves on",
    "audit/digests/chain.py:close_hours": "one process has the lock; a digest's number is a key",
    "audit/insights/find.py:look": "one process has the lock, and nobody else writes where it is",
    "audit/watch.py:_look": "one process has the lock; a file that is read again stores nothing twice",
    "batch/store.py:delete": "the first only asks whether the caller may see the job",
    "budgets/evaluator.py:judge": "`_write` leaves a budget alone that was changed meanwhile",
    "budgets/evaluator.py:turn": "`_write` leaves a budget alone that was changed meanwhile",
    "budgets/executing.py:turn": "one process has the lock, and an action runs only from its own status",
    "costs/anomalies/rounds.py:_summaries": "one process has the lock, and notes what it told",
    "costs/anomalies/rounds.py:turn": "one process has the lock, and notes what it told",
    "events/outbox.py:deliver": "one process has the lock; a position moves on behind the event",
    "forget/run.py:_take_out_of_state": "nothing else runs; what the first named is dropped again where it is left",
    "inference/orders.py:stop": "`_move` changes it only from a status that can be stopped",
    "jobs/clock_steps.py:look": "`_step_back` looks again at the clock of evaluations",
    "logs/groups.py:ensure": "the second looks again at what is there",
    "logs/lookups/tables.py:_put": "the second looks again at the version that the first read",
    "logs/retention.py:drop": "one process has the lock; what was deleted stays so",
    "logs/schedules/job.py:turn": "one process has the lock; `begin` looks again at what it takes",
    "notify/firing.py:turn": "one process has the lock, and notes what it told",
    "reports/analyses/watches.py:remove": "the first only names what the caller may see",
    "reports/written/store.py:delete": "the first only asks whether the caller may see the schedule",
    "scaling/engine/loop.py:_look_safely": "`write_memory` keeps what was begun by hand meanwhile",
    "scaling/engine/loop.py:look": "one process has the lock; what is due of a schedule is marked done",
    "scaling/engine/loop.py:turn": "`write_memory` keeps what was begun by hand meanwhile",
    "scaling/engine/room.py:scale_to": "`write_scaling` reads the memory again",
    "triggers/dispatch.py:_letters": "one process has the lock; the second notes where a letter lies",
    "triggers/pipelines/running.py:turn": "one process has the lock, and a run moves on from its own step",
    "triggers/replays.py:turn": "`_step` reads the replay again",
    "triggers/sources/watch.py:_look": "one process has the lock, and an object is known by its key",
}
"""Functions that read in one transaction and write in another, and why nothing is lost between the two."""


def test_who_reads_and_writes_in_two_transactions_says_why_it_may() -> None:
    texts = {str(file.relative_to(SOURCE)): file.read_text() for file in SOURCE.rglob("*.py")}
    found = {
        f"{file}:{name}"
        for file, text in texts.items()
        if re.search(r"(state|database)\.change", text)
        for name in _in_two(ast.parse(text))
    }
    assert found == set(_IN_TWO)


def _in_two(tree: ast.Module) -> set[str]:
    """Functions that read and later change the state, by themselves or by methods of their class."""
    found = set()
    for room in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
        functions = {one.name: one for one in room.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        for name, function in functions.items():
            steps = sorted(
                (call.lineno, call.col_offset, kind)
                for call in ast.walk(function)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                for kind in _kinds(call.func, functions)
            )
            kinds = [kind for _, _, kind in steps]
            if "read" in kinds and "change" in kinds[kinds.index("read") :]:
                found.add(name)
    return found


def _kinds(
    called: ast.Attribute, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], *, deep: bool = True
) -> set[str]:
    holder = called.value.attr if isinstance(called.value, ast.Attribute) else getattr(called.value, "id", "")
    if holder in _OF_THE_STATE:
        return {called.attr.removesuffix("_sync")} & {"read", "change"}
    if not deep or holder != "self" or called.attr not in functions:
        return set()
    inner = [one.func for one in ast.walk(functions[called.attr]) if isinstance(one, ast.Call)]
    return {kind for one in inner if isinstance(one, ast.Attribute) for kind in _kinds(one, functions, deep=False)}
