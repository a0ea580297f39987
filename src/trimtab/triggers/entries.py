"""Entries of PutEvents become events: checked one by one, each with an id that a repeat of the call gives again."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.triggers.arns import Place
from trimtab.triggers.model import Event

MOST_BYTES = 262_144
"""Size of all entries of a call. Source: EventBridge user guide, "Calculating event entry size"."""
_SPACE = uuid.UUID("3f1f6f4e-0c1b-5b53-8f2c-0d6b7d3e9a51")
_REQUIRED = (("Source", "Source"), ("DetailType", "DetailType"), ("Detail", "Detail"))


class Refused(Struct, frozen=True):
    """An entry that was not taken."""

    code: str
    message: str


def stable_id(*parts: str) -> str:
    """A UUID that is made of its parts: whoever makes it again makes the same."""
    return str(uuid.uuid5(_SPACE, "\n".join(parts)))


def read_entries(
    entries: Sequence[Mapping[str, Any]], place: Place, now_ms: int, call: str | None
) -> list[Event | Refused]:
    """The events of a call; `call` is what is the same over its repeats, None for one that is not repeated."""
    return [
        _read(entry, place, now_ms, stable_id(call, str(at)) if call else new_id()) for at, entry in enumerate(entries)
    ]


def _read(entry: Mapping[str, Any], place: Place, now_ms: int, id_: str) -> Event | Refused:
    for name, member in _REQUIRED:
        if not entry.get(member):
            return Refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if str(entry["Source"]).startswith("aws."):
        return Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    detail = entry["Detail"].encode()
    try:
        if not isinstance(typed.decode(detail), dict):
            return Refused("MalformedDetail", "Detail is malformed.")
    except (msgspec.DecodeError, RecursionError):
        return Refused("MalformedDetail", "Detail is malformed.")
    at_ms = entry.get("Time")
    return make_event(
        place,
        place.bus(entry.get("EventBusName") or ""),
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        at_ms=now_ms if at_ms is None else int(at_ms),
        resources=entry.get("Resources") or (),
        id_=id_,
    )


def make_event(
    place: Place,
    bus: str,
    *,
    source: str,
    detail_type: str,
    detail: bytes | Mapping[str, Any],
    at_ms: int,
    id_: str,
    resources: Sequence[str] = (),
    key: str = "",
) -> Event:
    """An event as targets see it: without spaces between its parts, as recorded.

    `detail` is JSON, or an object; `key` is the id where none is given.
    """
    document = {
        "version": "0",
        "id": id_,
        "detail-type": detail_type,
        "source": source,
        "account": place.account,
        "time": iso(at_ms - at_ms % 1000),
        "region": place.region,
        "resources": list(resources),
        "detail": msgspec.Raw(msgspec.json.format(detail, indent=-1)) if isinstance(detail, bytes) else detail,
    }
    return Event(key or id_, bus, id_, source, detail_type, at_ms, msgspec.json.encode(document))


def check_size(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidInput for a call that is larger than `MOST_BYTES`, counted as AWS counts it."""
    total = 0
    for entry in entries:
        total += 14 if entry.get("Time") is not None else 0
        total += sum(len(str(entry.get(name) or "").encode()) for name in ("Source", "DetailType", "Detail"))
        total += sum(len(one.encode()) for one in entry.get("Resources") or ())
    if total > MOST_BYTES:
        raise InvalidInput("Total size of the entries in the request is over the limit.")
