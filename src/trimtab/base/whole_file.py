"""Files that are there whole or not at all, whatever is killed while they are written."""

import os
from pathlib import Path


def write_whole(path: Path, body: bytes, *, lasting: bool = False) -> None:
    """Write a file beside its name, synced, and rename it. With `lasting` its name is synced too.

    Without, a power cut may bring back what was there before; a killed process loses nothing either way.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with partial.open("wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    if lasting:
        sync_folder(path.parent)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are missing; their names are durable when this returns."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode, exist_ok=True)
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
