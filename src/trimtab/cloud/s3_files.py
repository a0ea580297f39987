"""Writing files under a prefix of an S3 bucket."""

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cloud.sessions import client

_FINAL = frozenset(("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "404"))


class S3Files(Struct):
    """Files under `s3://bucket/prefix`. `s3` is a botocore client; without one that of this machine's credentials."""

    url: str
    s3: Any = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "s3" or not parts.netloc:
            raise InvalidInput(f"cannot write to {self.url!r}: expected s3://bucket/prefix")

    def write(self, name: str, content: bytes) -> str:
        """Write a file, in place of one of that name; its URL. Raises InvalidInput without access, Unavailable."""
        parts = urlsplit(self.url)
        prefix = parts.path.strip("/")
        key = f"{prefix}/{name}" if prefix else name
        try:
            if self.s3 is None:
                self.s3 = client("s3")
            self.s3.put_object(Bucket=parts.netloc, Key=key, Body=content)
        except (BotoCoreError, ClientError) as problem:
            code = getattr(problem, "response", {}).get("Error", {}).get("Code", "")
            if code in _FINAL or type(problem).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
                raise InvalidInput(f"cannot write to {self.url}: {problem}") from problem
            raise Unavailable(f"cannot write to {self.url}: {problem}") from problem
        return f"s3://{parts.netloc}/{key}"
