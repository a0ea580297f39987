"""Every alarm that a caller may see, over all accounts and regions: for readers who do not ask for one of them."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from sqlalchemy import Connection, select

from trimtab.access.scope import Scope
from trimtab.alarms.rows import Stored, all_rows, stored
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import alarm_clocks, alarms, tags

_ARN_PATTERN = "arn:aws%:cloudwatch:%:alarm:%"


class Listed(Struct, frozen=True):
    """An alarm with its tags."""

    alarm: Stored
    tags: Mapping[str, str]


class Listing(Struct, frozen=True):
    """Alarms by account, region and name, and when those of each cadence (s) were last evaluated (ms)."""

    alarms: list[Listed]
    evaluated_ms: Mapping[int, int]


class AlarmListing:
    """Reads alarms for doors that list them all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def within(self, scope: Scope) -> Listing:
        """The alarms that pass `scope`; of a scope with rules for rows, those whose tags pass them."""
        return await self._database.read(lambda connection: _within(connection, scope))


def _within(connection: Connection, scope: Scope) -> Listing:
    query = all_rows()
    if scope.accounts is not None:
        query = query.where(alarms.c.account.in_(sorted(scope.accounts)))
    if scope.regions is not None:
        query = query.where(alarms.c.region.in_(sorted(scope.regions)))
    tagged: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(tags).where(tags.c.arn.like(_ARN_PATTERN))):
        tagged.setdefault(row.arn, {})[row.key] = row.value
    found = (Listed(one, tagged.get(one.key.arn, {})) for one in map(stored, connection.execute(query)))
    evaluated = {row.cadence_s: row.at_ms for row in connection.execute(select(alarm_clocks))}
    return Listing(list(_passing(found, scope)), evaluated)


def _passing(found: Iterable[Listed], scope: Scope) -> Iterable[Listed]:
    return (one for one in found if scope.sees(one.tags))
