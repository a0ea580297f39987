"""Columns of a file as the engine will read them: a name, a kind of value, and the engine's type for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a column physically holds."""

    TEXT = "text"
    DECIMAL = "decimal"
    FLOAT = "float"
    INTEGER = "integer"
    TIME = "time"
    PAIRS = "pairs"  # a map, or a list of key/value structs
    OTHER = "other"


class SourceColumn(Struct, frozen=True):
    """One column. `sql` is what stands for it in the statement, `engine_type` how the file is declared to have it."""

    name: str
    kind: Kind
    sql: str
    engine_type: str = "LowCardinality(String)"
    nullable: bool = False
    digits: int = 0  # of a decimal, after the point


@dataclass
class Columns:
    """The columns of one file, looked up by name without regard to case; remembers which were asked for."""

    columns: Sequence[SourceColumn]
    used: set[str] = field(default_factory=set)  # names of columns that a reader took
    missing: list[str] = field(default_factory=list)  # names that it asked for in vain and wants to be told of

    def __post_init__(self) -> None:
        """Index the columns; of a repeated name the first counts."""
        self._by_name: dict[str, SourceColumn] = {}
        for column in self.columns:
            self._by_name.setdefault(column.name.lower(), column)

    def find(self, *names: str) -> SourceColumn | None:
        """The first of `names` that the file has."""
        for name in names:
            column = self._by_name.get(name.lower())
            if column is not None:
                self.used.add(column.name)
                return column
        return None

    def need(self, *names: str) -> SourceColumn | None:
        """The same; a miss goes on the receipt, under the first name."""
        column = self.find(*names)
        if column is None:
            self.missing.append(names[0])
        return column

    def has(self, *names: str) -> bool:
        """Whether every one of `names` is there."""
        return all(name.lower() in self._by_name for name in names)

    def where(self, test: Callable[[str], bool]) -> list[SourceColumn]:
        """The columns whose names pass `test`, in file order."""
        found = [column for column in self._by_name.values() if test(column.name)]
        self.used.update(column.name for column in found)
        return found

    def rest(self) -> list[SourceColumn]:
        """The columns that no reader took, in file order."""
        return [column for column in self._by_name.values() if column.name not in self.used]


def names_of(columns: Iterable[SourceColumn]) -> list[str]:
    """Their names."""
    return [column.name for column in columns]
