"""Up to which version a cluster's pods were read: what changed while nobody looked is asked for first."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base.errors import SetupError
from trimtab.base.ids import hash64


class _State(Struct):
    source: str
    server: str
    version: str = ""


class Cursor:
    """How far one cluster was read for one server."""

    def __init__(self, directory: Path, source: str, server: str) -> None:
        """Read it, or begin. Raises SetupError where the file cannot be used."""
        self.path = directory / f"kubernetes-{hash64(f'{source}|{server}'):016x}.json"
        self._state = _State(source, server)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._state = msgspec.json.decode(self.path.read_bytes(), type=_State)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as problem:
            raise SetupError(f"cannot use {self.path}: {problem}; remove it to begin anew") from None

    @property
    def version(self) -> str:
        """The version of the pods that are there; "" at the beginning."""
        return self._state.version

    def advance(self, version: str) -> None:
        """Everything up to `version` is there: kept before this returns. Raises SetupError."""
        self._state.version = version
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as handle:
                handle.write(msgspec.json.encode(self._state))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self.path)
        except OSError as problem:
            raise SetupError(f"cannot keep how far Kubernetes was read in {self.path}: {problem}") from None
