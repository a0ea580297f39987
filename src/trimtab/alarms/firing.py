"""How many alarms fire now: asked at every page, so that it is one count in the state database."""

from sqlalchemy import Connection, func, select

from trimtab.access.scope import Scope
from trimtab.alarms.model import StateValue
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import alarms


class FiringAlarms:
    """Counts alarms in ALARM."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, scope: Scope) -> int:
        """Those in the accounts and regions of `scope`; rules for rows are not looked at."""
        return await self._database.run(lambda connection: _count(connection, scope))


def _count(connection: Connection, scope: Scope) -> int:
    query = select(func.count()).select_from(alarms).where(alarms.c.state == StateValue.ALARM.value)
    if scope.accounts is not None:
        query = query.where(alarms.c.account.in_(sorted(scope.accounts)))
    if scope.regions is not None:
        query = query.where(alarms.c.region.in_(sorted(scope.regions)))
    return connection.execute(query).scalar_one()
