"""Sends what waits: over HTTP from the jobs process, into other log groups from the server, which writes them."""

import asyncio
import gzip
from collections.abc import Callable, Sequence

from trimtab.base.errors import TrimtabError
from trimtab.egress.request import Outgoing
from trimtab.logs.forwarding.model import Kind, read_place
from trimtab.logs.forwarding.payload import over_http, unpack
from trimtab.logs.forwarding.queue import Forward, ForwardQueue
from trimtab.logs.groups import LogGroups
from trimtab.logs.ingest import LogIngest
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Outcome
from trimtab.notify.transport.http import HttpTransport

_AT_ONCE = 8
"""Receivers that are talked to at the same time."""
_ROUNDS = 500
"""Bodies of one filter in one turn: then others are looked at again."""


class HttpForwards:
    """A job of the jobs process: posts bodies to URLs. `may_send` is asked before every round."""

    def __init__(self, queue: ForwardQueue, http: HttpTransport, may_send: Callable[[], bool] = lambda: True) -> None:
        self._queue = queue
        self._http = http
        self._may_send = may_send

    async def turn(self) -> int:
        """Send what is due; how many bodies were tried."""
        tried = 0
        if self._may_send():
            await self._queue.trim()
        for _ in range(_ROUNDS):
            taken = await self._queue.take((Kind.URL, Kind.HOOK), _AT_ONCE) if self._may_send() else []
            if not taken:
                break
            await asyncio.gather(*map(self._send, taken))
            tried += len(taken)
        return tried

    async def _send(self, one: Forward) -> None:
        headers = {"Content-Type": "application/json", "User-Agent": AGENT, DELIVERY_HEADER: one.id}
        body = over_http(one.body) if one.kind is Kind.URL else gzip.decompress(one.body)
        verdict = await asyncio.to_thread(self._http.send, Outgoing(one.target, headers, body))
        if verdict.outcome is Outcome.DELIVERED:
            await self._queue.arrived(one)
            return
        final = verdict.outcome is Outcome.FAILED
        await self._queue.failed(one, verdict.reason, final=final, retry_after_s=verdict.retry_after_s)


class GroupForwards:
    """A job of the server: writes bodies into other log groups, each once however often it is tried."""

    def __init__(self, queue: ForwardQueue, groups: LogGroups, ingest: LogIngest) -> None:
        self._queue = queue
        self._groups = groups
        self._ingest = ingest

    async def turn(self) -> int:
        """Write what is due; how many bodies were tried."""
        tried = 0
        for _ in range(_ROUNDS):
            taken = await self._queue.take((Kind.GROUP,), _AT_ONCE)
            if not taken:
                break
            for one in taken:
                await self._write(one)
            tried += len(taken)
        return tried

    async def _write(self, one: Forward) -> None:
        place, document = read_place(one.target), unpack(one.body)
        try:
            group = await self._groups.get(place.account, place.region, place.name)
            _, (stream,) = await self._groups.ensure(group.account, group.region, group.name, [document["logStream"]])
            await self._ingest.write([LogBatch(group, stream, _events(document["logEvents"]))], f"forward/{one.id}")
        except TrimtabError as problem:  # no such group, a full log: tried again like a receiver that is away
            await self._queue.failed(one, str(problem), final=False)
        else:
            await self._queue.arrived(one)


def _events(found: Sequence[dict[str, object]]) -> list[LogEvent]:
    return [LogEvent(int(str(one["timestamp"])), str(one["message"])) for one in found]
