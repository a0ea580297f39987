"""Where trails deliver: a folder of this machine that has a folder for each bucket, or S3 itself."""

from pathlib import Path
from typing import Protocol

from trimtab.base.errors import Unavailable
from trimtab.cloud.s3_writing import put_object

S3 = "s3"
"""The setting that asks for S3 itself."""


class Buckets(Protocol):
    """What a delivery writes to."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object, replacing it whole. Blocks. Raises Unavailable, InvalidInput."""
        ...


class LocalBuckets:
    """Buckets as folders of `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write a file; it is there whole or not at all. Raises Unavailable."""
        path = self._root / bucket / key
        if self._root.resolve() not in path.resolve().parents:
            raise Unavailable(f"cannot deliver to {bucket}/{key}: it would be outside of {self._root}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(path.name + ".part")
            partial.write_bytes(body)
            partial.replace(path)
        except OSError as problem:
            raise Unavailable(f"cannot deliver to {path}: {problem.strerror}") from None


class S3Buckets:
    """S3 itself, by the credentials that AWS's own tools find."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object. Raises Unavailable, InvalidInput without access."""
        put_object(bucket, key, body)


def buckets_of(setting: str, directory: Path) -> Buckets:
    """The buckets that a setting names: s3, a folder, or by default one of `directory`."""
    if setting == S3:
        return S3Buckets()
    return LocalBuckets(Path(setting).expanduser() if setting else directory / "buckets")
