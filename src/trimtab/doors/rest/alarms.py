"""`/rest/v1/alarms`: alarms listed, put, deleted, enabled, set by hand, and what happened to them."""

import json
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.alarms.history import Wanted
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.rows import Stored
from trimtab.alarms.store import Filter
from trimtab.base.errors import NotFound
from trimtab.client import wire_alarms as wire
from trimtab.doors.rest.alarm_forms import NAME, TAG, Alarming, Region, RegionQuery, alarm_on_wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms

PATH = "/rest/v1/alarms"
ONE = f"{PATH}/{{name}}"
_MOST = 1_000_000


class AlarmsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which alarms."""

    state: Annotated[wire.StateName | None, Meta(description="In this state only.")] = None
    kind: Annotated[wire.KindName | None, Meta(description="Of this kind only.")] = None
    prefix: Annotated[str, Meta(max_length=255, description="Whose names begin with this.")] = ""
    text: Annotated[str, Meta(max_length=255, description="Whose name or description has this, in any case.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 200
    after: Annotated[str, Meta(max_length=255, description="`next` of the page before.")] = ""
    region: Region = None


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the things that happened."""

    start: Annotated[Instant | None, Meta(description="From here on.")] = None
    end: Annotated[Instant | None, Meta(description="Before this.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    region: Region = None


class AlarmHandlers:
    """The handlers."""

    def __init__(self, needs: Alarming) -> None:
        self._needs = needs

    async def listed(self, call: Call[AlarmsQuery, None]) -> wire.AlarmList:
        """A page of alarms, by name."""
        asked, needs = call.query, self._needs
        place = needs.place(call.principal, asked.region)
        wanted = Filter(
            frozenset(AlarmKind) if asked.kind is None else frozenset({AlarmKind(asked.kind)}),
            prefix=asked.prefix,
            state=None if asked.state is None else StateValue(asked.state),
            after=asked.after,
        )
        found = await needs.room.store.listed(*place, wanted, _MOST if asked.text else asked.limit + 1)
        if asked.text:
            found = [one for one in found if _mentions(one, asked.text)]
        rules, now_ms = await needs.rules(place), needs.clock.now_ms()
        shown = [alarm_on_wire(one, rules, now_ms) for one in found[: asked.limit]]
        return wire.AlarmList(shown, shown[-1].name if len(found) > asked.limit else None)

    async def get(self, call: Call[RegionQuery, Any]) -> wire.Alarm:
        """One alarm."""
        needs, key = self._needs, self._key(call)
        found = await needs.rehearsals.find(key)
        return alarm_on_wire(found, await needs.rules((key.account, key.region)), needs.clock.now_ms())

    async def put(self, call: Call[RegionQuery, wire.PutAlarm]) -> wire.SavedAlarm:
        """Create or replace an alarm."""
        needs, key = self._needs, self._key(call)
        kind, form = needs.read(key, call.body.definition, call.principal.name)
        created = await needs.room.store.put(kind, key, form, call.body.tags)
        return wire.SavedAlarm(key.name, kind.value, created)

    async def delete(self, call: Call[RegionQuery, None]) -> wire.DeletedAlarm:
        """Delete an alarm."""
        key = self._key(call)
        if await self._needs.room.store.delete(key.account, key.region, [key.name]):
            raise NotFound(f"cannot delete alarm {key.name!r}: there is none in {key.region}")
        return wire.DeletedAlarm(key.name)

    async def enable(self, call: Call[RegionQuery, None]) -> wire.Alarm:
        """Let its actions run."""
        return await self._enabled(call, enabled=True)

    async def disable(self, call: Call[RegionQuery, None]) -> wire.Alarm:
        """Keep its actions from running."""
        return await self._enabled(call, enabled=False)

    async def set_state(self, call: Call[RegionQuery, wire.SetAlarmState]) -> wire.Alarm:
        """Set a state until the next evaluation."""
        key = self._key(call)
        await self._needs.room.store.set_state(key, StateValue(call.body.state), call.body.reason, None)
        return await self.get(call)

    async def history(self, call: Call[HistoryQuery, None]) -> wire.AlarmHistory:
        """What happened to an alarm, the newest first."""
        needs, asked = self._needs, call.query
        key = needs.key(call.principal, asked.region, call.path["name"])
        now_ms = needs.clock.now_ms()
        start, end = (
            None if text is None else instant_ms(text, now_ms, name)
            for name, text in (("start", asked.start), ("end", asked.end))
        )
        wanted = Wanted(key.account, key.region, key.name, start_ms=start, end_ms=end)
        found = await needs.room.store.history(wanted, asked.limit)
        items = [wire.AlarmEvent(one.at_ms, one.item_type, one.summary, _data(one.data)) for one in found]
        return wire.AlarmHistory(key.name, items)

    async def _enabled(self, call: Call[RegionQuery, None], *, enabled: bool) -> wire.Alarm:
        key = self._key(call)
        await self._needs.rehearsals.find(key)
        await self._needs.room.store.enable_actions(key.account, key.region, [key.name], enabled=enabled)
        return await self.get(call)

    def _key(self, call: Call[RegionQuery, Any]) -> AlarmKey:
        return self._needs.key(call.principal, call.query.region, call.path["name"])


def operations(needs: Alarming) -> list[Operation]:
    """The operations. Those on parts of an alarm come first: names may have slashes."""
    do = AlarmHandlers(needs)
    alarm, gone = wire.Alarm, (404,)

    def named(method: str, path: str, name: str, summary: str, handler: Any, answer: Any, **more: Any) -> Operation:
        return Operation(
            method, path, name, summary, handler, answer, **{"query": RegionQuery, "errors": gone, **more},
            path_parameters=NAME, tag=TAG,
        )  # fmt: skip

    write = {"role": Role.WRITE}
    return [
        Operation("GET", PATH, "list alarms", "Alarms with their states, by name.", do.listed, wire.AlarmList,
                  query=AlarmsQuery, tag=TAG),
        named("POST", f"{ONE}/enable", "enable alarm", "Let an alarm's actions run.", do.enable, alarm, **write),
        named("POST", f"{ONE}/disable", "disable alarm", "Keep an alarm's actions from running.", do.disable, alarm,
              **write),
        named("POST", f"{ONE}/state", "set alarm state", "Set a state by hand; the next evaluation may change it.",
              do.set_state, alarm, body=wire.SetAlarmState, **write),
        named("GET", f"{ONE}/history", "list alarm history", "What happened to an alarm, the newest first.", do.history,
              wire.AlarmHistory, query=HistoryQuery),
        named("GET", ONE, "get alarm", "An alarm with its definition and its state.", do.get, alarm),
        named("PUT", ONE, "put alarm", "Create or replace an alarm; its state stays.", do.put, wire.SavedAlarm,
              body=wire.PutAlarm, errors=(), **write),
        named("DELETE", ONE, "delete alarm", "Delete an alarm; one that a composite alarm names cannot be.", do.delete,
              wire.DeletedAlarm, **write),
    ]  # fmt: skip


def _mentions(alarm: Stored, text: str) -> bool:
    wanted = text.lower()
    return wanted in alarm.key.name.lower() or wanted in str(alarm.form.get("AlarmDescription", "")).lower()


def _data(text: str) -> dict[str, Any]:
    """The data of a history item; what was cut to fit is told as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {"value": found}
