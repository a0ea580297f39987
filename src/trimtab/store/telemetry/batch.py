"""What doors append to the log: sections of rows, already in a format that the engine reads.

A body must be concatenable: the bodies of two sections of one table, joined, are a valid body. RowBinary,
JSONEachRow and TabSeparated are; Native and Arrow are not. The log and the inserter never look inside.
"""

from msgspec import Struct


class Section(Struct, frozen=True):
    """Rows of one table. `days` are the table's partitions that the rows fall into (days since the epoch;
    empty for a table without partitions)."""

    table: str
    rows: int
    days: frozenset[int]
    body: bytes


class Appended(Struct, frozen=True):
    """The answer to an append: durable at `sequence`; `duplicate` if the key was acknowledged before."""

    sequence: int
    duplicate: bool
