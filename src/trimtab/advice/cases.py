"""Support cases that clients of the Support API open: kept here, for people of one's own to answer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import advice_cases

OPENED = "opened"
RESOLVED = "resolved"
_kept = advice_cases.c


class Case(Struct, frozen=True):
    """A case: `form` is CreateCase's."""

    id: str
    display_id: str
    status: str
    created_ms: int
    form: Mapping[str, Any]


class CaseStore:
    """The cases of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def open(self, account: str, form: Mapping[str, Any]) -> Case:
        """Keep a new case."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Case:
            number = connection.execute(select(func.count()).select_from(advice_cases)).scalar_one() + 1
            case = Case(f"case-{account}-{new_id()}", f"{number:010d}", OPENED, now_ms, dict(form))
            row = {"id": case.id, "account": account, "display_id": case.display_id, "status": case.status}
            connection.execute(insert(advice_cases).values(**row, created_ms=now_ms, body=json.dumps(dict(form))))
            return case

        return await self._state.change(write)

    async def listed(
        self, account: str, ids: Sequence[str] = (), *, resolved: bool = False, display_id: str = ""
    ) -> list[Case]:
        """Cases, the newest first; resolved ones where they are asked for. Raises NotFound for an id without a case."""
        query = select(advice_cases).where(_kept.account == account).order_by(_kept.created_ms.desc(), _kept.id)

        def read(connection: Connection) -> list[Case]:
            found = [_case(row) for row in connection.execute(query)]
            unknown = sorted(set(ids) - {one.id for one in found})
            if unknown:
                raise NotFound(f"there is no case {unknown[0]}")
            if ids:
                found = [one for one in found if one.id in set(ids)]
            if display_id:
                found = [one for one in found if one.display_id == display_id]
            return [one for one in found if resolved or one.status != RESOLVED]

        return await self._state.read(read)

    async def resolve(self, account: str, id_: str) -> tuple[str, str]:
        """Close a case; its status before and after. Raises NotFound."""

        def write(connection: Connection) -> tuple[str, str]:
            mine = (_kept.account == account) & (_kept.id == id_)
            row = connection.execute(select(advice_cases).where(mine)).first()
            if row is None:
                raise NotFound(f"there is no case {id_}")
            connection.execute(update(advice_cases).where(mine).values(status=RESOLVED))
            return row.status, RESOLVED

        return await self._state.change(write)


def _case(row: Any) -> Case:
    return Case(row.id, row.display_id, row.status, row.created_ms, json.loads(row.body))
