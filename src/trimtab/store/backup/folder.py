"""A picture of the data directory: what nothing writes again is linked to, the rest is copied."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from trimtab.base.errors import SetupError

PICTURE = ".backup"
"""Inside of the data directory, so that links are possible; no file of trimtab has this name."""
_PART = "checksums.txt"
"""A directory with such a file is a part of a table: the engine writes it whole and never again."""
_REWRITTEN = frozenset({"invalidated_system_columns.txt", "metadata_version.txt", "txn_version.txt"})
_LEFT_OUT = frozenset({PICTURE, "lock", "engine.json"})
"""The picture itself, and what says that a process has the directory open."""


def picture(data_dir: Path) -> Path:
    """Link to and copy every file of `data_dir` into a folder in it, and return that; nothing may write meanwhile.

    Parts of tables are links, so the time it takes grows with the number of files, not with their size. Raises
    SetupError where the disk is full.
    """
    made = data_dir / PICTURE
    discard(data_dir)
    try:
        _into(data_dir, made)
    except OSError as problem:
        discard(data_dir)
        raise SetupError(f"cannot make a backup of {data_dir}: {problem.strerror}; nothing was kept of it") from problem
    return made


def discard(data_dir: Path) -> None:
    """Remove a picture, if there is one: of this backup, or of one that was killed."""
    shutil.rmtree(data_dir / PICTURE, ignore_errors=True)


def _into(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    with os.scandir(source) as entries:
        found = [entry for entry in entries if entry.name not in _LEFT_OUT]
    part = any(entry.name == _PART for entry in found)
    for entry in found:
        there = target / entry.name
        if entry.is_symlink():
            there.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            _into(Path(entry.path), there)
        elif entry.is_file():  # sockets and pipes belong to a process
            if part and entry.name not in _REWRITTEN:
                os.link(entry.path, there)
            else:
                shutil.copy2(entry.path, there)


def folders(folder: Path) -> Iterator[Path]:
    """`folder` and every folder below it, each before what is in it."""
    for directory, below, _ in os.walk(folder):
        below[:] = [name for name in below if not (Path(directory) / name).is_symlink()]
        yield Path(directory)


def files(folder: Path) -> Iterator[Path]:
    """Every file and every symbolic link below `folder`, in a fixed order."""
    for directory in sorted(folders(folder)):
        yield from (path for path in sorted(directory.iterdir()) if path.is_symlink() or not path.is_dir())
