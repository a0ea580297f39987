"""Trails in the state database."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from trimtab.audit.tags import AuditTags
from trimtab.audit.trails.model import Trail, arn_of
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_trails

MOST = 5
"""Trails of an account in a region, as documented."""


class TrailStore:
    """Makes, changes and finds trails."""

    def __init__(self, state: State, clock: Clock, tags: AuditTags) -> None:
        self._state = state
        self._clock = clock
        self._tags = tags

    async def create(self, account: str, region: str, name: str, body: Mapping[str, Any]) -> Trail:
        """Make a trail that does not log yet. Raises Conflict, LimitExceeded."""
        now_ms = self._clock.now_ms()
        made = Trail(arn_of(account, region, name), account, region, name, body, False, now_ms, position=(now_ms, ""))

        def work(connection: Connection) -> None:
            mine = (audit_trails.c.account == account) & (audit_trails.c.region == region)
            if len(connection.execute(select(audit_trails.c.arn).where(mine)).all()) >= MOST:
                raise LimitExceeded(f"User: {account} already has {MOST} trails in {region}.")
            connection.execute(insert(audit_trails).values(_row(made)))

        try:
            await self._state.change(work)
        except IntegrityError:
            raise Conflict(f"Trail {name} already exists for customer: {account}") from None
        return made

    async def get(self, arn: str) -> Trail:
        """A trail by its ARN. Raises NotFound."""
        query = select(audit_trails).where(audit_trails.c.arn == arn)
        row = await self._state.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFound(f"Unknown trail: {arn}")
        return _trail(row)

    async def of(self, account: str) -> list[Trail]:
        """The trails of an account, by region and name."""
        query = select(audit_trails).where(audit_trails.c.account == account)
        query = query.order_by(audit_trails.c.region, audit_trails.c.name)
        return [_trail(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]

    async def logging(self) -> list[Trail]:
        """Every trail that logs."""
        query = select(audit_trails).where(audit_trails.c.logging == 1).order_by(audit_trails.c.arn)
        return [_trail(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]

    async def put(self, trail: Trail, members: Mapping[str, Any]) -> Trail:
        """Change members of a trail's body; None takes one out. Raises NotFound."""

        def work(connection: Connection) -> Trail:
            row = connection.execute(select(audit_trails).where(_is(trail.arn))).first()
            if row is None:
                raise NotFound(f"Unknown trail: {trail.arn}")
            kept = _trail(row)
            body = {key: value for key, value in {**kept.body, **members}.items() if value is not None}
            connection.execute(update(audit_trails).where(_is(trail.arn)).values(body=json.dumps(body)))
            return replace(kept, body=body)

        return await self._state.change(work)

    async def start(self, trail: Trail) -> None:
        """Let a trail log, from now on where it did not."""
        now_ms = self._clock.now_ms()
        values = {"logging": 1, "started_ms": now_ms, "position_ms": now_ms, "position_id": ""}
        begun = update(audit_trails).where(_is(trail.arn), audit_trails.c.logging == 0).values(values)
        await self._state.change(lambda connection: connection.execute(begun))

    async def stop(self, trail: Trail) -> None:
        """Keep a trail from logging."""
        if trail.logging:
            await self._change(trail.arn, logging=0, stopped_ms=self._clock.now_ms())

    async def advance(self, trail: Trail, position: tuple[int, str], delivered: bool, problem: str = "") -> None:
        """Note how far a trail has delivered, or why it could not."""
        values: dict[str, Any] = {"position_ms": position[0], "position_id": position[1], "problem": problem}
        await self._change(trail.arn, **values, **({"delivered_ms": self._clock.now_ms()} if delivered else {}))

    async def digested(self, trail: Trail, number: int) -> None:
        """Note the last digest that was delivered."""
        await self._change(trail.arn, digest_number=number, digest_ms=self._clock.now_ms())

    async def delete(self, trail: Trail) -> None:
        """Delete a trail with its tags; what it delivered stays."""
        await self._state.change(lambda connection: connection.execute(delete(audit_trails).where(_is(trail.arn))))
        await self._tags.forget(trail.arn)

    async def _change(self, arn: str, **values: Any) -> None:
        await self._state.change(
            lambda connection: connection.execute(update(audit_trails).where(_is(arn)).values(values))
        )


def _is(arn: str) -> Any:
    return audit_trails.c.arn == arn


def _row(trail: Trail) -> dict[str, Any]:
    return {
        "arn": trail.arn,
        "account": trail.account,
        "region": trail.region,
        "name": trail.name,
        "body": json.dumps(trail.body),
        "logging": int(trail.logging),
        "created_ms": trail.created_ms,
        "problem": trail.problem,
        "position_ms": trail.position[0],
        "position_id": trail.position[1],
        "digest_number": trail.digest_number,
    }


def _trail(row: Any) -> Trail:
    return Trail(
        row.arn,
        row.account,
        row.region,
        row.name,
        json.loads(row.body),
        bool(row.logging),
        row.created_ms,
        row.started_ms,
        row.stopped_ms,
        row.delivered_ms,
        row.digest_ms,
        row.problem,
        (row.position_ms, row.position_id),
        row.digest_number,
    )
