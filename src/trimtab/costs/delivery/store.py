"""Definitions of exports and their deliveries over the state database."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.costs.delivery.model import Definition, Execution, Kind, Status
from trimtab.store.state.database import State
from trimtab.store.state.tables import cost_export_runs as runs
from trimtab.store.state.tables import cost_exports as exports

MOST = 200
"""Definitions of an account: each is written again whenever the bill changes."""
_KEPT = 100
"""Deliveries that are kept of a definition; older ones are forgotten, their files stay."""


class ExportStore:
    """Reads and writes the two tables."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, one: Definition) -> Definition:
        """Keep a new definition. Raises Conflict for a name that is taken, LimitExceeded."""
        now_ms = self._clock.now_ms()
        made = replace(one, created_ms=now_ms, updated_ms=now_ms, delivered={})

        def work(connection: Connection) -> None:
            mine = select(func.count()).select_from(exports).where(exports.c.account == one.account)
            if (connection.execute(mine).scalar() or 0) >= MOST:
                raise LimitExceeded(f"cannot keep export {one.name!r}: there are {MOST}; delete one")
            row = {"arn": made.arn, "account": made.account, "kind": made.kind, "name": made.name}
            row |= {"form": _form(made), "tags": json.dumps(made.tags), "delivered": "{}"}
            connection.execute(insert(exports).values(**row, created_ms=now_ms, updated_ms=now_ms))

        try:
            await self._state.change(work)
        except IntegrityError:
            raise Conflict(f"there is an export {one.name!r} already") from None
        return made

    async def update(self, one: Definition) -> None:
        """Change a definition: everything is delivered again. Raises NotFound, Conflict."""
        values = {"form": _form(one), "name": one.name, "delivered": "{}"}
        statement = update(exports).where(exports.c.arn == one.arn).values(**values, updated_ms=self._clock.now_ms())
        try:
            changed = await self._state.change(lambda connection: connection.execute(statement).rowcount)
        except IntegrityError:
            raise Conflict(f"there is an export {one.name!r} already") from None
        if not changed:
            raise _missing(one.arn)

    async def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Put tags in place of those there are."""
        statement = update(exports).where(exports.c.arn == arn).values(tags=json.dumps(tags))
        await self._state.change(lambda connection: connection.execute(statement))

    async def delete(self, arn: str) -> None:
        """Forget a definition and its deliveries; files stay. Raises NotFound."""

        def work(connection: Connection) -> int:
            connection.execute(delete(runs).where(runs.c.arn == arn))
            return connection.execute(delete(exports).where(exports.c.arn == arn)).rowcount

        if not await self._state.change(work):
            raise _missing(arn)

    async def get(self, arn: str) -> Definition:
        """A definition. Raises NotFound."""
        query = select(exports).where(exports.c.arn == arn)
        row = await self._state.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise _missing(arn)
        return _definition(row)

    async def listed(self, account: str | None = None, kind: Kind | None = None) -> list[Definition]:
        """The definitions, by name; None is every one."""
        query = select(exports).order_by(exports.c.account, exports.c.name)
        if account is not None:
            query = query.where(exports.c.account == account)
        if kind is not None:
            query = query.where(exports.c.kind == kind)
        return await self._state.read(lambda connection: [_definition(row) for row in connection.execute(query)])

    async def executions(self, arn: str) -> list[Execution]:
        """The deliveries of a definition, the newest first."""
        query = select(runs).where(runs.c.arn == arn).order_by(runs.c.created_ms.desc(), runs.c.id.desc())
        return await self._state.read(lambda connection: [_execution(row) for row in connection.execute(query)])

    async def begin(self, one: Definition, months: Sequence[int]) -> Execution:
        """Note a delivery that begins; older ones than are kept are forgotten."""
        run = Execution(
            str(new_id()), one.arn, one.form, Status.RUNNING, "", tuple(months), (), self._clock.now_ms(), None
        )

        def work(connection: Connection) -> None:
            row = {"id": run.id, "arn": run.arn, "form": json.dumps(run.form), "status": run.status, "problem": ""}
            row |= {"months": json.dumps(run.months), "files": "[]"}
            connection.execute(insert(runs).values(**row, created_ms=run.created_ms))
            mine = select(runs.c.id).where(runs.c.arn == run.arn).order_by(runs.c.created_ms.desc(), runs.c.id.desc())
            old = [found.id for found in connection.execute(mine.offset(_KEPT))]
            connection.execute(delete(runs).where(runs.c.id.in_(old)))

        await self._state.change(work)
        return run

    async def end(self, one: Definition, run: Execution, delivered: Mapping[str, str] | None) -> None:
        """Note how a delivery ended, and what of the bill is delivered now, where it was."""
        ended = {"status": run.status, "problem": run.problem, "files": json.dumps(run.files)}

        def work(connection: Connection) -> None:
            done = update(runs).where(runs.c.id == run.id).values(**ended, ended_ms=self._clock.now_ms())
            connection.execute(done)
            if delivered is not None:  # a definition that was changed meanwhile is delivered again
                same = (exports.c.arn == run.arn) & (exports.c.form == _form(one))
                connection.execute(update(exports).where(same).values(delivered=json.dumps(delivered)))

        await self._state.change(work)

    async def cut_short(self) -> None:
        """Deliveries that a stop cut short have failed; they are made again."""
        statement = (
            update(runs)
            .where(runs.c.status == Status.RUNNING)
            .values(status=Status.DELIVERY_FAILED, problem="the server was stopped", ended_ms=self._clock.now_ms())
        )
        await self._state.change(lambda connection: connection.execute(statement))


def _missing(arn: str) -> NotFound:
    return NotFound(f"cannot find export {arn[:300]!r}")


def _form(one: Definition) -> str:
    return json.dumps({"asked": one.form, "accounts": one.accounts})


def _definition(row: Row[Any]) -> Definition:
    held = json.loads(row.form)
    accounts = None if held["accounts"] is None else tuple(held["accounts"])
    return Definition(
        row.arn, row.account, Kind(row.kind), row.name, held["asked"], json.loads(row.tags), accounts,
        row.created_ms, row.updated_ms, json.loads(row.delivered),
    )  # fmt: skip


def _execution(row: Row[Any]) -> Execution:
    return Execution(
        row.id, row.arn, json.loads(row.form), Status(row.status), row.problem, tuple(json.loads(row.months)),
        tuple(json.loads(row.files)), row.created_ms, row.ended_ms,
    )  # fmt: skip
