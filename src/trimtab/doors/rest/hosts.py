"""`/rest/v1/hosts`: the machines that report, each with what it is doing now."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.kpis.hosts import HostSummary

HostReader = Callable[[Scope, int], Awaitable[Sequence[HostSummary]]]
"""The hosts of a scope at a time (ms): `kpis.hosts.summaries` with its reader and registry bound by app.py."""


def operations(read: HostReader, clock: Clock) -> list[Operation]:
    """The operation that lists hosts."""

    async def listed(call: Call[Any, None]) -> wire.HostList:
        found = await read(call.principal.scope, clock.now_ms())
        return wire.HostList([typed.convert(host, wire.Host, from_attributes=True) for host in found])

    summary = "The machines that reported in the last week."
    return [
        Operation(
            "GET",
            "/rest/v1/hosts",
            "list hosts",
            summary,
            listed,
            wire.HostList,
            errors=(504,),
            tag="hosts",
            bound=True,
        )
    ]
