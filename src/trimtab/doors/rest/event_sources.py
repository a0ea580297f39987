"""`/rest/v1/event-sources`: folders, S3 prefixes and metrics that are watched, and become events."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.client import triggers_wire as wire
from trimtab.doors.rest.event_rules import TAG, Triggering, place_of
from trimtab.doors.rest.spec import Call, Operation
from trimtab.triggers.sources import drift, places

_PATH = "/rest/v1/event-sources"
_NAME: Mapping[str, str] = {"name": "The name of the watch."}


def operations(needs: Triggering) -> list[Operation]:
    """The operations on sources of events."""
    room = needs.room

    async def listed(call: Call[Any, None]) -> wire.SourceList:
        account = call.principal.account
        watched = [_place(one) for one in await room.places.listed(account)]
        return wire.SourceList(watched, [_drift(one) for one in await room.drifts.listed(account)])

    async def watch(call: Call[Any, wire.PutWatch]) -> wire.Watch:
        asked = call.body
        if not asked.url.startswith("s3://") and not call.principal.may(Role.ADMIN):
            raise AccessDenied("cannot watch a folder of the server: the role admin is needed, which owns its files")
        place = place_of(needs, call.principal)
        return _place(await room.places.put(place, asked.name, asked.url, asked.every_s))

    async def unwatch(call: Call[Any, None]) -> wire.Done:
        await room.places.delete(place_of(needs, call.principal), call.path["name"])
        return wire.Done(f"{call.path['name']} is watched no more")

    async def put_drift(call: Call[Any, wire.PutDrift]) -> wire.DriftWatch:
        asked = call.body
        form = drift.DriftForm(
            namespace=asked.namespace,
            name=asked.metric,
            dimensions=asked.dimensions,
            statistic=asked.statistic,
            period_s=asked.period_s,
            window_s=asked.window_s,
            baseline_s=asked.baseline_s,
            psi=asked.psi,
            ks=asked.ks,
            p_value=asked.p_value,
            least_points=asked.least_points,
            every_s=asked.every_s,
        )
        return _drift(await room.drifts.put(place_of(needs, call.principal), asked.name, form))

    async def remove_drift(call: Call[Any, None]) -> wire.Done:
        await room.drifts.delete(place_of(needs, call.principal), call.path["name"])
        return wire.Done(f"{call.path['name']} is watched no more")

    return [
        Operation("GET", _PATH, "list event sources", "Watched places and metrics.", listed, wire.SourceList, tag=TAG),
        Operation(
            "POST",
            f"{_PATH}/places",
            "watch place",
            "Let new objects of a folder or S3 prefix be events. A folder needs the role admin.",
            watch,
            wire.Watch,
            body=wire.PutWatch,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "DELETE",
            f"{_PATH}/places/{{name}}",
            "unwatch place",
            "Watch a place no more.",
            unwatch,
            wire.Done,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "POST",
            f"{_PATH}/drifts",
            "watch drift",
            "Let the drift of a metric be an event.",
            put_drift,
            wire.DriftWatch,
            body=wire.PutDrift,
            role=Role.WRITE,
            tag=TAG,
        ),
        Operation(
            "DELETE",
            f"{_PATH}/drifts/{{name}}",
            "unwatch drift",
            "Watch a metric no more.",
            remove_drift,
            wire.Done,
            errors=(404,),
            path_parameters=_NAME,
            role=Role.WRITE,
            tag=TAG,
        ),
    ]


def _place(one: places.Watched) -> wire.Watch:
    return wire.Watch(one.name, one.url, one.every_s, one.looked_ms, one.objects, one.reason)


def _drift(one: drift.DriftWatch) -> wire.DriftWatch:
    scores = one.scores
    return wire.DriftWatch(
        one.name,
        f"{one.form.namespace} {one.form.name}",
        one.state,
        one.reason,
        scores.psi if scores else None,
        scores.ks if scores else None,
        scores.p_value if scores else None,
        one.looked_ms,
        one.changed_ms,
    )
