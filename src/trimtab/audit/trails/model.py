"""A trail: what it was put with, and how far it has delivered."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of

MOST_NAME = 128
"""Characters of a trail's name, as documented."""
_LETTERS = re.compile(r"[A-Za-z0-9._-]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[._-](?![._-])){1,126}[A-Za-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_PREFIX = 200


class Trail(Struct, frozen=True):
    """A trail. `body` has the request's members and selectors; `position` is the last record: (taken ms, id)."""

    arn: str
    account: str
    region: str
    name: str
    body: Mapping[str, Any]
    logging: bool
    created_ms: int
    started_ms: int | None = None
    stopped_ms: int | None = None
    delivered_ms: int | None = None
    digest_ms: int | None = None
    problem: str = ""
    position: tuple[int, str] = (0, "")
    digest_number: int = 0


def arn_of(account: str, region: str, name: str) -> str:
    """The ARN of a trail."""
    return f"arn:{partition_of(region)}:cloudtrail:{region}:{account}:trail/{name}"


def check_name(name: str) -> None:
    """Raise InvalidInput for a name that CloudTrail refuses, in its words."""
    if not 3 <= len(name) <= MOST_NAME:
        short = len(name) < MOST_NAME
        raise InvalidInput(
            f"Trail name too {'short. Minimum' if short else 'long. Maximum'} allowed length: "
            f"{3 if short else MOST_NAME} characters. Specified name length: {len(name)} characters."
        )
    for where, letter in (("starts", name[0]), ("ends", name[-1])):
        if not (letter.isascii() and letter.isalnum()):
            raise InvalidInput(f"Trail name must {where} with a letter or number.")
    if not _LETTERS.fullmatch(name):
        raise InvalidInput(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens "
            "(-), and underscores (_)."
        )
    if not _NAME.fullmatch(name) or _ADDRESS.fullmatch(name):
        raise InvalidInput(
            f"cannot name a trail {name!r}: expected none of . _ - twice in a row, and no address of a machine"
        )


def check_bucket(bucket: str) -> None:
    """Raise InvalidInput for what is no bucket's name."""
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise InvalidInput(f"cannot deliver to bucket {bucket!r}: expected 3 to 63 lower-case letters, digits, . and -")


def check_prefix(prefix: str) -> None:
    """Raise InvalidInput for a prefix that leads elsewhere or is too long."""
    if len(prefix) > MAX_PREFIX or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        raise InvalidInput(
            f"cannot use the key prefix {prefix[:40]!r}: expected at most {MAX_PREFIX} characters of a path"
        )
