"""Metric streams, put together."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from trimtab.metric_streams.store import StreamStore


class StreamsRoom(Struct, frozen=True):
    """The streams, and `admit`: whether something may be sent to a FirehoseArn (raises InvalidInput), for a stream of
    that name."""

    store: StreamStore
    admit: Callable[[str, str], Awaitable[None]]
