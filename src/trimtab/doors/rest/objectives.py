"""`/rest/v1/objectives`: objectives of service levels with what is left of their budgets."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.client import objectives_wire as wire
from trimtab.doors.rest.alarm_forms import RegionQuery
from trimtab.doors.rest.spec import Call, Operation
from trimtab.slos.budget import Outcomes
from trimtab.slos.exclusions import exclusion_form
from trimtab.slos.model import SloKey, StoredSlo
from trimtab.slos.report import Report, Status
from trimtab.slos.room import SloRoom

PATH = "/rest/v1/objectives"
NAME: Mapping[str, str] = {"name": "The name of the objective."}
_TAG = "alarms"
_ODD = (KeyError, TypeError, ValueError, AttributeError)
"""What reading a form whose members have other types raises."""


class Objectives(Struct, frozen=True):
    """What the operations need; `account` is that of callers who have none."""

    room: SloRoom
    account: str
    region: str

    def key(self, principal: Principal, query: RegionQuery, name: str) -> SloKey:
        """The objective that a caller means. Raises AccessDenied for another account than the caller's."""
        if query.account is not None and principal.account not in (None, query.account):
            raise AccessDenied(f"cannot see objectives of account {query.account}: {principal.name!r} is of another")
        return SloKey(query.account or principal.account or self.account, query.region or self.region, name)


def operations(needs: Objectives) -> list[Operation]:
    """The operations."""
    store, clock = needs.room.store, needs.room.clock

    async def listed(call: Call[RegionQuery, None]) -> wire.ObjectiveList:
        key = needs.key(call.principal, call.query, "")
        found = await store.listed(Scope.of(key.account, key.region))
        return wire.ObjectiveList([await shown(needs.room, one) for one in found])

    async def get(call: Call[RegionQuery, Any]) -> wire.Objective:
        return await shown(needs.room, await store.get(needs.key(call.principal, call.query, call.path["name"])))

    async def put(call: Call[RegionQuery, wire.PutObjective]) -> wire.Objective:
        key = needs.key(call.principal, call.query, call.path["name"])
        form = {name: value for name, value in call.body.definition.items() if name not in ("Name", "Tags")}
        try:
            return await shown(needs.room, await store.put(key, form))
        except _ODD as problem:
            raise InvalidInput(f"cannot read the definition: {type(problem).__name__} {problem}") from None

    async def exclude(call: Call[RegionQuery, wire.Exclude]) -> wire.Objective:
        key = needs.key(call.principal, call.query, call.path["name"])
        try:
            return await shown(needs.room, await store.exclude(key, call.body.add, call.body.remove))
        except _ODD as problem:
            raise InvalidInput(f"cannot read an exclusion window: {type(problem).__name__} {problem}") from None

    async def delete(call: Call[RegionQuery, None]) -> wire.DeletedObjective:
        await store.delete(needs.key(call.principal, call.query, call.path["name"]))
        return wire.DeletedObjective(call.path["name"])

    async def shown(room: SloRoom, kept: StoredSlo) -> wire.Objective:
        try:
            return on_wire(await room.reports.of(kept, clock.now_ms()))
        except InvalidInput as problem:
            return on_wire(unknown(kept, clock.now_ms()), str(problem))

    one = f"{PATH}/{{name}}"
    return [
        Operation("GET", PATH, "list objectives", "Objectives of service levels, with what is left of their budgets.",
                  listed, wire.ObjectiveList, query=RegionQuery, tag=_TAG),
        Operation("GET", one, "get objective", "An objective, with what is left of its budget.", get, wire.Objective,
                  query=RegionQuery, errors=(404,), path_parameters=NAME, tag=_TAG),
        Operation("PUT", one, "put objective", "Create an objective, or replace its definition.", put, wire.Objective,
                  query=RegionQuery, body=wire.PutObjective, path_parameters=NAME, role=Role.WRITE, tag=_TAG),
        Operation("POST", f"{one}/exclusions", "exclude times of objective",
                  "Add and remove times that do not count for an objective.", exclude, wire.Objective,
                  query=RegionQuery, body=wire.Exclude, errors=(404,), path_parameters=NAME, role=Role.WRITE,
                  tag=_TAG),
        Operation("DELETE", one, "delete objective", "Delete an objective.", delete, wire.DeletedObjective,
                  query=RegionQuery, errors=(404,), path_parameters=NAME, role=Role.WRITE, tag=_TAG),
    ]  # fmt: skip


def unknown(kept: StoredSlo, now_ms: int) -> Report:
    """The report of an objective whose events cannot be read."""
    start_ms, end_ms = kept.slo.goal.interval.bounds(now_ms)
    return Report(kept, start_ms, end_ms, Status.INSUFFICIENT_DATA, Outcomes(0, 0), None, 0.0, 0.0, None)


def on_wire(one: Report, problem: str = "") -> wire.Objective:
    """An objective as it is shown."""
    kept, key = one.kept, one.kept.slo.key
    return wire.Objective(
        name=key.name, arn=key.arn, account=key.account, region=key.region, description=kept.slo.description,
        definition=dict(kept.form), exclusions=[exclusion_form(window) for window in kept.exclusions],
        promised=kept.slo.goal.attainment, status=one.status.value, start_ms=one.start_ms, end_ms=one.end_ms,
        unit="seconds" if kept.slo.by_period else "requests", attainment=one.attainment, budget=one.budget,
        left=one.left, left_share=one.left_share, total=one.outcomes.completed, bad=one.outcomes.failed,
        burn_rates=[wire.BurnRate(burn.minutes, burn.rate) for burn in one.burns], problem=problem,
    )  # fmt: skip
