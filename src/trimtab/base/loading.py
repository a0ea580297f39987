"""A note in a data directory that a history is being loaded there, and how far it is: its pages tell of it."""

from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base import typed

_FILE = "loading.json"
_FRESH_MS = 120_000
"""A note that was not written anew for so long is of a program that ended."""


class Loading(Struct, frozen=True):
    """What is loaded, the share of it that is there (0 to 1), and when that was so."""

    name: str
    share: float
    at_ms: int


def tell(directory: Path, note: Loading) -> None:
    """Write the note down, in place of the one before."""
    new = directory / f"{_FILE}.new"
    new.write_bytes(msgspec.json.encode(note))
    new.replace(directory / _FILE)


def end(directory: Path) -> None:
    """Nothing is being loaded any more."""
    (directory / _FILE).unlink(missing_ok=True)


def told(directory: Path, now_ms: int) -> Loading | None:
    """The note, while it is fresh; None where there is none that can be read."""
    try:
        found = typed.decode((directory / _FILE).read_bytes(), type=Loading)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if found.at_ms > now_ms - _FRESH_MS else None
