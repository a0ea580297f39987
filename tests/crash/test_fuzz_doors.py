"""Mutated requests at every door of one live server: no 5xx but 503, no dropped connection, and valid batches whole.

Recorded requests are mutated (bits, cuts, splices, lying lengths, huge numbers) before and after compression, from
fixed seeds. In between, valid batches are sent, and those that were acknowledged must be there, every value once. A
request whose Content-Length lies goes over a connection of its own, which the server may close.
"""

import gzip
import http.client
import json
import os
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cbor2
import cramjam
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from live_server import LiveServer
from prompb import MEDIA_V2, messages
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

FUZZ = int(os.environ.get("FUZZ", "300"))  # requests a door; 100000 for the proof
DOORS = os.environ.get("FUZZ_DOORS", "")  # a pattern of names; all without
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))  # stop then, however many were sent
WHOLE_EVERY = 10
VALUES = 5  # of a valid batch
LIE_EVERY = 40
SHOWN = 5
BUG = "this is a bug in trimtab"
PROM = messages()
BEGAN_MS = int(time.time() * 1000) - 3_600_000
"""Samples de-duplicate on (series, time): each value of a series has a millisecond of its own after this one."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 if FUZZ <= 300 else 7200)]


# -- mutations ----------------------------------------------------------------------------------------------------

_HUGE = [b"9" * 400, b"1e308", b"-1e999", b"-1", b"NaN", b"18446744073709551616", b"1e-400", b"0" * 50, b"null", b'""']
_WORDS = [
    b'""',
    b'"\\u0000"',
    b'"' + b"x" * 2000 + b'"',
    b'"\\ud800"',
    '"é😀"'.encode(),
    b'"1"',
    b"[]",
    b"{}",
    b"true",
    b"-0",
]
_VARINTS = [b"\xff" * 9 + b"\x01", b"\xff" * 10, b"\x80" * 20, b"\xff\xff\xff\xff\x07", b"\x00", b"\xff" * 8]


def flip(data: bytearray, chance: random.Random, _other: bytes) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 4, 1 << 20))]


def splice(data: bytearray, chance: random.Random, other: bytes) -> None:
    start = chance.randrange(len(other))
    at = chance.randrange(len(data))
    data[at : at + chance.choice((0, 30))] = other[start : start + chance.randrange(1, 200)]


def repeat(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randrange(1, 60)] * chance.choice((1, 3, 50))


def number(data: bytearray, chance: random.Random, _other: bytes) -> None:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(data)))
    if found:
        one = chance.choice(found)
        data[one.start() : one.end()] = chance.choice(_HUGE)


def word(data: bytearray, chance: random.Random, other: bytes) -> None:
    """A string of JSON becomes another one, so that the document still reads."""
    found = list(re.finditer(rb'"[^"]*"', bytes(data)))
    if found:
        one = chance.choice(found)
        given = re.findall(rb'"[^"]*"', other) or [b'""']
        data[one.start() : one.end()] = chance.choice((*_WORDS, chance.choice(given), chance.choice(found).group()))


def length(data: bytearray, chance: random.Random, _other: bytes) -> None:
    """Lengths and numbers of protobuf, cbor and snappy are a few bytes anywhere."""
    at = chance.randrange(len(data))
    data[at : at + 1] = chance.choice(
        (*_VARINTS, bytes([chance.randrange(256)]), b"\x1b" + b"\xff" * 8, b"\x9f", b"\xbf")
    )


def nest(data: bytearray, chance: random.Random, _other: bytes) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.choice((b"[", b'{"a":', b"\x81", b"\xa1", b"\x0a")) * chance.choice((3, 300, 5000))


MUTATIONS = (flip, flip, cut, splice, repeat, number, number, word, word, word, length, length, nest)


def mutate(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """`data` after one to three mutations; `other` is what pieces come from."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if made:
            chance.choice(MUTATIONS)(made, chance, other)
    return bytes(made)


# -- recorded requests --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HttpDoor:
    """A door's address, and its body for a metric and its values; `pack` compresses it."""

    name: str
    path: str
    headers: dict[str, str]
    body: Callable[[str, list[int]], bytes]
    pack: Callable[[bytes], bytes] = bytes
    reads: bool = False


