"""What of a source has been read and is durable in trimtab: a small file, replaced whole, so that a pull can go on."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import SetupError
from trimtab.base.ids import hash64
from trimtab.sources.prometheus.plan import Span, merged


class _State(Struct):
    source: str
    selectors: list[str]
    server: str
    covered: list[Span] = []


class Cursor:
    """The spans of time that are done, of one source, selection and server."""

    def __init__(self, directory: Path, source: str, selectors: list[str], server: str, way: str) -> None:
        """Read it, or begin. Raises SetupError where the file cannot be used."""
        name = hash64("\x1f".join((source, server, way, *sorted(selectors))))
        self.path = directory / f"prometheus-{name:016x}.json"
        self._state = _State(source, selectors, server)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._state = typed.decode(self.path.read_bytes(), type=_State)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as problem:
            raise SetupError(
                f"cannot use {self.path}: {problem}; remove it to read the source's whole history again"
            ) from None

    @property
    def covered(self) -> list[Span]:
        """What is done."""
        return [*self._state.covered]

    def add(self, span: Span) -> None:
        """`span` is done: kept before this returns. Raises SetupError where the disk does not take it."""
        self._state.covered = merged([*self._state.covered, span])
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("wb") as handle:
                handle.write(msgspec.json.encode(self._state))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self.path)
        except OSError as problem:
            raise SetupError(f"cannot keep how far the source was read in {self.path}: {problem}") from None
