"""Files that are sent to the server in parts, one folder an upload, until what they were sent for is done."""

import re
import shutil
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id

_NAME = re.compile(r"[\w.=+,@ -]{1,200}(/[\w.=+,@ -]{1,200}){0,8}")
_ID = re.compile(r"[0-9a-f-]{36}")


class Uploads(Struct, frozen=True):
    """The folders of uploads, under `root`."""

    root: Path

    def open(self) -> str:
        """Make a folder; returns its id."""
        id_ = new_id()
        (self.root / id_).mkdir(parents=True)
        return id_

    def folder(self, id_: str) -> Path:
        """The folder of an upload. Raises InvalidInput for an id that none has."""
        if not _ID.fullmatch(id_) or not (self.root / id_).is_dir():
            raise InvalidInput(f"there is no upload {id_!r}", field="id")
        return self.root / id_

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

    def drop_before(self, moment_s: float) -> int:
        """Let go of uploads to which nothing was added since a moment (epoch seconds); how many."""
        old = [one for one in self.root.glob("*") if _ID.fullmatch(one.name) and one.stat().st_mtime < moment_s]
        for one in old:
            shutil.rmtree(one, ignore_errors=True)
        return len(old)
