"""A prefix of an S3 bucket as a folder: listed page by page, objects copied to this machine when they are asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cloud.sessions import client

_CHUNK = 1 << 20
_DENIED = frozenset(("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"))
_GONE = frozenset(("NoSuchBucket", "NoSuchKey", "404"))


class S3Item(Struct, frozen=True):
    """An object: its key without the prefix's folder, its size in bytes, and its ETag, which changes with it."""

    name: str
    size: int
    etag: str = ""


class S3Folder:
    """`s3://bucket/prefix`: a "folder" (every object under it) or one object."""

    def __init__(self, url: str, copies: Path, *, s3: Any = None) -> None:
        """`copies` is where objects go. Raises InvalidInput for a URL that names no bucket."""
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise InvalidInput(f"cannot read {url!r}: expected s3://bucket/prefix")
        self._url = url
        self._bucket = parts.netloc
        self._prefix = parts.path.lstrip("/")
        self._copies = copies
        self._s3 = s3
        self._items: list[S3Item] | None = None

    def items(self) -> Sequence[S3Item]:
        """Every object, by name. Raises InvalidInput without access, Unavailable where S3 does not answer."""
        if self._items is None:
            self._items = sorted(self._list(), key=lambda item: item.name)
        return self._items

    def fetch(self, name: str) -> Path:
        """The object's copy on this machine; made once."""
        target = self._copies / name
        if self._copies.resolve() not in target.resolve().parents:
            raise InvalidInput(f"cannot read {self._url}: object {name!r} would be copied out of its folder")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(target.name + ".part")
            try:
                body = self._client().get_object(Bucket=self._bucket, Key=self._root + name)["Body"]
                with partial.open("wb") as out:
                    for chunk in body.iter_chunks(_CHUNK):
                        out.write(chunk)
            except (BotoCoreError, ClientError) as problem:
                raise self._translate(problem) from problem
            partial.replace(target)
        return target

    @property
    def _root(self) -> str:
        """The part of keys that names leave out: up to the last slash of the prefix."""
        return self._prefix[: self._prefix.rfind("/") + 1]

    def _list(self) -> list[S3Item]:
        found = []
        try:
            pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for one in page.get("Contents", ()):
                    name = one["Key"][len(self._root) :]
                    if name and not name.endswith("/") and self._under(one["Key"]):
                        found.append(S3Item(name, one["Size"], str(one.get("ETag", "")).strip('"')))
        except (BotoCoreError, ClientError) as problem:
            raise self._translate(problem) from problem
        return found

    def _under(self, key: str) -> bool:
        """Whether the prefix names the key whole or as a folder: `bills` is not `bills-old/…`."""
        rest = key[len(self._prefix) :]
        return not rest or rest.startswith("/") or self._prefix.endswith("/") or not self._prefix

    def _client(self) -> Any:
        if self._s3 is None:
            self._s3 = client("s3")
        return self._s3

    def _translate(self, problem: Exception) -> Exception:
        code = getattr(problem, "response", {}).get("Error", {}).get("Code", "")
        if code in _GONE:
            return InvalidInput(f"cannot read {self._url}: there is no such bucket or object")
        if code in _DENIED or type(problem).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
            return InvalidInput(
                f"cannot read {self._url}: {problem}; the server needs credentials with s3:ListBucket and s3:GetObject"
            )
        return Unavailable(f"cannot read {self._url}: {problem}")
