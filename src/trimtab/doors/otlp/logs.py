"""`LogIntake`: takes the body of an OTLP logs request from HTTP or gRPC, decodes it and makes it durable.

The group is `aws.log.group.names`, as OpenTelemetry's semantic conventions for AWS Logs name it, else `service.name`;
the stream `aws.log.stream.names`, else the service's instance, else the pod, container or host that it runs on. Both
are made where they are missing. Attributes of the resource are kept with those of the record.
"""

from collections.abc import Mapping

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.base.turns import Turns
from trimtab.doors.inflight import OTLP
from trimtab.doors.log_writing import LogWriting, Place, place_of
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.body import check_size, held_size, inflate
from trimtab.doors.otlp.log_records import Decoded, Record, decode_json_logs, decode_protobuf_logs
from trimtab.doors.otlp.outcome import Outcome
from trimtab.doors.protobuf.wire import Malformed
from trimtab.doors.writing import Refused
from trimtab.logs.model import LogEvent

DOOR = "otlp"
PATH = "/v1/logs"
_STREAM_KEYS = ("service.instance.id", "k8s.pod.name", "container.id", "host.name")
_NS_A_MS = 1_000_000
_THREAD_BYTES = 64 << 10  # from here a body takes some milliseconds, a hop to a thread 0.1
_SLICE = 500  # records at a time; some µs each
_OUT_OF_TIME = "a log record is older than 14 days or more than 2 hours ahead"


class LogIntake:
    """Decodes and stores."""

    def __init__(self, writing: LogWriting) -> None:
        self.writing = writing

    async def take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Outcome:
        """Store one request for `account`; when this returns it is durable, save for what the answer says is refused.

        Raises InvalidInput, Throttled or Unavailable.
        """
        with self.writing.inflight.held(OTLP, held_size(raw, zipped)):
            return await self._take(raw, encoding, zipped, account, key)

    async def _take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Outcome:
        if len(raw) < _THREAD_BYTES and not zipped:
            decoded = _open(raw, encoding, zipped)
        else:
            decoded = await self.writing.inflight.apart(_open, raw, encoding, zipped)
        events: dict[Place, list[LogEvent]] = {}
        refused: dict[str, int] = {}
        turns = Turns(_SLICE)
        now_ms = self.writing.logs.clock.now_ms()
        for resource, records in decoded:
            place = _place(resource)
            for record in records:
                await turns.next()
                time_ms = (record.time_ns or record.observed_ns) // _NS_A_MS or now_ms
                if self.writing.in_time(time_ms):
                    events.setdefault(place, []).append(_event(time_ms, record, resource))
                else:
                    refused[place[0]] = refused.get(place[0], 0) + 1
        await self.writing.write(DOOR, events, account, key, len(raw))
        for group, rows in refused.items():
            self.writing.ledger.rejected(DOOR, group, account, self.writing.region, _OUT_OF_TIME, group, rows)
        told = tuple((group, Refused(_OUT_OF_TIME, group, rows)) for group, rows in refused.items())
        return Outcome(sum(refused.values()), told)

    def complain(self, error: TrimtabError, user_agent: str, account: str) -> None:
        """Count a request that was refused whole, if that was its own fault."""
        if isinstance(error, InvalidInput):
            program = user_agent.partition(" ")[0] or "unknown"
            self.writing.ledger.rejected(DOOR, program, account, self.writing.region, str(error), PATH, 1)


def _open(raw: bytes, encoding: Encoding, zipped: bool) -> Decoded:
    """Decompress and decode. Raises InvalidInput."""
    body = inflate(raw) if zipped else raw
    check_size(len(body))
    if encoding is Encoding.JSON:
        return decode_json_logs(body)
    try:
        return decode_protobuf_logs(body)
    except Malformed as problem:
        raise InvalidInput(f"cannot decode body: it is not an OTLP logs request: {problem}") from None


def _place(resource: Mapping[str, str]) -> Place:
    group = _first(resource.get("aws.log.group.names")) or resource.get("service.name") or "unknown_service"
    instances = (resource[key] for key in _STREAM_KEYS if resource.get(key))
    return place_of(group, _first(resource.get("aws.log.stream.names")) or next(instances, ""))


def _first(names: str | None) -> str:
    """The first of an attribute's names: a list by the conventions, plain text from some senders."""
    if not names or not names.startswith("["):
        return names or ""
    try:
        found = typed.loads(names)
    except ValueError:
        return names
    return str(found[0]) if found else ""


def _event(time_ms: int, record: Record, resource: Mapping[str, str]) -> LogEvent:
    return LogEvent(
        time_ms,
        record.body,
        severity=record.level,
        trace_id=record.trace_id,
        span_id=record.span_id,
        attributes={**resource, **(record.attributes or {})},
    )
