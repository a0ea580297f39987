"""Files that are sent in parts, each with the offset at which it goes; a part may be sent again."""

import os
from pathlib import Path

from starlette.requests import Request

from trimtab.base.errors import DiskFull, InvalidInput


def offset_of(request: Request) -> int:
    """The query's `offset`, in bytes. Raises InvalidInput."""
    text = request.query_params.get("offset", "0")
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(f"cannot take a part at offset {text!r}: expected a number", field="offset")
    return int(text)


def write_part(path: Path, offset: int, body: bytes, reserve_mb: int) -> int:
    """Write a part at `offset`; returns where it ends.

    Raises InvalidInput where the file is shorter than that, DiskFull where `reserve_mb` MiB would not stay free.
    """
    if offset > (path.stat().st_size if path.exists() else 0):
        raise InvalidInput(f"cannot take a part at offset {offset}: the file is shorter; send what is missing")
    free = os.statvfs(path.parent)
    if free.f_bavail * free.f_frsize - len(body) < reserve_mb << 20:
        raise DiskFull("cannot take the file: the disk is full; nothing of this part was kept")
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(offset)
        file.write(body)
        return file.tell()
