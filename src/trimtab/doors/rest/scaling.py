"""`/rest/v1/scaling`: scalable targets, their policies and scheduled actions, what was done, and done by hand."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import scaling_engine_wire as wire
from trimtab.doors.aws.forms import Forms
from trimtab.doors.rest import scaling_answers as answers
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.scaling.engine.activities import Wanted
from trimtab.scaling.engine.checks import DIMENSIONS
from trimtab.scaling.engine.documents import AWS_KINDS
from trimtab.scaling.engine.model import CUSTOM, Form, Kind, Mode, ScalableTarget, TargetKey, Times
from trimtab.scaling.engine.viewing import Viewing

_PATH, _TAG = "/rest/v1/scaling/targets", "scaling"
_ID: Mapping[str, str] = {"id": "The target's id, the last part of its ARN."}
_NAMED: Mapping[str, str] = {**_ID, "name": "The name."}
_DEFAULT_DIMENSIONS = {
    **DIMENSIONS,
    "ecs": "ecs:service:DesiredCount",
    "sagemaker": "sagemaker:variant:DesiredInstanceCount",
    "lambda": "lambda:function:ProvisionedConcurrency",
}
_MEMBERS = {one: f"{one.value}PolicyConfiguration" for one in AWS_KINDS}


class ActivitiesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which activities."""

    target: Annotated[str, Meta(max_length=64, description="Only those of the target of this id.")] = ""
    since_ms: Annotated[int, Meta(ge=0, le=10**14, description="Only those that began at this time or later.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100


class Scaling(Struct, frozen=True):
    """What the operations need. `account` and `region` are the server's own."""

    viewing: Viewing
    account: str
    region: str


def operations(needs: Scaling) -> list[Operation]:
    """The operations."""
    return [*_targets(needs), *_parts(needs), *_doing(needs)]


def _targets(needs: Scaling) -> list[Operation]:
    viewing, room = needs.viewing, needs.viewing.room

    async def listed(call: Call[NoQuery, None]) -> wire.Targets:
        return wire.Targets(targets=[answers.target(one) for one in await viewing.listed(call.principal.scope)])

    async def put(call: Call[NoQuery, wire.PutTarget]) -> wire.Target:
        made = await _put(needs, call.principal, call.body)
        return answers.target(await viewing.one(call.principal.scope, made.id))

    async def get(call: Call[NoQuery, None]) -> wire.TargetDetail:
        found = await viewing.one(call.principal.scope, call.path["id"])
        target, now_ms = found.target, room.clock.now_ms()
        return wire.TargetDetail(
            target=answers.target(found),
            policies=[answers.policy(one) for one in await room.policies.of(target)],
            schedules=[answers.schedule(one, now_ms) for one in await room.schedules.of(target)],
            proposals=[answers.proposal(one) for one in await room.proposals.listed(target)],
        )

    async def remove(call: Call[NoQuery, None]) -> wire.Removed:
        target = await room.targets.get(call.principal.scope, call.path["id"])
        await room.targets.delete(call.principal.scope, target.key)
        return wire.Removed(removed=target.id)

    one: Any = {"path_parameters": _ID, "errors": (404,), "tag": _TAG}
    return [
        Operation("GET", _PATH, "list scalable targets", "Scalable targets and what was decided last.", listed,
                  wire.Targets, tag=_TAG),
        Operation("PUT", _PATH, "put scalable target", "Register a target, or change what is given of it.", put,
                  wire.Target, body=wire.PutTarget, role=Role.WRITE, tag=_TAG),
        Operation("GET", f"{_PATH}/{{id}}", "get scalable target", "One target with its policies.", get,
                  wire.TargetDetail, **one),
        Operation("DELETE", f"{_PATH}/{{id}}", "remove scalable target",
                  "Deregister a target; its replicas stay as they are.", remove, wire.Removed, role=Role.WRITE, **one),
    ]  # fmt: skip


async def _put(needs: Scaling, principal: Principal, body: wire.PutTarget) -> ScalableTarget:
    room = needs.viewing.room
    dimension = body.dimension or _DEFAULT_DIMENSIONS.get(body.namespace, "")
    key = TargetKey(principal.account or needs.account, needs.region, body.namespace, body.resource, dimension)
    _check_sees(principal.scope, key)

    def shaped(known: Form | None) -> Form:
        if known is None and (body.least is None or body.most is None):
            raise InvalidInput("a new target needs least and most", field="least")
        form = known or Form(body.least or 0, body.most or 0)
        return Form(
            form.least if body.least is None else body.least,
            form.most if body.most is None else body.most,
            form.suspended if body.suspended is None else answers.suspended_of(body.suspended),
            form.role,
            form.mode,
            form.guards if body.guards is None else answers.guards_of(body.guards),
            form.service if body.service is None else answers.service_of(body.service),
        )

    return await room.targets.shape(key, shaped)


def _check_sees(scope: Scope, key: TargetKey) -> None:
    if (scope.regions is not None and key.region not in scope.regions) or scope.rows:
        raise NotFound(f"cannot register {key.label}: it is outside of what the key may see")


def _parts(needs: Scaling) -> list[Operation]:
    room = needs.viewing.room
    forms = Forms("application-autoscaling")

    async def put_policy(call: Call[NoQuery, wire.PutPolicy]) -> wire.Policy:
        target = await room.targets.get(call.principal.scope, call.path["id"])
        kind = _kind(call.body.kind)
        document = call.body.document
        if kind in AWS_KINDS:
            document = _configuration(forms, kind, document)
        name = call.path["name"]
        made = await room.policies.put(call.principal.scope, target.key, name, kind, document, call.body.enabled)
        return answers.policy(made)

    async def remove_policy(call: Call[NoQuery, None]) -> wire.Removed:
        target = await room.targets.get(call.principal.scope, call.path["id"])
        await room.policies.delete(call.principal.scope, target.key, call.path["name"])
        return wire.Removed(removed=call.path["name"])

    async def put_schedule(call: Call[NoQuery, wire.PutSchedule]) -> wire.Schedule:
        target, body = await room.targets.get(call.principal.scope, call.path["id"]), call.body
        times = Times(body.schedule, body.zone, body.start_ms, body.end_ms, body.least, body.most, body.desired)
        made = await room.schedules.put(call.principal.scope, target.key, call.path["name"], times)
        return answers.schedule(made, room.clock.now_ms())

    async def remove_schedule(call: Call[NoQuery, None]) -> wire.Removed:
        target = await room.targets.get(call.principal.scope, call.path["id"])
        await room.schedules.delete(call.principal.scope, target.key, call.path["name"])
        return wire.Removed(removed=call.path["name"])

    one: Any = {"path_parameters": _NAMED, "errors": (404,), "tag": _TAG, "role": Role.WRITE}
    policies, schedules = f"{_PATH}/{{id}}/policies/{{name}}", f"{_PATH}/{{id}}/schedules/{{name}}"
    return [
        Operation("PUT", policies, "put scaling policy", "Make a policy, or replace it.", put_policy, wire.Policy,
                  body=wire.PutPolicy, **one),
        Operation("DELETE", policies, "remove scaling policy", "Delete a policy.", remove_policy, wire.Removed, **one),
        Operation("PUT", schedules, "put scheduled scaling", "Make a scheduled action, or replace it.", put_schedule,
                  wire.Schedule, body=wire.PutSchedule, **one),
        Operation("DELETE", schedules, "remove scheduled scaling", "Delete a scheduled action.", remove_schedule,
                  wire.Removed, **one),
    ]  # fmt: skip


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise InvalidInput(
            f"cannot put a policy of kind {text!r}; expected one of {', '.join(Kind)}", field="kind"
        ) from None


def _configuration(forms: Forms, kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
    """AWS's configuration, checked against its service model."""
    asked = {
        "PolicyName": "p",
        "ServiceNamespace": CUSTOM,
        "ResourceId": "r",
        "ScalableDimension": DIMENSIONS[CUSTOM],
        "PolicyType": kind.value,
        _MEMBERS[kind]: document,
    }
    found: dict[str, Any] = forms.read("PutScalingPolicy", asked)[_MEMBERS[kind]]
    return found


def _doing(needs: Scaling) -> list[Operation]:
    viewing, room = needs.viewing, needs.viewing.room

    async def activities(call: Call[ActivitiesQuery, None]) -> wire.Activities:
        asked = call.query
        wanted = Wanted(target_id=asked.target, since_ms=asked.since_ms, limit=asked.limit)
        found = await room.activities.listed(call.principal.scope, wanted)
        return wire.Activities(activities=[answers.activity(one) for one in found])

    async def mode(call: Call[NoQuery, wire.SetMode]) -> wire.Target:
        scope, id_ = call.principal.scope, call.path["id"]
        if call.body.mode not in list(Mode):
            raise InvalidInput(f"got mode {call.body.mode!r}; expected {', '.join(Mode)}", field="mode")
        wanted, target = Mode(call.body.mode), await room.targets.get(scope, id_)
        if wanted is Mode.ACT and call.body.confirm != target.key.resource:
            raise InvalidInput(
                f"to let the engine act, confirm must be {target.key.resource!r}: it will change replicas",
                field="confirm",
            )
        await room.set_mode(scope, id_, wanted)
        return answers.target(await viewing.one(scope, id_))

    async def scale(call: Call[NoQuery, wire.Scale]) -> wire.Target:
        scope, id_ = call.principal.scope, call.path["id"]
        await room.scale_to(scope, id_, call.body.desired, call.principal.name, call.body.reason)
        return answers.target(await viewing.one(scope, id_))

    async def chaos(call: Call[NoQuery, wire.Chaos]) -> wire.Killed:
        body = call.body
        if (body.worker is None) == (not body.zone):
            raise InvalidInput('name a worker ("" for the busiest) or a zone, and not both', field="worker")
        killed = await room.chaos(
            call.principal.scope, call.path["id"], call.principal.name, worker=body.worker, zone=body.zone,
            down_s=body.down_s,
        )  # fmt: skip
        return wire.Killed(killed=killed)

    async def decide(call: Call[NoQuery, wire.Decide]) -> wire.Proposal:
        by = call.principal.name
        return answers.proposal(
            await room.proposals.decide(call.principal.scope, call.path["id"], call.body.approve, by)
        )

    one: Any = {"path_parameters": _ID, "tag": _TAG, "role": Role.WRITE}
    proposal: Mapping[str, str] = {"id": "The proposal's id."}
    return [
        Operation("GET", "/rest/v1/scaling/activities", "list scaling activities",
                  "What was done, or would have been, the newest first.", activities, wire.Activities,
                  query=ActivitiesQuery, tag=_TAG),
        Operation("PUT", f"{_PATH}/{{id}}/mode", "set scaling mode", "Observe, dry-run or act.", mode, wire.Target,
                  body=wire.SetMode, errors=(404,), **one),
        Operation("POST", f"{_PATH}/{{id}}/scale", "scale by hand", "Ask for a number, within the guard rails.", scale,
                  wire.Target, body=wire.Scale, errors=(404, 409), **one),
        Operation("POST", f"{_PATH}/{{id}}/chaos", "kill a worker or a zone", "Break a local pool on purpose.", chaos,
                  wire.Killed, body=wire.Chaos, errors=(404, 409), **one),
        Operation("POST", "/rest/v1/scaling/proposals/{id}", "decide scaling proposal", "Approve or refuse a change.",
                  decide, wire.Proposal, body=wire.Decide, errors=(404, 409), path_parameters=proposal, tag=_TAG,
                  role=Role.WRITE),
    ]  # fmt: skip
