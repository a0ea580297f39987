"""What travels over `/rest/v1/egress`: where trimtab may connect to, and what it was not let to."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

Place = Annotated[str, Meta(min_length=3, max_length=300, description="host:port, such as 10.0.0.5:8080.")]


class AllowEgress(Struct, frozen=True, forbid_unknown_fields=True):
    """A place beyond the public internet that may be connected to, and what for."""

    place: Place
    note: Annotated[str, Meta(max_length=500)] = ""


class EgressEntry(Struct, frozen=True):
    """A place that may be connected to: who let it, when, and what for."""

    place: str
    note: str
    made_by: str
    made_ms: Millis


class EgressRefusal(Struct, frozen=True, kw_only=True):
    """A place that was refused, why, how often, and who asked last."""

    place: str
    reason: str
    asked_by: str
    first_ms: Millis
    last_ms: Millis
    count: int


class EgressList(Struct, frozen=True):
    """The list, by place, and what was refused, the latest first."""

    entries: list[EgressEntry]
    refusals: list[EgressRefusal]
