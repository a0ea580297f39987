"""Connected accounts, their reads and what these cost, over the state database."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from trimtab.accounts.model import Account, CallCount, Read, ReadState, Step, StepState
from trimtab.base.errors import Conflict, NotFound
from trimtab.cloud.call_costs import Count, Operation
from trimtab.cloud.reading import Access
from trimtab.store.state.database import State
from trimtab.store.state.tables import aws_accounts, aws_calls, aws_marks, aws_reads, aws_steps
from trimtab.store.state.upcoming import NOW, Upcoming

_FORM = ("name", "partition", "metrics", "audit", "spot", "days", "every_hours")
_READS_KEPT = 30
"""Reads of an account whose steps are kept: a month of daily ones."""


class AccountStore:
    """Every account; used by the doors and by the one process that reads."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, account: Account) -> None:
        """Add or replace an account."""

        def work(connection: Connection) -> None:
            connection.execute(delete(aws_accounts).where(aws_accounts.c.account == account.account))
            row = {"account": account.account, "form": _form(account)}
            connection.execute(insert(aws_accounts).values(**row, added_ms=account.added_ms, next_ms=account.next_ms))

        await self._state.change(work)

    async def all(self, accounts: frozenset[str] | None = None) -> list[Account]:
        """Every account, or those of `accounts`, by number."""

        def work(connection: Connection) -> list[Account]:
            rows = connection.execute(select(aws_accounts).order_by(aws_accounts.c.account))
            return [_account(row) for row in rows if accounts is None or row.account in accounts]

        return await self._state.read(work)

    async def one(self, account: str) -> Account:
        """An account. Raises NotFound."""
        found = await self.all(frozenset((account,)))
        if not found:
            raise NotFound(f"account {account} is not connected; `trimtab connect aws` connects one")
        return found[0]

    async def remove(self, account: str) -> None:
        """Forget an account and its reads; what it was called stays counted."""

        def work(connection: Connection) -> None:
            reads = select(aws_reads.c.id).where(aws_reads.c.account == account)
            connection.execute(delete(aws_steps).where(aws_steps.c.read_id.in_(reads)))
            for table in (aws_reads, aws_marks, aws_accounts):
                connection.execute(delete(table).where(table.c.account == account))

        await self._state.change(work)

    # -- reads --------------------------------------------------------------------------------------------------

    async def begin(self, account: str, steps: Sequence[Step], now_ms: int, next_ms: int) -> Read:
        """Begin a read. Raises Conflict where one is under way."""

        def work(connection: Connection) -> Read:
            known = aws_reads.c
            busy = select(known.id).where(known.account == account, known.state == ReadState.READING.value)
            if connection.execute(busy).first():
                raise Conflict(f"account {account} is being read already")
            row = {"account": account, "state": ReadState.READING.value, "started_ms": now_ms}
            made = connection.execute(insert(aws_reads).values(**row, estimate="", problem=""))
            id_ = made.inserted_primary_key[0] if made.inserted_primary_key else 0
            rows = [
                {"read_id": id_, "region": one.region, "name": one.name, "state": one.state.value}
                | {"items": 0, "problem": ""}
                for one in steps
            ]
            connection.execute(insert(aws_steps), rows)
            connection.execute(update(aws_accounts).where(aws_accounts.c.account == account).values(next_ms=next_ms))
            _forget_old(connection, account)
            return Read(id_, account, ReadState.READING, now_ms, None, None, "")

        return await self._state.change(work)

    def upcoming(self) -> Upcoming:
        """When an account is to be read next, or that a read is under way."""
        reading = select(NOW).where(aws_reads.c.state == ReadState.READING.value)
        return Upcoming(self._state, reading, select(func.min(aws_accounts.c.next_ms)))

    async def under_way(self) -> Read | None:
        """The oldest read that has not ended."""
        query = select(aws_reads).where(aws_reads.c.state == ReadState.READING.value).order_by(aws_reads.c.id)
        row = await self._state.read(lambda connection: connection.execute(query).first())
        return _read(row) if row is not None else None

    async def last(self, account: str) -> Read | None:
        """The newest read of an account."""
        query = select(aws_reads).where(aws_reads.c.account == account).order_by(aws_reads.c.id.desc())
        row = await self._state.read(lambda connection: connection.execute(query.limit(1)).first())
        return _read(row) if row is not None else None

    async def steps(self, read_id: int) -> list[Step]:
        """The steps of a read, by region and name."""
        query = select(aws_steps).where(aws_steps.c.read_id == read_id)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        found = [Step(row.region, row.name, StepState(row.state), row.items, row.problem, row.ended_ms) for row in rows]
        return sorted(found, key=lambda one: (one.region, one.name))

    async def ended(self, read_id: int, step: Step) -> None:
        """Keep how a step ended."""
        mine = (aws_steps.c.read_id == read_id) & (aws_steps.c.region == step.region) & (aws_steps.c.name == step.name)
        row = {"state": step.state.value, "items": step.items, "problem": step.problem, "ended_ms": step.ended_ms}
        await self._state.change(lambda connection: connection.execute(update(aws_steps).where(mine).values(row)))

    async def estimated(self, read_id: int, dollars: Decimal) -> None:
        """Keep what the metrics of a read cost."""
        change = update(aws_reads).where(aws_reads.c.id == read_id).values(estimate=f"{dollars:f}")
        await self._state.change(lambda connection: connection.execute(change))

    async def end(self, read_id: int, state: ReadState, now_ms: int, problem: str = "") -> None:
        """End a read."""
        row = {"state": state.value, "ended_ms": now_ms, "problem": problem}
        change = update(aws_reads).where(aws_reads.c.id == read_id).values(row)
        await self._state.change(lambda connection: connection.execute(change))

    # -- marks and calls ----------------------------------------------------------------------------------------

    async def mark(self, account: str, region: str, name: str) -> int | None:
        """How far something was read (ms); None where it never was."""
        at = aws_marks.c
        query = select(at.at_ms).where(at.account == account, at.region == region, at.name == name)
        return await self._state.read(lambda connection: connection.execute(query).scalar())

    async def set_mark(self, account: str, region: str, name: str, at_ms: int) -> None:
        """Keep how far something was read."""
        at = aws_marks.c
        mine = (at.account == account) & (at.region == region) & (at.name == name)

        def work(connection: Connection) -> None:
            connection.execute(delete(aws_marks).where(mine))
            connection.execute(insert(aws_marks).values(account=account, region=region, name=name, at_ms=at_ms))

        await self._state.change(work)

    async def count(self, account: str, day: str, counts: Mapping[Operation, Count]) -> None:
        """Add calls to those of a day."""

        def work(connection: Connection) -> None:
            for (service, operation), one in counts.items():
                at = aws_calls.c
                mine = (at.account == account) & (at.day == day) & (at.service == service)
                mine &= at.operation == operation
                row = connection.execute(select(aws_calls).where(mine)).first()
                kept = (row.calls, row.failed, row.throttled, Decimal(row.cost)) if row else (0, 0, 0, Decimal(0))
                connection.execute(delete(aws_calls).where(mine))
                connection.execute(
                    insert(aws_calls).values(
                        account=account,
                        day=day,
                        service=service,
                        operation=operation,
                        calls=kept[0] + one.calls,
                        failed=kept[1] + one.failed,
                        throttled=kept[2] + one.throttled,
                        cost=f"{kept[3] + one.cost:f}",
                    )
                )

        await self._state.change(work)

    async def calls(self, account: str, since_day: str = "") -> list[CallCount]:
        """Calls of an account since a day, the newest day first."""
        at = aws_calls.c
        query = select(aws_calls).where(at.account == account, at.day >= since_day)
        query = query.order_by(at.day.desc(), at.service, at.operation)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [
            CallCount(row.day, row.service, row.operation, row.calls, row.failed, row.throttled, Decimal(row.cost))
            for row in rows
        ]


