"""What travels over `/rest/v1/investigations`. Times are ms UTC; pages are paths of the server."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

KindName = Literal["deploy", "change", "scaling", "alarm", "anomaly", "log", "trace", "run", "fault", "cost"]
Name = Annotated[str, Meta(max_length=256)]
Words = Annotated[list[Name], Meta(max_length=20)]
When = Annotated[str, Meta(min_length=1, max_length=64, description="now, -3h, ISO 8601, or epoch milliseconds.")]
Reach = Annotated[str, Meta(min_length=1, max_length=16, description="How far to both sides: 5m to 7d.")]


class Happened(Struct, frozen=True):
    """An entry of a time line. `key` names it for a note that pins it; `about`: it is about what was asked for."""

    key: str
    kind: str
    at_ms: Millis
    until_ms: Millis | None
    level: str
    what: str
    further: str
    about: bool
    page: str


class Untold(Struct, frozen=True):
    """A source that told nothing, and why."""

    name: str
    why: str


class TimeLine(Struct, frozen=True):
    """What happened, in order of time; `left_out` entries weigh less than those that are here."""

    start_ms: Millis
    end_ms: Millis
    entries: list[Happened]
    counts: dict[str, int]
    left_out: int
    absent: list[Untold]


class SuspectedChange(Struct, frozen=True):
    """A change before the time; `about` are the names that it speaks of."""

    at_ms: Millis
    what: str
    about: list[str]
    page: str


class SuspectedComponent(Struct, frozen=True):
    """A component that differs from the time before, by traces, metrics and log lines."""

    component: str
    score: float
    evidence: list[str]


class Suspected(Struct, frozen=True):
    """Who is suspected. `traces` were compared with `normal_traces`; 0 where there are none of either time."""

    changes: list[SuspectedChange]
    components: list[SuspectedComponent]
    traces: int
    normal_traces: int


class KeepInvestigation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A time and what it is about, to be kept under a name."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    at: When = "now"
    around: Reach = "30m"
    host: Name = ""
    service: Name = ""
    run: Name = ""
    team: Name = ""
    about: Words = field(default_factory=list)


class AddNote(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A note, an entry of the time line that is pinned by its key, or both."""

    text: Annotated[str, Meta(max_length=8000)] = ""
    pin: Annotated[str, Meta(max_length=40)] = ""


class InvestigationNote(Struct, frozen=True):
    """A note; `pinned` is the entry as it was when it was pinned."""

    id: str
    written_ms: Millis
    author: str
    text: str
    pinned: Happened | None


class KeptInvestigation(Struct, frozen=True):
    """An investigation; `page` is the address by which it is shared. Lists leave the notes out."""

    id: str
    name: str
    account: str
    at_ms: Millis
    around_ms: int
    host: str
    service: str
    run: str
    team: str
    about: list[str]
    created_ms: Millis
    created_by: str
    page: str
    notes: list[InvestigationNote]


class KeptInvestigations(Struct, frozen=True):
    """Those that the caller sees, the newest first."""

    investigations: list[KeptInvestigation]


class InvestigationRemoved(Struct, frozen=True):
    """Which one, or which note, is no more."""

    id: str
