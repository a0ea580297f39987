"""Searches of the audit as query parameters, and events as the API answers them."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.audit.conditions import FACETS, MAX_MS, AuditQuery
from trimtab.audit.model import AuditEvent, Position
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.client import audit_wire as wire
from trimtab.doors.rest.times import Instant, time_range

_Values = Annotated[list[Annotated[str, Meta(max_length=512)]], Meta(max_length=20)]


class AuditSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events. Several values of one parameter are alternatives; parameters add up."""

    start: Instant = "-24h"
    end: Instant = "now"
    user: Annotated[_Values, Meta(description="Who: a user, a role that was assumed, a key's name.")] = []
    source: Annotated[_Values, Meta(description="Event source, such as iam.amazonaws.com or rest.trimtab.")] = []
    name: Annotated[_Values, Meta(description="Event name, such as CreateRole.")] = []
    error: Annotated[_Values, Meta(description="Error code.")] = []
    ip: Annotated[_Values, Meta(description="Address that it came from.")] = []
    account: _Values = []
    region: _Values = []
    category: Annotated[_Values, Meta(description="Management, Data, Insight or NetworkActivity.")] = []
    about: Annotated[_Values, Meta(description="A resource: its ARN, its name, or a part of its ARN.")] = []
    text: Annotated[str, Meta(max_length=512, description="Found anywhere in the record, in any case.")] = ""
    changes: Annotated[bool, Meta(description="Only what is not read-only.")] = False
    errors: Annotated[bool, Meta(description="Only what failed.")] = False


class AuditPageSearch(AuditSearch, frozen=True, forbid_unknown_fields=True):
    """Which events, and which page of them."""

    after: Annotated[str, Meta(max_length=400, description="A position: what is answered comes behind it.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


def query_of(asked: AuditSearch, now_ms: int) -> AuditQuery:
    """The search that parameters say. Raises InvalidInput."""
    range_ = time_range(asked.start, asked.end, now_ms)
    end_ms = range_.end_ms + 1 if asked.end == "now" else range_.end_ms
    facets = {facet: getattr(asked, facet) for facet in FACETS if getattr(asked, facet)}
    return AuditQuery(
        range_.start_ms,
        end_ms,
        facets=facets,
        about=asked.about,
        text=asked.text,
        changes_only=asked.changes,
        errors_only=asked.errors,
    )


def position_of(text: str) -> Position | None:
    """The position that `after` is. Raises InvalidInput."""
    if not text:
        return None
    match decode_token(text):
        case [int(time_ms), str(id_)] if 0 <= time_ms <= MAX_MS:
            return Position(time_ms, id_)
    raise InvalidInput("cannot read after: expected the next of an earlier page", field="after")


def token_of(position: Position | None) -> str | None:
    """The `next` of a page."""
    return None if position is None else encode_token([position.time_ms, position.id])


def on_wire(event: AuditEvent) -> wire.AuditEvent:
    """An event as the API answers it."""
    record: dict[str, Any] = dict(event.record)
    return wire.AuditEvent(
        id=event.id,
        time_ms=event.time_ms,
        account=event.account,
        region=event.region,
        name=event.name,
        source=event.source,
        category=event.category,
        read_only=event.read_only,
        user=event.user_name,
        session=event.session_name,
        user_arn=event.user_arn,
        access_key_id=event.access_key_id,
        source_ip=event.source_ip,
        user_agent=event.user_agent,
        error_code=event.error_code,
        error_message=event.error_message,
        resources=list(event.resource_names),
        touched=list(event.touched),
        origin=event.origin,
        record=record,
    )
