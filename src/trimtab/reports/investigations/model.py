"""An inquiry (a time, how far around it, and what it is about), and the entries of its time line."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64

MINUTE_MS = 60_000
SHORTEST_MS, LONGEST_MS = MINUTE_MS, 7 * 86_400_000
"""How far a time line may reach to either side of its time: a minute to a week."""
USUAL_MS = 30 * MINUTE_MS
_WORD = 256
"""Letters of a name that an inquiry is about: as long as a tag's value may be."""


class Kind(StrEnum):
    """What happened. In the order in which pages list them."""

    DEPLOY = "deploy"
    CHANGE = "change"
    SCALING = "scaling"
    ALARM = "alarm"
    ANOMALY = "anomaly"
    LOG = "log"
    TRACE = "trace"
    RUN = "run"
    FAULT = "fault"
    COST = "cost"


class Level(StrEnum):
    """How bad an entry is by itself."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"
    PLAIN = ""


class Subject(Struct, frozen=True, omit_defaults=True):
    """What an inquiry is about, by name; "" is anything. `words` are names of other things (metrics, groups, ids)."""

    host: str = ""
    service: str = ""
    run: str = ""
    team: str = ""
    words: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once."""
        own = (self.host, self.service, self.run, self.team, *self.words)
        return tuple(dict.fromkeys(one for one in own if one))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """As an address has it: `host=…`, and `about=…` for each further word."""
        own = (("host", self.host), ("service", self.service), ("run", self.run), ("team", self.team))
        return tuple((key, value) for key, value in (*own, *(("about", word) for word in self.words)) if value)


class Inquiry(Struct, frozen=True):
    """`around_ms` to both sides of `at_ms`. `names` are those of the subject and of what belongs to it (its nodes)."""

    at_ms: int
    around_ms: int
    subject: Subject = Subject()
    kinds: frozenset[Kind] = frozenset(Kind)
    only: bool = False
    names: tuple[str, ...] = ()

    @property
    def start_ms(self) -> int:
        """Where the time line begins."""
        return self.at_ms - self.around_ms

    @property
    def end_ms(self) -> int:
        """Where it ends."""
        return self.at_ms + self.around_ms

    def holds(self, at_ms: int) -> bool:
        """Whether a moment is on the time line."""
        return self.start_ms <= at_ms < self.end_ms

    def is_about(self, names: Sequence[str]) -> bool:
        """Whether something with these names is what the inquiry is about."""
        mine = {one.casefold() for one in self.names}
        return any(one.casefold() in mine for one in names)


class Entry(Struct, frozen=True, kw_only=True):
    """Something that happened at `at_ms` (until `end_ms`, where it lasted), with the page that shows it.

    `names` are what it speaks of; `weight` says what is kept where there is too much; `about`: it is about the subject.
    """

    kind: Kind
    at_ms: int
    title: str
    href: str
    end_ms: int | None = None
    detail: str = ""
    level: Level = Level.PLAIN
    weight: float = 0.0
    names: tuple[str, ...] = ()
    about: bool = False

    @property
    def key(self) -> str:
        """What tells it from every other entry of a time line, however often that is read."""
        return f"{hash64(repr((self.kind.value, self.at_ms, self.href, self.title))):016x}"


class Absent(Struct, frozen=True):
    """A source that tells nothing here, and why: not connected, not for this caller, or it did not answer."""

    name: str
    why: str
    href: str = ""


class TimeLine(Struct, frozen=True):
    """Entries in order of time; `counts` are of all that was found, `left_out` how many of it are not shown."""

    inquiry: Inquiry
    entries: Sequence[Entry]
    counts: Mapping[Kind, int]
    absent: Sequence[Absent]
    left_out: int


def inquiry_of(
    at_ms: int, around_ms: int, subject: Subject, *, kinds: Sequence[str] = (), only: bool = False
) -> Inquiry:
    """Raises InvalidInput for a reach, a kind or a name that cannot be."""
    if not SHORTEST_MS <= around_ms <= LONGEST_MS:
        raise InvalidInput("cannot look so far around: expected 1m to 7d", field="around")
    if any(len(name) > _WORD for name in subject.names):
        raise InvalidInput(f"cannot look for a name this long: expected at most {_WORD} letters", field="about")
    unknown = [one for one in kinds if one not in list(Kind)]
    if unknown:
        expected = ", ".join(Kind)
        raise InvalidInput(f"cannot show {unknown[0][:40]!r}: expected some of {expected}", field="kind")
    chosen = frozenset(map(Kind, kinds)) or frozenset(Kind)
    return Inquiry(at_ms, around_ms, subject, chosen, only and bool(subject.names), subject.names)
