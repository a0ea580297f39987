"""Exports of the bill: what they are, where they go, and each delivery of them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Kind(StrEnum):
    """Of which API a definition is: Data Exports, or Cost and Usage Reports."""

    EXPORT = "export"
    REPORT = "report"


class FileKind(StrEnum):
    """What the files are."""

    CSV = "csv"
    PARQUET = "parquet"


class Status(StrEnum):
    """How a delivery stands, in the words of Data Exports."""

    RUNNING = "QUERY_IN_PROCESS"
    QUERY_FAILED = "QUERY_FAILURE"
    DELIVERED = "DELIVERY_SUCCESS"
    DELIVERY_FAILED = "DELIVERY_FAILURE"


class Destination(Struct, frozen=True):
    """Where files go: a bucket (`s3://name`, or the name of a folder below `exports`), a prefix, and how."""

    bucket: str
    prefix: str
    files: FileKind
    overwrite: bool


class Definition(Struct, frozen=True):
    """An export as it was defined. `form` is the definition in its own API's words.

    `accounts` are those whose lines are in it (None: all of them). `delivered` has, for each billing month (YYYYMM),
    the imports that were in what was delivered of it.
    """

    arn: str
    account: str
    kind: Kind
    name: str
    form: Mapping[str, Any]
    tags: Mapping[str, str]
    accounts: tuple[str, ...] | None = None
    created_ms: int = 0
    updated_ms: int = 0
    delivered: Mapping[str, str] = field(default_factory=dict)


class Execution(Struct, frozen=True):
    """A delivery: which months, which files, and why not."""

    id: str
    arn: str
    form: Mapping[str, Any]
    status: Status
    problem: str
    months: tuple[int, ...]
    files: tuple[str, ...]
    created_ms: int
    ended_ms: int | None
