"""`/healthz` (alive), `/readyz` (can work), `/metrics` (trimtab about itself, for Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from trimtab import __version__
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation, Text, WithStatus

CHECK_TIMEOUT_S = 2.0
"""A part that does not answer within this is not ready: probes of Kubernetes and systemd wait a few seconds at most."""

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

Check = Callable[[], Awaitable[None]]
"""Returns when its part works; raises an error of `base.errors` that says what is wrong."""


class Health(Struct, frozen=True):
    """What these endpoints need. `checks` are by the name of the part; `render` is the self metrics' text, for who
    sees everything or less."""

    clock: Clock
    checks: Mapping[str, Check]
    render: Callable[[bool], str]
    auth_required: bool = False


def operations(health: Health) -> list[Operation]:
    """The operations on the server itself."""

    async def alive(call: Call[Any, None]) -> wire.Health:
        return wire.Health("ok", "trimtab", __version__, health.clock.now_ms(), health.auth_required)

    async def ready(call: Call[Any, None]) -> WithStatus:
        checks = await asyncio.gather(*(_run(name, check) for name, check in health.checks.items()))
        everything = all(check.ok for check in checks)
        return WithStatus(200 if everything else 503, wire.Readiness(everything, list(checks)))

    async def own_metrics(call: Call[Any, None]) -> Text:
        return Text(health.render(call.principal.sees_all), PROMETHEUS_TEXT)

    return [
        Operation(
            "GET",
            "/healthz",
            "get health",
            "The process is alive.",
            alive,
            wire.Health,
            role=None,
            tag="server",
            bound=True,
        ),
        Operation(
            "GET",
            "/readyz",
            "get readiness",
            "Whether the engine and the state answer, the log accepts, alarms are evaluated and no job is late.",
            ready,
            wire.Readiness,
            role=None,
            also=(503,),
            tag="server",
            bound=True,
        ),
        Operation(
            "GET",
            "/metrics",
            "get own metrics",
            "trimtab's own metrics in Prometheus text format.",
            own_metrics,
            None,
            media_type="text/plain",
            tag="server",
        ),
    ]


async def _run(name: str, check: Check) -> wire.ReadyCheck:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except TrimtabError as problem:
        return wire.ReadyCheck(name, ok=False, detail=str(problem))
    except TimeoutError:
        return wire.ReadyCheck(name, ok=False, detail=f"no answer within {CHECK_TIMEOUT_S:g} s")
    return wire.ReadyCheck(name, ok=True)
