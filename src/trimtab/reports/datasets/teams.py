"""Which reader is in which team, as an admin says: row rules of datasets speak of teams."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from trimtab.access.principal import Principal
from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.reader import Reader
from trimtab.store.state.database import State
from trimtab.store.state.schema.datasets import reader_teams

_MOST = 200
"""Teams of one reader."""


class ReaderTeams:
    """The members of teams, by the names of keys and of people who sign in."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, reader: str) -> frozenset[str]:
        """The teams of a reader."""
        query = select(reader_teams.c.team).where(reader_teams.c.reader == reader)
        return frozenset(await self._state.read(lambda connection: list(connection.execute(query).scalars())))

    async def reader(self, principal: Principal) -> Reader:
        """A caller as datasets know them."""
        return Reader.of(principal, await self.of(principal.name))

    async def listed(self) -> dict[str, list[str]]:
        """The teams of every reader who has any."""
        query = select(reader_teams).order_by(reader_teams.c.reader, reader_teams.c.team)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        found: dict[str, list[str]] = {}
        for reader, team in rows:
            found.setdefault(reader, []).append(team)
        return found

    async def put(self, reader: str, teams: Sequence[str]) -> list[str]:
        """Say in which teams a reader is; none forgets the reader. Raises InvalidInput."""
        return await self._state.change(lambda connection: _put(connection, reader, teams))

    async def move(self, reader: str, *, joins: Collection[str] = (), leaves: Collection[str] = ()) -> None:
        """Put a reader into teams, and take it out of others; the rest stays. Raises InvalidInput."""

        def write(connection: Connection) -> None:
            kept = set(connection.execute(select(reader_teams.c.team).where(reader_teams.c.reader == reader)).scalars())
            _put(connection, reader, (kept | {*joins}) - {*leaves})

        await self._state.change(write)


def _put(connection: Connection, reader: str, teams: Iterable[str]) -> list[str]:
    chosen = sorted(set(teams))
    if len(chosen) > _MOST:
        raise InvalidInput(f"cannot put {reader[:80]} into {len(chosen)} teams; expected at most {_MOST}")
    connection.execute(delete(reader_teams).where(reader_teams.c.reader == reader))
    if chosen:
        connection.execute(insert(reader_teams), [{"reader": reader, "team": team} for team in chosen])
    return chosen
