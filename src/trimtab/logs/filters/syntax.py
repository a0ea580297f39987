"""What a filter pattern says: terms, a condition on a JSON message, or fields of a space-delimited line."""

from enum import StrEnum

from msgspec import Struct


class Number(Struct, frozen=True):
    """A number; `text` is how it was written, for values that are text."""

    value: float
    text: str


class Wildcard(Struct, frozen=True):
    """Text; `parts` are what stands between its asterisks, so one part is exact text."""

    parts: tuple[str, ...]


class Regex(Struct, frozen=True):
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


class Selector(Struct, frozen=True):
    """A place in a JSON message: keys, and indexes of arrays from 0. `text` is how it was written."""

    path: tuple[str | int, ...]
    text: str


class Constant(StrEnum):
    """What `IS` asks for."""

    NULL = "NULL"
    TRUE = "TRUE"
    FALSE = "FALSE"


class Compare(Struct, frozen=True):
    """A comparison. `selector` is None for a field of a space-delimited line: that of the slot it stands in."""

    selector: Selector | None
    op: Op
    value: Value


class Is(Struct, frozen=True):
    """`$.a IS NULL`."""

    selector: Selector
    constant: Constant


class Absent(Struct, frozen=True):
    """`$.a NOT EXISTS`."""

    selector: Selector


class Every(Struct, frozen=True):
    """All of these hold."""

    parts: tuple["Condition", ...]


class Some(Struct, frozen=True):
    """One of these holds."""

    parts: tuple["Condition", ...]


Condition = Compare | Is | Absent | Every | Some


class Terms(Struct, frozen=True):
    """Words of the message: every required one, none of the excluded, and where there are optional ones, one of them.

    A term is text that may stand anywhere. No term at all matches every message.
    """

    required: tuple[str | Regex, ...] = ()
    optional: tuple[str | Regex, ...] = ()
    excluded: tuple[str | Regex, ...] = ()


class JsonPattern(Struct, frozen=True):
    """A condition on a message that is a JSON object. `selectors` are all that it names, each once."""

    condition: Condition
    selectors: tuple[Selector, ...]


class Slot(Struct, frozen=True):
    """A field of a space-delimited line; one without a name is known by its place."""

    name: str
    condition: Condition | None = None


class FieldsPattern(Struct, frozen=True):
    """Fields from the start of the line and, where the pattern has an ellipsis, others from its end.

    Without an ellipsis (`tail` None) the last field is the rest of the line.
    """

    head: tuple[Slot, ...]
    tail: tuple[Slot, ...] | None = None


Pattern = Terms | JsonPattern | FieldsPattern