def data_of(name: str, values: list[int]) -> list[dict[str, Any]]:
    now = int(time.time())
    dimensions = [{"Name": "host", "Value": "a"}]
    common = {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Unit": "Count"}
    return [{**common, "Value": float(value)} for value in values[:2]] + [
        {**common, "Values": [float(value) for value in values[2:]], "Counts": [1.0] * len(values[2:])}
    ]


def put_json(name: str, values: list[int]) -> bytes:
    return json.dumps({"Namespace": "Fuzz", "MetricData": data_of(name, values)}).encode()


def put_cbor(name: str, values: list[int]) -> bytes:
    data = [{**datum, "Timestamp": cbor2.CBORTag(1, datum["Timestamp"])} for datum in data_of(name, values)]
    return cbor2.dumps({"Namespace": "Fuzz", "MetricData": data})


def put_query(name: str, values: list[int]) -> bytes:
    form: dict[str, Any] = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "Fuzz"}
    for index, value in enumerate(values, 1):
        member = f"MetricData.member.{index}"
        form |= {f"{member}.MetricName": name, f"{member}.Value": value, f"{member}.Unit": "Count"}
        form |= {f"{member}.Dimensions.member.1.Name": "host", f"{member}.Dimensions.member.1.Value": "a"}
    return urlencode(form).encode()


def get_json(name: str, _values: list[int]) -> bytes:
    now = int(time.time())
    metric = {"Namespace": "Fuzz", "MetricName": name, "Dimensions": [{"Name": "host", "Value": "a"}]}
    queries = [
        {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}},
        {"Id": "b", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "TM(10%:90%)", "Unit": "Count"}},
        {"Id": "c", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "Label": "x ${LAST}"},
    ]
    asked = {"MetricDataQueries": queries, "StartTime": now - 7200, "EndTime": now, "ScanBy": "TimestampDescending"}
    return json.dumps(asked | {"MaxDatapoints": 1000}).encode()


def otlp(name: str, values: list[int]) -> Any:
    now = time.time_ns()
    message = ExportMetricsServiceRequest()
    group = message.resource_metrics.add()
    group.resource.attributes.add(key="service.name").value.string_value = "fuzz"
    scope = group.scope_metrics.add()
    gauge = scope.metrics.add(name=name, unit="1")
    for value in values:
        point = gauge.gauge.data_points.add(time_unix_nano=(BEGAN_MS + value) * 10**6, as_double=float(value))
        point.attributes.add(key="host.name").value.string_value = "a"
    total = scope.metrics.add(name=f"{name}.total", unit="By")
    total.sum.aggregation_temporality, total.sum.is_monotonic = 2, True
    total.sum.data_points.add(start_time_unix_nano=now - 10**9, time_unix_nano=now, as_int=7)
    spread = scope.metrics.add(name=f"{name}.spread", unit="s").histogram
    spread.aggregation_temporality = 1
    spread.data_points.add(
        time_unix_nano=now, count=3, sum=4.5, bucket_counts=[1, 1, 1], explicit_bounds=[1.0, 2.0], min=0.5, max=3.0
    )
    wide = scope.metrics.add(name=f"{name}.wide", unit="s").exponential_histogram
    wide.aggregation_temporality = 1
    point = wide.data_points.add(time_unix_nano=now, count=3, sum=4.5, scale=3, zero_count=1)
    point.positive.offset = -2
    point.positive.bucket_counts.extend([1, 0, 1])
    return message


def otlp_protobuf(name: str, values: list[int]) -> bytes:
    return bytes(otlp(name, values).SerializeToString())


def otlp_json(name: str, values: list[int]) -> bytes:
    return json_format.MessageToJson(otlp(name, values), use_integers_for_enums=True).encode()


def _histogram(histogram: Any, now: int) -> None:
    histogram.count_int, histogram.sum, histogram.schema, histogram.timestamp = 3, 4.5, 3, now
    histogram.zero_threshold, histogram.zero_count_int = 0.001, 1
    histogram.positive_spans.add(offset=-2, length=2)
    histogram.positive_deltas.extend([1, 0])


