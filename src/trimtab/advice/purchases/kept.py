"""Plans that were made, the newest of which the pages show; and Cost Explorer's requests to make its advice anew."""

import uuid
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Select, delete, insert, select

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.purchases.answer import Answer, Wanted
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import purchase_generations, purchase_plans

_KEPT = 50
"""Plans and generations that are kept: the newest."""
_STANDS_MS = 2 * 86_400_000
"""For how long a plan stands beside newer ones: plans are made every night, and one night may be missed."""


class Made(Struct, frozen=True):
    """A plan with its question; `problem` why there is no answer."""

    id: int
    made_ms: int
    took_ms: int
    wanted: Wanted
    answer: Answer | None
    problem: str


class Generation(Struct, frozen=True):
    """A request to make advice anew: it is done at once, over the bill as it is."""

    id: str
    started_ms: int
    ended_ms: int
    status: str


class PlanStore:
    """The plans of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def keep(
        self, wanted: Wanted, answer: Answer | None, took_ms: int, problem: str = "", scope: Scope = EVERYTHING
    ) -> Made:
        """Keep a plan over what `scope` sees, or why there is none."""
        row = {
            "accounts": _accounts(scope),
            "made_ms": self._clock.now_ms(),
            "took_ms": took_ms,
            "settings": msgspec.json.encode(wanted).decode(),
            "answer": msgspec.json.encode(answer).decode() if answer else "",
            "problem": problem,
        }

        def write(connection: Connection) -> Made:
            id_ = connection.execute(insert(purchase_plans).values(row)).inserted_primary_key
            number = int(id_[0]) if id_ else 0
            connection.execute(delete(purchase_plans).where(purchase_plans.c.id <= number - _KEPT))
            return Made(number, int(str(row["made_ms"])), took_ms, wanted, answer, problem)

        return await self._state.change(write)

    async def latest(self, scope: Scope, id_: int | None = None) -> Made:
        """The newest plan over what `scope` sees, or the one of a number. Raises NotFound."""
        query = _over(scope).limit(1)
        if id_ is not None:
            query = query.where(purchase_plans.c.id == id_)

        def read(connection: Connection) -> Made:
            row = connection.execute(query).one_or_none()
            if row is None:
                what = "no plan has been made" if id_ is None else f"no plan has the number {id_}"
                raise NotFound(f"{what}; `trimtab advice purchases plan` makes one")
            answer = typed.decode(row.answer, type=Answer) if row.answer else None
            wanted = typed.decode(row.settings, type=Wanted)
            return Made(row.id, row.made_ms, row.took_ms, wanted, answer, row.problem)

        return await self._state.read(read)

    async def newest(self, scope: Scope) -> list[Made]:
        """The newest plan over what `scope` sees of each currency and provider, the latest made first.

        What was not made again for two nights is no more: its bill or its rates are gone.
        """
        query = _over(scope)

        def read(connection: Connection) -> list[Made]:
            found: dict[tuple[str, str], Made] = {}
            for row in connection.execute(query):
                wanted = typed.decode(row.settings, type=Wanted)
                answer = typed.decode(row.answer, type=Answer) if row.answer else None
                key = (answer.currency if answer else wanted.currency, wanted.provider)
                first = next(iter(found.values()), None)
                if key not in found and (first is None or first.made_ms - row.made_ms <= _STANDS_MS):
                    found[key] = Made(row.id, row.made_ms, row.took_ms, wanted, answer, row.problem)
            return list(found.values())

        return await self._state.read(read)

    async def generated(self, started_ms: int, status: str) -> Generation:
        """Note that advice was made anew."""
        one = Generation(str(uuid.uuid4()), started_ms, self._clock.now_ms(), status)

        def write(connection: Connection) -> Generation:
            values = {"id": one.id, "started_ms": started_ms, "ended_ms": one.ended_ms, "status": status}
            connection.execute(insert(purchase_generations).values(values))
            return one

        return await self._state.change(write)

    async def generations(self) -> list[Generation]:
        """The requests, the newest first."""
        columns = purchase_generations.c
        query = select(purchase_generations).order_by(columns.started_ms.desc(), columns.id).limit(_KEPT)

        def read(connection: Connection) -> list[Generation]:
            return [Generation(*row) for row in connection.execute(query)]

        return await self._state.read(read)


def _over(scope: Scope) -> Select[Any]:
    """Plans over just what a scope sees, the newest first: one over more would tell of the bills of others."""
    mine = purchase_plans.c.accounts == _accounts(scope)
    return select(purchase_plans).where(mine).order_by(purchase_plans.c.id.desc())


def _accounts(scope: Scope) -> str:
    return "" if scope.accounts is None else ",".join(sorted(scope.accounts))[:255] or "none"
