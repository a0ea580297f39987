"""What a filter pattern says: terms, a condition on a JSON message, or fields of a space-delimited line."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `text` is how it was written, for values that are text."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Text; `parts` are what stands between its asterisks, so one part is exact text."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression (RE2) that may match anywhere; `.` matches the end of a line too."""

    pattern: str


Value = Number | Wildcard | Regex


class Op(StrEnum):
    """How a value is compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Selector:
    """A place in a JSON message: keys, and indexes of arrays from 0. `text` is how it was written."""

    path: tuple[str | int, ...]
    text: str


class Constant(StrEnum):
    """What `IS` asks for."""

    NULL = "NULL"
    TRUE = "TRUE"
    FALSE = "FALSE"


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison. `selector` is None for a field of a space-delimited line: that of the slot it stands in."""

    selector: Selector | None
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class Is:
    """`$.a IS NULL`."""

    selector: Selector
    constant: Constant


@dataclass(frozen=True, slots=True)
class Absent:
    """`$.a NOT EXISTS`."""

    selector: Selector


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of these holds."""

    parts: tuple["Condition", ...]


Condition = Compare | Is | Absent | Every | Some


@dataclass(frozen=True, slots=True)
class Terms:
    """Words of the message: every required one, none of the excluded, and where there are optional ones, one of them.

    A term is text that may stand anywhere. No term at all matches every message.
    """

    required: tuple[str | Regex, ...] = ()
    optional: tuple[str | Regex, ...] = ()
    excluded: tuple[str | Regex, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonPattern:
    """A condition on a message that is a JSON object. `selectors` are all that it names, each once."""

    condition: Condition
    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of a space-delimited line; one without a name is known by its place."""

    name: str
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class FieldsPattern:
    """Fields from the start of the line and, where the pattern has an ellipsis, others from its end.

    Without an ellipsis (`tail` None) the last field is the rest of the line.
    """

    head: tuple[Slot, ...]
    tail: tuple[Slot, ...] | None = None


Pattern = Terms | JsonPattern | FieldsPattern
