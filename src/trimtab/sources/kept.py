"""How far a source was read: a small file, replaced whole and synced, so that a restart goes on from there."""

import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import SetupError
from trimtab.base.ids import hash64

S = TypeVar("S", bound=Struct)


class Kept(Generic[S]):
    """The state of reading one source for one server. `begin` is what holds where nothing was read yet."""

    def __init__(self, directory: Path, kind: str, source: str, server: str, begin: S) -> None:
        """Read the file, or begin. Raises SetupError where it cannot be used."""
        self.path = directory / f"{kind}-{hash64(f'{source}|{server}'):016x}.json"
        self.state = begin
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.state = typed.decode(self.path.read_bytes(), type=type(begin))
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as problem:
            raise SetupError(f"cannot use {self.path}: {problem}; remove it to read everything again") from None

    def save(self) -> None:
        """Make the state durable. Raises SetupError."""
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as handle:
                handle.write(msgspec.json.encode(self.state))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self.path)
        except OSError as problem:
            raise SetupError(f"cannot keep how far the source was read in {self.path}: {problem}") from None
