"""The actuator contract and its registry: everything trimtab can change, dry-run first, always on record.

An actuator plans (what would change, nothing changes) and acts. `app.py` registers the actuators that the rooms
offer; a caller names one and never imports it.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy import Connection

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound, TrimtabError
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import action_log


class Plan(Struct, frozen=True):
    """What acting would change, in words and as facts."""

    summary: str
    changes: Mapping[str, Any]


class Actuator(Protocol):
    """One kind of change. `plan` must have no effect; `act` must be safe to repeat for one request id."""

    name: str

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        """What would be done to `target`. Raises InvalidInput for a wish that cannot be granted."""
        ...

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        """Do it; returns what came of it, in words."""
        ...


class Done(Struct, frozen=True):
    """The record of one request."""

    id: str
    plan: Plan
    dry_run: bool
    outcome: str


class Actuators:
    """The registry. A request is recorded before it acts, and its outcome after, whatever happens between."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._known: dict[str, Actuator] = {}

    def register(self, actuator: Actuator) -> None:
        """Offer `actuator` under its name. Two of one name are a Conflict."""
        if actuator.name in self._known:
            raise Conflict(f"cannot register actuator {actuator.name!r}: the name is taken")
        self._known[actuator.name] = actuator

    def names(self) -> list[str]:
        """The actuators on offer."""
        return sorted(self._known)

    async def run(
        self, name: str, target: str, wish: Mapping[str, Any], *, requested_by: str, dry_run: bool = True
    ) -> Done:
        """Plan, and unless `dry_run`, act. Raises NotFound for an unknown actuator and the actuator's own errors."""
        if name not in self._known:
            raise NotFound(f"cannot run actuator {name!r}: expected one of {', '.join(self.names()) or 'none yet'}")
        actuator = self._known[name]
        plan = await actuator.plan(target, wish)
        id_ = new_id()
        row = {
            "id": id_,
            "actuator": name,
            "target": target,
            "requested_by": requested_by,
            "dry_run": int(dry_run),
            "plan": json.dumps({"summary": plan.summary, "changes": dict(plan.changes)}),
            "state": "planned" if dry_run else "started",
            "outcome": "",
            "at_ms": self._clock.now_ms(),
        }
        await self._state.change(lambda connection: connection.execute(action_log.insert().values(row)))
        if dry_run:
            return Done(id_, plan, True, "nothing changed (dry run)")
        try:
            outcome = await actuator.act(target, wish, id_)
        except TrimtabError as problem:
            await self._state.change(partial(_finish, id_=id_, state="failed", outcome=str(problem)))
            raise
        await self._state.change(partial(_finish, id_=id_, state="done", outcome=outcome))
        return Done(id_, plan, False, outcome)


def _finish(connection: Connection, id_: str, state: str, outcome: str) -> None:
    connection.execute(action_log.update().where(action_log.c.id == id_).values(state=state, outcome=outcome))
