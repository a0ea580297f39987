"""What travels over `/rest/v1/metric-streams`."""

from msgspec import Struct

from trimtab.client.wire import Millis


class MetricStream(Struct, frozen=True):
    """A metric stream and how sending goes: everything before `position_ms` has arrived, `sent` records in all.

    `skipped` minutes were given up because nobody took them for a day.
    """

    name: str
    destination: str
    format: str
    running: bool
    position_ms: Millis
    sent: int
    skipped: int
    last_ok_ms: Millis | None
    last_error_ms: Millis | None
    last_error: str


class MetricStreamList(Struct, frozen=True):
    """Metric streams by name."""

    streams: list[MetricStream]
