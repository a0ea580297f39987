"""Words of what is sent on: subscription filters, destinations, and the kinds of places that events go to."""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of

MOST_FILTERS = 2
"""Subscription filters of a group, as AWS documents them."""
TRIGGERED = "logs.subscription"
"""The kind of the events that a subscription to an event bus publishes; the subject is the filter's ARN."""
_GROUP = re.compile(r"arn:[\w-]+:logs:(?P<region>[\w-]+):(?P<account>\d{12}):log-group:(?P<name>[^:*]+)(?::\*)?")
_DESTINATION = re.compile(r"arn:[\w-]+:logs:(?P<region>[\w-]+):(?P<account>\d{12}):destination:(?P<name>[^:*]+)")
_BUS = re.compile(r"arn:[\w-]+:events:[\w-]+:\d{12}:event-bus/[\w./-]+")


class Kind(StrEnum):
    """What a place is. A HOOK is a URL that takes plain JSON: results of scheduled queries."""

    URL = "url"
    HOOK = "hook"
    GROUP = "group"
    BUS = "bus"
    DESTINATION = "destination"


class Place(Struct, frozen=True):
    """Where events go: a URL, or what an ARN names."""

    kind: Kind
    text: str
    account: str = ""
    region: str = ""
    name: str = ""


class SubscriptionFilter(Struct, frozen=True):
    """A filter of a group (its surrogate id). `sent` and `dropped` count events; the rest says how sending goes."""

    group: int
    name: str
    pattern: str
    destination: str
    role: str = ""
    distribution: str = "ByLogStream"
    transformed: bool = False
    created_ms: int = 0
    log_group: str = ""
    sent: int = 0
    dropped: int = 0
    waiting: int = 0
    last_ok_ms: int | None = None
    last_error_ms: int | None = None
    last_error: str = ""


class Destination(Struct, frozen=True):
    """A name for a place, which subscription filters can name in its stead."""

    account: str
    region: str
    name: str
    target: str
    role: str
    policy: str
    created_ms: int

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:destination:{self.name}"


def read_place(text: str) -> Place:
    """The place that a destination names. Raises InvalidInput for one to which trimtab cannot send."""
    if text.startswith(("http://", "https://")):
        return Place(Kind.URL, text)
    for kind, shape in ((Kind.GROUP, _GROUP), (Kind.DESTINATION, _DESTINATION)):
        if found := shape.fullmatch(text):
            return Place(kind, text, found["account"], found["region"], found["name"])
    if _BUS.fullmatch(text):
        return Place(Kind.BUS, text)
    raise InvalidInput(
        f"cannot send log events to {text[:200]!r}: expected an http(s) URL, or the ARN of a log group, of a "
        "destination or of an event bus"
    )
