"""Savings Plans that were recorded through the savingsplans API: trimtab plans with them, and buys nothing from AWS."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.advice.purchases.model import HOUR_MS, YEAR_HOURS
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import savings_plans, tags

_columns = savings_plans.c
_MOST_TAGS = 200
_RETURN_DAYS = 7
_RETURN_MOST = Decimal(100)
"""What AWS takes back: plans of up to 100 dollars an hour, within 7 days and the calendar month of the purchase."""


class Recorded(Struct, frozen=True):
    """A plan as it was recorded. `mark` is what was done to it: "", "returned" or "deleted"."""

    id: str
    account: str
    offering: str
    commitment: Decimal
    upfront: Decimal
    mark: str
    start_ms: int
    end_ms: int
    created_ms: int

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:savingsplans::{self.account}:savingsplan/{self.id}"

    def state(self, now_ms: int) -> str:
        """Its state, in the API's words."""
        if self.mark:
            return {"deleted": "queued-deleted"}.get(self.mark, self.mark)
        if now_ms < self.start_ms:
            return "queued"
        return "active" if now_ms < self.end_ms else "retired"

    def returnable_until_ms(self) -> int | None:
        """Until when it can be returned; None where it never could."""
        if self.commitment > _RETURN_MOST:
            return None
        bought = to_datetime(self.start_ms)
        first = (bought.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        end = min(bought + timedelta(days=_RETURN_DAYS), first)
        return round(end.timestamp() * 1000)


class RecordedPlans:
    """The plans of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def record(
        self, account: str, offering: str, years: int, commitment: Decimal, upfront: Decimal, start_ms: int, token: str
    ) -> Recorded:
        """Record a plan; the same `token` gives the same plan again. Raises Conflict where it asked for another."""
        now_ms = self._clock.now_ms()
        wanted = {"offering": offering, "commitment": f"{commitment:f}", "upfront": f"{upfront:f}"}
        row = {
            "id": str(uuid.uuid4()),
            "account": account,
            "state": "",
            "start_ms": start_ms,
            "end_ms": start_ms + years * YEAR_HOURS * HOUR_MS,
            "created_ms": now_ms,
            "token": token or None,
            **wanted,
        }

        def write(connection: Connection) -> Recorded:
            if token:
                known = connection.execute(
                    select(savings_plans).where(_columns.account == account, _columns.token == token)
                ).one_or_none()
                if known is not None:
                    if any(getattr(known, name) != value for name, value in wanted.items()):
                        raise Conflict(f"the client token {token!r} was used with other parameters")
                    return _recorded(known)
            connection.execute(insert(savings_plans).values(row))
            return _recorded(connection.execute(select(savings_plans).where(_columns.id == row["id"])).one())

        return await self._state.change(write)

    async def listed(self, scope: Scope) -> list[Recorded]:
        """The plans of the accounts that `scope` sees, the newest first."""
        query = select(savings_plans).order_by(_columns.created_ms.desc(), _columns.id)

        def read(connection: Connection) -> list[Recorded]:
            found = [_recorded(row) for row in connection.execute(query)]
            return [one for one in found if scope.accounts is None or one.account in scope.accounts]

        return await self._state.read(read)

    async def get(self, scope: Scope, id_: str) -> Recorded:
        """One plan. Raises NotFound."""
        for one in await self.listed(scope):
            if one.id == id_:
                return one
        raise NotFound(f"The Savings Plan {id_} does not exist.")

    async def delete_queued(self, scope: Scope, id_: str) -> None:
        """Delete a plan whose time has not come. Raises NotFound, InvalidInput."""
        found = await self.get(scope, id_)
        if found.state(self._clock.now_ms()) != "queued":
            raise InvalidInput(f"The Savings Plan {id_} is not queued.")
        await self._mark(id_, "deleted")

    async def give_back(self, scope: Scope, id_: str) -> None:
        """Return a plan. Raises NotFound, InvalidInput where AWS would not take it back."""
        now_ms = self._clock.now_ms()
        found = await self.get(scope, id_)
        until = found.returnable_until_ms()
        if found.state(now_ms) != "active" or until is None or now_ms >= until:
            raise InvalidInput(
                f"The Savings Plan {id_} cannot be returned: expected an active one of at most {_RETURN_MOST} an hour, "
                f"within {_RETURN_DAYS} days and the calendar month of its purchase."
            )
        await self._mark(id_, "returned")

    async def by_arn(self, scope: Scope, arn: str) -> Recorded:
        """The plan of an ARN. Raises NotFound."""
        for one in await self.listed(scope):
            if one.arn == arn:
                return one
        raise NotFound(f"The Savings Plan {arn} does not exist.")

    async def tags(self, arn: str) -> dict[str, str]:
        """The tags of a plan."""
        return await self._state.read(lambda connection: _tags(connection, arn))

    async def tag(self, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags of a plan that exists. Raises LimitExceeded."""

        def write(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
            if len(_tags(connection, arn)) + len(put) > _MOST_TAGS:
                raise LimitExceeded(f"A Savings Plan has at most {_MOST_TAGS} tags.")
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)

    async def _mark(self, id_: str, mark: str) -> None:
        def write(connection: Connection) -> None:
            connection.execute(update(savings_plans).where(_columns.id == id_).values(state=mark))

        await self._state.change(write)


def _tags(connection: Connection, arn: str) -> dict[str, str]:
    rows = connection.execute(select(tags).where(tags.c.arn == arn).order_by(tags.c.key))
    return {row.key: row.value for row in rows}


def active(found: Sequence[Recorded], now_ms: int) -> list[Recorded]:
    """Those that run or will."""
    return [one for one in found if one.state(now_ms) in ("active", "queued")]


def _recorded(row: Row[tuple[object, ...]]) -> Recorded:
    return Recorded(
        row.id,
        row.account,
        row.offering,
        Decimal(row.commitment),
        Decimal(row.upfront),
        row.state,
        row.start_ms,
        row.end_ms,
        row.created_ms,
    )
