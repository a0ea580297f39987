"""Tables that lie elsewhere as sources of datasets: what a spec says of one, and who reads it.

    - use: outside
      name: orders
      outside:
        source: arn:aws:quicksight:us-east-1:123456789012:datasource/shop
        select: SELECT "day", "amount" FROM "public"."orders"
        columns: {day: time, amount: money}

The data source says where it lies and holds the password. It is of one account: who may not see that account reads
nothing of it, nor does who is bound to rows, as its rows have no tags.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import hash64
from trimtab.reports.datasets.field import NUMERIC, Field, Part, Type
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.spec import OutsideTable, Use, text_of_table

OUTSIDE = "outside"
"""What a use of such a table is called."""
ReadOutside = Callable[[OutsideTable], Awaitable[Sequence[Sequence[Any]]]]


def source_of(use: Use, read: ReadOutside | None, place: str) -> Source | None:
    """The source of a use of a table elsewhere; None for a use of any other. Raises InvalidInput."""
    if (use.outside is None) != (use.use != OUTSIDE):
        raise InvalidInput(
            f"cannot use dataset: {place}: a table elsewhere is `use: {OUTSIDE}` with `outside`, and no other has it",
            field=place,
        )
    table = use.outside
    if table is None:
        return None
    if read is None:
        raise InvalidInput(f"cannot use dataset: {place}: this trimtab reads no tables elsewhere", field=place)
    account = _account_of(table.source, place)

    async def rows(window: Window) -> Rows:
        if window.scope.accounts is not None and account not in window.scope.accounts:
            return Rows((), note=f"{use.alias}: its account is not yours")
        if window.scope.rows:
            return Rows((), note=f"{use.alias}: its rows have no tags")
        return Rows(await read(table))

    fields = [
        Field(name, kind, part=Part.MEASURE if kind in NUMERIC else Part.DIMENSION)
        for name, kind in ((name, Type(kind)) for name, kind in table.columns.items())
    ]
    name = f"{OUTSIDE}:{hash64(text_of_table(table)):016x}"
    return Source(name, use.alias, "a row of a table elsewhere", fields, rows, whole=True, fresh=True)


def _account_of(arn: str, place: str) -> str:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "quicksight" or not parts[5].startswith("datasource/"):
        raise InvalidInput(
            f"cannot use dataset: {place}.outside.source: got {arn[:200]!r}; expected the ARN of a data source",
            field=f"{place}.outside.source",
        )
    return parts[4]
