"""`/rest/v1/mute-rules`: when alarms are silent."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.client import alarms_wire as wire
from trimtab.doors.config.kinds.mute_rules import MuteRuleSection
from trimtab.doors.config.model import Owner
from trimtab.doors.rest.alarm_forms import MUTE_NAME, TAG, Alarming, RegionQuery, rule_on_wire
from trimtab.doors.rest.spec import Call, Operation

PATH = "/rest/v1/mute-rules"


class MuteHandlers:
    """The handlers."""

    def __init__(self, needs: Alarming) -> None:
        self._needs = needs

    async def listed(self, call: Call[RegionQuery, None]) -> wire.MuteRuleList:
        """Every rule, by name."""
        found = await self._needs.room.mute_rules.listed(*self._place(call))
        return wire.MuteRuleList([rule_on_wire(one, self._needs.clock.now_ms()) for one in found])

    async def get(self, call: Call[RegionQuery, Any]) -> wire.MuteRule:
        """One rule."""
        found = await self._needs.room.mute_rules.get(*self._place(call), call.path["name"])
        return rule_on_wire(found, self._needs.clock.now_ms())

    async def put(self, call: Call[RegionQuery, wire.PutMuteRule]) -> wire.MuteRule:
        """Create or replace a rule."""
        section = MuteRuleSection(self._needs.room.mute_rules)
        owner, name = Owner(*self._place(call), call.principal.name), call.path["name"]
        given = {key: value for key, value in call.body.definition.items() if key not in ("Name", "Tags")}
        await section.put(owner, name, section.check(owner, name, given))
        return await self.get(call)

    async def delete(self, call: Call[RegionQuery, None]) -> wire.DeletedAlarm:
        """Delete a rule."""
        await self.get(call)  # one that is not there is told, unlike on AWS
        await self._needs.room.mute_rules.delete(*self._place(call), call.path["name"])
        return wire.DeletedAlarm(call.path["name"])

    def _place(self, call: Call[Any, Any]) -> tuple[str, str]:
        return self._needs.place(call.principal, call.query.region, call.query.account)


def operations(needs: Alarming) -> list[Operation]:
    """The operations."""
    do = MuteHandlers(needs)
    one = f"{PATH}/{{name}}"
    return [
        Operation("GET", PATH, "list mute rules", "When alarms are silent, by name.", do.listed, wire.MuteRuleList,
                  query=RegionQuery, tag=TAG),
        Operation("GET", one, "get mute rule", "A mute rule with its definition.", do.get, wire.MuteRule,
                  query=RegionQuery, errors=(404,), path_parameters=MUTE_NAME, tag=TAG),
        Operation("PUT", one, "put mute rule", "Create or replace a mute rule.", do.put, wire.MuteRule,
                  query=RegionQuery, body=wire.PutMuteRule, path_parameters=MUTE_NAME, role=Role.WRITE, tag=TAG),
        Operation("DELETE", one, "delete mute rule", "Delete a mute rule; what it held back is run.", do.delete,
                  wire.DeletedAlarm, query=RegionQuery, errors=(404,), path_parameters=MUTE_NAME, role=Role.WRITE,
                  tag=TAG),
    ]  # fmt: skip
