"""How many alarms fire now: asked for every page, so that it is a count in the state database."""

from msgspec import Struct
from sqlalchemy import Connection, func, select

from trimtab.access.scope import Scope
from trimtab.alarms.model import StateValue
from trimtab.alarms.rows import seen
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import alarms

NAMED = 3
"""Alarms that are told by name, those that began last."""


class Firing(Struct, frozen=True):
    """How many alarms are in ALARM, and the names of the newest of them."""

    number: int = 0
    names: tuple[str, ...] = ()


class FiringAlarms:
    """Counts alarms in ALARM."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, scope: Scope) -> Firing:
        """Those that `scope` covers."""
        return await self._database.read(lambda connection: _now(connection, scope))


def _now(connection: Connection, scope: Scope) -> Firing:
    columns = alarms.c
    mine = [columns.state == StateValue.ALARM.value, *seen(alarms, scope.rows)]
    if scope.accounts is not None:
        mine.append(columns.account.in_(sorted(scope.accounts)))
    if scope.regions is not None:
        mine.append(columns.region.in_(sorted(scope.regions)))
    number = connection.execute(select(func.count()).select_from(alarms).where(*mine)).scalar_one()
    newest = select(columns.name).where(*mine).order_by(columns.transitioned_ms.desc(), columns.name).limit(NAMED)
    return Firing(number, tuple(connection.execute(newest).scalars()) if number else ())
