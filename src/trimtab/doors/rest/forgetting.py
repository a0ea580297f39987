"""`/rest/v1/forget`: all data of an account, a team or a user, deleted; first what would go."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.client import forget_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.state_transfers import check_over_everything
from trimtab.forget.model import Owner, Request, digest_of
from trimtab.forget.requests import ForgetRequests

_PATH = "/rest/v1/forget"


class Forgets(Struct, frozen=True):
    """What the operations need: the requests, and what counts an owner's rows."""

    requests: ForgetRequests
    count: Callable[[Owner], dict[str, int]]


def operations(needs: Forgets) -> list[Operation]:
    """The operations."""

    async def ask(call: Call[Any, wire.ForgetOwner]) -> wire.ForgetAnswer:
        check_over_everything(call.principal, "forget")
        asked = call.body
        owner = Owner.of(asked.kind, asked.name, bill=asked.bill, audit=asked.audit)
        counts = await asyncio.to_thread(needs.count, owner)
        id_ = (await needs.requests.ask(owner, call.principal.name)).id if asked.yes else ""
        return wire.ForgetAnswer(counts, sum(counts.values()), id_)

    async def listed(call: Call[Any, Any]) -> wire.ForgetList:
        check_over_everything(call.principal, "see what was forgotten")
        return wire.ForgetList([_told(one) for one in await needs.requests.all()])

    return [
        Operation("POST", _PATH, "forget owner", "Delete all data of an account, a team or a user; without `yes` only "
                  "say what would go.", ask, wire.ForgetAnswer, body=wire.ForgetOwner, role=Role.ADMIN, errors=(409,),
                  audited=_unnamed, tag="server"),
        Operation("GET", _PATH, "list forgotten", "What was asked to be forgotten, and how far that is.", listed,
                  wire.ForgetList, role=Role.ADMIN, tag="server"),
    ]  # fmt: skip


def _unnamed(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request as the audit keeps it, which outlives whom it is about: by the digest that the list tells too."""
    rest = {key: value for key, value in asked.items() if key != "name"}
    return {**rest, "digest": digest_of(str(asked.get("kind", "")), str(asked.get("name", "")))}


def _told(one: Request) -> wire.ForgetRequest:
    return wire.ForgetRequest(
        id=one.id,
        kind=one.owner.kind.value,
        name=one.owner.name,
        digest=one.digest,
        bill=one.owner.bill,
        audit=one.owner.audit,
        step=one.step,
        asked_ms=one.asked_ms,
        asked_by=one.asked_by,
        began_ms=one.began_ms,
        done_ms=one.done_ms,
        counts=dict(one.counts),
        problem=one.problem,
    )