def write_v1(name: str, values: list[int]) -> bytes:
    now = int(time.time() * 1000)
    request = PROM.WriteRequest()
    for metric, count in ((name, len(values)), (f"{name}_native", 0)):
        series = request.timeseries.add()
        series.labels.add(name="__name__", value=metric)
        series.labels.add(name="job", value="fuzz")
        for value in values[:count]:
            series.samples.add(value=float(value), timestamp=BEGAN_MS + value)
    _histogram(request.timeseries[1].histograms.add(), now)
    request.metadata.add(type=2, metric_family_name=name, help="of a fuzz", unit="s")
    return bytes(request.SerializeToString())


def write_v2(name: str, values: list[int]) -> bytes:
    now = int(time.time() * 1000)
    request = PROM.Request(symbols=["", "__name__", name, "job", "fuzz", f"{name}_native", "seconds"])
    series = request.timeseries.add(labels_refs=[1, 2, 3, 4])
    for value in values:
        series.samples.add(value=float(value), timestamp=BEGAN_MS + value)
    series.metadata.type, series.metadata.unit_ref = 2, 6
    native = request.timeseries.add(labels_refs=[1, 5, 3, 4])
    _histogram(native.histograms.add(), now)
    return bytes(request.SerializeToString())


def put_rest(name: str, values: list[int]) -> bytes:
    metrics: list[dict[str, Any]] = [
        {"name": name, "value": value, "unit": "Count", "dimensions": {"a": "1"}, "time": "-1m"} for value in values[:3]
    ]
    metrics.append({"name": name, "counted": [[value, 1] for value in values[3:]], "time": int(time.time() * 1000)})
    metrics.append({"name": f"{name}-set", "statistics": {"count": 2, "sum": 3, "minimum": 1, "maximum": 2}})
    return json.dumps({"namespace": "fuzz", "metrics": metrics}).encode()


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


_SERVICE = "GraniteServiceVersion20100801"
_JSON = {"Content-Type": "application/x-amz-json-1.0"}
_PUT = {"X-Amz-Target": f"{_SERVICE}.PutMetricData"}
_GET = {"X-Amz-Target": f"{_SERVICE}.GetMetricData"}
_CBOR = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SNAPPY = {"Content-Encoding": "snappy"}
_GZIP = {"Content-Encoding": "gzip"}
_PROTOBUF = {"Content-Type": "application/x-protobuf"}

HTTP_DOORS = (
    HttpDoor("put-json", "/", _JSON | _PUT, put_json),
    HttpDoor("put-query", "/", _FORM | _GZIP, put_query, gzip.compress),
    HttpDoor("put-cbor", f"/service/{_SERVICE}/operation/PutMetricData", _CBOR, put_cbor),
    HttpDoor("get-json", "/", _JSON | _GET, get_json, reads=True),
    HttpDoor("otlp-protobuf", "/v1/metrics", _PROTOBUF | _GZIP, otlp_protobuf, gzip.compress),
    HttpDoor("otlp-json", "/v1/metrics", {"Content-Type": "application/json"}, otlp_json),
    HttpDoor("write-v1", "/api/v1/write", _PROTOBUF | _SNAPPY, write_v1, snappy),
    HttpDoor("write-v2", "/api/v1/write", {"Content-Type": MEDIA_V2} | _SNAPPY, write_v2, snappy),
    HttpDoor("rest", "/rest/v1/metrics", {"Content-Type": "application/json"}, put_rest),
)


# -- senders ------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What one door did: answers by status, what was wrong, and the values acknowledged under its own metric."""

    metric: str
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def note(self, what: str, body: bytes) -> None:
        if len(self.wrong) < SHOWN:
            self.wrong.append(f"request {self.sent}: {what}; body {body[:3000]!r}")
        else:
            self.wrong.append("")


