"""Reads a request's body: bounded as sent, bounded again as decompressed."""

import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.wire.malformed import Malformed

Receive = Callable[[], Awaitable[Any]]

MAX_SENT = 16 << 20
"""Bytes of a body kept in memory whatever the service: the largest that any documented operation takes is 6 MB."""
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
"""zlib's flag to recognise either header."""


class ClientGone(Exception):
    """The client hung up before its request was whole."""


async def read_body(receive: Receive) -> bytes:
    """The whole body.

    Past MAX_SENT it is read on and thrown away before AwsError is raised: a client still writing hears no answer.
    """
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= MAX_SENT:
            parts.append(part)
    if size > MAX_SENT:
        raise too_large(size, MAX_SENT)
    return b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its `Content-Encoding`; never more than `limit` bytes are made. Raises AwsError or Malformed."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity", "aws-chunked"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Malformed("Content-Encoding gzip or none", encoding)
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = inflater.decompress(body, limit + 1)
    except zlib.error as problem:
        raise Malformed(f"a gzip body ({problem})", body[:8]) from None
    if len(plain) > limit:
        raise too_large(len(plain), limit)
    if not inflater.eof:
        raise Malformed("a whole gzip body", "one that is cut off")
    return plain


def too_large(size: int, limit: int) -> AwsError:
    """The error of a body that is too large, in CloudWatch's words."""
    return AwsError("RequestEntityTooLarge", f"Request size {size} exceeded {limit} bytes")
