"""Prometheus' messages, and the door that takes them."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import cramjam
import httpx
import pytest

from metric_doors import MetricDoor, make_door
from prompb import MEDIA_V2, messages
from trimtab.doors.prometheus.remote_write import routes
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.store.state.database import State


@pytest.fixture(scope="session")
def prompb() -> SimpleNamespace:
    """The message classes."""
    return messages()


@pytest.fixture(scope="session")
def kernels() -> Any:
    """The compiled scan."""
    loading = Kernels("trimtab.doors.prometheus.scan_compiled")
    assert loading.load()
    return loading.get(0)


@pytest.fixture(scope="session")
def kernels_v2() -> Any:
    """The compiled scan of 2.0."""
    loading = Kernels("trimtab.doors.prometheus.scan_v2_compiled")
    assert loading.load()
    return loading.get(0)


@dataclass
class Door:
    """The door, and the shape of its requests."""

    inner: MetricDoor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def post(self, message: Any, **headers: str) -> httpx.Response:
        body = message if isinstance(message, bytes) else message.SerializeToString()
        given = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "User-Agent": "Prometheus/3"}
        return self.send(bytes(cramjam.snappy.compress_raw(body)), given | headers)

    def post_v2(self, message: Any, **headers: str) -> httpx.Response:
        version = {"Content-Type": MEDIA_V2, "X-Prometheus-Remote-Write-Version": "2.0.0"}
        return self.post(message, **(version | headers))

    def send(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.inner.client.post("/api/v1/write", content=content, headers=headers)


@pytest.fixture
def door(state: State) -> Door:
    return Door(make_door(routes, state))


@pytest.fixture
def door_of(state: State) -> Any:
    """A door for one principal."""
    return lambda principal: Door(make_door(routes, state, principal))
