"""Large objects of S3 in parts, several at once: read by ranges into a file, and written as multipart uploads.

A download holds the object's ETag, so that one that changes meanwhile is an error and never a mixture. An upload that
ends early is aborted: parts of it would be paid for, unseen.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PART_BYTES = 16 << 20
_MOST_PARTS = 10_000  # S3's limit of an upload
_AT_ONCE = 8


def download(s3: Any, place: tuple[str, str], size: int, etag: str, target: Path, *, part: int = PART_BYTES) -> None:
    """Copy the object (bucket, key) of `size` bytes to `target`: whole, or not at all. Raises botocore's errors."""
    bucket, key = place
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    held = {"IfMatch": f'"{etag}"'} if etag else {}

    def fetch(start: int) -> None:
        asked = {} if size <= part else {"Range": f"bytes={start}-{min(size, start + part) - 1}"}
        body = s3.get_object(Bucket=bucket, Key=key, **asked, **held)["Body"]
        at = start
        with body:
            for chunk in body.iter_chunks(1 << 20):
                os.pwrite(file, chunk, at)
                at += len(chunk)

    file = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        os.truncate(file, size)
        _each(fetch, list(range(0, size, part)) or [0])
        os.fsync(file)
    except BaseException:  # raised again: whatever ends it, half a file does not stay
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    partial.replace(target)


def upload(s3: Any, path: Path, place: tuple[str, str], *, part: int = PART_BYTES) -> None:
    """Copy a file to the object (bucket, key): it is there whole or not at all. Raises botocore's errors."""
    bucket, key = place
    size = path.stat().st_size
    if size <= part:
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        return
    part = max(part, -(-size // _MOST_PARTS))
    name = {"Bucket": bucket, "Key": key, "UploadId": s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]}

    def send(number: int) -> dict[str, Any]:
        with path.open("rb") as file:
            file.seek((number - 1) * part)
            body = file.read(part)
        return {"PartNumber": number, "ETag": s3.upload_part(**name, PartNumber=number, Body=body)["ETag"]}

    try:
        parts = _each(send, list(range(1, -(-size // part) + 1)))
        s3.complete_multipart_upload(**name, MultipartUpload={"Parts": parts})
    except BaseException:  # raised again: parts of an upload that was not finished are paid for ever
        s3.abort_multipart_upload(**name)
        raise


def _each(work: Any, items: list[int]) -> list[Any]:
    """Do all, several at once; the first that fails ends it, and what has not begun does not begin."""
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(items)), thread_name_prefix="s3")
    try:
        found: Iterator[Any] = pool.map(work, items)
        return list(found)
    finally:
        pool.shutdown(cancel_futures=True)