def fuzz_http(door: HttpDoor, address: str, until: float) -> Account:
    """Send the mutated requests of one door over one connection, valid ones in between."""
    account = Account(f"whole-{door.name}" if "write" not in door.name else f"whole_{door.name.replace('-', '_')}")
    chance = random.Random(door.name)
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.connect()
    for number_ in range(FUZZ):
        if time.monotonic() > until:
            break
        account.sent += 1
        base = door.body("fuzzed", [chance.randrange(1000) for _ in range(VALUES)])
        other = chance.choice(HTTP_DOORS).body("fuzzed", [1, 2, 3])
        body = (
            door.pack(mutate(base, chance, other)) if chance.random() < 0.9 else mutate(door.pack(base), chance, other)
        )
        if number_ % LIE_EVERY == 1:
            lie(door, (host, int(port)), body, chance, account)
        else:
            status = exchange(connection, door, body, account)
            account.statuses[status] += 1
        if number_ % WHOLE_EVERY == 0:
            values = list(range(number_ * VALUES, (number_ + 1) * VALUES))
            status = exchange(connection, door, door.pack(door.body(account.metric, values)), account)
            if status in (200, 204):
                account.values += [] if door.reads else values
            elif status not in (429, 503):
                account.note(f"a valid batch was answered {status}", b"")
    connection.close()
    return account


