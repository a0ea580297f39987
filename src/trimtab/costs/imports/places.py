"""Where bills may lie: on the server's machine, in S3, or in what was uploaded to it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.cloud.s3 import S3Folder
from trimtab.costs.files.folder import Folder, LocalFolder

UPLOAD = "upload:"
"""How the location of an upload begins; its id follows."""

_NAME = re.compile(r"[\w.=+,@ -]{1,200}(/[\w.=+,@ -]{1,200}){0,8}")
_ID = re.compile(r"[0-9a-f-]{36}")


class Uploads(Struct, frozen=True):
    """Files that were sent to the server, one folder an upload, until they are imported."""

    root: Path

    def open(self) -> str:
        """Make a folder for the files of one bill; returns its id."""
        id_ = new_id()
        (self.root / id_).mkdir(parents=True)
        return id_

    def path(self, id_: str, name: str) -> Path:
        """Where file `name` of an upload goes. Raises InvalidInput for a name that leads elsewhere."""
        parts = name.split("/")
        if not _ID.fullmatch(id_) or not _NAME.fullmatch(name) or any(part in (".", "..") for part in parts):
            raise InvalidInput(f"cannot take file {name!r}: expected a plain relative name", field="name")
        if not (self.root / id_).is_dir():
            raise InvalidInput(f"cannot take file {name!r}: there is no upload {id_}", field="id")
        path = self.root / id_ / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def drop(self, id_: str) -> None:
        """Let go of an upload."""
        if _ID.fullmatch(id_):
            shutil.rmtree(self.root / id_, ignore_errors=True)


def opener(uploads: Uploads) -> Callable[[str, Path], Folder]:
    """The function that opens a location for the importer."""

    def open_(location: str, copies: Path) -> Folder:
        if location.startswith("s3://"):
            return S3Folder(location, copies)
        if location.startswith(UPLOAD):
            id_ = location.removeprefix(UPLOAD)
            if not _ID.fullmatch(id_):
                raise InvalidInput(f"cannot import {location!r}: expected upload:<id>")
            return LocalFolder(uploads.root / id_)
        if not location.startswith(("/", "~")):
            raise InvalidInput(f"cannot import {location!r}: expected an absolute path of the server's, or s3://…")
        return LocalFolder(Path(location).expanduser())

    return open_
