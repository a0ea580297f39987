"""Metric streams, put together."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.metric_streams.store import StreamStore


@dataclass(frozen=True, slots=True)
class StreamsRoom:
    """The streams, and `place`: where what is sent to a FirehoseArn goes (raises InvalidInput for nowhere)."""

    store: StreamStore
    place: Callable[[str], str]
