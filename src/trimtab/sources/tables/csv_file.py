"""CSV files that people keep: inventories and rate cards, with column names in any spelling that means the same."""

import csv
import gzip
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput, SetupError

_GAPS = re.compile(r"[\s_-]+")


class Row(Struct, frozen=True):
    """A row: its line in the file, and its cells by column as written in the header."""

    line: int
    cells: Mapping[str, str]


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file, packed or not, but the empty ones. Raises SetupError, and InvalidInput for too long a row."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read {path}: {problem}") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise InvalidInput(f"cannot read {path}: it is empty; expected a header line with column names")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise InvalidInput(
                    f"cannot read {path}, line {reader.line_num}: got {len(cells)} cells; expected {len(header)}"
                )
            found = zip(header, (cell.strip() for cell in cells), strict=False)
            yield Row(reader.line_num, {name: cell for name, cell in found if name and cell})
    except csv.Error as problem:
        raise InvalidInput(f"cannot read {path}, line {reader.line_num}: {problem}") from None


def sorted_out(row: Row, known: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Cells by the names of `known`, each with its other spellings, and all others as they are."""
    spellings = {_flat(word): name for name, words in known.items() for word in (name, *words)}
    mine: dict[str, str] = {}
    others: dict[str, str] = {}
    for column, cell in row.cells.items():
        name = spellings.get(_flat(column))
        if name is None:
            others[column] = cell
        else:
            mine.setdefault(name, cell)
    return mine, others


def _flat(text: str) -> str:
    return _GAPS.sub("", text).casefold()
