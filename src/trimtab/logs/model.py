"""Words of the logs room: groups, streams and events."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.base.partitions import partition_of


class Group(Struct, frozen=True):
    """A log group. `id` is that of this incarnation; `retention_days` None keeps events for ever."""

    id: int
    account: str
    region: str
    name: str
    created_ms: int
    retention_days: int | None = None
    class_: str = "STANDARD"
    kms_key: str = ""
    deletion_protected: bool = False

    @property
    def arn(self) -> str:
        """The ARN, without the `:*` that some operations put behind it."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:log-group:{self.name}"


class Stream(Struct, frozen=True):
    """A log stream. Times are of events (ms), None until one came; `ingested_ms` is of the last arrival."""

    id: int
    group: int
    name: str
    created_ms: int
    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None


class Finding(Struct, frozen=True):
    """Sensitive data of one kind in a message: where, as `[start, end)` of characters; by which policy they were found,
    and the log group that it wants them told in, if any."""

    identifier: str
    spans: tuple[tuple[int, int], ...]
    policy: str = ""
    told_in: str = ""


class LogEvent(Struct):
    """One event on its way in. `time_ms` is when it happened. Nobody changes one: it is not frozen since every line is
    one, and frozen ones take longer to make.

    `original` is the message before data protection masked it, empty where nothing was; `findings` is what was found.
    `transformed` is what the group's transformer made of it, as JSON, empty where it has none.
    """

    time_ms: int
    message: str
    severity: str = ""
    trace_id: str = ""
    span_id: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    original: str = ""
    findings: tuple[Finding, ...] = ()
    transformed: str = ""

    def seen_by(self, transformed: bool) -> str:
        """What a filter matches: the message, or what it was transformed to; the message where it was not."""
        return self.transformed or self.message if transformed else self.message

    def __repr__(self) -> str:
        """Without `original`: what was masked is shown nowhere."""
        return f"LogEvent(time_ms={self.time_ms}, message={self.message!r}, attributes={self.attributes!r})"


class LogBatch(Struct, frozen=True):
    """Events of one stream, in the order in which they came."""

    group: Group
    stream: Stream
    events: Sequence[LogEvent]


class Position(Struct, frozen=True, order=True):
    """A place between events: (time in ms, id)."""

    time_ms: int
    id: int


class Event(Struct, frozen=True):
    """One event as it was stored. `group` is the surrogate id of its group; with time and `id` it finds the event."""

    group: int
    log_group: str
    stream: str
    time_ms: int
    ingested_ms: int
    id: int
    severity: str
    trace_id: str
    span_id: str
    attributes: Mapping[str, str]
    message: str

    @property
    def position(self) -> Position:
        """Its place in the order of events."""
        return Position(self.time_ms, self.id)
