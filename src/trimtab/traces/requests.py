"""Requests to services and their operations: which there are, and what came to one of them by period."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry
from trimtab.traces.window import window_of

_QUERIES = load_queries("trimtab.traces", "queries.sql")
_LIMITS = ReadLimits(seconds=30, memory_mb=2048)
ANY_ENVIRONMENT = "generic:default"
"""The environment of spans that name none, as Application Signals calls it."""
_ENVIRONMENT = (
    "coalesce(nullIf(resource_attributes['deployment.environment.name'], ''), "
    f"nullIf(resource_attributes['deployment.environment'], ''), '{ANY_ENVIRONMENT}')"
)
Compared = Literal["<", "<=", ">", ">="]


class ServiceOperation(Struct, frozen=True):
    """An operation of a service (what its entry spans are called), with what came to it."""

    service: str
    operation: str
    environment: str
    requests: int
    faults: int


class Asked(Struct, frozen=True):
    """Requests that are looked for; "" is every operation, or environment. `limit_ms` splits them by their time."""

    service: str
    operation: str = ""
    environment: str = ""
    compared: Compared = "<="
    limit_ms: float = 0.0
    quantile: float = 0.5


class RequestReader:
    """Reads them out of spans; what a scope does not cover does not exist."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def operations(
        self, scope: Scope, start_ms: int, end_ms: int, service: str = "", limit: int = 5000
    ) -> Sequence[ServiceOperation]:
        """Operations of every service, or of one, the busiest first. Raises QueryAborted, Unavailable."""
        window = window_of(scope, start_ms, end_ms)
        sql = _QUERIES["operations"].replace("/*and*/", window.where).replace("/*environment*/", _ENVIRONMENT)
        rows = await self._telemetry.fetch(sql, {"service": service, "limit": limit, **window.params}, limits=_LIMITS)
        names = ("service", "operation", "environment", "requests", "faults")
        return [ServiceOperation(*row) for row in zip(*(rows[name].tolist() for name in names), strict=True)]

    async def over_time(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, asked: Asked) -> Columns:
        """By period: `at_ms`, `total`, `faults`, `within`, `mean_ns`, `share_ns`. Raises QueryAborted, Unavailable."""
        window = window_of(scope, start_ms, end_ms)
        sql = _QUERIES["requests_over_time"].replace("/*and*/", window.where).replace("/*environment*/", _ENVIRONMENT)
        sql = sql.replace("/*compared*/", asked.compared).replace("/*share*/", f"{float(asked.quantile):.6f}")
        params = {
            "service": asked.service, "operation": asked.operation, "environment": asked.environment,
            "limit_ns": asked.limit_ms * 1e6, "step": step_ms, **window.params,
        }  # fmt: skip
        return await self._telemetry.fetch(sql, params, limits=_LIMITS)