def exchange(connection: http.client.HTTPConnection, door: HttpDoor, body: bytes, account: Account) -> int:
    """The status of the answer; 0 where the connection was dropped, which is noted, as a 5xx is."""
    if connection.sock is None:  # closed by an answer that said so: not documented for whole requests
        account.note("the connection before was closed by the server", b"")
        connection.connect()
    try:
        connection.request("POST", door.path, body, door.headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as problem:
        account.note(f"no answer: {problem!r}", body)
        connection.close()
        connection.connect()
        return 0
    if response.status >= 500 and response.status != 503:
        account.note(f"answered {response.status} {text[:300]!r}", body)
    return response.status


def lie(door: HttpDoor, address: tuple[str, int], body: bytes, chance: random.Random, account: Account) -> None:
    """A request that says another length than it has: any answer but a 5xx, or a closed connection."""
    said = chance.choice((str(max(0, len(body) - 7)), str(len(body) + 7), "-1", "9" * 30, "1e3", ""))
    lines = [f"POST {door.path} HTTP/1.1", "Host: localhost", f"Content-Length: {said}", "Connection: close"]
    head = "\r\n".join(lines + [f"{key}: {value}" for key, value in door.headers.items()])
    answer = b""
    with socket.create_connection(address, timeout=30) as raw:
        try:
            raw.sendall(head.encode() + b"\r\n\r\n" + body)
            raw.shutdown(socket.SHUT_WR)
            while piece := raw.recv(65536):
                answer += piece
        except ConnectionError:  # closed at once, with what was sent unread
            pass
    if answer.startswith(b"HTTP/1.1 5") and not answer.startswith(b"HTTP/1.1 503"):
        account.note(f"Content-Length: {said} was answered {answer[:300]!r}", body)


def fuzz_emf(address: tuple[str, int], until: float) -> Account:
    """Mutated documents over one TCP connection, each on a line of its own."""
    account, chance = Account("whole-emf"), random.Random("emf")
    with socket.create_connection(address, timeout=30) as raw:
        for number_ in range(FUZZ):
            if time.monotonic() > until:
                break
            account.sent += 1
            base = emf_document("fuzzed", chance.randrange(1000))
            try:
                raw.sendall(mutate(base, chance, base) + b"\n")
                if number_ % WHOLE_EVERY == 0:
                    raw.sendall(emf_document(account.metric, number_) + b"\n")
                    account.values.append(number_)
            except OSError as problem:
                account.note(f"the connection was dropped: {problem!r}", base)
                break
        raw.shutdown(socket.SHUT_WR)
        if raw.recv(1):
            account.note("the door said something", b"")
    return account


def emf_document(name: str, value: int) -> bytes:
    definition = {"Namespace": "Fuzz", "Dimensions": [["service"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    meta = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}
    return json.dumps({"_aws": meta, "service": "api", name: value}).encode()


def fuzz_statsd(address: tuple[str, int], until: float) -> Account:
    """Mutated datagrams. Valid ones carry a time of their own, so that each is a value of its own."""
    account, chance = Account("whole-statsd"), random.Random("statsd")
    lines = [b"fuzzed:3|c|@0.1|#a:b,c", b"fuzzed.t:320|ms", b"fuzzed.g:+5|g", b"fuzzed.s:joe|s", b"_e{5,4}:title|text"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
        for number_ in range(FUZZ):
            if time.monotonic() > until:
                break
            account.sent += 1
            raw.sendto(mutate(b"\n".join(lines), chance, lines[0])[:60_000], address)
            if number_ % WHOLE_EVERY == 0:
                raw.sendto(f"{account.metric}:{number_}|c|T{int(time.time())}".encode(), address)
                account.values.append(number_)
            threading.Event().wait(0.001)  # a datagram too fast is dropped, which would prove nothing
    return account


# -- the test -----------------------------------------------------------------------------------------------------

_STORED = """
SELECT toInt64(value) AS v, sum(n) AS n FROM (
    SELECT series, value, toUInt64(1) AS n FROM metric_values
    UNION ALL
    SELECT series, value, toUInt64(1) AS n FROM metric_samples FINAL
)
WHERE series IN (SELECT series FROM metric_series WHERE name = {name:String})
GROUP BY v
"""


def stored(telemetry: Telemetry, account: Account, patience_s: float) -> dict[int, int]:
    """How often each value of the account's metric is stored, when all are or patience ends."""
    deadline = time.monotonic() + patience_s
    while True:
        rows = telemetry.fetch_sync(_STORED, {"name": account.metric})
        found = dict(zip(rows["v"].tolist(), rows["n"].tolist(), strict=True))
        if len(found) >= len(account.values) or time.monotonic() > deadline:
            return found
        threading.Event().wait(0.2)


def test_no_door_fails_on_mutated_requests(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data").start()
    address = server.url.removeprefix("http://")
    until = time.monotonic() + (SECONDS or 1e9)
    work: dict[str, Callable[[], Account]] = {
        door.name: (lambda door=door: fuzz_http(door, address, until)) for door in HTTP_DOORS
    }
    work["emf"] = lambda: fuzz_emf(server.address_of("embedded metric format"), until)
    work["statsd"] = lambda: fuzz_statsd(server.address_of("StatsD"), until)
    work = {name: job for name, job in work.items() if re.search(DOORS, name)}
    with ThreadPoolExecutor(len(work)) as pool:
        accounts = dict(zip(work, pool.map(lambda job: job(), work.values()), strict=True))
    wrong = [f"{name}: {text}" for name, account in accounts.items() for text in account.wrong if text]
    wrong += check_whole(server.data_dir, accounts)
    health = http.client.HTTPConnection(address, timeout=30)
    health.request("GET", "/healthz")
    assert health.getresponse().status == 200
    health.close()
    assert server.process is not None
    assert server.process.poll() is None
    assert server.stop() == 0
    wrong += failures(server.output)
    assert not wrong, "\n".join(wrong)


def failures(output: list[str]) -> list[str]:
    """The tracebacks in a server's output, one of each ending. A client that left in mid-body is not the server's."""
    text = "".join(output)
    found = re.finditer(r"Traceback \(most recent call last\):\n(?:[ ].*\n|\n)*(\S.*)", text)
    ends = {one.group(1): one.group() for one in found if not one.group(1).endswith("ClientDisconnect")}
    return list(ends.values())[:SHOWN] or [BUG] * (BUG in text)


def check_whole(data_dir: Path, accounts: dict[str, Account]) -> list[str]:
    """What is wrong with what was acknowledged; prints what each door did."""
    wrong = []
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    for name, account in accounts.items():
        found = stored(telemetry, account, 5 if name == "statsd" else 30)
        lost = set(account.values) - found.keys()
        doubled = [value for value, count in found.items() if count != 1]
        print(
            f"{name}: {account.sent} mutated, {dict(account.statuses)}, {len(account.wrong)} wrong; "
            f"{len(account.values)} values acknowledged, {len(lost)} lost, {len(doubled)} doubled"
        )
        if doubled or (lost and name != "statsd") or (account.values and not found):
            wrong.append(f"{name}: {len(lost)} of {len(account.values)} lost, {len(doubled)} doubled")
    telemetry.close()
    return wrong
