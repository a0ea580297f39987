"""Load tests that were recorded."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.inference import load_tests

_MOST = 1000  # tests of one listing
_columns = load_tests.c


class RecordedTest(Struct, frozen=True):
    """A test as it was recorded; `test` is its JSON."""

    id: str
    account: str
    name: str
    started_ms: int
    recorded_ms: int
    test: bytes


class LoadTestStore:
    """The load tests of one state database. A test belongs to an account; it has no region."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def record(self, account: str, name: str, started_ms: int, test: msgspec.Struct) -> RecordedTest:
        """Keep a test."""
        made = RecordedTest(new_id(), account, name, started_ms, self._clock.now_ms(), msgspec.json.encode(test))

        def write(connection: Connection) -> None:
            row = {name: getattr(made, name) for name in ("id", "account", "name", "started_ms", "recorded_ms")}
            connection.execute(insert(load_tests).values(**row, test=made.test.decode()))

        await self._state.change(write)
        return made

    async def listed(self, scope: Scope, name: str = "") -> list[RecordedTest]:
        """Tests of a name (all without), the newest first."""
        query = select(load_tests).order_by(_columns.started_ms.desc(), _columns.id).limit(_MOST)
        if name:
            query = query.where(_columns.name == name)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))

        def read(connection: Connection) -> list[RecordedTest]:
            return [_test(row) for row in connection.execute(query)]

        return await self._state.read(read)

    async def get(self, scope: Scope, test_id: str) -> RecordedTest:
        """One test. Raises NotFound."""

        def read(connection: Connection) -> RecordedTest:
            return _seen(connection, scope, test_id)

        return await self._state.read(read)

    async def delete(self, scope: Scope, test_id: str) -> None:
        """Delete a test. Raises NotFound."""

        def write(connection: Connection) -> None:
            _seen(connection, scope, test_id)
            connection.execute(delete(load_tests).where(_columns.id == test_id))

        await self._state.change(write)


def _seen(connection: Connection, scope: Scope, test_id: str) -> RecordedTest:
    row = connection.execute(select(load_tests).where(_columns.id == test_id)).first()
    if row is None or (scope.accounts is not None and row.account not in scope.accounts):
        raise NotFound(f"there is no load test {test_id}")
    return _test(row)


def _test(row: Row[tuple[object, ...]] | Row[Sequence[object]]) -> RecordedTest:
    values = row._mapping
    return RecordedTest(
        values["id"],
        values["account"],
        values["name"],
        values["started_ms"],
        values["recorded_ms"],
        str(values["test"]).encode(),
    )
