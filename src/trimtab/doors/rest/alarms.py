"""`/rest/v1/alarms`: alarms listed, put, deleted, enabled, set by hand, and what happened to them."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.alarms.history import Wanted
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.rows import Stored
from trimtab.base import typed
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.client import alarms_wire as wire
from trimtab.doors.rest.alarm_forms import NAME, TAG, Account, Alarming, Region, RegionQuery, alarm_on_wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms

PATH = "/rest/v1/alarms"
ONE = f"{PATH}/{{name}}"


class AlarmsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which alarms."""

    state: Annotated[wire.StateName | None, Meta(description="In this state only.")] = None
    kind: Annotated[wire.KindName | None, Meta(description="Of this kind only.")] = None
    prefix: Annotated[str, Meta(max_length=255, description="Whose names begin with this.")] = ""
    text: Annotated[str, Meta(max_length=255, description="Whose name or description has this, in any case.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 200
    after: Annotated[str, Meta(max_length=1024, description="`next` of the page before.")] = ""
    region: Region = None
    account: Account = None


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the things that happened."""

    start: Annotated[Instant | None, Meta(description="From here on.")] = None
    end: Annotated[Instant | None, Meta(description="Before this.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    region: Region = None
    account: Account = None


class AlarmHandlers:
    """The handlers."""

    def __init__(self, needs: Alarming) -> None:
        self._needs = needs

    async def listed(self, call: Call[AlarmsQuery, None]) -> wire.AlarmList:
        """A page of alarms, by name; those of every account that the caller may see, unless one is asked for."""
        asked, needs = call.query, self._needs
        scope = call.principal.scope
        if asked.account or asked.region:
            scope = Scope.of(*needs.place(call.principal, asked.region, asked.account))
        listing = await needs.room.listing.within(scope)
        found = [one.alarm for one in listing.alarms if _asked_for(one.alarm, asked)]
        found.sort(key=_order)
        if asked.after:
            after = _position(asked.after)
            found = [one for one in found if _order(one) > after]
        shown = found[: asked.limit]
        places = dict.fromkeys((one.key.account, one.key.region) for one in shown)
        rules = {place: await needs.rules(place) for place in places}
        now_ms = needs.clock.now_ms()
        told = [alarm_on_wire(one, rules[(one.key.account, one.key.region)], now_ms) for one in shown]
        return wire.AlarmList(told, encode_token(_order(shown[-1])) if len(found) > asked.limit else None)

    async def get(self, call: Call[RegionQuery, Any]) -> wire.Alarm:
        """One alarm."""
        needs, key = self._needs, self._key(call)
        found = await needs.rehearsals.find(key, call.principal.scope.rows)
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
        key = needs.key(call.principal, asked.region, call.path["name"], asked.account)
        now_ms = needs.clock.now_ms()
        start, end = (
            None if text is None else instant_ms(text, now_ms, name)
            for name, text in (("start", asked.start), ("end", asked.end))
        )
        wanted = Wanted(key.account, key.region, key.name, start_ms=start, end_ms=end, rows=call.principal.scope.rows)
        found = await needs.room.store.history(wanted, asked.limit)
        items = [wire.AlarmEvent(one.at_ms, one.item_type, one.summary, _data(one.data)) for one in found]
        return wire.AlarmHistory(key.name, items)

    async def _enabled(self, call: Call[RegionQuery, None], *, enabled: bool) -> wire.Alarm:
        key = self._key(call)
        await self._needs.rehearsals.find(key)
        await self._needs.room.store.enable_actions(key.account, key.region, [key.name], enabled=enabled)
        return await self.get(call)

    def _key(self, call: Call[RegionQuery, Any]) -> AlarmKey:
        return self._needs.key(call.principal, call.query.region, call.path["name"], call.query.account)


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
                  query=AlarmsQuery, tag=TAG, bound=True),
        named("POST", f"{ONE}/enable", "enable alarm", "Let an alarm's actions run.", do.enable, alarm, **write),
        named("POST", f"{ONE}/disable", "disable alarm", "Keep an alarm's actions from running.", do.disable, alarm,
              **write),
        named("POST", f"{ONE}/state", "set alarm state", "Set a state by hand; the next evaluation may change it.",
              do.set_state, alarm, body=wire.SetAlarmState, **write),
        named("GET", f"{ONE}/history", "list alarm history", "What happened to an alarm, the newest first.", do.history,
              wire.AlarmHistory, query=HistoryQuery, bound=True),
        named("GET", ONE, "get alarm", "An alarm with its definition and its state.", do.get, alarm, bound=True),
        named("PUT", ONE, "put alarm", "Create or replace an alarm; its state stays.", do.put, wire.SavedAlarm,
              body=wire.PutAlarm, errors=(), **write),
        named("DELETE", ONE, "delete alarm", "Delete an alarm; one that a composite alarm names cannot be.", do.delete,
              wire.DeletedAlarm, **write),
    ]  # fmt: skip


def _asked_for(alarm: Stored, asked: AlarmsQuery) -> bool:
    told = f"{alarm.key.name} {alarm.form.get('AlarmDescription') or ''}".lower()
    return (
        (asked.state is None or alarm.state.value == asked.state)
        and (asked.kind is None or alarm.kind == asked.kind)
        and alarm.key.name.startswith(asked.prefix)
        and asked.text.lower() in told
    )


def _position(token: str) -> tuple[str, ...]:
    found = decode_token(token)
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(one, str) for one in found):
        raise InvalidInput("cannot read after: expected `next` of an earlier answer", field="after")
    return tuple(found)


def _order(alarm: Stored) -> tuple[str, str, str]:
    return alarm.key.name, alarm.key.account, alarm.key.region


def _data(text: str) -> dict[str, Any]:
    """The data of a history item; what was cut to fit is told as it is."""
    try:
        found = typed.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {"value": found}
