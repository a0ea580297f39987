"""Whose machines are, from memory: what keys bound to tags see of telemetry that names a machine and has no tag."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from trimtab.access.scope import RowRule
from trimtab.store.state.database import State
from trimtab.store.state.tables import resources

REFRESH_S = 15.0
"""Age at which the copy is read again: a machine that gets a tag is its team's within that time."""
_KINDS = ("instance", "host")


class MachineOwners:
    """The ids of machines with their tags, as of the last `refresh`. Nothing is read before somebody asks."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._wanted = False
        self._known: Sequence[tuple[str, dict[str, str]]] = ()
        self._found: dict[RowRule, frozenset[str]] = {}

    def of(self, rule: RowRule) -> frozenset[str]:
        """The ids of the machines that pass a rule; an id that stands for several passes where all of them do."""
        self._wanted = True
        found = self._found.get(rule)
        if found is None:
            passing: dict[str, bool] = {}
            for id_, tags in self._known:
                passing[id_] = passing.get(id_, True) and tags.get(rule.key) in rule.values
            found = self._found[rule] = frozenset(id_ for id_, passes in passing.items() if passes)
        return found

    async def refresh(self) -> None:
        """Read them again, if anybody asked."""
        if self._wanted:
            self._known = await self._state.read(_machines)
            self._found = {}


def _machines(connection: Connection) -> list[tuple[str, dict[str, str]]]:
    columns = resources.c
    query = select(columns.id, columns.owner, columns.tags).where(columns.kind.in_(_KINDS), columns.id != "")
    return [(row.id, {"team": row.owner, **json.loads(row.tags)}) for row in connection.execute(query)]
