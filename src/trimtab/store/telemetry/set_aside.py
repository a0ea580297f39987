"""Rows that the engine would not take: kept beside the log with what is needed to bring them in later."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.whole_file import make_folder, sync_folder
from trimtab.store.telemetry.damage import write_private

FOLDER = "quarantine"
_ROWS = ".rowbinary"


class SetAside(Struct, frozen=True):
    """Rows of a table in these columns (name, type; none where they are not known), the insert token and the mark of
    their block, and why they are here since `at_ms`."""

    table: str
    columns: tuple[tuple[str, str], ...]
    token: str
    block: int
    reason: str
    at_ms: int


def set_aside(directory: Path, name: str, about: SetAside, rows: bytes) -> Path:
    """Keep `rows` in the log's directory, durably, and return the file."""
    folder = directory / FOLDER
    make_folder(folder, 0o700)
    write_private(folder / f"{name}.json", msgspec.json.encode(about))
    path = folder / f"{name}{_ROWS}"
    write_private(path, rows)
    sync_folder(folder)
    return path


def listed(directory: Path) -> Iterator[tuple[Path, SetAside | None]]:
    """What is kept beside the log of `directory`; of rows that an earlier version set aside nothing is said."""
    for path in sorted((directory / FOLDER).glob(f"*{_ROWS}")):
        about = path.with_suffix(".json")
        yield path, typed.decode(about.read_bytes(), type=SetAside) if about.is_file() else None
