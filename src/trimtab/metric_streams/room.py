"""Metric streams, put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from trimtab.metric_streams.store import StreamStore


@dataclass(frozen=True, slots=True)
class StreamsRoom:
    """The streams, and `admit`: whether something may be sent to a FirehoseArn (raises InvalidInput), for a stream of
    that name."""

    store: StreamStore
    admit: Callable[[str, str], Awaitable[None]]
