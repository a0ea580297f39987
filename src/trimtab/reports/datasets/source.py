"""`Source`: what a dataset can be made of. A room's facts with their fields declared, read within a scope and a window.

A source answers either a `Relation`, a FROM clause of the engine that holds the scope itself, or `Rows` that a room's
own reader answered for that scope; rows go to the engine as one bound value.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.reports.datasets.field import Field

MOST_ROWS = 100_000
"""Rows of a room's reader that a dataset takes: about 20 MB as the engine reads them."""


class Window(Struct, frozen=True):
    """What is read: within a scope, `[start_ms, end_ms)`; `wanted` are the fields that somebody looks at."""

    scope: Scope
    start_ms: int
    end_ms: int
    wanted: frozenset[str]


class Relation(Struct, frozen=True):
    """What the engine reads itself: `origin` is a FROM clause with its WHERE, `columns` the SQL of each field.

    The scope and the window are in `origin`. `until_ms` is until when the facts are known, where that is known.
    """

    origin: str
    columns: Mapping[str, str]
    params: Mapping[str, Any]
    until_ms: int | None = None
    note: str = ""


class Rows(Struct, frozen=True):
    """What a room's reader answered: values in the order of the source's fields; times in ms, money as Decimal."""

    rows: Sequence[Sequence[Any]]
    until_ms: int | None = None
    note: str = ""


Read = Callable[[Window], Awaitable[Relation | Rows]]


class Source(Struct, frozen=True):
    """A source. `grain` says what one row is, `role` who may read it at all: finance sees money and no telemetry.

    `whole`: it answers rows that have every field, whichever are looked at; so one reading serves every question, but
    for those that look at a field of `finer`, for which there are more rows. `fresh`: it is read for each question.
    """

    name: str
    title: str
    grain: str
    fields: Sequence[Field]
    read: Read
    role: Role = Role.READ
    whole: bool = False
    finer: frozenset[str] = frozenset()
    fresh: bool = False

    def field(self, name: str) -> Field | None:
        """A field by its name."""
        return next((one for one in self.fields if one.name == name), None)
