"""What a pattern may ask of one value: each condition is a small frozen thing with `holds(value)`.

A value is a leaf of an event: str, int, float (`Numeral`), bool or None. Source: EventBridge user guide, "Comparison
operators", and AWS's own event-ruler.
"""

import socket

from msgspec import Struct

from trimtab.triggers.patterns.numerals import comparable, identity

Value = str | int | float | bool | None
LIMIT = 5e9
"""Numbers beyond ±5 × 10⁹ are not compared: the documented range of `numeric`."""


def is_number(value: object) -> bool:
    """Whether a value is a number: in Python a bool is an int, in JSON it is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def address_of(text: str) -> tuple[int, int] | None:
    """The version and the number of an IP address; None for any other text.

    As event-ruler reads them: 10.0.0.01 is 10.0.0.1, and ::ffff:a00:1 is 10.0.0.1 too; no dots within version 6.
    """
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4 or not all(part.isdigit() and part.isascii() and int(part[-4:]) < 256 for part in parts):
            return None
        return 4, int.from_bytes(bytes(int(part[-4:]) for part in parts), "big")
    if "." in text or "%" in text:
        return None
    try:
        number = int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except (OSError, ValueError):  # not an address; a NUL character
        return None
    return (4, number & 0xFFFFFFFF) if number >> 32 == 0xFFFF else (6, number)


class Exactly(Struct, frozen=True):
    """A string."""

    text: str

    def holds(self, value: Value) -> bool:
        """Whether the value is this string."""
        return isinstance(value, str) and value == self.text


class SameNumeral(Struct, frozen=True):
    """A number, however it is written; one that no double holds by its text. `number` is what `identity` says."""

    number: float | str

    def holds(self, value: Value) -> bool:
        """Whether the value is this number."""
        return isinstance(value, int | float) and not isinstance(value, bool) and identity(value) == self.number


class Word(Struct, frozen=True):
    """true, false or null."""

    word: bool | None

    def holds(self, value: Value) -> bool:
        """Whether the value is this word."""
        return value is self.word


class Prefix(Struct, frozen=True):
    """How a string begins. `folded`: without regard to case; the text is lower case then."""

    text: str
    folded: bool = False

    def holds(self, value: Value) -> bool:
        """Whether the value begins so."""
        return isinstance(value, str) and (value.lower() if self.folded else value).startswith(self.text)


class Suffix(Struct, frozen=True):
    """How a string ends. `folded`: without regard to case; the text is lower case then."""

    text: str
    folded: bool = False

    def holds(self, value: Value) -> bool:
        """Whether the value ends so."""
        return isinstance(value, str) and (value.lower() if self.folded else value).endswith(self.text)


class IgnoringCase(Struct, frozen=True):
    """A string without regard to case; `text` is lower case."""

    text: str

    def holds(self, value: Value) -> bool:
        """Whether the value is this string in some case."""
        return isinstance(value, str) and value.lower() == self.text


class Wildcard(Struct, frozen=True):
    """A string with `*` for any characters. `parts` are what stands between the stars; one part means no star."""

    parts: tuple[str, ...]

    def holds(self, value: Value) -> bool:
        """Whether the value fits. Linear: each part is looked for once, from the left."""
        if not isinstance(value, str):
            return False
        first, *middle = self.parts
        if not middle:
            return value == first
        last = middle.pop()
        if len(value) < len(first) + len(last) or not value.startswith(first) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


class Between(Struct, frozen=True):
    """A number in a range; an open end does not belong to it."""

    low: float
    low_open: bool
    high: float
    high_open: bool

    def holds(self, value: Value) -> bool:
        """Whether the value is a number within the range and within ±5e9."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not -LIMIT <= value <= LIMIT:
            return False
        if comparable(value) is None:
            return False
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)


class Addresses(Struct, frozen=True):
    """A string that is an IP address of a network, both ends included."""

    version: int
    low: int
    high: int

    def holds(self, value: Value) -> bool:
        """Whether the value is such an address."""
        found = address_of(value) if isinstance(value, str) else None
        return found is not None and found[0] == self.version and self.low <= found[1] <= self.high


class SameNumber(Struct, frozen=True):
    """A number by its size, inside `anything-but`: there is one of every size."""

    number: float

    def holds(self, value: Value) -> bool:
        """Whether the value is a number of this size."""
        return is_number(value) and value == self.number


class Exists(Struct, frozen=True):
    """Any value at all. What must be absent is `Absent`."""

    def holds(self, value: Value) -> bool:
        """Always: there is a value."""
        return True


class Absent(Struct, frozen=True):
    """No value at all at the place: the one condition that holds without one."""

    def holds(self, value: Value) -> bool:
        """Never: there is a value."""
        return False


Excluded = Exactly | SameNumber | Prefix | Suffix | IgnoringCase | Wildcard


class AnythingBut(Struct, frozen=True):
    """Any value for which none of `excluded` holds."""

    excluded: tuple[Excluded, ...]

    def holds(self, value: Value) -> bool:
        """Whether none of the excluded conditions holds."""
        return not any(one.holds(value) for one in self.excluded)


Condition = (
    Exactly
    | SameNumeral
    | Word
    | Prefix
    | Suffix
    | IgnoringCase
    | Wildcard
    | Between
    | Addresses
    | Exists
    | Absent
    | AnythingBut
)
