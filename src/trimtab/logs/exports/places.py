"""Where files of logs go: a folder below `exports` in the data directory, or an S3 bucket."""

import os
import re
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trimtab.base.errors import DiskFull, InvalidInput, Unavailable
from trimtab.cloud.s3_files import S3Files

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PART = re.compile(r"[A-Za-z0-9!_.*'()=-]+")
_NO_SPACE = 28  # errno.ENOSPC


class Files(Protocol):
    """A place for files."""

    def write(self, name: str, content: bytes) -> str:
        """Write a file, in place of one of that name; what it is called there. Raises InvalidInput, Unavailable."""
        ...


class LocalFiles(Struct, frozen=True):
    """Files in a folder of this machine."""

    folder: Path

    def write(self, name: str, content: bytes) -> str:
        """Write a file whole or not at all."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(path.name + ".part")
            with partial.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except OSError as problem:
            kind = DiskFull if problem.errno == _NO_SPACE else Unavailable
            raise kind(f"cannot write {path}: {problem.strerror}") from problem
        return str(path)


def files_of(destination: str, prefix: str, exports: Path) -> Files:
    """The place of `s3://bucket[/prefix]`, or of a folder's name below `exports`. Raises InvalidInput."""
    parts = [part for part in prefix.split("/") if part]
    wrong = [part for part in parts if not _PART.fullmatch(part) or set(part) == {"."}]
    if wrong:
        raise InvalidInput(
            f"cannot write under the prefix {prefix[:200]!r}: got {wrong[0]!r}; expected letters and digits"
        )
    if destination.startswith("s3://"):
        return S3Files("/".join([destination.rstrip("/"), *parts]))
    if not _NAME.fullmatch(destination):
        raise InvalidInput(
            f"cannot write to {destination[:200]!r}: expected s3://bucket, or a name of letters, digits, `.`, `-` "
            "and `_`: that of a folder in `exports` of the data directory"
        )
    return LocalFiles(exports.joinpath(destination, *parts))
