"""`/rest/v1/canaries`: scheduled checks of endpoints, with what their runs found."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import AccessDenied
from trimtab.canaries.form import Admit, admit_places
from trimtab.canaries.model import Canary, CanaryKey, Run
from trimtab.canaries.room import CanaryRoom
from trimtab.client import canaries_wire as wire
from trimtab.doors.rest.alarm_forms import RegionQuery
from trimtab.doors.rest.spec import Call, Operation

PATH = "/rest/v1/canaries"
NAME: Mapping[str, str] = {"name": "The name of the canary."}
_TAG = "alarms"


class Canaries(Struct, frozen=True):
    """What the operations need; `account` is that of callers who have none."""

    room: CanaryRoom
    admit: Admit
    account: str
    region: str

    def key(self, principal: Principal, query: RegionQuery, name: str) -> CanaryKey:
        """The canary that a caller means. Raises AccessDenied for another account than the caller's."""
        if query.account is not None and principal.account not in (None, query.account):
            raise AccessDenied(f"cannot see canaries of account {query.account}: {principal.name!r} is of another")
        return CanaryKey(query.account or principal.account or self.account, query.region or self.region, name)


def operations(needs: Canaries) -> list[Operation]:
    """The operations."""
    room, store = needs.room, needs.room.store

    async def listed(call: Call[RegionQuery, None]) -> wire.CanaryList:
        key = needs.key(call.principal, call.query, "")
        found = await store.listed(Scope.of(key.account, key.region))
        return wire.CanaryList([await shown(room, one, 1) for one in found])

    async def get(call: Call[RegionQuery, Any]) -> wire.CheckedCanary:
        return await shown(room, await store.get(needs.key(call.principal, call.query, call.path["name"])))

    async def put(call: Call[RegionQuery, wire.PutCanary]) -> wire.CheckedCanary:
        key = needs.key(call.principal, call.query, call.path["name"])
        body = call.body
        await admit_places(body.blueprint, key.name, needs.admit)
        return await shown(room, await store.put(key, body.blueprint, body.schedule, body.retries, body.timeout_s))

    async def start(call: Call[RegionQuery, None]) -> wire.CheckedCanary:
        return await shown(room, await store.start(needs.key(call.principal, call.query, call.path["name"])))

    async def stop(call: Call[RegionQuery, None]) -> wire.CheckedCanary:
        return await shown(room, await store.stop(needs.key(call.principal, call.query, call.path["name"])))

    async def delete(call: Call[RegionQuery, None]) -> wire.DeletedCanary:
        await store.delete(needs.key(call.principal, call.query, call.path["name"]))
        return wire.DeletedCanary(call.path["name"])

    one = f"{PATH}/{{name}}"
    named: dict[str, Any] = {"query": RegionQuery, "path_parameters": NAME, "tag": _TAG}
    return [
        Operation("GET", PATH, "list canaries", "Scheduled checks of endpoints, each with its last run.",
                  listed, wire.CanaryList, query=RegionQuery, tag=_TAG),
        Operation("GET", one, "get canary", "A canary, with what its last runs found.", get, wire.CheckedCanary,
                  errors=(404,), **named),
        Operation("PUT", one, "put canary",
                  "Create a canary, or change what it does; it runs once it is started. Every place that it asks must "
                  "be one that the server may connect to.", put, wire.CheckedCanary, body=wire.PutCanary,
                  role=Role.WRITE, errors=(403,), **named),
        Operation("POST", f"{one}/start", "start canary", "Run a canary now, and from then on by its schedule.", start,
                  wire.CheckedCanary, role=Role.WRITE, errors=(404, 409), **named),
        Operation("POST", f"{one}/stop", "stop canary", "Run a canary no more; a run that goes on ends by itself.",
                  stop, wire.CheckedCanary, role=Role.WRITE, errors=(404, 409), **named),
        Operation("DELETE", one, "delete canary", "Delete a canary that does not run, with its runs.", delete,
                  wire.DeletedCanary, role=Role.WRITE, errors=(404, 409), **named),
    ]  # fmt: skip


async def shown(room: CanaryRoom, one: Canary, most: int = wire.MOST_RUNS) -> wire.CheckedCanary:
    """A canary with its last runs, the newest first, at most so many."""
    runs = await room.store.runs(one.id, wire.MOST_RUNS)
    return on_wire(one, runs, most)


def on_wire(one: Canary, runs: Sequence[Run], most: int = wire.MOST_RUNS) -> wire.CheckedCanary:
    """A canary as it is shown."""
    return wire.CheckedCanary(
        name=one.key.name,
        arn=one.key.arn,
        account=one.key.account,
        region=one.key.region,
        schedule=one.form["Schedule"]["Expression"],
        blueprint=one.form["Blueprint"],
        state=one.state,
        next_ms=one.next_ms,
        passed_share=sum(run.passed for run in runs) / len(runs) if runs else None,
        runs=[_run(run) for run in runs[:most]],
    )


def _run(one: Run) -> wire.CanaryRun:
    steps = [wire.StepOutcome(step.name, step.passed, step.reason, step.took_ms, step.status) for step in one.steps]
    return wire.CanaryRun(one.id, one.began_ms, one.ended_ms, one.passed, one.reason, one.retry, steps)
