"""Where the input of a job lies: a prefix or a manifest, of S3 or of buckets that are folders here."""

import gzip
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.split import files_in
from trimtab.cloud.buckets import Buckets

_MOST_FILES = 100_000  # of a manifest
_COPY = 1 << 22


class Source(Struct, frozen=True):
    """A file or folder of this machine, and which files of it: all where none is named."""

    path: Path
    only: tuple[str, ...] = ()


class Places(Buckets, frozen=True):
    """Buckets, and what of them a job's request means."""

    def source(self, asked: Mapping[str, Any], copies: Path) -> Source:
        """The input that a TransformInput names. Blocks. Raises InvalidInput for one that is not there, Unavailable."""
        data = asked["DataSource"]["S3DataSource"]
        if data["S3DataType"] == "ManifestFile":
            found = self._listed(data["S3Uri"], copies)
        else:
            found = Source(self.read(data["S3Uri"], copies))
        return _unpacked(found, copies / "unpacked") if asked.get("CompressionType", "None") == "Gzip" else found

    def _listed(self, uri: str, copies: Path) -> Source:
        """The files of a manifest: `[{"prefix": "s3://bucket/prefix/"}, "name", …]`."""
        parts = urlsplit(uri)
        folder = self.read(uri, copies / "manifest")
        path = folder if folder.is_file() else folder / Path(parts.path).name
        try:
            head, *names = json.loads(path.read_bytes())
            prefix = str(head["prefix"])
        except (OSError, ValueError, TypeError, KeyError) as problem:
            raise InvalidInput(
                f"cannot read the manifest {uri}: {problem}; expected [{{'prefix': 's3://…/'}}, 'name', …]"
            ) from None
        if len(names) > _MOST_FILES or not all(isinstance(name, str) and name for name in names) or not names:
            raise InvalidInput(f"cannot read the manifest {uri}: expected 1 to {_MOST_FILES:,} names after the prefix")
        # A prefix joins its names as text: `s3://b/day-` and `1.csv` are the object `day-1.csv`.
        base, _, start = prefix.rpartition("/")
        listed = tuple(start + name for name in names)
        return Source(self.read(f"{base}/", copies, listed), listed)


def chosen(source: Source) -> list[Path]:
    """The files of a source. Raises InvalidInput for one that is not there, or that leads out."""
    if not source.only:
        return list(files_in(source.path))
    root = source.path.resolve()
    found = [(source.path / name).resolve() for name in source.only]
    for name, one in zip(source.only, found, strict=True):
        if root not in one.parents or not one.is_file():
            raise InvalidInput(f"cannot read {name!r}: there is no such file in {source.path}")
    return found


def _unpacked(source: Source, into: Path) -> Source:
    """The same files without gzip, under the same names."""
    root = source.path if source.path.is_dir() else source.path.parent
    for one in chosen(source):
        target = into / one.relative_to(root.resolve() if source.only else root)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        try:
            with gzip.open(one, "rb") as packed, partial.open("wb") as out:
                shutil.copyfileobj(packed, out, _COPY)
        except (OSError, EOFError) as problem:
            partial.unlink(missing_ok=True)
            raise InvalidInput(f"cannot read {one.name}: it is not gzip ({problem})") from None
        partial.replace(target)
    return Source(into, source.only)
