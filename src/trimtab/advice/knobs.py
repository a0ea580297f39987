"""Settings of checks that somebody changed, and what the room remembers of itself and of accounts."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from trimtab.advice.catalogue import check
from trimtab.base.errors import InvalidInput
from trimtab.store.state.database import State
from trimtab.store.state.tables import advice_preferences

_kept = advice_preferences.c
_SETTINGS = "settings:"


class KnobStore:
    """Small values by account and key; account "" is the room's own."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def all(self) -> dict[str, dict[str, float]]:
        """By check the settings that differ from their defaults."""
        query = select(advice_preferences).where(_kept.key.startswith(_SETTINGS, autoescape=True), _kept.account == "")

        def read(connection: Connection) -> dict[str, dict[str, float]]:
            rows = connection.execute(query)
            return {row.key.removeprefix(_SETTINGS): json.loads(row.value) for row in rows}

        return await self._state.read(read)

    async def set(self, id_: str, values: dict[str, float]) -> dict[str, float]:
        """Change settings of a check; those not named go back to their defaults. Raises InvalidInput, NotFound."""
        known = check(id_).defaults
        unknown = sorted(set(values) - set(known))
        if unknown:
            names = ", ".join(known) or "none"
            raise InvalidInput(f"cannot set {unknown[0]!r} of check {id_}: expected one of {names}", field="settings")
        kept = {name: float(value) for name, value in values.items() if value != known[name]}
        await self.remember(f"{_SETTINGS}{id_}", json.dumps(kept) if kept else "")
        return {**known, **kept}

    async def preferences(self, account: str) -> dict[str, Any]:
        """What an account prefers of Cost Optimization Hub."""
        text = await self.remembered("preferences", account)
        return dict(json.loads(text)) if text else {}

    async def prefer(self, account: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what an account prefers, beside what it preferred already; all of it."""

        def write(connection: Connection) -> dict[str, Any]:
            text = _remembered(connection, "preferences", account)
            kept = {**(json.loads(text) if text else {}), **values}
            remember(connection, "preferences", json.dumps(kept), account)
            return kept

        return await self._state.change(write)

    async def remembered(self, key: str, account: str = "") -> str:
        """What was remembered under a key; "" where nothing was."""
        return await self._state.read(lambda connection: _remembered(connection, key, account))

    async def remember(self, key: str, value: str, account: str = "") -> None:
        """Remember a value; "" forgets it."""
        await self._state.change(lambda connection: remember(connection, key, value, account))


def remember(connection: Connection, key: str, value: str, account: str = "") -> None:
    """`KnobStore.remember` in the caller's transaction."""
    connection.execute(delete(advice_preferences).where((_kept.key == key) & (_kept.account == account)))
    if value:
        row: dict[str, Any] = {"account": account, "key": key, "value": value}
        connection.execute(insert(advice_preferences).values(row))


def _remembered(connection: Connection, key: str, account: str) -> str:
    query = select(_kept.value).where((_kept.key == key) & (_kept.account == account))
    return str(connection.execute(query).scalar() or "")
