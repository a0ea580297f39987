"""Where bills may lie: on the server's machine, in S3, or in what was uploaded to it."""

from collections.abc import Callable
from pathlib import Path

from trimtab.base.errors import InvalidInput
from trimtab.base.uploads import Uploads
from trimtab.cloud.s3 import S3Folder
from trimtab.costs.files.folder import Folder, LocalFolder

UPLOAD = "upload:"
"""How the location of an upload begins; its id follows."""


def opener(uploads: Uploads) -> Callable[[str, Path], Folder]:
    """The function that opens a location for the importer."""

    def open_(location: str, copies: Path) -> Folder:
        if location.startswith("s3://"):
            return S3Folder(location, copies)
        if location.startswith(UPLOAD):
            return LocalFolder(uploads.folder(location.removeprefix(UPLOAD)))
        if not location.startswith(("/", "~")):
            raise InvalidInput(f"cannot import {location!r}: expected an absolute path of the server's, or s3://…")
        return LocalFolder(Path(location).expanduser())

    return open_
