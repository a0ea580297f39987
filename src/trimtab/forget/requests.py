"""The requests, in the state database."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict
from trimtab.base.ids import new_id
from trimtab.forget.model import Kind, Owner, Request, Step
from trimtab.store.state.database import State
from trimtab.store.state.schema.forgetting import forget_requests
from trimtab.store.state.upcoming import NOW, Upcoming

_SHOWN = 100


class ForgetRequests(Struct, frozen=True):
    """Every request; the newest hundred are told."""

    state: State
    clock: Clock

    async def ask(self, owner: Owner, asked_by: str) -> Request:
        """Keep a request. Raises Conflict where the same is on its way."""
        made = Request(new_id(), owner, owner.digest, Step.ASKED, self.clock.now_ms(), asked_by)

        def work(connection: Connection) -> None:
            same = (forget_requests.c.digest == owner.digest) & (forget_requests.c.step != Step.DONE)
            if connection.execute(select(forget_requests.c.id).where(same)).first():
                raise Conflict(f"cannot forget {owner.kind} {owner.name!r} now: that is on its way already")
            connection.execute(
                insert(forget_requests).values(
                    id=made.id, kind=owner.kind, subject=owner.name, digest=owner.digest, bill=owner.bill,
                    audit=owner.audit, step=Step.ASKED, asked_ms=made.asked_ms, asked_by=asked_by, counts="{}",
                    problem="",
                )
            )  # fmt: skip

        await self.state.change(work)
        return made

    async def all(self) -> list[Request]:
        """The newest first."""
        query = select(forget_requests).order_by(forget_requests.c.asked_ms.desc(), forget_requests.c.id).limit(_SHOWN)
        rows = await self.state.read(lambda connection: list(connection.execute(query).mappings()))
        return [_request(row) for row in rows]

    def untried(self) -> Upcoming:
        """Whether one waits that no start has tried: one with a problem waits for somebody to start trimtab again."""
        columns = forget_requests.c
        return Upcoming(self.state, select(NOW).where(columns.step != Step.DONE, columns.problem == ""))

    def pending_sync(self) -> list[Request]:
        """Those that are not done, the oldest first."""
        query = (
            select(forget_requests)
            .where(forget_requests.c.step != Step.DONE)
            .order_by(forget_requests.c.asked_ms, forget_requests.c.id)
        )
        rows = self.state.read_sync(lambda connection: list(connection.execute(query).mappings()))
        return [_request(row) for row in rows]

    def note_sync(self, id_: str, **values: Any) -> None:
        """Write down how far one is, durably."""
        self.state.change_sync(
            lambda connection: connection.execute(
                update(forget_requests).where(forget_requests.c.id == id_).values(values)
            )
        )

    def finish_sync(self, request: Request, counts: Mapping[str, int], problem: str) -> None:
        """It is done: from here on only its digest tells whose it was."""
        self.note_sync(
            request.id, step=Step.DONE, subject="", done_ms=self.clock.now_ms(), counts=json.dumps(counts),
            problem=problem,
        )  # fmt: skip


def _request(row: RowMapping) -> Request:
    return Request(
        id=row["id"],
        owner=Owner(Kind(row["kind"]), row["subject"], row["bill"], row["audit"]),
        digest=row["digest"],
        step=Step(row["step"]),
        asked_ms=row["asked_ms"],
        asked_by=row["asked_by"],
        began_ms=row["began_ms"],
        done_ms=row["done_ms"],
        counts=json.loads(row["counts"]),
        problem=row["problem"],
    )
