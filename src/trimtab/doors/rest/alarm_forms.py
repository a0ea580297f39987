"""Alarms and mute rules as REST takes and shows them: definitions in CloudWatch's form, checked; who asks and where."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Principal
from trimtab.alarms import composite
from trimtab.alarms.condition import condition
from trimtab.alarms.form import read_alarm
from trimtab.alarms.hold import HeldBy
from trimtab.alarms.model import AlarmKey, AlarmKind, CompositeAlarm
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.mute_rules import StoredRule
from trimtab.alarms.rehearsals import Rehearsals
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.rows import Stored, name_of
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.client import alarms_wire as wire
from trimtab.doors.config.kinds.alarms import AlarmSection, alarm_sections
from trimtab.doors.config.model import Owner

NAME: Mapping[str, str] = {"name": "The name of the alarm; a slash in it may be written as it is."}
MUTE_NAME: Mapping[str, str] = {"name": "The name of the mute rule."}
TAG = "alarms"
_SECTIONS = {
    "AlarmRule": "composite_alarms",
    "Objective": "burn_rate_alarms",
    "ServiceLevelObjective": "burn_rate_alarms",
    "ScheduledQueryConfiguration": "log_alarms",
}
_KINDS = {
    "composite_alarms": AlarmKind.COMPOSITE,
    "burn_rate_alarms": AlarmKind.BURN_RATE,
    "log_alarms": AlarmKind.LOG,
}
_FLOATS = ("Threshold", "Objective")

Region = Annotated[
    Annotated[str, Meta(max_length=64)] | None,
    Meta(description="The region whose alarms are meant; the server's own by default."),
]
Account = Annotated[
    Annotated[str, Meta(pattern=r"^[0-9]{12}$")] | None,
    Meta(description="The account whose alarms are meant, for callers who are bound to none."),
]


class RegionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where."""

    region: Region = None
    account: Account = None


class Alarming(Struct, frozen=True):
    """What the operations on alarms need. `account` is that of callers who are bound to none."""

    room: AlarmRoom
    rehearsals: Rehearsals
    clock: Clock
    account: str
    region: str

    def place(self, principal: Principal, region: str | None, account: str | None = None) -> tuple[str, str]:
        """The account and region that a caller means. Raises AccessDenied for another account than the caller's."""
        if account is not None and principal.account not in (None, account):
            raise AccessDenied(f"cannot see alarms of account {account}: {principal.name!r} is bound to another")
        return account or principal.account or self.account, region or self.region

    def key(self, principal: Principal, region: str | None, name: str, account: str | None = None) -> AlarmKey:
        """The alarm that a caller means."""
        return AlarmKey(*self.place(principal, region, account), name)

    def read(self, key: AlarmKey, definition: Mapping[str, Any], by: str) -> tuple[AlarmKind, dict[str, Any]]:
        """The kind and the checked form of a definition. Raises InvalidInput naming what is wrong."""
        given = {name: value for name, value in definition.items() if name not in ("AlarmName", "Tags")}
        for name in _FLOATS:
            if isinstance(given.get(name), int) and not isinstance(given[name], bool):
                given[name] = float(given[name])
        wanted = next((section for name, section in _SECTIONS.items() if name in given), "metric_alarms")
        section = self._section(wanted)
        form = dict(section.check(Owner(key.account, key.region, by), key.name, given))
        for name in _FLOATS:
            if name in form:
                form[name] = float(form[name])
        kind = _KINDS.get(wanted) or (AlarmKind.PROMQL if "EvaluationCriteria" in form else AlarmKind.METRIC)
        return kind, form

    def _section(self, name: str) -> AlarmSection:
        return next(one for one in alarm_sections(self.room) if one.section == name)

    async def rules(self, place: tuple[str, str]) -> list[MuteRule]:
        """The mute rules of an account and region."""
        return [one.rule for one in await self.room.mute_rules.listed(*place)]


def alarm_on_wire(alarm: Stored, rules: Iterable[MuteRule], now_ms: int) -> wire.Alarm:
    """An alarm as it is shown."""
    key, held = alarm.key, alarm.held
    children: list[str] = []
    try:
        read = read_alarm(alarm.kind, key, alarm.form)
        told = condition(read)
        if isinstance(read, CompositeAlarm):
            words = composite.children(composite.rule_of(read.rule))
            children = [name_of(word, key.account, key.region) for word in words]
    except InvalidInput as problem:  # written by a release that allowed more
        told = str(problem)
    return wire.Alarm(
        name=key.name,
        arn=key.arn,
        account=key.account,
        region=key.region,
        kind=alarm.kind.value,
        state=alarm.state.value.value,
        reason=alarm.state.reason,
        since_ms=alarm.state.transitioned_ms,
        updated_ms=alarm.state.updated_ms,
        configured_ms=alarm.configured_ms,
        description=alarm.form.get("AlarmDescription") or "",
        summary=told,
        actions_enabled=alarm.actions.enabled,
        definition=alarm.form,
        muted_by=[rule.name for rule in rules if key.name in rule.alarms and rule.active(now_ms)],
        held_by=None if held is None else _HELD[held.by],
        children=list(dict.fromkeys(children)),
        trouble=alarm.evaluation_state,
    )


_HELD = {
    HeldBy.WAIT: "waits for its suppressor",
    HeldBy.EXTENSION: "its suppressor left ALARM a moment ago",
    HeldBy.ALARM: "its suppressor is in ALARM",
    HeldBy.MUTE: "a mute rule",
}


def rule_on_wire(found: StoredRule, now_ms: int) -> wire.MuteRule:
    """A mute rule as it is shown."""
    schedule = found.form["Rule"]["Schedule"]
    return wire.MuteRule(
        name=found.rule.name,
        status=found.rule.status(now_ms).value,
        alarms=sorted(found.rule.alarms),
        schedule=schedule["Expression"],
        duration=schedule["Duration"],
        timezone=schedule.get("Timezone", "UTC"),
        description=found.form.get("Description") or "",
        updated_ms=found.updated_ms,
        definition={name: value for name, value in found.form.items() if name not in ("Name", "Tags")},
    )
