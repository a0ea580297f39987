"""What was done to targets, and what waits for a person: kept by the newest, told in pages."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.ids import new_id
from trimtab.scaling.engine.model import Activity, Did, Proposal, ScalableTarget, Status, Verdict
from trimtab.scaling.engine.rows import activity_of, activity_row, key_of, proposal_of, sees, target_by_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.scaling import scaling_activities, scaling_proposals

_activities, _proposals = scaling_activities.c, scaling_proposals.c
KEPT_MS = 42 * 86_400_000
"""How long activities are kept: AWS tells of those of the last six weeks."""
MOST_LISTED = 10_000
_DAY_MS = 86_400_000
_LEFT = "Its end was not seen: trimtab was stopped meanwhile."


class Wanted(Struct, frozen=True):
    """Which activities: of a namespace, a target (by its key's parts or its id), since a time."""

    namespace: str = ""
    resource: str = ""
    dimension: str = ""
    target_id: str = ""
    since_ms: int = 0
    until_ms: int | None = None
    limit: int = MOST_LISTED


_ANY = Wanted()


class ActivityStore:
    """The activities of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def add(
        self,
        target: ScalableTarget,
        did: Did,
        description: str,
        cause: str,
        status: Status,
        *,
        message: str = "",
        before: int | None = None,
        after: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Activity:
        """Keep an activity that begins now; one that is not under way ends now too."""
        now_ms = self._clock.now_ms()
        end_ms = None if status in (Status.PENDING, Status.IN_PROGRESS, Status.WAITING) else now_ms
        made = Activity(
            new_id(), target.id, target.key, did, description, cause, status, message, now_ms, end_ms, before, after,
            details or {},
        )  # fmt: skip
        row = activity_row(made)
        await self._state.change(lambda connection: connection.execute(insert(scaling_activities).values(row)))
        return made

    async def end(self, id_: str, status: Status, message: str = "", details: Mapping[str, Any] | None = None) -> None:
        """End an activity; `details` are added to those that it has."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            row = connection.execute(select(scaling_activities).where(_activities.id == id_)).one()
            told = json.dumps({**json.loads(row.details), **(details or {})})
            values = {"status": status.value, "message": message, "end_ms": now_ms, "details": told}
            connection.execute(update(scaling_activities).where(_activities.id == id_).values(values))

        await self._state.change(write)

    async def one(self, id_: str) -> Activity | None:
        """An activity by its id."""
        query = select(scaling_activities).where(_activities.id == id_)
        row = await self._state.read(lambda connection: connection.execute(query).first())
        return None if row is None else activity_of(row)

    async def listed(self, scope: Scope, wanted: Wanted = _ANY) -> list[Activity]:
        """The activities that a caller may see, the newest first."""
        query = select(scaling_activities).where(_activities.start_ms >= wanted.since_ms)
        if wanted.until_ms is not None:
            query = query.where(_activities.start_ms < wanted.until_ms)
        for name in ("namespace", "resource", "dimension", "target_id"):
            if getattr(wanted, name):
                query = query.where(_activities[name] == getattr(wanted, name))
        query = query.order_by(_activities.start_ms.desc(), _activities.id).limit(wanted.limit)

        def read(connection: Connection) -> list[Activity]:
            return [activity_of(row) for row in connection.execute(query) if sees(scope, key_of(row))]

        return await self._state.read(read)

    async def forget(self) -> None:
        """Drop what is older than six weeks, and proposals that are decided as long."""
        now_ms = self._clock.now_ms()
        before_ms = now_ms - KEPT_MS

        def write(connection: Connection) -> None:
            connection.execute(delete(scaling_activities).where(_activities.start_ms < before_ms))
            left = (_activities.status == Status.IN_PROGRESS.value) & (
                _activities.start_ms < before_ms + KEPT_MS - _DAY_MS
            )
            ended = {"status": Status.UNFULFILLED.value, "message": _LEFT, "end_ms": before_ms + KEPT_MS}
            connection.execute(update(scaling_activities).where(left).values(ended))
            old = (_proposals.at_ms < before_ms) & (_proposals.verdict != Verdict.OPEN.value)
            connection.execute(delete(scaling_proposals).where(old))

        await self._state.change(write)


class ProposalStore:
    """The changes that wait for a person."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def open_for(self, target: ScalableTarget) -> Proposal | None:
        """The one that waits for a target."""
        found = await self._of(target, Verdict.OPEN)
        return found[0] if found else None

    async def granted_for(self, target: ScalableTarget) -> Proposal | None:
        """The newest that was approved and not done yet: its `decided_ms` is None."""
        return next((one for one in await self._of(target, Verdict.APPROVED) if one.decided_ms is None), None)

    async def propose(self, target: ScalableTarget, before: int, after: int, cause: str) -> Proposal:
        """Put a change up for approval; one that waited already is overtaken."""
        made = Proposal(new_id(), target.id, target.key, before, after, cause, self._clock.now_ms())
        row = {
            "id": made.id,
            "target_id": target.id,
            "before": before,
            "after": after,
            "cause": cause,
            "at_ms": made.at_ms,
            "verdict": made.verdict.value,
            "by": "",
            "decided_ms": None,
        }

        def write(connection: Connection) -> None:
            _overtake(connection, target)
            connection.execute(insert(scaling_proposals).values(row))

        await self._state.change(write)
        return made

    async def overtake(self, target: ScalableTarget) -> None:
        """Close what waits: the engine no longer wants it."""
        await self._state.change(lambda connection: _overtake(connection, target))

    async def decide(self, scope: Scope, id_: str, approve: bool, by: str) -> Proposal:
        """Approve or refuse. Raises NotFound, and Conflict for one that no longer waits."""
        verdict = Verdict.APPROVED if approve else Verdict.REFUSED
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Proposal:
            row = connection.execute(select(scaling_proposals).where(_proposals.id == id_)).first()
            if row is None:
                raise NotFound(f"cannot find the proposal {id_!r}")
            target = target_by_id(connection, scope, row.target_id)
            if row.verdict != Verdict.OPEN.value:
                raise Conflict(f"cannot decide the proposal {id_!r}: it is {row.verdict} already")
            values = {"verdict": verdict.value, "by": by, "decided_ms": None if approve else now_ms}
            connection.execute(update(scaling_proposals).where(_proposals.id == id_).values(values))
            return proposal_of(connection.execute(select(scaling_proposals).where(_proposals.id == id_)).one(), target)

        return await self._state.change(write)

    async def done(self, proposal: Proposal) -> None:
        """Note that an approved change was made."""
        mine, now_ms = _proposals.id == proposal.id, self._clock.now_ms()
        await self._state.change(
            lambda connection: connection.execute(update(scaling_proposals).where(mine).values(decided_ms=now_ms))
        )

    async def listed(self, target: ScalableTarget) -> list[Proposal]:
        """A target's proposals, the newest first."""
        return await self._of(target, None)

    async def _of(self, target: ScalableTarget, verdict: Verdict | None) -> list[Proposal]:
        query = select(scaling_proposals).where(_proposals.target_id == target.id)
        if verdict is not None:
            query = query.where(_proposals.verdict == verdict.value)
        query = query.order_by(_proposals.at_ms.desc()).limit(100)
        return await self._state.read(
            lambda connection: [proposal_of(row, target) for row in connection.execute(query)]
        )


def _overtake(connection: Connection, target: ScalableTarget) -> None:
    mine = (_proposals.target_id == target.id) & (_proposals.verdict == Verdict.OPEN.value)
    connection.execute(update(scaling_proposals).where(mine).values(verdict=Verdict.OVERTAKEN.value))
