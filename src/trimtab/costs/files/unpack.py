"""Archives and odd names: every file gets a plain name in the import's own folder, so that the engine reads it."""

import bz2
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_SUFFIXES = (".csv.gz", ".json.gz", ".jsonl.gz", ".tsv.gz", ".gz.parquet", ".snappy.parquet")
_CHUNK = 1 << 20


class PlainFile(Struct, frozen=True):
    """A file under a name without signs that the engine would take for a pattern; `shown` is what people call it."""

    path: Path
    shown: str


def unpack(path: Path, shown: str, work: Path) -> Iterator[PlainFile]:
    """The tables in `path`: itself, what is in a bzip2 (which the engine does not read), or the members of a zip, each
    copied out as it is needed.

    Raises InvalidInput for an archive that is broken or locked.
    """
    work.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".bz2":
        yield _unpacked(path, shown, work)
        return
    if path.suffix.lower() != ".zip":
        yield PlainFile(_linked(path, work), shown)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.is_dir() or PurePosixPath(member.filename).name.startswith((".", "_")):
                    continue
                target = work / f"part-{_number(work)}{_suffix(member.filename)}"
                with archive.open(member) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, _CHUNK)
                yield PlainFile(target, f"{shown}/{member.filename}")
                target.unlink(missing_ok=True)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as problem:
        raise InvalidInput(f"cannot read archive {shown}: {problem}; try unpacking it first") from None


def _unpacked(path: Path, shown: str, work: Path) -> PlainFile:
    target = work / f"part-{_number(work)}{_suffix(path.stem)}"
    try:
        with bz2.open(path, "rb") as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
    except (EOFError, OSError) as problem:
        raise InvalidInput(f"cannot read archive {shown}: {problem}; try copying it again") from None
    return PlainFile(target, shown)


def _linked(path: Path, work: Path) -> Path:
    link = work / f"part-{_number(work)}{_suffix(path.name)}"
    link.symlink_to(path.resolve())
    return link


def _number(work: Path) -> int:
    return sum(1 for _ in work.iterdir())


def _suffix(name: str) -> str:
    lowered = name.lower()
    for suffix in _SUFFIXES:
        if lowered.endswith(suffix):
            return suffix
    return PurePosixPath(lowered).suffix
