"""CloudTrail's files: which of a folder's names are records, which are digests, and the records in one.

Layout: AWSLogs/[<organisation>/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>_….json.gz
Digests lie under CloudTrail-Digest, insights under CloudTrail-Insight.
"""

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

MAX_FILE = 512 << 20
"""Bytes of a file's text: CloudTrail closes one at about 50 MB."""
_ENDS = (".json", ".json.gz")


class TrailFile(Struct, frozen=True):
    """A file with records. `mark` changes where its content may have."""

    name: str
    path: Path
    mark: str


def is_records(name: str) -> bool:
    """Whether a file's name says that it has records: a digest has none."""
    return name.lower().endswith(_ENDS) and "CloudTrail-Digest" not in name and not Path(name).name.startswith(".")


def find(location: Path) -> list[TrailFile]:
    """The files with records in a folder and below it, by name, or the one file. Raises InvalidInput."""
    if location.is_file():
        return [_file(location.name, location)]
    if not location.is_dir():
        raise InvalidInput(f"cannot import {location}: there is no such file or folder")
    names = (path for path in sorted(location.rglob("*")) if path.is_file())
    return [_file(str(path.relative_to(location)), path) for path in names if is_records(str(path))]


def _file(name: str, path: Path) -> TrailFile:
    state = path.stat()
    return TrailFile(name, path, f"{state.st_size}-{state.st_mtime_ns}")


def records_in(file: TrailFile) -> list[Mapping[str, Any]]:
    """The records of a file: `{"Records": […]}`, a list, or one record a line; gzipped or not. Raises InvalidInput."""
    try:
        raw = _plain(file.path.read_bytes())
    except (OSError, EOFError, zlib.error) as problem:
        raise InvalidInput(f"cannot read {file.name}: {problem}") from None
    try:
        found = typed.decode(raw)
    except msgspec.DecodeError:
        found = _lines(file.name, raw)
    if isinstance(found, dict):
        found = found.get("Records", [found])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidInput(f"cannot read {file.name}: expected CloudTrail's {{'Records': […]}}")
    return found


def _plain(raw: bytes) -> bytes:
    if raw[:2] != b"\x1f\x8b":
        return raw
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        out = file.read(MAX_FILE + 1)
    if len(out) > MAX_FILE:
        raise OSError(f"it unpacks to more than {MAX_FILE >> 20} MiB")
    return out


def _lines(name: str, raw: bytes) -> list[Any]:
    try:
        return [typed.decode(line) for line in raw.splitlines() if line.strip()]
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"cannot read {name}: it is not JSON ({problem})") from None
