"""Targets of rules: put, removed, listed, and which rules have a target."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.egress.gate import Gate
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_rules, event_targets
from trimtab.triggers import arns, versions
from trimtab.triggers.arns import Place
from trimtab.triggers.inputs import check_input
from trimtab.triggers.model import Rule, Target
from trimtab.triggers.rules import rule_in, rule_of

MOST_TARGETS = 5
"""Targets of a rule. Source: EventBridge quotas."""
_WEB = ("https://", "http://")
_columns = event_targets.c


class Failed(Struct, frozen=True):
    """A target that could not be put or removed."""

    id: str
    code: str
    message: str


class TargetStore:
    """The targets of every rule."""

    def __init__(self, state: State, gate: Gate) -> None:
        self._state = state
        self._gate = gate

    async def put(self, place: Place, bus: str, rule: str, forms: Sequence[Mapping[str, Any]]) -> list[Failed]:
        """Add targets or replace those of their ids; answers who was refused. Raises NotFound, InvalidInput …"""
        failed: list[Failed] = []
        wanted: dict[str, Mapping[str, Any]] = {}
        for form in forms:
            check_input(form)
            try:
                check_arn(form["Arn"])
                if form["Arn"].startswith(_WEB):
                    await self._gate.admit(form["Arn"], f"target {form['Id']} of rule {rule}")
            except InvalidInput as problem:
                failed.append(Failed(form["Id"], "ValidationException", str(problem)))
                continue
            wanted[form["Id"]] = form

        def write(connection: Connection) -> None:
            arn = rule_in(connection, place, bus, rule).arn
            known = set(connection.execute(select(_columns.id).where(_columns.rule == arn)).scalars())
            if len(known | set(wanted)) > MOST_TARGETS:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            connection.execute(delete(event_targets).where(_columns.rule == arn, _columns.id.in_(list(wanted))))
            for id_, form in wanted.items():
                row = {"rule": arn, "id": id_, "arn": form["Arn"], "form": json.dumps(form)}
                connection.execute(insert(event_targets).values(row))
            versions.grow(connection)

        await self._state.change(write)
        return failed

    async def remove(self, place: Place, bus: str, rule: str, ids: Sequence[str]) -> list[Failed]:
        """Remove targets. Answers those that were not there. Raises NotFound (the rule)."""

        def write(connection: Connection) -> list[Failed]:
            arn = rule_in(connection, place, bus, rule).arn
            known = set(connection.execute(select(_columns.id).where(_columns.rule == arn)).scalars())
            connection.execute(delete(event_targets).where(_columns.rule == arn, _columns.id.in_(list(ids))))
            versions.grow(connection)
            missing = [one for one in ids if one not in known]
            return [Failed(one, "ResourceNotFoundException", f"Target {one} does not exist.") for one in missing]

        return await self._state.change(write)

    async def of_rule(self, place: Place, bus: str, rule: str) -> list[Target]:
        """The targets of a rule, by id. Raises NotFound."""

        def read(connection: Connection) -> list[Target]:
            return targets_in(connection, [rule_in(connection, place, bus, rule).arn])

        return await self._state.read(read)

    async def of_rules(self, rules: Sequence[str]) -> dict[str, list[Target]]:
        """The targets of rules by the rules' ARNs."""
        found: dict[str, list[Target]] = {}
        for target in await self._state.read(lambda connection: targets_in(connection, rules)):
            found.setdefault(target.rule, []).append(target)
        return found

    async def rules_with(self, place: Place, bus: str, target: str) -> list[Rule]:
        """The rules of a bus that have a target of that ARN, by name."""
        arn = place.bus(bus)
        query = (
            select(event_rules)
            .join(event_targets, event_targets.c.rule == event_rules.c.arn)
            .where(event_rules.c.bus == arn, _columns.arn == target)
            .order_by(event_rules.c.name)
            .distinct()
        )
        return await self._state.read(lambda connection: [rule_of(row) for row in connection.execute(query)])


def check_arn(arn: str) -> None:
    """Raise InvalidInput for what can be no target: expected an ARN, or the URL of a webhook."""
    if not arn.startswith(_WEB):
        arns.parse(arn)


def targets_in(connection: Connection, rules: Sequence[str] | None = None) -> list[Target]:
    """The targets of rules (None: of all), by rule and id."""
    query = select(event_targets).order_by(_columns.rule, _columns.id)
    if rules is not None:
        query = query.where(_columns.rule.in_(list(rules)))
    return [_target(row) for row in connection.execute(query)]


def _target(row: Row[Any]) -> Target:
    return Target(row.rule, row.id, row.arn, json.loads(row.form))
