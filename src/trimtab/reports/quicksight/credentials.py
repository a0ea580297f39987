"""How data sources sign in to databases: user names and sealed passwords, by the source's ARN."""

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.reports.quicksight.model import Resource
from trimtab.store.state.database import State
from trimtab.store.state.schema.quicksight import quicksight_credentials
from trimtab.store.state.sealed import seal, unseal

_columns = quicksight_credentials.c


class Pair(Struct, frozen=True):
    """A user name with its password."""

    username: str
    password: str


class Credentials(Struct, frozen=True):
    """The pairs of one state database."""

    state: State

    async def put(self, source: Resource, pair: Pair | None) -> None:
        """Keep the pair of a data source instead of an earlier one, or none."""

        def write(connection: Connection) -> None:
            connection.execute(delete(quicksight_credentials).where(_columns.arn == source.arn))
            if pair is None:
                return
            secret = seal(connection, _columns.secret, source.arn, pair.password)
            values = {"arn": source.arn, "account": source.place.account, "username": pair.username, "secret": secret}
            connection.execute(insert(quicksight_credentials).values(values))

        await self.state.change(write)

    async def of(self, source: Resource) -> Pair | None:
        """The pair of a data source; None where none was given."""

        def read(connection: Connection) -> Pair | None:
            row = connection.execute(select(quicksight_credentials).where(_columns.arn == source.arn)).first()
            return Pair(row.username, unseal(connection, _columns.secret, source.arn, row.secret)) if row else None

        return await self.state.read(read)
