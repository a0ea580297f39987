"""Scalable targets, their policies and scheduled actions: put, listed, deleted."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.scaling.engine import checks
from trimtab.scaling.engine.model import Form, Kind, Policy, ScalableTarget, ScheduledChange, TargetKey, Times
from trimtab.scaling.engine.rows import (
    TABLES_OF_A_TARGET,
    at,
    encoded,
    form_of,
    key_of,
    policies_in,
    schedules_in,
    sees,
    target_by_id,
    target_in,
    target_of,
)
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.schema.scaling import scaling_policies, scaling_schedules, scaling_targets

_targets, _policies, _schedules = scaling_targets.c, scaling_policies.c, scaling_schedules.c
MOST_TARGETS, MOST_POLICIES, MOST_SCHEDULES = 500, 50, 200
"""Of a namespace, and of a target: Application Auto Scaling's quotas."""


class TargetStore:
    """The targets of one state database, with what hangs on them."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state = state
        self._clock = clock

    async def put(self, key: TargetKey, form: Form, tagged: Mapping[str, str] | None = None) -> ScalableTarget:
        """Register a target, or change it. Raises InvalidInput, LimitExceeded."""
        return await self.shape(key, lambda _: form, tagged)

    async def shape(
        self, key: TargetKey, shaped: Callable[[Form | None], Form], tagged: Mapping[str, str] | None = None
    ) -> ScalableTarget:
        """Give a target what `shaped` makes of its form as it is now (None: it is new).

        Raises InvalidInput, LimitExceeded, and what `shaped` raises.
        """
        return await self.state.change(lambda connection: self._put(connection, key, shaped, tagged))

    async def change(self, scope: Scope, id_: str, **changes: Any) -> ScalableTarget:
        """Set parts of a target's form (`mode`, `guards`, `service`, `least` …). Raises NotFound, InvalidInput."""

        def write(connection: Connection) -> ScalableTarget:
            known = target_by_id(connection, scope, id_)
            return self._put(connection, known.key, lambda _: form_of(replace(known, **changes)))

        return await self.state.change(write)

    def _put(
        self,
        connection: Connection,
        key: TargetKey,
        shaped: Callable[[Form | None], Form],
        tagged: Mapping[str, str] | None = None,
    ) -> ScalableTarget:
        now_ms = self._clock.now_ms()
        row = connection.execute(select(scaling_targets).where(at(key))).first()
        form = shaped(None if row is None else form_of(target_of(row)))
        checks.check_target(key, form)
        if row is not None:
            values: dict[str, Any] = {"form": encoded(form), "updated_ms": now_ms, "due_ms": 0}
            connection.execute(update(scaling_targets).where(at(key)).values(values))
        else:
            mine = (_targets.account == key.account) & (_targets.namespace == key.namespace)
            held = connection.execute(select(func.count()).select_from(scaling_targets).where(mine)).scalar_one()
            if held >= MOST_TARGETS:
                raise LimitExceeded(f"cannot register {key.label}: {MOST_TARGETS} targets of {key.namespace} exist")
            connection.execute(insert(scaling_targets).values(_new(key, form, now_ms)))
        made = target_in(connection, EVERYTHING, key)
        for name, value in (tagged or {}).items():
            connection.execute(delete(tags).where(tags.c.arn == made.arn, tags.c.key == name))
            connection.execute(insert(tags).values(arn=made.arn, key=name, value=value))
        return made

    async def get(self, scope: Scope, id_: str) -> ScalableTarget:
        """A target by its id. Raises NotFound."""
        return await self.state.read(partial(target_by_id, scope=scope, id_=id_))

    async def named(self, scope: Scope, key: TargetKey) -> ScalableTarget:
        """A target by its key. Raises NotFound."""
        return await self.state.read(partial(target_in, scope=scope, key=key))

    async def listed(self, scope: Scope) -> list[ScalableTarget]:
        """The targets that a caller may see, by namespace and resource."""
        query = select(scaling_targets).order_by(_targets.namespace, _targets.resource, _targets.dimension)

        def read(connection: Connection) -> list[ScalableTarget]:
            return [target_of(row) for row in connection.execute(query) if sees(scope, key_of(row))]

        return await self.state.read(read)

    async def delete(self, scope: Scope, key: TargetKey) -> None:
        """Deregister a target; its policies and scheduled actions go with it, its activities stay. Raises NotFound."""

        def write(connection: Connection) -> None:
            known = target_in(connection, scope, key)
            parts = [one.arn for one in policies_in(connection, known)]
            parts += [one.arn for one in schedules_in(connection, known)]
            for table in TABLES_OF_A_TARGET:
                connection.execute(delete(table).where(table.c.target_id == known.id))
            connection.execute(delete(scaling_targets).where(_targets.id == known.id))
            arns = [known.arn, *parts]
            connection.execute(delete(tags).where(tags.c.arn.in_(arns)))

        await self.state.change(write)


def _new(key: TargetKey, form: Form, now_ms: int) -> dict[str, Any]:
    return {
        "id": new_id().replace("-", ""),
        "account": key.account,
        "region": key.region,
        "namespace": key.namespace,
        "resource": key.resource,
        "dimension": key.dimension,
        "form": encoded(form),
        "desired": None,
        "state": "",
        "due_ms": 0,
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }


