"""Buckets that `s3://bucket/prefix` names: folders of this machine where the settings say so, else S3's."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import InvalidInput, SetupError


class Remote(Protocol):
    """Folders elsewhere: S3's."""

    def fetch(self, uri: str, into: Path, only: Sequence[str] = ()) -> Path:
        """Copy what lies under a URI, or `only` some names of it; the folder."""
        ...

    def store(self, folder: Path, uri: str) -> None:
        """Copy a folder's files to a URI."""
        ...


class Buckets(Struct, frozen=True):
    """`buckets` are those that are folders here."""

    buckets: Mapping[str, Path]
    remote: Remote | None = None

    def local(self, uri: str) -> Path | None:
        """The folder of this machine that a URI means; None for one of S3. Raises InvalidInput for one outside it."""
        parts = urlsplit(uri)
        root = self.buckets.get(parts.netloc)
        if parts.scheme != "s3":
            raise InvalidInput(f"cannot use {uri!r}: expected s3://bucket/prefix")
        if root is None:
            return None
        found = (root / parts.path.lstrip("/")).resolve()
        if found != root.resolve() and root.resolve() not in found.parents:
            raise InvalidInput(f"cannot use {uri!r}: it leads out of its bucket")
        return found

    def read(self, uri: str, copies: Path, only: Sequence[str] = ()) -> Path:
        """What lies at a URI: itself where its bucket is a folder here, else a copy. Blocks. Raises InvalidInput for
        what is not there, Unavailable."""
        found = self.local(uri)
        if found is None:
            if self.remote is None:
                raise InvalidInput(f"cannot read {uri}: its bucket is no folder here (TRIMTAB_BATCH_BUCKETS)")
            return self.remote.fetch(uri, copies / "in", only)
        if not found.exists():
            raise InvalidInput(f"cannot read {uri}: there is nothing there")
        return found

    def text(self, uri: str, copies: Path) -> str:
        """The text of one object. Blocks. Raises InvalidInput for what is not there or no file, Unavailable."""
        found = self.read(uri, copies)
        path = found if found.is_file() else found / Path(urlsplit(uri).path).name
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise InvalidInput(f"cannot read {uri}: {problem}") from None

    def write(self, folder: Path, uri: str) -> None:
        """Copy a folder's files to a URI. Blocks. Raises InvalidInput without a place or access, Unavailable."""
        target = self.local(uri)
        if target is not None:
            shutil.copytree(folder, target, dirs_exist_ok=True)
        elif self.remote is not None:
            self.remote.store(folder, uri)
        else:
            raise InvalidInput(f"cannot write to {uri}: its bucket is no folder here (TRIMTAB_BATCH_BUCKETS)")


def read_buckets(text: str) -> Mapping[str, Path]:
    """`name=/folder,…` as folders by bucket. Raises SetupError."""
    found = {}
    for part in text.split(","):
        name, equals, folder = part.strip().partition("=")
        if part.strip() and (not equals or not name or not Path(folder).is_absolute()):
            raise SetupError(f"cannot use TRIMTAB_BATCH_BUCKETS: got {part.strip()!r}; expected bucket=/folder,…")
        if name:
            found[name] = Path(folder)
    return found
