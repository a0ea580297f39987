"""Whole prefixes of S3 copied here, and folders copied there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.cloud.s3 import S3Folder
from trimtab.cloud.s3_files import S3Files


@dataclass(frozen=True, slots=True)
class S3Folders:
    """Copies by this machine's credentials; `s3` is a botocore client of others."""

    s3: Any = None

    def fetch(self, uri: str, into: Path) -> Path:
        """Copy every object under a prefix. Raises InvalidInput without access, Unavailable."""
        folder = S3Folder(uri, into, s3=self.s3)
        for one in folder.items():
            folder.fetch(one.name)
        return into

    def store(self, folder: Path, uri: str) -> None:
        """Copy every file of a folder, hidden ones left out."""
        target = S3Files(uri, self.s3)
        for one in sorted(folder.rglob("*")):
            relative = one.relative_to(folder)
            if one.is_file() and not any(part.startswith(".") for part in relative.parts):
                target.write(relative.as_posix(), one.read_bytes())