class PolicyStore(Struct, frozen=True):
    """The policies of targets."""

    state: State
    clock: Clock

    async def put(
        self, scope: Scope, key: TargetKey, name: str, kind: Kind, document: Mapping[str, Any], enabled: bool = True
    ) -> Policy:
        """Make a policy or replace it. Raises NotFound for an unknown target, InvalidInput, LimitExceeded."""
        checks.check_policy(name, kind, document)
        now_ms = self.clock.now_ms()

        def write(connection: Connection) -> Policy:
            target = target_in(connection, scope, key)
            known = {one.name: one for one in policies_in(connection, target)}
            values = {"document": json.dumps(dict(document)), "enabled": int(enabled), "updated_ms": now_ms}
            if name in known:
                checks.check_same_kind(known[name], kind)
                connection.execute(update(scaling_policies).where(_policies.id == known[name].id).values(values))
            else:
                if len(known) >= MOST_POLICIES:
                    raise LimitExceeded(f"cannot put {name!r}: {key.label} has {MOST_POLICIES} policies already")
                checks.check_together(kind, [one.kind for one in known.values()])
                row = {"id": new_id(), "target_id": target.id, "name": name, "kind": kind.value, "created_ms": now_ms}
                connection.execute(insert(scaling_policies).values(**row, **values))
            return next(one for one in policies_in(connection, target) if one.name == name)

        return await self.state.change(write)

    async def of(self, target: ScalableTarget) -> list[Policy]:
        """A target's policies, by name."""
        return await self.state.read(partial(policies_in, target=target))

    async def listed(self, scope: Scope) -> list[Policy]:
        """Every policy that a caller may see, by its target and name."""
        return await self.state.read(lambda connection: _parts(connection, scope, policies_in))

    async def delete(self, scope: Scope, key: TargetKey, name: str) -> None:
        """Delete a policy. Raises NotFound."""

        def write(connection: Connection) -> None:
            target = target_in(connection, scope, key)
            gone = [one for one in policies_in(connection, target) if one.name == name]
            if not gone:
                raise NotFound(f"No scaling policy found for service namespace: {key.namespace}, resource ID: "
                               f"{key.resource}, scalable dimension: {key.dimension}: {name}")  # fmt: skip
            connection.execute(delete(scaling_policies).where(_policies.id == gone[0].id))

        await self.state.change(write)


class ScheduleStore(Struct, frozen=True):
    """The scheduled actions of targets."""

    state: State
    clock: Clock

    async def put(self, scope: Scope, key: TargetKey, name: str, times: Times) -> ScheduledChange:
        """Make a scheduled action or replace it. Raises NotFound, InvalidInput, LimitExceeded."""
        return await self.shape(scope, key, name, lambda _: times)

    async def shape(
        self, scope: Scope, key: TargetKey, name: str, shaped: Callable[[ScheduledChange | None], Times]
    ) -> ScheduledChange:
        """Give a scheduled action what `shaped` makes of it as it is now (None: it is new).

        Raises NotFound, InvalidInput, LimitExceeded, and what `shaped` raises.
        """
        now_ms = self.clock.now_ms()

        def write(connection: Connection) -> ScheduledChange:
            target = target_in(connection, scope, key)
            known = {one.name: one for one in schedules_in(connection, target)}
            times = shaped(known.get(name))
            checks.check_schedule(name, times, now_ms)
            if name not in known and len(known) >= MOST_SCHEDULES:
                raise LimitExceeded(f"cannot put {name!r}: {key.label} has {MOST_SCHEDULES} scheduled actions already")
            values = {"document": encoded(times), "done_ms": now_ms}
            if name in known:
                connection.execute(update(scaling_schedules).where(_schedules.id == known[name].id).values(values))
            else:
                row = {"id": new_id(), "target_id": target.id, "name": name, "created_ms": now_ms}
                connection.execute(insert(scaling_schedules).values(**row, **values))
            connection.execute(update(scaling_targets).where(_targets.id == target.id).values(due_ms=0))
            return next(one for one in schedules_in(connection, target) if one.name == name)

        return await self.state.change(write)

    async def of(self, target: ScalableTarget) -> list[ScheduledChange]:
        """A target's scheduled actions, by name."""
        return await self.state.read(partial(schedules_in, target=target))

    async def listed(self, scope: Scope) -> list[ScheduledChange]:
        """Every scheduled action that a caller may see, by its target and name."""
        return await self.state.read(lambda connection: _parts(connection, scope, schedules_in))

    async def delete(self, scope: Scope, key: TargetKey, name: str) -> None:
        """Delete a scheduled action. Raises NotFound."""

        def write(connection: Connection) -> None:
            target = target_in(connection, scope, key)
            gone = [one for one in schedules_in(connection, target) if one.name == name]
            if not gone:
                raise NotFound(f"No scheduled action found for service namespace: {key.namespace}, resource ID: "
                               f"{key.resource}, scalable dimension: {key.dimension}: {name}")  # fmt: skip
            connection.execute(delete(scaling_schedules).where(_schedules.id == gone[0].id))

        await self.state.change(write)


def _parts(connection: Connection, scope: Scope, read: Any) -> list[Any]:
    order = _targets.namespace, _targets.resource, _targets.dimension
    rows: Sequence[Any] = connection.execute(select(scaling_targets).order_by(*order)).all()
    return [one for row in rows if sees(scope, key_of(row)) for one in read(connection, target_of(row))]
