"""`/rest/v1/egress`: where trimtab may connect to beyond the public internet (role admin, of the whole server)."""

import asyncio
from typing import Any

from msgspec import Struct

from trimtab.access.grant import Grant
from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.client import egress_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.egress.address import parse_place
from trimtab.egress.entries import Entry
from trimtab.egress.gate import Gate

_PATH = "/rest/v1/egress"


class PlaceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which place."""

    place: wire.Place


def operations(gate: Gate) -> list[Operation]:
    """The operations on the list."""

    async def listed(call: Call[Any, None]) -> wire.EgressList:
        _whole(call)
        entries = await asyncio.to_thread(gate.entries.listed)
        refusals = await asyncio.to_thread(gate.entries.refusals)
        return wire.EgressList(
            [_entry(one) for one in entries],
            [
                wire.EgressRefusal(
                    place=str(one.place),
                    reason=one.reason,
                    asked_by=one.asked_by,
                    first_ms=one.first_ms,
                    last_ms=one.last_ms,
                    count=one.count,
                )
                for one in refusals
            ],
        )

    async def allow(call: Call[Any, wire.AllowEgress]) -> wire.EgressEntry:
        _whole(call)
        return _entry(await asyncio.to_thread(gate.allow, call.body.place, call.body.note))

    async def remove(call: Call[PlaceQuery, None]) -> wire.EgressEntry:
        _whole(call)
        return _entry(await asyncio.to_thread(gate.entries.remove, parse_place(call.query.place)))

    admin: dict[str, Any] = {"role": Role.ADMIN, "tag": "egress"}
    # fmt: off
    return [
        Operation("GET", _PATH, "list egress", "Places beyond the public internet that may be connected to, and "
                  "what was refused.", listed, wire.EgressList, errors=(403,), **admin),
        Operation("POST", _PATH, "allow egress", "Let a host and port be connected to.",
                  allow, wire.EgressEntry, body=wire.AllowEgress, status=201, errors=(403,), **admin),
        Operation("DELETE", _PATH, "remove egress", "Let a host and port be connected to no more.",
                  remove, wire.EgressEntry, query=PlaceQuery, errors=(403, 404), **admin),
    ]
    # fmt: on


def _whole(call: Call[Any, Any]) -> None:
    if not call.principal.sees_all:
        raise AccessDenied(
            f"cannot see or change where this server connects to: {call.principal.name!r} has "
            f"{Grant.of(call.principal)}; it is for administrators of all of it"
        )


def _entry(one: Entry) -> wire.EgressEntry:
    return wire.EgressEntry(str(one.place), one.note, one.made_by, one.made_ms)
