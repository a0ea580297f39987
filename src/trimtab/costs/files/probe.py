"""Looks at a file's first line or footer: its kind, its columns as the engine will read them, and its rows."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.later import Later
from trimtab.costs.files.unpack import PlainFile
from trimtab.costs.readers.columns import Kind, SourceColumn

pq = Later("pyarrow.parquet")

_HEADER_BYTES = 1 << 20  # the longest header known (a legacy report with all its tags) has 30 kB
_DELIMITERS = (",", "\t", ";", "|")
_UNIQUE = frozenset(
    ("identity_line_item_id", "identity/lineitemid", "line_item_resource_id", "lineitem/resourceid", "resourceid", "id")
)
"""Columns with about as many values as rows: a dictionary of them would cost more than it saves."""

CSV_SETTINGS = {
    "input_format_csv_skip_first_lines": "1",
    "input_format_csv_allow_variable_number_of_columns": "1",
    "input_format_csv_use_default_on_bad_values": "0",
    "format_csv_allow_single_quotes": "0",
    "format_csv_allow_double_quotes": "1",
    "input_format_csv_trim_whitespaces": "1",
}


class TableFile(Struct, frozen=True):
    """A table that the engine can read: format, columns, and settings; `rows` where the file says."""

    path: Path
    shown: str
    format: str
    columns: tuple[SourceColumn, ...]
    structure: str
    settings: tuple[tuple[str, str], ...]
    rows: int | None
    notes: tuple[str, ...] = ()

    @property
    def inner(self) -> str:
        """The SELECT list that gives every column its short name `c1`, `c2` …; `FROM` is the engine's business."""
        if self.format == "Parquet":
            return ", ".join(f"{_tick(column.name)} AS {column.sql}" for column in self.columns)
        return ", ".join(column.sql for column in self.columns) or "json"


def probe(file: PlainFile) -> TableFile:
    """What is in `file`. Raises InvalidInput where it is no table."""
    with file.path.open("rb") as raw:
        magic = raw.read(4)
    if magic == b"PAR1":
        return _parquet(file)
    return _csv(file)


def is_json(file: PlainFile) -> bool:
    """Whether the first sign of the text is that of a JSON document. Raises InvalidInput for a broken archive."""
    with legible(file), open_text(file.path) as text:
        return text.read(1024).lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def open_text(path: Path) -> IO[str]:
    """The file as text, unpacked on the way."""
    return io.TextIOWrapper(open_binary(path), encoding="utf-8-sig", errors="replace", newline="")


def open_binary(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked on the way."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


@contextmanager
def legible(file: PlainFile) -> Iterator[None]:
    """What reading `file` raises, as InvalidInput that names it."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as problem:
        raise InvalidInput(f"cannot read {file.shown}: {problem}; try copying it again") from None


def _csv(file: PlainFile) -> TableFile:
    with legible(file), open_text(file.path) as text:
        start = text.read(_HEADER_BYTES)
    if "\x00" in start:
        raise InvalidInput(f"cannot read {file.shown}: it is neither text nor Parquet; expected a CSV with a header")
    line = start.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=line.count)
    if delimiter == "\t":
        return _csv(_with_commas(file))
    header = next(csv.reader(io.StringIO(start), delimiter=delimiter), [])
    names = [name.strip() for name in header]
    if len(names) < 2:
        raise InvalidInput(f"cannot read {file.shown}: its first line names {len(names)} columns; expected a header")
    columns = tuple(
        SourceColumn(name, Kind.TEXT, f"c{at}", "String" if name.lower() in _UNIQUE else "LowCardinality(String)")
        for at, name in enumerate(names, 1)
    )
    settings = {**CSV_SETTINGS, "format_csv_delimiter": delimiter}
    structure = ", ".join(f"{column.sql} {column.engine_type}" for column in columns)
    repeated = sorted({name for name in names if names.count(name) > 1})
    notes = tuple(f"column {name} is there more than once: the first counts" for name in repeated)
    return TableFile(file.path, file.shown, "CSV", columns, structure, tuple(settings.items()), None, notes)


def _with_commas(file: PlainFile) -> PlainFile:
    """A table with tabs, which the engine does not read with quotes, written anew."""
    target = file.path.with_name(file.path.name + ".commas.csv")
    with legible(file), open_text(file.path) as text, target.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(csv.reader(text, delimiter="\t"))
    return PlainFile(target, file.shown)


def _parquet(file: PlainFile) -> TableFile:
    try:
        with pq.ParquetFile(file.path) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
    except (pa.ArrowException, OSError) as problem:
        raise InvalidInput(f"cannot read {file.shown}: its Parquet footer is broken ({problem})") from None
    columns = tuple(_column(field, at) for at, field in enumerate(schema, 1))
    known = tuple(column for column in columns if column.kind is not Kind.OTHER)
    structure = ", ".join(f"{_tick(column.name)} {column.engine_type}" for column in known)
    notes = tuple(
        f"column {column.name} has a type that is not read" for column in columns if column.kind is Kind.OTHER
    )
    return TableFile(file.path, file.shown, "Parquet", known, structure, (), rows, notes)


def _column(field: pa.Field, at: int) -> SourceColumn:
    name, sql = field.name, f"c{at}"
    type_ = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        if name.lower() in _UNIQUE:
            return SourceColumn(name, Kind.TEXT, sql, "Nullable(String)", nullable=True)
        return SourceColumn(name, Kind.TEXT, sql)  # a null is read as ""
    if pa.types.is_decimal(type_):
        engine = f"Nullable(Decimal({type_.precision}, {type_.scale}))"
        return SourceColumn(name, Kind.DECIMAL, sql, engine, nullable=True, digits=type_.scale)
    if pa.types.is_floating(type_):
        engine = "Nullable(Float32)" if type_.bit_width == 32 else "Nullable(Float64)"
        return SourceColumn(name, Kind.FLOAT, sql, engine, nullable=True)
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_):
        return SourceColumn(name, Kind.INTEGER, sql, "Nullable(Int64)", nullable=True)
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return SourceColumn(name, Kind.TIME, sql, "Nullable(DateTime64(3, 'UTC'))", nullable=True)
    if pa.types.is_map(type_) and pa.types.is_string(type_.key_type) and pa.types.is_string(type_.item_type):
        return SourceColumn(name, Kind.PAIRS, sql, "Map(LowCardinality(String), String)")
    if keys := _keys(type_):
        engine = f"Array(Tuple({keys[0]} Nullable(String), {keys[1]} Nullable(String)))"
        return SourceColumn(name, Kind.PAIRS, sql, engine)
    return SourceColumn(name, Kind.OTHER, sql)


def _keys(type_: pa.DataType) -> tuple[str, str] | None:
    """The names of key and value of a list of structs: of two texts, or of `key`, `value` and more (BigQuery)."""
    if not (pa.types.is_list(type_) or pa.types.is_large_list(type_)) or not pa.types.is_struct(type_.value_type):
        return None
    inner = type_.value_type
    texts = [inner.field(at).name for at in range(inner.num_fields) if pa.types.is_string(inner.field(at).type)]
    if {"key", "value"} <= set(texts):
        return "key", "value"
    return (texts[0], texts[1]) if inner.num_fields == 2 and len(texts) == 2 else None


def _tick(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
