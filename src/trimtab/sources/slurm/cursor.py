"""Up to when a cluster's accounting is in trimtab: a small file, replaced whole, so that a look asks for little."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base.errors import SetupError
from trimtab.base.ids import hash64


class _State(Struct):
    source: str
    server: str
    through_ms: int = 0


class Cursor:
    """How far one source was read for one server."""

    def __init__(self, directory: Path, source: str, server: str) -> None:
        """Read it, or begin. Raises SetupError where the file cannot be used."""
        self.path = directory / f"slurm-{hash64(f'{source}|{server}'):016x}.json"
        self._state = _State(source, server)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._state = msgspec.json.decode(self.path.read_bytes(), type=_State)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as problem:
            raise SetupError(f"cannot use {self.path}: {problem}; remove it to read the whole history again") from None

    @property
    def through_ms(self) -> int:
        """All before is there; 0 where nothing is."""
        return self._state.through_ms

    def advance(self, through_ms: int) -> None:
        """All before `through_ms` is there: kept before this returns. Raises SetupError."""
        self._state.through_ms = max(through_ms, self._state.through_ms)
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as handle:
                handle.write(msgspec.json.encode(self._state))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self.path)
        except OSError as problem:
            raise SetupError(f"cannot keep how far SLURM was read in {self.path}: {problem}") from None
