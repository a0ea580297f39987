"""`GET /rest/v1/metric-streams`: metric streams and how sending goes; they are put by CloudWatch's clients."""

from msgspec import Struct

from trimtab.base.errors import AccessDenied
from trimtab.client import metric_streams_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.metric_streams.model import Stream
from trimtab.metric_streams.room import StreamsRoom


class Streams(Struct, frozen=True):
    """What the operation needs; `account` is that of callers who have none."""

    room: StreamsRoom
    account: str
    region: str


def operations(needs: Streams) -> list[Operation]:
    """The operation."""

    async def listed(call: Call[NoQuery, None]) -> wire.MetricStreamList:
        if call.principal.scope.rows:
            raise AccessDenied(f"cannot list streams: {call.principal.name!r} sees some of the account only")
        place = call.principal.account or needs.account, needs.region
        return wire.MetricStreamList([_shown(one) for one in await needs.room.store.listed(*place)])

    return [
        Operation("GET", "/rest/v1/metric-streams", "list metric streams", "Metric streams, and how sending goes.",
                  listed, wire.MetricStreamList, tag="metrics"),
    ]  # fmt: skip


def _shown(one: Stream) -> wire.MetricStream:
    return wire.MetricStream(
        one.name, one.destination, one.format.value, one.running, one.position_ms, one.sent, one.skipped,
        one.last_ok_ms, one.last_error_ms, one.last_error,
    )  # fmt: skip
