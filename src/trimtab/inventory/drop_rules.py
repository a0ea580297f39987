"""Rules of what is not kept of the series that sources send: their form, and where they are kept."""

import re
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import drop_rules

MOST_RULES = 100
"""Each is asked of every new series."""
MOST_NUMBER = 999
"""Rules are numbered from 1 to this: no series has such an id, so that rows which are dropped carry the number."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")
_at = drop_rules.c


class Action(StrEnum):
    """What becomes of a series that a rule matches."""

    DROP = "drop"
    KEEP_ONLY = "keep_only"
    DROP_LABELS = "drop_labels"
    KEEP_LABELS = "keep_labels"


class DropRule(msgspec.Struct, frozen=True, kw_only=True):
    """`match` and `only` are PromQL selectors, over the dimensions, `__name__`, `__namespace__` and `__account__`.

    drop: series that match are not kept. keep_only: of the series that match, only those that `only` matches too.
    drop_labels: the named `labels` (RE2 expressions) are taken off; keep_labels: all others are.
    """

    name: str
    action: Action
    match: str
    only: str = ""
    labels: Annotated[tuple[str, ...], Meta(max_length=50)] = ()


class DropRuleStore:
    """The rules over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def all(self) -> list[tuple[int, DropRule]]:
        """Every rule with its number, in the order in which they are asked: by name."""
        rows = await self._state.read(
            lambda connection: connection.execute(select(_at.number, _at.rule).order_by(_at.name)).all()
        )
        return [(row.number, typed.decode(row.rule, type=DropRule)) for row in rows]

    async def put(self, rule: DropRule) -> None:
        """Keep a rule in place of one of its name. Raises InvalidInput, LimitExceeded."""
        if not _NAME.fullmatch(rule.name):
            raise InvalidInput(
                f"cannot keep rule {rule.name!r}: expected 1 to 64 letters, digits, spaces, dots, dashes and _",
                field="name",
            )
        values = {"rule": msgspec.json.encode(rule).decode(), "modified_ms": self._clock.now_ms()}

        def work(connection: Connection) -> None:
            if connection.execute(update(drop_rules).where(_at.name == rule.name).values(values)).rowcount:
                return
            taken = set(connection.execute(select(_at.number)).scalars())
            if len(taken) >= MOST_RULES:
                raise LimitExceeded(f"cannot keep rule {rule.name!r}: there are {MOST_RULES}; remove one")
            number = next(number for number in range(1, MOST_NUMBER + 1) if number not in taken)
            connection.execute(insert(drop_rules).values(name=rule.name, number=number, **values))

        await self._state.change(work)

    async def remove(self, name: str) -> None:
        """Take a rule out. Raises NotFound."""
        done = await self._state.change(
            lambda connection: connection.execute(delete(drop_rules).where(_at.name == name)).rowcount
        )
        if not done:
            raise NotFound(f"cannot remove rule {name!r}: there is none of that name")
