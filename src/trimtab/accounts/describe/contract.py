"""The contract of a source: a declared kind of resource, the calls that tell of it, and how answers become resources.

A source is a small file: `SOURCES` of them together are what a read of an account does, what its IAM policy allows,
and what the guard lets through. `read` is called in a thread with a `Place` and yields what it finds there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.base.clock import to_ms
from trimtab.base.errors import NotFound

Item = Mapping[str, Any]
Operation = tuple[str, str]
"""Service as botocore calls it, and operation (`("ec2", "DescribeVolumes")`)."""
GLOBAL = "global"
"""Region of what belongs to none."""


class Found(Struct, frozen=True):
    """A resource as its describe calls tell of it. `region` is where it is, if not where it was asked for."""

    arn: str
    name: str = ""
    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""


class Calls(Protocol):
    """What a place asks of `cloud.reading.CloudReader`."""

    def call(self, service: str, region: str, operation: str, **asked: Any) -> dict[str, Any]:
        """One call's answer."""
        ...

    def pages(self, service: str, region: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
        """The items under `key` of every page."""
        ...


class Place(Struct, frozen=True):
    """An account and a region, and how to ask there. `asked` is the region that calls go to."""

    calls: Calls
    account: str
    region: str
    now_ms: int
    partition: str = "aws"
    asked: str = ""

    def call(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        """One call's answer."""
        return self.calls.call(service, self.asked or self.region, operation, **asked)

    def maybe(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        """The same of what may be gone by now, or was never set: {} then."""
        try:
            return self.call(service, operation, **asked)
        except NotFound:
            return {}

    def pages(self, service: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
        """The items under `key` of every page."""
        return self.calls.pages(service, self.asked or self.region, operation, key, **asked)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this place."""
        region = "" if self.region == GLOBAL else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


class Source(Struct, frozen=True):
    """A kind of resource. `resource_types` are all that it yields: what is not found again is gone."""

    name: str
    resource_types: tuple[str, ...]
    operations: tuple[Operation, ...]
    read: Callable[[Place], Iterator[Found]]
    is_global: bool = False


def picked(item: Item, *keys: str) -> dict[str, Any]:
    """Those of the keys that an answer has, as plain JSON; times are milliseconds."""
    return {key: plain(item[key]) for key in keys if item.get(key) is not None}


def plain(value: Any) -> Any:
    """A value of an answer as JSON can hold it."""
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def tags_of(pairs: Iterable[Item] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Tags from a list of pairs; AWS's own (`aws:…`) too, since they say which stack or group a thing is of."""
    return {str(one[key]): str(one.get(value, "")) for one in pairs or ()}


def values(items: Iterable[Item] | None, key: str) -> list[Any]:
    """One member of each item that has it."""
    return [plain(one[key]) for one in items or () if one.get(key) is not None]


def chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """The items, some at a time: calls that describe several at once have limits."""
    for at in range(0, len(items), size):
        yield list(items[at : at + size])
