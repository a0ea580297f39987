"""`/rest/v1/config`: alarms, dashboards, detectors and mute rules as files."""

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Principal, Role
from trimtab.client import config_wire as wire
from trimtab.doors.config.document import File
from trimtab.doors.config.model import Change, Owner
from trimtab.doors.config.replays import ChangeReplays
from trimtab.doors.config.room import Configurations
from trimtab.doors.rest.spec import Call, Operation, Text

_PATH, _TAG = "/rest/v1/config", "config"


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which sections."""

    section: Annotated[list[str], Meta(description="Of these sections only (repeatable).")] = []


class Configuring(Struct, frozen=True):
    """What the operations need. `replays` is None where alarms cannot be replayed."""

    room: Configurations
    account: str
    region: str
    replays: ChangeReplays | None = None


class ConfigHandlers:
    """The handlers."""

    def __init__(self, needs: Configuring) -> None:
        self._needs = needs

    async def export(self, call: Call[ExportQuery, None]) -> Text:
        """Everything as YAML."""
        text = await self._needs.room.export(self._owner(call.principal), call.query.section)
        return Text(text, "text/plain; charset=utf-8")

    async def diff(self, call: Call[Any, wire.ConfigFiles]) -> wire.ConfigDifference:
        """What would change."""
        owner = self._owner(call.principal)
        changes = await self._needs.room.changes(owner, _files(call.body), prune=call.body.prune)
        told = [self._tell(owner, change, call.body.replay_days) for change in changes]
        return wire.ConfigDifference(list(await asyncio.gather(*told)))

    async def apply(self, call: Call[Any, wire.ConfigFiles]) -> wire.ConfigApplied:
        """Change it."""
        owner = self._owner(call.principal)
        found = await self._needs.room.apply(owner, _files(call.body), prune=call.body.prune)
        done = [await self._tell(owner, change, 0) for change in found.done]
        failed = None if found.failed is None else await self._tell(owner, found.failed, 0)
        return wire.ConfigApplied(done, failed, found.problem)

    async def _tell(self, owner: Owner, change: Change, days: int) -> wire.ConfigChange:
        words = None
        if days and self._needs.replays is not None:
            words = await self._needs.replays.words(owner, change, days)
        return wire.ConfigChange(
            change.section,
            change.name,
            change.action.value,
            [wire.ConfigField(one.path, one.before, one.after) for one in change.fields],
            None if words is None else wire.ConfigReplay(days, *words),
        )

    def _owner(self, principal: Principal) -> Owner:
        return Owner(principal.account or self._needs.account, self._needs.region, principal.name)


def operations(needs: Configuring) -> list[Operation]:
    """The operations on configuration files."""
    handlers = ConfigHandlers(needs)
    return [
        Operation(
            "GET",
            _PATH,
            "export config",
            "Alarms, mute rules, anomaly detectors and dashboards as one YAML file.",
            handlers.export,
            None,
            query=ExportQuery,
            media_type="text/plain",
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{_PATH}/diff",
            "diff config",
            "What files would change, value by value, with the replay of each changed alarm; nothing is changed.",
            handlers.diff,
            wire.ConfigDifference,
            body=wire.ConfigFiles,
            tag=_TAG,
        ),
        Operation(
            "POST",
            f"{_PATH}/apply",
            "apply config",
            "Make what there is what files declare; nothing is changed where a file is wrong.",
            handlers.apply,
            wire.ConfigApplied,
            body=wire.ConfigFiles,
            role=Role.WRITE,
            tag=_TAG,
        ),
    ]


def _files(body: wire.ConfigFiles) -> list[File]:
    return [File(one.name, one.text) for one in body.files]
