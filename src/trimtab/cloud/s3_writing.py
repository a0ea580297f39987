"""Objects written to S3."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cloud.sessions import client

_REFUSED = frozenset(("AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"))


def put_object(bucket: str, key: str, body: bytes, *, s3: Any = None) -> None:
    """Write an object, replacing it whole. Blocks.

    Raises InvalidInput without access or bucket, Unavailable where S3 does not answer.
    """
    try:
        (s3 or client("s3")).put_object(Bucket=bucket, Key=key, Body=body)
    except (BotoCoreError, ClientError) as problem:
        code = getattr(problem, "response", {}).get("Error", {}).get("Code", "")
        if code in _REFUSED or type(problem).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
            raise InvalidInput(
                f"cannot write s3://{bucket}/{key}: {problem}; the server needs credentials with s3:PutObject"
            ) from problem
        raise Unavailable(f"cannot write s3://{bucket}/{key}: {problem}") from problem
