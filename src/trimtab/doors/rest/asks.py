"""`/rest/v1/asked`: what owners were asked and answered, and the stops that wait for approval."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.asks.model import Answer, Ask
from trimtab.asks.room import AsksRoom
from trimtab.client import asks_wire as wire
from trimtab.doors.rest.spec import Call, Operation

PATH = "/rest/v1/asked"
_ID: Mapping[str, str] = {"id": "The id, as listed."}
_TAG = "owners"


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one owner where one is named; `open` leaves out what was answered or is gone."""

    owner: Annotated[str, Meta(max_length=256)] = ""
    open: bool = False


def operations(room: AsksRoom) -> list[Operation]:
    """The operations."""

    async def listed(call: Call[Which, None]) -> wire.AskedList:
        asked, found = call.query, await room.store.listed(call.principal.scope)
        mine = [one for one in found if asked.owner in ("", one.subject.owner) and (one.open or not asked.open)]
        return wire.AskedList([on_wire(one) for one in mine])

    async def answer(call: Call[Any, wire.GiveAnswer]) -> wire.Asked:
        who, said = call.principal, Answer(call.body.answer)
        return on_wire(await room.answering.answer(who.scope, call.path["id"], said, who.name))

    async def stop(call: Call[Any, wire.DecideStop]) -> wire.Asked:
        who = call.principal
        decide = room.answering.approve if call.body.approve else room.answering.refuse
        return on_wire(await decide(who.scope, call.path["id"], who.name))

    return [
        Operation("GET", PATH, "list what owners were asked", "Findings, idle runs and budgets, the newest first.",
                  listed, wire.AskedList, Which, bound=True, tag=_TAG),
        Operation("POST", f"{PATH}/{{id}}/answer", "answer for an owner", "Say what an owner's link would say.",
                  answer, wire.Asked, body=wire.GiveAnswer, errors=(404, 409), path_parameters=_ID, role=Role.WRITE,
                  bound=True, tag=_TAG),
        Operation("POST", f"{PATH}/{{id}}/stop", "decide on a stop",
                  "Stop what an owner asked to stop, or let it go on; only what the settings allow is stopped.",
                  stop, wire.Asked, body=wire.DecideStop, errors=(404, 409), path_parameters=_ID, role=Role.WRITE,
                  tag=_TAG),
    ]  # fmt: skip


def on_wire(ask: Ask) -> wire.Asked:
    """An ask as it is answered."""
    subject = ask.subject
    return wire.Asked(
        id=ask.id,
        kind=subject.kind.value,
        owner=subject.owner,
        account=subject.account,
        title=subject.title,
        text=subject.text,
        link=subject.link,
        worth=None if subject.worth is None else f"{subject.worth:f}",
        currency=subject.currency,
        asked_ms=ask.asked_ms,
        round=ask.round,
        open=ask.open,
        answer=ask.answer.value,
        answered_by=ask.answered_by,
        answered_ms=ask.answered_ms,
        until_ms=ask.until_ms,
        stop=ask.stop.value,
        stop_by=ask.stop_by,
        outcome=ask.outcome,
        closed_ms=ask.closed_ms,
    )
