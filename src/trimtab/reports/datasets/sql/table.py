"""What a name in FROM stands for, and its columns."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.reports.datasets.field import Type


class Output(Struct, frozen=True):
    """A column of a query: its name, and its type; its SQL is `o0`, `o1`, … of whatever holds the query."""

    name: str
    type: Type


class Table(Struct, frozen=True):
    """What a name in FROM stands for: a SELECT whose columns are `o0`, `o1`, …"""

    sql: str
    outputs: Sequence[Output]
