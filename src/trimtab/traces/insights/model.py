"""Insights: times in which a service of a group failed more often than is usual for it.

Source: AWS X-Ray Developer Guide, "Using insights"; API reference, "Insight", "InsightEvent".
"""

import msgspec
from msgspec import Struct

ACTIVE, CLOSED = "ACTIVE", "CLOSED"


class Requests(msgspec.Struct, frozen=True):
    """Requests of some time and how many of them failed."""

    faults: int = 0
    total: int = 0

    @property
    def ok(self) -> int:
        """Requests that did not fail."""
        return self.total - self.faults


class Anomalous(msgspec.Struct, frozen=True):
    """A service that fails more often than usual."""

    name: str
    type: str = ""


class Impact(msgspec.Struct, frozen=True):
    """What an insight tells at a time: requests of clients, those of the cause, the services that fail, a sentence."""

    summary: str
    clients: Requests
    cause: Requests
    services: list[Anomalous]


class Insight(Struct, frozen=True):
    """An insight. `service` is the root cause; `end_ms` is None while it goes on. Times in ms."""

    id: str
    account: str
    region: str
    group: str
    service: str
    type: str
    state: str
    start_ms: int
    end_ms: int | None
    updated_ms: int
    impact: Impact


class InsightEvent(Struct, frozen=True):
    """How an insight stood at a time."""

    at_ms: int
    impact: Impact
