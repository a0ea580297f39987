"""The objectives of every account, as they were put, and the times that do not count for each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.slos.exclusions import exclusion_form, read_exclusion, same_window
from trimtab.slos.form import read_slo
from trimtab.slos.model import MAX_EXCLUSIONS, Exclusion, SloKey, StoredSlo
from trimtab.store.state.database import State
from trimtab.store.state.tables import slos

Form = Mapping[str, Any]
_columns = slos.c


class SloStore:
    """The objectives."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, key: SloKey, form: Form) -> StoredSlo:
        """Keep a new objective. Raises InvalidInput, Conflict where there is one of that name."""
        return await self._state.change(lambda connection: self._insert(connection, key, form))

    async def put(self, key: SloKey, form: Form) -> StoredSlo:
        """Keep an objective in place of the one of that name; its exclusion windows stay. Raises InvalidInput."""
        read_slo(key, form)
        values = {"form": _written(form), "updated_ms": self._clock.now_ms()}

        def write(connection: Connection) -> StoredSlo:
            if connection.execute(update(slos).where(_at(key)).values(values)).rowcount:
                return _one(connection, key)
            return self._insert(connection, key, form)

        return await self._state.change(write)

    async def get(self, key: SloKey) -> StoredSlo:
        """An objective. Raises NotFound."""
        return await self._state.read(lambda connection: _one(connection, key))

    async def listed(self, scope: Scope, limit: int = 10_000) -> list[StoredSlo]:
        """The objectives of what a scope covers, by account, region and name."""
        query = select(slos).where(_covered(scope))
        query = query.order_by(_columns.account, _columns.region, _columns.name).limit(limit)
        return await self._state.read(lambda connection: _readable(connection.execute(query).mappings()))

    async def delete(self, key: SloKey) -> None:
        """Forget an objective. Raises NotFound."""

        def write(connection: Connection) -> None:
            _one(connection, key)
            connection.execute(delete(slos).where(_at(key)))

        await self._state.change(write)

    async def exclude(self, key: SloKey, add: Sequence[Form], remove: Sequence[Form] = ()) -> StoredSlo:
        """Add and remove exclusion windows. Raises NotFound, LimitExceeded, InvalidInput for one that is not there."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> StoredSlo:
            kept = list(_one(connection, key).exclusions)
            for asked in remove:
                place = next((number for number, one in enumerate(kept) if same_window(one, asked)), None)
                if place is None:
                    raise InvalidInput(f"The exclusion window does not exist for {key.name}.")
                del kept[place]
            kept += [one for one in (read_exclusion(form, now_ms) for form in add) if one not in kept]
            if len(kept) > MAX_EXCLUSIONS:
                raise LimitExceeded(f"An SLO can have at most {MAX_EXCLUSIONS} exclusion windows.")
            written = json.dumps([exclusion_form(one) for one in kept])
            connection.execute(update(slos).where(_at(key)).values(exclusions=written, updated_ms=now_ms))
            return _one(connection, key)

        return await self._state.change(write)

    def _insert(self, connection: Connection, key: SloKey, form: Form) -> StoredSlo:
        read_slo(key, form)
        if connection.execute(select(_columns.name).where(_at(key))).first() is not None:
            raise Conflict(f"An SLO with the name {key.name} already exists.")
        now_ms = self._clock.now_ms()
        connection.execute(
            insert(slos).values(
                account=key.account, region=key.region, name=key.name, form=_written(form), exclusions="[]",
                created_ms=now_ms, updated_ms=now_ms,
            )
        )  # fmt: skip
        return _one(connection, key)


def _written(form: Form) -> str:
    return json.dumps(dict(form), sort_keys=True)


def _at(key: SloKey) -> ColumnElement[bool]:
    return and_(_columns.account == key.account, _columns.region == key.region, _columns.name == key.name)


def _covered(scope: Scope) -> ColumnElement[bool]:
    """The rows of the accounts and regions that a scope covers."""
    held: list[ColumnElement[bool]] = [_columns.name != ""]
    if scope.accounts is not None:
        held.append(_columns.account.in_(sorted(scope.accounts)))
    if scope.regions is not None:
        held.append(_columns.region.in_(sorted(scope.regions)))
    return and_(*held)


def _one(connection: Connection, key: SloKey) -> StoredSlo:
    row = connection.execute(select(slos).where(_at(key))).mappings().first()
    if row is None:
        raise NotFound(f"The SLO {key.name} does not exist.")
    return _read(row)


def _readable(rows: Any) -> list[StoredSlo]:
    found = []
    for row in rows:
        try:
            found.append(_read(row))
        except InvalidInput:  # written by a release that allowed more
            continue
    return found


def _read(row: RowMapping) -> StoredSlo:
    key = SloKey(row["account"], row["region"], row["name"])
    form = json.loads(row["form"])
    exclusions: tuple[Exclusion, ...] = tuple(read_exclusion(one, 0) for one in json.loads(row["exclusions"]))
    return StoredSlo(read_slo(key, form), form, exclusions, row["created_ms"], row["updated_ms"])
