"""Alarms that changed their state."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec

from trimtab.access.principal import Principal
from trimtab.alarms.describe import names_in
from trimtab.alarms.history import STATE, Item, Wanted
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.base import typed
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers

_MOST = 500
_LEVELS = {StateValue.ALARM: Level.BAD, StateValue.OK: Level.GOOD}


class _State(msgspec.Struct, frozen=True, rename="camel"):
    """A state as the history keeps it."""

    state_value: StateValue
    state_reason: str = ""


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    """A change of state as the history keeps it."""

    new_state: _State


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """Changes of state of the alarms that the caller sees; None where there is no alarm."""
    known = {one.alarm.key: one.alarm for one in (await readers.alarms.listing.within(caller.scope)).alarms}
    if not known:
        return None
    names = {key: (key.name, *names_in(one.form)) for key, one in known.items()}
    entries = []
    for account, region in sorted({(key.account, key.region) for key in known}):
        wanted = Wanted(account, region, item_type=STATE, start_ms=inquiry.start_ms, end_ms=inquiry.end_ms)
        found = await readers.alarms.store.history(wanted, _MOST)
        entries += [_entry(one, names[one.key]) for one in found if one.key in names]
    return entries


def _entry(item: Item, names: Sequence[str]) -> Entry:
    new = _new_state(item)
    return Entry(
        kind=Kind.ALARM,
        at_ms=item.at_ms,
        title=f"{item.key.name}: {item.summary.removeprefix('Alarm updated from ')}",
        href=page_of(item.key),
        detail=new.state_reason if new else "",
        level=_LEVELS.get(new.state_value, Level.PLAIN) if new else Level.PLAIN,
        weight=4.0 if new and new.state_value is StateValue.ALARM else 1.0,
        names=tuple(names),
    )


def page_of(key: AlarmKey) -> str:
    """The page of an alarm."""
    return f"/alarms/named/{quote(key.name)}?{urlencode({'account': key.account, 'region': key.region})}"


def _new_state(item: Item) -> _State | None:
    try:
        return typed.decode(item.data, type=_Change).new_state
    except msgspec.ValidationError:  # of an older release
        return None


SOURCE = EntrySource("alarms", (Kind.ALARM,), read, "/alarms/new")
