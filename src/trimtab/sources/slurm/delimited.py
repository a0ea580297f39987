"""Tables as sacct, sacctmgr and sinfo print them with `--parsable`: a header, and a separator between the fields."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

SEPARATORS = ("\x1f", "|#", "|")
"""What stands between fields: what trimtab asks for, what sites use whose names have `|`, and SLURM's own."""
_FREE = frozenset({"JobName", "Comment", "AdminComment", "SystemComment", "SubmitLine", "WorkDir"})
"""Columns into which people put anything, the separator too: as the last one, such a column takes all that is left."""


class Row(Struct, frozen=True):
    """A record: the number of its first line, and its cells by column. Of a repeated column the first counts."""

    line: int
    cells: dict[str, str]


class Table(Struct, frozen=True):
    """What was read; `unreadable` are lines that are no record and no part of one, with what is wrong with them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unreadable: tuple[str, ...]


class _Form(Struct, frozen=True):
    """How a table is written: what stands between fields, and whether it ends lines too (`--parsable`)."""

    separator: str
    ends: bool

    def fields_of(self, record: str) -> int:
        return record.count(self.separator) + (0 if self.ends and record.endswith(self.separator) else 1)


def read(text: str) -> Table:
    """The table of a text. A text without lines has no columns.

    A record has as many fields as the header. People put line breaks into names and comments: a line with too few
    fields goes on in the next ones until it has all, unless the next one is a record by itself.
    """
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        return Table((), (), ())
    first = lines[0][1]
    separator = next((one for one in SEPARATORS if one in first), "|")
    form = _Form(separator, first.rstrip().endswith(separator))
    columns = tuple(name.strip() for name in first.rstrip().removesuffix(separator).split(separator))
    rows, unreadable = [], []
    for number, record in _records(lines[1:], form, columns):
        whole = record.removesuffix(separator) if form.ends else record
        cells = whole.split(separator, len(columns) - 1) if columns[-1] in _FREE else whole.split(separator)
        if len(cells) == len(columns) + 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(columns):
            unreadable.append(f"line {number}: got {len(cells)} fields; expected {len(columns)}")
            continue
        named: dict[str, str] = {}
        for name, cell in zip(columns, cells, strict=True):
            named.setdefault(name, cell.strip(" \t\r"))
        rows.append(Row(number, named))
    return Table(columns, tuple(rows), tuple(unreadable))


def _records(lines: Sequence[tuple[int, str]], form: _Form, columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Records with the number of their first line, joined over line breaks; what cannot be joined as it is."""
    fields, free = len(columns), columns[-1] in _FREE
    at = 0
    while at < len(lines):
        number, record = lines[at]
        at += 1
        joined, after = record, at
        while after < len(lines) and form.fields_of(joined) < fields:
            further = lines[after][1]
            if form.fields_of(further) >= fields:
                break
            joined += "\n" + further
            after += 1
        if form.fields_of(joined) == fields or (form.fields_of(joined) > fields and free):
            record, at = joined, after
        yield number, record
