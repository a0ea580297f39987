"""`Field`: a column of a source or a dataset, with its type, unit and meaning; and how the engine keeps each type."""

from enum import StrEnum

from msgspec import Struct


class Type(StrEnum):
    """What a value is. Money is exact decimal; labels are a map of texts, read with `label(field, 'key')`."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    TIME = "time"
    BOOL = "bool"
    LABELS = "labels"


class Part(StrEnum):
    """What a field is for: to group by, or to add up."""

    DIMENSION = "dimension"
    MEASURE = "measure"


ENGINE_TYPES = {
    Type.TEXT: "Nullable(String)",
    Type.NUMBER: "Nullable(Float64)",
    Type.INTEGER: "Nullable(Int64)",
    Type.MONEY: "Nullable(Decimal(38, 12))",
    Type.TIME: "Nullable(DateTime64(3, 'UTC'))",
    Type.BOOL: "Nullable(Bool)",
    Type.LABELS: "Map(String, String)",
}
"""How rows of a source reach the engine; also the columns of an extract."""

NUMERIC = frozenset((Type.NUMBER, Type.INTEGER, Type.MONEY))


class Field(Struct, frozen=True):
    """A column. `unit` is of the value: `USD`, `s`, `GPU-h`, `bytes`; empty for none."""

    name: str
    type: Type
    description: str = ""
    unit: str = ""
    part: Part = Part.DIMENSION

    @property
    def numeric(self) -> bool:
        """Whether it can be added up."""
        return self.type in NUMERIC


def text(name: str, description: str) -> Field:
    """A text to group by."""
    return Field(name, Type.TEXT, description)


def time(name: str, description: str) -> Field:
    """A moment, UTC, to the millisecond."""
    return Field(name, Type.TIME, description)


def money(name: str, description: str, unit: str = "USD") -> Field:
    """An exact amount."""
    return Field(name, Type.MONEY, description, unit, Part.MEASURE)


def number(name: str, description: str, unit: str = "") -> Field:
    """A measured number."""
    return Field(name, Type.NUMBER, description, unit, Part.MEASURE)


def integer(name: str, description: str, unit: str = "") -> Field:
    """A whole number to add up."""
    return Field(name, Type.INTEGER, description, unit, Part.MEASURE)


def truth(name: str, description: str) -> Field:
    """A yes or no."""
    return Field(name, Type.BOOL, description)


def labels(name: str, description: str) -> Field:
    """A map of texts."""
    return Field(name, Type.LABELS, description)
