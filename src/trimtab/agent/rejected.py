"""Batches that the server will never take, set aside as files that a person can read: `rejected/<number>.json`."""

import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import msgspec

from trimtab.agent.record import Record
from trimtab.base import typed
from trimtab.base.clock import iso

# Enough to find out what is wrong; a server that refuses everything must not fill the disk.
KEPT = 100


class Rejected:
    """The directory of batches set aside; beyond `KEPT` the oldest goes."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory

    def add(self, record: Record, reason: str) -> Path:
        """Keep `record` with the reason. Raises OSError where it cannot be written."""
        path = self._directory / f"{record.sequence:020d}.json"
        content = {
            "sequence": record.sequence,
            "collected": iso(record.time_ms),
            "reason": reason,
            "request": _request(record.body),
        }
        with path.open("wb") as handle:
            handle.write(msgspec.json.encode(content))
            handle.flush()
            os.fsync(handle.fileno())
        for old in self.paths()[:-KEPT]:
            old.unlink(missing_ok=True)
        return path

    def paths(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self._directory.glob("*.json"))


def _request(body: bytes) -> Any:
    try:
        return typed.decode(gzip.decompress(body))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError):
        return body.hex()
