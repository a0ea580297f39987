"""Queries that were saved under a name."""

import json
import uuid
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_queries import log_query_definitions

MAX_DEFINITIONS = 1000
"""Saved queries of an account in a region, as documented."""
_columns = log_query_definitions.c


class Definition(Struct, frozen=True):
    """A saved query."""

    id: str
    name: str
    query: str
    groups: tuple[str, ...]
    language: str = "CWLI"
    modified_ms: int = 0


class SavedQueries:
    """The saved queries of every account."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(
        self,
        account: str,
        region: str,
        name: str,
        query: str,
        groups: Sequence[str],
        id_: str = "",
        language: str = "CWLI",
    ) -> str:
        """Save a query, or change that of `id_`; answers its id. Raises NotFound, LimitExceeded."""
        values = {
            "name": name,
            "query": query,
            "groups": json.dumps(list(groups)),
            "language": language,
            "modified_ms": self._clock.now_ms(),
        }
        where = (_columns.account == account, _columns.region == region)

        def write(connection: Connection) -> str:
            if id_:
                changed = connection.execute(
                    update(log_query_definitions).where(*where, _columns.id == id_).values(**values)
                )
                if not changed.rowcount:
                    raise NotFound(f"cannot find the query definition {id_[:100]!r}")
                return id_
            saved = len(connection.execute(select(_columns.id).where(*where)).all())
            if saved >= MAX_DEFINITIONS:
                raise LimitExceeded(f"cannot save the query: there are {saved}, of at most {MAX_DEFINITIONS}")
            made = str(uuid.uuid4())
            row = {"id": made, "account": account, "region": region, **values}
            connection.execute(insert(log_query_definitions).values(row))
            return made

        return await self._state.change(write)

    async def listed(self, account: str, region: str, prefix: str = "", language: str = "") -> list[Definition]:
        """The saved queries by name."""
        wanted = select(log_query_definitions).where(_columns.account == account, _columns.region == region)
        if prefix:
            wanted = wanted.where(_columns.name.startswith(prefix, autoescape=True))
        if language:
            wanted = wanted.where(_columns.language == language)
        ordered = wanted.order_by(_columns.name, _columns.id)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(ordered).mappings()])

    async def remove(self, account: str, region: str, id_: str) -> bool:
        """Delete a saved query; whether there was one."""
        gone = delete(log_query_definitions).where(
            _columns.account == account, _columns.region == region, _columns.id == id_
        )
        return await self._state.change(lambda connection: connection.execute(gone).rowcount > 0)


def _read(row: RowMapping) -> Definition:
    groups = tuple(json.loads(row["groups"]))
    return Definition(row["id"], row["name"], row["query"], groups, row["language"], row["modified_ms"])
