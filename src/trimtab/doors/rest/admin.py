"""`/rest/v1/admin/reset`: wipe everything, for test suites that run against a live server."""

from collections.abc import Awaitable, Callable
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation

Wipe = Callable[[], Awaitable[None]]


def operations(wipe: Wipe | None) -> list[Operation]:
    """The operation that wipes everything; `wipe` is None where that is not allowed."""

    async def reset(call: Call[Any, None]) -> wire.Reset:
        if wipe is None:
            raise AccessDenied(
                "cannot reset: it is off; start a server that listens on loopback with TRIMTAB_ALLOW_RESET=1"
            )
        await wipe()
        return wire.Reset(reset=True)

    summary = "Wipe everything (only with TRIMTAB_ALLOW_RESET=1, on loopback)."
    return [
        Operation("POST", "/rest/v1/admin/reset", "reset", summary, reset, wire.Reset, role=Role.ADMIN, tag="server")
    ]
