"""`/rest/v1/settings`: what the running server is configured with; secrets are masked."""

from collections.abc import Callable, Sequence
from typing import Any

from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.settings import Described


def operations(describe: Callable[[], Sequence[Described]]) -> list[Operation]:
    """The operation that lists settings."""

    async def listed(call: Call[Any, None]) -> wire.SettingList:
        return wire.SettingList(
            [wire.Setting(row.name, row.value, row.default, row.help, row.source) for row in describe()]
        )

    summary = "Every setting with its value now, its default and where the value came from."
    return [
        Operation(
            "GET", "/rest/v1/settings", "list settings", summary, listed, wire.SettingList, tag="server", bound=True
        )
    ]