def _forget_old(connection: Connection, account: str) -> None:
    known = aws_reads.c
    kept = select(known.id).where(known.account == account).order_by(known.id.desc()).offset(_READS_KEPT).limit(1)
    last = connection.execute(kept).scalar()
    if last is not None:
        old = select(known.id).where(known.account == account, known.id <= last)
        connection.execute(delete(aws_steps).where(aws_steps.c.read_id.in_(old)))
        connection.execute(delete(aws_reads).where(known.account == account, known.id <= last))


def _form(account: Account) -> str:
    access = account.access
    return json.dumps(
        {key: getattr(account, key) for key in _FORM}
        | {"regions": list(account.regions), "max_cost": f"{account.max_cost:f}"}
        | {
            "role_arn": access.role_arn,
            "external_id": access.external_id,
            "profile": access.profile,
            "endpoint": access.endpoint,
        }
    )


def _account(row: Row[Any]) -> Account:
    form = json.loads(row.form)
    access = Access(form["role_arn"], form["external_id"], form["profile"], form["endpoint"])
    return Account(
        row.account,
        access,
        regions=tuple(form["regions"]),
        max_cost=Decimal(form["max_cost"]),
        added_ms=row.added_ms,
        next_ms=row.next_ms,
        **{key: form[key] for key in _FORM},
    )


def _read(row: Row[Any]) -> Read:
    estimate = Decimal(row.estimate) if row.estimate else None
    return Read(row.id, row.account, ReadState(row.state), row.started_ms, row.ended_ms, estimate, row.problem)
