"""Nested rows as a flat table: JSON (one object a line, a list, or a list within an object) and Parquet with structs.

A field within a field is called `a.b`; a list stays as JSON text under its name. Numbers keep every digit.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from trimtab.base.errors import InvalidInput
from trimtab.base.later import Later
from trimtab.costs.files.probe import legible, open_text
from trimtab.costs.files.unpack import PlainFile

pq = Later("pyarrow.parquet")

_LISTS = ("data", "rows", "items", "records")
"""Names under which an answer of an API has its rows."""
_BATCH = 10_000


def lay_flat(file: PlainFile, target: Path) -> PlainFile:
    """Write the rows of `file` to `target` as CSV. Raises InvalidInput where it has none."""
    names = list(dict.fromkeys(name for row in _rows(file) for name in row))
    if not names:
        raise InvalidInput(f"cannot import {file.shown}: it has no rows; expected objects with the columns of a bill")
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, restval="")
        writer.writeheader()
        writer.writerows(_rows(file))
    return PlainFile(target, file.shown)


def first_names(file: PlainFile) -> list[str]:
    """The columns that the first row of `file` would have; none where it has no rows. Raises InvalidInput."""
    return list(next(_rows(file), {}))


def is_nested(path: Path) -> bool:
    """Whether a Parquet file has fields within fields."""
    try:
        with pq.ParquetFile(path) as opened:
            schema = opened.schema_arrow
    except (pa.ArrowException, OSError):
        return False  # what is wrong with it is said where it is read
    return any(pa.types.is_struct(one.type) or _is_list(one.type) for one in schema)


def _is_list(type_: pa.DataType) -> bool:
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_))


def _rows(file: PlainFile) -> Iterator[dict[str, str]]:
    if file.path.suffix == ".parquet":
        with pq.ParquetFile(file.path) as opened:
            for batch in opened.iter_batches(_BATCH):
                yield from (_flat(row) for row in batch.to_pylist())
        return
    with legible(file), open_text(file.path) as text:
        start = text.read(1 << 16).lstrip("\ufeff \t\r\n")
        text.seek(0)
        documents = _lines(text) if _is_lines(start) else [_parse(text.read(), file.shown)]
        for document in documents:
            for row in _listed(document):
                if not isinstance(row, dict):
                    raise InvalidInput(f"cannot import {file.shown}: expected objects, got {type(row).__name__}")
                yield _flat(row)


def _is_lines(start: str) -> bool:
    """Whether a text has one object a line: its first line is one by itself."""
    try:
        return isinstance(json.loads(start.partition("\n")[0]), dict) and "\n" in start.strip()
    except ValueError:
        return False


def _lines(text: Iterable[str]) -> Iterator[Any]:
    for line in text:
        if line.strip():
            yield _parse(line, "a line")


def _parse(text: str, shown: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff"), parse_float=str)
    except ValueError as problem:
        raise InvalidInput(f"cannot import {shown}: it is not JSON ({problem})") from None


def _listed(document: Any) -> Iterable[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        for name in _LISTS:
            if isinstance(document.get(name), list):
                return list(document[name])
    return [document]


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found[prefix + name] = json.dumps(value, default=str)
        elif isinstance(value, bool):
            found[prefix + name] = "true" if value else "false"
        else:
            found[prefix + name] = "" if value is None else str(value)
    return found
