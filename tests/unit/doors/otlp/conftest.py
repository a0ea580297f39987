"""The door, and requests as OpenTelemetry's own protobuf classes."""

import gzip
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from starlette.routing import BaseRoute

from metric_doors import MetricDoor, make_door
from trimtab.doors.otlp.http import routes
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.doors.writing import Writing
from trimtab.metrics import ingest
from trimtab.store.state.database import State

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def _routes(writing: Writing) -> list[BaseRoute]:
    intake = Intake(writing)
    return routes(intake, intake, intake)  # logs and spans have tests of their own


@pytest.fixture(scope="session")
def kernels() -> Any:
    """The compiled scan."""
    loading = Kernels("trimtab.doors.otlp.scan_compiled")
    assert loading.load()
    return loading.get(0)


@dataclass
class Door:
    """The door, and the shape of its requests."""

    inner: MetricDoor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def post(self, message: Any, media: str = PROTOBUF, zipped: bool = False, **headers: str) -> httpx.Response:
        body = message if isinstance(message, bytes) else encode(message, media)
        given = {"Content-Type": media, "User-Agent": "OTel-OTLP-Exporter-Python/1.45"}
        if zipped:
            body, given["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.inner.client.post("/v1/metrics", content=body, headers=given | headers)


def encode(message: Any, media: str) -> bytes:
    if media == PROTOBUF:
        return message.SerializeToString()
    return json_format.MessageToJson(message, use_integers_for_enums=True).encode()


@pytest.fixture
def door(state: State) -> Door:
    return Door(make_door(_routes, state))


@pytest.fixture
def door_of(state: State) -> Any:
    """A door for one principal."""
    return lambda principal: Door(make_door(_routes, state, principal))


class Build:
    """Makes requests of one resource and scope."""

    def __init__(self, now_ms: int) -> None:
        self.now_ns = now_ms * 1_000_000
        self.request = ExportMetricsServiceRequest()
        self.group = self.request.resource_metrics.add()
        self.scope = self.group.scope_metrics.add()

    def resource(self, **attributes: Any) -> "Build":
        self.attributes(self.group.resource, {key.replace("_", "."): value for key, value in attributes.items()})
        return self

    def metric(self, name: str = "m", unit: str = "By") -> Any:
        return self.scope.metrics.add(name=name, unit=unit)

    def point(self, data: Any, attributes: dict[str, Any] | None = None, **fields: Any) -> Any:
        fields.setdefault("time_unix_nano", self.now_ns)
        point = data.data_points.add(**fields)
        self.attributes(point, attributes or {})
        return point

    def gauge(self, value: float, name: str = "m", attributes: dict[str, Any] | None = None, **fields: Any) -> "Build":
        self.point(self.metric(name).gauge, attributes, as_double=value, **fields)
        return self

    def sum(
        self, value: int, temporality: int, monotonic: bool, attributes: dict[str, Any] | None = None, **fields: Any
    ) -> "Build":
        data = self.metric().sum
        data.aggregation_temporality, data.is_monotonic = temporality, monotonic
        self.point(data, attributes, as_int=value, **fields)
        return self

    @staticmethod
    def attributes(owner: Any, attributes: dict[str, Any]) -> None:
        for key, value in attributes.items():
            fill(owner.attributes.add(key=key).value, value)


def fill(target: Any, value: Any) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, list):
        target.array_value.SetInParent()
        for item in value:
            fill(target.array_value.values.add(), item)
    elif isinstance(value, dict):
        target.kvlist_value.SetInParent()
        for key, item in value.items():
            fill(target.kvlist_value.values.add(key=key).value, item)


@pytest.fixture
def build(door: Door) -> Build:
    return Build(door.clock.now_ms())


@pytest.fixture
def builder() -> type[Build]:
    return Build


@pytest.fixture
def histograms(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The histogram points that reached the ingest."""
    written: list[Any] = []
    encode_points = ingest.encode_histograms

    def keep(points: Any) -> bytes:
        written.extend(points)
        return encode_points(points)

    monkeypatch.setattr(ingest, "encode_histograms", keep)
    return lambda _door: written
