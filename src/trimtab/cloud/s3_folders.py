"""Whole prefixes of S3 copied here, and folders copied there."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cloud.s3 import S3Folder, S3Item
from trimtab.cloud.s3_transfer import download, upload
from trimtab.cloud.sessions import client

_FINAL = frozenset(("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "404"))
_UNSIGNED = ("NoCredentialsError", "PartialCredentialsError")


class S3Folders(Struct):
    """Copies by this machine's credentials; `s3` is a botocore client of others, `endpoint` another S3."""

    s3: Any = None
    endpoint: str = ""

    def fetch(self, uri: str, into: Path, only: Sequence[str] = ()) -> Path:
        """Copy every object under a prefix (of them `only` those names, where given), unless it is here unchanged.

        Raises InvalidInput without access or for a name that is not there, Unavailable.
        """
        s3 = self._client()
        folder = S3Folder(uri, into, s3=s3)
        found = {one.name: one for one in folder.items()}
        absent = [name for name in only if name not in found]
        if absent or not found:
            raise InvalidInput(f"cannot read {uri}: there is {f'no {absent[0]}' if absent else 'nothing'} there")
        bucket, prefix = _place(uri)
        root = prefix[: prefix.rfind("/") + 1]
        for name in only or found:
            target = into / name
            if into.resolve() not in target.resolve().parents:
                raise InvalidInput(f"cannot read {uri}: object {name!r} would be copied out of its folder")
            if not _is_here(target, found[name]):
                try:
                    download(s3, (bucket, root + name), found[name].size, found[name].etag, target)
                except (BotoCoreError, ClientError) as problem:
                    raise _translated(f"cannot read {uri}", problem) from problem
                _mark(target).write_text(found[name].etag, encoding="ascii")
        return into

    def store(self, folder: Path, uri: str) -> None:
        """Copy every file of a folder, hidden ones left out. Raises InvalidInput without access, Unavailable."""
        bucket, prefix = _place(uri)
        prefix = prefix.strip("/")
        for one in sorted(folder.rglob("*")):
            relative = one.relative_to(folder)
            if one.is_file() and not any(part.startswith(".") for part in relative.parts):
                key = f"{prefix}/{relative.as_posix()}" if prefix else relative.as_posix()
                try:
                    upload(self._client(), one, (bucket, key))
                except (BotoCoreError, ClientError) as problem:
                    raise _translated(f"cannot write to {uri}", problem) from problem

    def _client(self) -> Any:
        if self.s3 is None:
            self.s3 = client("s3", endpoint=self.endpoint or None)
        return self.s3


def _place(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise InvalidInput(f"cannot use {uri!r}: expected s3://bucket/prefix")
    return parts.netloc, parts.path.lstrip("/")


def _mark(target: Path) -> Path:
    """Where the ETag of a copy is noted; a name that is too long for a file is shortened to its hash."""
    return target.with_name(f".{hashlib.sha256(target.name.encode()).hexdigest()[:32]}.etag")


def _is_here(target: Path, one: S3Item) -> bool:
    mark = _mark(target)
    return target.is_file() and mark.is_file() and mark.read_text(encoding="ascii") == one.etag


def _translated(what: str, problem: Exception) -> Exception:
    code = getattr(problem, "response", {}).get("Error", {}).get("Code", "")
    if code in ("PreconditionFailed", "412"):
        return InvalidInput(f"{what}: an object changed while it was read; begin again")
    if code in _FINAL or type(problem).__name__ in _UNSIGNED:
        return InvalidInput(f"{what}: {problem}")
    return Unavailable(f"{what}: {problem}")
