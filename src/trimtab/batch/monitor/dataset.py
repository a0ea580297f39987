"""Data that is analyzed: rows of CSV, JSON lines, or invocations that were captured, by column.

Source: SageMaker developer guide, "Capture data from real-time endpoint" and "Ingest ground truth labels and merge them
with predictions": the shapes of captured records and of ground truth.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput
from trimtab.batch.split import files_in

Value = str | float | int | None
CAPTURED = "sagemakerCaptureJson"


class Table(Struct, frozen=True):
    """Columns by name, of equal length; `named` says whether the data itself named them."""

    columns: Mapping[str, Sequence[Value]]
    named: bool = True

    @property
    def rows(self) -> int:
        """How many rows."""
        return max((len(one) for one in self.columns.values()), default=0)

    def renamed(self, names: Sequence[str]) -> "Table":
        """The same, where it has no names of its own, with these for its first columns."""
        if self.named:
            return self
        known = [*names, *(f"_c{at}" for at in range(len(names), len(self.columns)))]
        return Table(dict(zip(known, self.columns.values(), strict=False)), named=True)


class Captured(Struct, frozen=True):
    """An invocation: its id, when it was, and what was sent and answered, by column."""

    id: str
    at_ms: int
    given: Mapping[str, Value]
    answered: Mapping[str, Value]
    named: bool


def read_table(folder: Path, format_: Mapping[str, Any], window: tuple[int, int] | None = None) -> Table:
    """The rows of all files of a folder. `format_` is the service's `dataset_format`. Raises InvalidInput."""
    if CAPTURED in format_:
        return captured_table(read_captured(folder, window))
    if "csv" in format_:
        header = bool((format_["csv"] or {}).get("header"))
        return read_csv(_texts(folder), header=header)
    if "json" in format_:
        return _table([_object(line) for text in _texts(folder) for line in text.splitlines() if line.strip()])
    raise InvalidInput(f"dataset_format must be csv, json or {CAPTURED}, got {', '.join(format_) or 'none'}")


def read_captured(folder: Path, window: tuple[int, int] | None = None) -> list[Captured]:
    """The invocations that were captured within a window of time (ms, its end not). Raises InvalidInput."""
    found = [one for text in _texts(folder) for line in text.splitlines() if line.strip() for one in _captured(line)]
    if window is not None:
        found = [one for one in found if window[0] <= one.at_ms < window[1]]
    return sorted(found, key=lambda one: (one.at_ms, one.id))


def captured_table(rows: Sequence[Captured]) -> Table:
    """Answers and inputs as columns, the answers first, as the service has them."""
    named = all(one.named for one in rows)
    return _table([{**_prefixed(one.answered, "o", named), **_prefixed(one.given, "i", named)} for one in rows], named)


def read_truth(folder: Path) -> dict[str, Value]:
    """Ground truth by the id of its invocation. Raises InvalidInput."""
    found: dict[str, Value] = {}
    for text in _texts(folder):
        for line in text.splitlines():
            if line.strip():
                record = _object(line)
                try:
                    data = record["groundTruthData"]
                    values, _ = _values(data["data"], data["encoding"])
                    found[record["eventMetadata"]["eventId"]] = next(iter(values.values()), None)
                except (KeyError, TypeError) as problem:
                    raise InvalidInput(f"cannot read ground truth: a record has no {problem}") from None
    return found


def _prefixed(values: Mapping[str, Value], side: str, named: bool) -> dict[str, Value]:
    return dict(values) if named else {f"{side}{name}": value for name, value in values.items()}


def _captured(line: str) -> Iterator[Captured]:
    record = _object(line)
    try:
        data, about = record["captureData"], record["eventMetadata"]
        at_ms = to_ms(datetime.fromisoformat(about["inferenceTime"]))
        sides = [data.get(name) for name in ("endpointInput", "endpointOutput")]
        read = [_values(one["data"], one["encoding"]) if one else ({}, True) for one in sides]
        id_ = about.get("inferenceId") or about["eventId"]
    except (KeyError, TypeError, ValueError) as problem:
        raise InvalidInput(f"cannot read captured data: {problem}") from None
    (given, named_in), (answered, named_out) = read
    yield Captured(id_, at_ms, given, answered, named_in and named_out)


def _values(text: str, encoding: str) -> tuple[dict[str, Value], bool]:
    """Values of a side of an invocation, and whether they have names. Raises InvalidInput."""
    if encoding == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise InvalidInput("cannot read captured data: it is neither text nor JSON") from None
    if encoding == "JSON":
        content = typed.loads(text)
        if isinstance(content, dict):
            return flat(content), True
        return {f"_c{at}": _plain(one) for at, one in enumerate(content if isinstance(content, list) else [content])}, (
            False
        )
    row = next(csv.reader(io.StringIO(text.strip())), [])
    return {f"_c{at}": _number(one) for at, one in enumerate(row)}, False


def flat(content: Mapping[str, Any], before: str = "") -> dict[str, Value]:
    """Members of an object by name; those of inner objects behind the name of theirs and an underscore."""
    found: dict[str, Value] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= flat(value, f"{before}{key}_")
        elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            found |= flat(value[0], f"{before}{key}_")
        else:
            found[f"{before}{key}"] = _plain(value)
    return found


def read_csv(texts: Iterable[str], *, header: bool) -> Table:
    """The rows of some texts in CSV; the first line of each names the columns where there is a header."""
    names: list[str] = []
    rows: list[list[str]] = []
    for text in texts:
        lines = [one for one in csv.reader(io.StringIO(text)) if one]
        if header and lines:
            names = names or [one.strip() for one in lines[0]]
            lines = lines[1:]
        rows += lines
    width = max((len(one) for one in rows), default=len(names))
    names = [*names, *(f"_c{at}" for at in range(len(names), width))]
    columns = {name: [_number(row[at]) if at < len(row) else None for row in rows] for at, name in enumerate(names)}
    return Table(columns, named=header)


def _table(rows: Sequence[Mapping[str, Value]], named: bool = True) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({name: [row.get(name) for row in rows] for name in names}, named)


def _object(line: str) -> dict[str, Any]:
    try:
        found = typed.loads(line)
    except ValueError as problem:
        raise InvalidInput(f"cannot read a line as JSON: {problem}") from None
    if not isinstance(found, dict):
        raise InvalidInput("cannot read a line: expected a JSON object")
    return found


def _number(text: str) -> Value:
    text = text.strip()
    if not text:
        return None
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, (str, int, float)):
        return int(value) if isinstance(value, bool) else value
    return json.dumps(value)


def _texts(folder: Path) -> Iterator[str]:
    if not folder.exists():
        return
    for one in files_in(folder):
        try:
            yield one.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InvalidInput(f"cannot read {one.name}: it is no text") from None
