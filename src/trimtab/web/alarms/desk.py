"""What the pages of alarms ask: which alarm a URL means, its rules, its replay, shared by all who look at the same."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.firing import FiringAlarms
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.mute_rules import StoredRule
from trimtab.alarms.rehearsals import Rehearsals
from trimtab.alarms.replay.model import Replay
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.rows import Stored
from trimtab.alarms.suggest.model import Suggestions
from trimtab.web.cache import SharedCache
from trimtab.web.view import View, link
from trimtab.web.window import Window

NAMED = "/alarms/named/"
_TTL_S = 30.0
_GRAIN_MS = 60_000  # replays whose ends fall into one minute are the same


class AlarmRooms(Struct, frozen=True):
    """The rooms behind the pages. `account` and `region` are those of a viewer who is bound to none."""

    room: AlarmRoom
    rehearsals: Rehearsals
    firing: FiringAlarms
    account: str
    region: str


class Desk:
    """The pages' side of the rooms of alarms."""

    def __init__(self, rooms: AlarmRooms, cache: SharedCache) -> None:
        self.rooms = rooms
        self._cache = cache

    def key(self, view: View, name: str) -> AlarmKey:
        """The alarm of that name in the account and region that the URL means. Raises NotFound outside the scope."""
        account, region = self.place(view)
        return AlarmKey(account, region, name)

    def place(self, view: View) -> tuple[str, str]:
        """The account and region that the URL means. Raises NotFound where the viewer may not see them."""
        return view.place(self.rooms.account, self.rooms.region)

    def elsewhere(self, view: View, key: AlarmKey) -> list[tuple[str, str]]:
        """The parameters that a link to an alarm needs for its account and region."""
        pairs = [] if key.account == (view.principal.account or self.rooms.account) else [("account", key.account)]
        return pairs + ([] if key.region == self.rooms.region else [("region", key.region)])

    def url(self, view: View, key: AlarmKey) -> str:
        """The page of an alarm."""
        return link(named(key.name), self.elsewhere(view, key))

    async def alarms(self, scope: Scope) -> list[Stored]:
        """Every alarm that a scope covers."""
        return [one.alarm for one in (await self.rooms.room.listing.within(scope)).alarms]

    async def rules(self, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[StoredRule]]:
        """The mute rules of some accounts and regions."""
        return {place: await self.rooms.room.mute_rules.listed(*place) for place in dict.fromkeys(places)}

    async def replay(self, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], window: Window) -> Replay:
        """The replay of a saved or drafted alarm over a window. Raises InvalidInput with the reason."""

        async def compute() -> Replay:
            return await self.rooms.rehearsals.draft(kind, key, form, window.start_ms, window.end_ms)

        return await self._cache.get(self._asked("replay", kind, key, form, window), _TTL_S, compute)

    async def suggest(self, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], window: Window) -> Suggestions:
        """Suggestions for a saved or drafted alarm over a window. Raises InvalidInput with the reason."""

        async def compute() -> Suggestions:
            return await self.rooms.rehearsals.suggest(kind, key, form, window.start_ms, window.end_ms)

        return await self._cache.get(self._asked("suggest", kind, key, form, window), _TTL_S, compute)

    def _asked(self, what: str, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], window: Window) -> Any:
        grain = (window.start_ms // _GRAIN_MS, window.end_ms // _GRAIN_MS)
        return what, kind, key, msgspec.json.encode(form, order="sorted"), grain


def named(name: str) -> str:
    """The path of an alarm's page; slashes in names are kept as they are."""
    return NAMED + quote(name, safe="/")


def active(rules: Sequence[StoredRule], now_ms: int) -> list[MuteRule]:
    """The rules that mute now."""
    return [one.rule for one in rules if one.rule.active(now_ms)]
