"""Rows of the state database as the engine's objects, and what a caller may see of them."""

import json
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.scaling.engine.model import (
    Activity,
    Did,
    Form,
    Kind,
    Policy,
    Proposal,
    ScalableTarget,
    ScheduledChange,
    Status,
    TargetKey,
    Times,
    Verdict,
)
from trimtab.store.state.schema.scaling import (
    scaling_activities,
    scaling_policies,
    scaling_proposals,
    scaling_schedules,
    scaling_targets,
)

_targets = scaling_targets.c


def sees(scope: Scope, key: TargetKey) -> bool:
    """Whether a caller may see a target. Targets have no tags of their own, so row rules hide them."""
    accounts, regions = scope.accounts, scope.regions
    return (
        (accounts is None or key.account in accounts) and (regions is None or key.region in regions) and not scope.rows
    )


def key_of(row: Row[Any]) -> TargetKey:
    """The key of a row that names a target."""
    return TargetKey(row.account, row.region, row.namespace, row.resource, row.dimension)


def at(key: TargetKey) -> ColumnElement[bool]:
    """The row of a target."""
    return (
        (_targets.account == key.account)
        & (_targets.region == key.region)
        & (_targets.namespace == key.namespace)
        & (_targets.resource == key.resource)
        & (_targets.dimension == key.dimension)
    )


def form_of(target: ScalableTarget) -> Form:
    """The part of a target that is its form."""
    return Form(target.least, target.most, target.suspended, target.role, target.mode, target.guards, target.service)


def encoded(value: object) -> str:
    """A dataclass as JSON."""
    return msgspec.json.encode(value).decode()


def target_of(row: Row[Any]) -> ScalableTarget:
    """A target."""
    form = typed.decode(row.form, type=Form)
    return ScalableTarget(
        row.id, key_of(row), form.least, form.most, row.created_ms, row.updated_ms, form.suspended, form.role,
        form.mode, form.guards, form.service, row.desired,
    )  # fmt: skip


def target_in(connection: Connection, scope: Scope, key: TargetKey) -> ScalableTarget:
    """A target by its key. Raises NotFound."""
    row = connection.execute(select(scaling_targets).where(at(key))).first()
    if row is None or not sees(scope, key):
        raise NotFound(
            f"No scalable target found for service namespace: {key.namespace}, resource ID: {key.resource}, "
            f"scalable dimension: {key.dimension}"
        )
    return target_of(row)


def target_by_id(connection: Connection, scope: Scope, id_: str) -> ScalableTarget:
    """A target by its id. Raises NotFound."""
    row = connection.execute(select(scaling_targets).where(_targets.id == id_)).first()
    if row is None or not sees(scope, key_of(row)):
        raise NotFound(f"cannot find the scalable target {id_!r}")
    return target_of(row)


def policies_in(connection: Connection, target: ScalableTarget) -> list[Policy]:
    """The policies of a target, by name."""
    query = select(scaling_policies).where(scaling_policies.c.target_id == target.id).order_by(scaling_policies.c.name)
    return [policy_of(row, target) for row in connection.execute(query)]


def policy_of(row: Row[Any], target: ScalableTarget) -> Policy:
    """A policy of a target."""
    return Policy(
        row.id, target.id, target.key, row.name, Kind(row.kind), json.loads(row.document), row.created_ms,
        row.updated_ms, bool(row.enabled),
    )  # fmt: skip


def schedules_in(connection: Connection, target: ScalableTarget) -> list[ScheduledChange]:
    """The scheduled actions of a target, by name."""
    columns = scaling_schedules.c
    query = select(scaling_schedules).where(columns.target_id == target.id).order_by(columns.name)
    return [schedule_of(row, target) for row in connection.execute(query)]


def schedule_of(row: Row[Any], target: ScalableTarget) -> ScheduledChange:
    """A scheduled action of a target."""
    times = typed.decode(row.document, type=Times)
    return ScheduledChange(
        row.id, target.id, target.key, row.name, times.schedule, row.created_ms, times.zone, times.start_ms,
        times.end_ms, times.least, times.most, times.desired, row.done_ms,
    )  # fmt: skip


def activity_of(row: Row[Any]) -> Activity:
    """An activity."""
    return Activity(
        row.id, row.target_id, key_of(row), Did(row.did), row.description, row.cause, Status(row.status), row.message,
        row.start_ms, row.end_ms, row.before, row.after, json.loads(row.details),
    )  # fmt: skip


def activity_row(one: Activity) -> dict[str, Any]:
    """An activity's row."""
    key = one.key
    return {
        "id": one.id,
        "target_id": one.target_id,
        "account": key.account,
        "region": key.region,
        "namespace": key.namespace,
        "resource": key.resource,
        "dimension": key.dimension,
        "did": one.did.value,
        "description": one.description,
        "cause": one.cause,
        "status": one.status.value,
        "message": one.message,
        "start_ms": one.start_ms,
        "end_ms": one.end_ms,
        "before": one.before,
        "after": one.after,
        "details": json.dumps(dict(one.details)),
    }


def proposal_of(row: Row[Any], target: ScalableTarget) -> Proposal:
    """A proposal of a target."""
    return Proposal(
        row.id, target.id, target.key, row.before, row.after, row.cause, row.at_ms, Verdict(row.verdict), row.by,
        row.decided_ms,
    )  # fmt: skip


TABLES_OF_A_TARGET = (scaling_policies, scaling_schedules, scaling_proposals)
"""What goes with a target when it goes; `scaling_activities` stay."""
ACTIVITIES = scaling_activities
