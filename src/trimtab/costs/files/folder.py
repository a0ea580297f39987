"""Where the files of a bill lie: a folder on this machine here, a bucket in `trimtab.cloud`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Item(Protocol):
    """A file of a folder."""

    @property
    def name(self) -> str:
        """Its name relative to the folder, with slashes."""
        ...

    @property
    def size(self) -> int:
        """Its bytes."""
        ...


class LocalItem(Struct, frozen=True):
    """A file on this machine."""

    name: str
    size: int


class Folder(Protocol):
    """What an import asks of a place with files."""

    def items(self) -> Sequence[Item]:
        """Every file, in the order of their names."""
        ...

    def fetch(self, name: str) -> Path:
        """The file on this machine, copied here first where it is elsewhere."""
        ...


class LocalFolder:
    """A folder, or one file, on this machine."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidInput where there is nothing."""
        if not path.exists():
            raise InvalidInput(f"cannot import {path}: there is no such file or folder on the server's machine")
        self._single = path.is_file()
        self._root = path.parent if self._single else path
        self._path = path

    def items(self) -> Sequence[Item]:
        """Every file; hidden ones are left out."""
        if self._single:
            return [LocalItem(self._path.name, self._path.stat().st_size)]
        found = [path for path in self._root.rglob("*") if path.is_file() and not _hidden(path, self._root)]
        return [LocalItem(path.relative_to(self._root).as_posix(), path.stat().st_size) for path in sorted(found)]

    def fetch(self, name: str) -> Path:
        """The file itself."""
        return self._root / name


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
