"""Deliveries as log events: the group and the stream are made where they are missing."""

from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.triggers.arns import Place
from trimtab.triggers.sending.inside import WriteLog


def writer(logs: LogsRoom) -> WriteLog:
    """Writes into the logs room; a key that was written before writes nothing."""

    async def write(place: Place, group: str, stream: str, time_ms: int, message: str, key: str) -> None:
        found, streams = await logs.groups.ensure(place.account, place.region, group, [stream])
        await logs.ingest.write([LogBatch(found, streams[0], [LogEvent(time_ms, message)])], key)

    return write
