"""Where metric streams go: what a FirehoseArn means here, and sending to it.

TRIMTAB_DELIVERY_STREAMS names places: `metrics=s3://bucket/prefix, hook=https://example.com/in, local=folder:metrics`
(a folder below `exports` of the data directory). `arn:aws:firehose:…:deliverystream/metrics` is the first of them; an
http(s) URL instead of an ARN is a place by itself. To a URL goes what Firehose posts to an HTTP endpoint.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, SetupError, TrimtabError
from trimtab.doors.rest.metric_streams import Streams
from trimtab.egress.address import parse_url
from trimtab.egress.gate import Gate
from trimtab.egress.request import Outgoing
from trimtab.jobs.periodic import Job
from trimtab.logs.exports.places import files_of
from trimtab.logs.job import EXPORTS
from trimtab.metric_streams.deliver import Parcel, Reader, Registry, Streaming
from trimtab.metric_streams.room import StreamsRoom
from trimtab.metric_streams.store import StreamStore
from trimtab.notify.compose.request import AGENT
from trimtab.notify.model import Outcome, Verdict
from trimtab.notify.transport.http import HttpTransport
from trimtab.settings import Settings
from trimtab.store.state.database import State

_ARN = re.compile(r"arn:[\w-]+:firehose:[\w-]*:\d{12}:deliverystream/(?P<name>[\w.-]{1,64})")
_WEB = ("https://", "http://")
_FOLDER = "folder:"
_TURN_S = 5.0
_SETTING = "TRIMTAB_DELIVERY_STREAMS"


class Places(Struct, frozen=True):
    """What delivery streams are called here, and where each goes."""

    known: Mapping[str, str]
    exports: Path

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        """Those of the setting. Raises SetupError for one that cannot be read."""
        known: dict[str, str] = {}
        for pair in filter(None, map(str.strip, settings.delivery_streams.split(","))):
            name, _, place = pair.partition("=")
            if not name or not place.startswith(("s3://", _FOLDER, *_WEB)):
                raise SetupError(f"cannot use {_SETTING}: got {pair!r}; expected name=s3://…, https://… or folder:NAME")
            known[name.strip()] = place.strip()
        return cls(known, settings.data_dir / EXPORTS)

    def place(self, destination: str) -> str:
        """The place of a FirehoseArn. Raises InvalidInput."""
        if destination.startswith(_WEB):
            parse_url(destination)
            return destination
        found = _ARN.fullmatch(destination)
        if found is None:
            raise InvalidInput(
                f"cannot send to {destination[:200]!r}: expected the ARN of a delivery stream, or an http(s) URL"
            )
        if found["name"] not in self.known:
            raise InvalidInput(
                f"cannot send to the delivery stream {found['name']!r}: {_SETTING} does not say where it goes; "
                f"it names {', '.join(sorted(self.known)) or 'none'}"
            )
        return self.known[found["name"]]

    def urls(self) -> list[str]:
        """The places of the setting that are URLs, which whoever set it allowed."""
        return [place for place in self.known.values() if place.startswith(_WEB)]


class Sending(Struct, frozen=True):
    """Sends parcels: posts them, or writes files."""

    places: Places
    http: HttpTransport

    def __call__(self, parcel: Parcel) -> Verdict:
        """Send one once."""
        try:
            place = self.places.place(parcel.destination)
            if place.startswith(_WEB):
                return self.http.send(_posted(place, parcel))
            files_of(place.removeprefix(_FOLDER), "", self.places.exports).write(parcel.name, parcel.body)
        except InvalidInput as problem:
            return Verdict(Outcome.FAILED, str(problem))
        except TrimtabError as problem:
            return Verdict(Outcome.RETRY, str(problem))
        return Verdict(Outcome.DELIVERED, "")


def _posted(url: str, parcel: Parcel) -> Outgoing:
    """What Firehose posts. Source: Firehose developer guide, "HTTP endpoint delivery request and response"."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": parcel.id,
        "X-Amz-Firehose-Source-Arn": parcel.source,
    }
    data = base64.b64encode(parcel.body).decode()
    body = {"requestId": parcel.id, "timestamp": parcel.time_ms, "records": [{"data": data}]}
    return Outgoing(url, headers, msgspec.json.encode(body))


def streams_of(settings: Settings, state: State, clock: Clock) -> StreamsRoom:
    """The room over an open store."""
    return StreamsRoom(StreamStore(state, clock), admitting(Places.of(settings), Gate.of(settings, state, clock)))


def admitting(places: Places, gate: Gate) -> Callable[[str, str], Awaitable[None]]:
    """Whether a stream of a name may go to a FirehoseArn. The places of the setting are allowed by it."""

    async def admit(destination: str, name: str) -> None:
        if places.place(destination) == destination:  # a URL by itself
            await gate.admit(destination, f"metric stream {name}")

    return admit


def streams_rest(settings: Settings, state: State, clock: Clock) -> Streams:
    """What the REST API needs."""
    return Streams(streams_of(settings, state, clock), settings.account_id, settings.region)


def streaming(
    settings: Settings,
    state: State,
    metrics: tuple[Registry, Reader],
    clock: Clock,
    may_send: Callable[[], bool],
) -> Job:
    """The job that sends what is due."""
    places = Places.of(settings)
    sending = Sending(places, HttpTransport(Gate.of(settings, state, clock).naming(places.urls())))
    work = Streaming(StreamStore(state, clock), *metrics, sending, clock, may_send)
    return Job("send metric streams", _TURN_S, work.turn)
