"""Mute rules: PutAlarmMuteRule's form without its Name."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.alarms.mute import read_mute_rule
from trimtab.alarms.room import MuteRules
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.forms import cloudwatch_forms
from trimtab.doors.config.model import Form, Owner


class MuteRuleSection(Struct, frozen=True):
    """The rules that silence alarms at times."""

    rules: MuteRules
    section: str = "mute_rules"

    async def stored(self, owner: Owner) -> Mapping[str, Form]:
        """Every rule."""
        found = await self.rules.listed(owner.account, owner.region)
        return {one.rule.name: _unnamed(one.form) for one in found}

    def check(self, owner: Owner, name: str, form: Any) -> Form:
        """The form, checked."""
        if not isinstance(form, Mapping):
            raise InvalidInput(f"got {form!r}; expected the members of PutAlarmMuteRule")
        read = cloudwatch_forms().read("PutAlarmMuteRule", {**form, "Name": name})
        read_mute_rule(owner.account, owner.region, read)
        return _unnamed(read)

    async def put(self, owner: Owner, name: str, form: Form) -> None:
        """Store it."""
        await self.rules.put(owner.account, owner.region, {**form, "Name": name}, {})

    async def delete(self, owner: Owner, name: str) -> None:
        """Delete it; what it held back is run at the next evaluation."""
        await self.rules.delete(owner.account, owner.region, name)


def _unnamed(form: Mapping[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in form.items() if member not in ("Name", "Tags")}
