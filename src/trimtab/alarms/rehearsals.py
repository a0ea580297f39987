"""Alarms tried on the past before they are trusted: replays and suggestions, for saved alarms and for drafts."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.scope import RowRule
from trimtab.alarms.check import check_alarm
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import Alarm, AlarmKey, AlarmKind
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.replay.home import Rooms, in_thread
from trimtab.alarms.replay.model import Replay, Span
from trimtab.alarms.replay.replayer import Replayer
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.rows import Stored
from trimtab.alarms.suggest.model import CannotSuggest, Suggestions
from trimtab.alarms.suggest.suggester import Suggester
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound

MOST_MS = 400 * 86_400_000
"""The longest range: a little more than a year."""
_AT_ONCE = 2
"""Replays that run side by side: each takes a core, and the server has others to answer."""


class Rehearsals:
    """Replays and suggestions over a room of alarms."""

    def __init__(self, room: AlarmRoom, rooms: Rooms, clock: Clock) -> None:
        self._room = room
        self._rooms = rooms
        self._clock = clock
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def replay(self, alarm: Alarm, span: Span, rules: Sequence[MuteRule] = ()) -> Replay:
        """As `replay.replayer.Replayer.replay`, beside the event loop."""
        async with self._gate:
            return await in_thread(self._rooms, lambda parts: Replayer(parts).replay(alarm, span, rules))

    async def saved(self, key: AlarmKey, start_ms: int, end_ms: int, rows: Sequence[RowRule] = ()) -> Replay:
        """The replay of a saved alarm whose tags pass `rows`. Raises NotFound, and as `draft` does."""
        found = await self.find(key, rows)
        return await self.draft(found.kind, found.key, found.form, start_ms, end_ms)

    async def draft(
        self, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], start_ms: int, end_ms: int
    ) -> Replay:
        """The replay of the alarm in `form`, saved or not, over `[start_ms, end_ms)`; the future is left out.

        Raises InvalidInput for a form that cannot be read, CannotReplay with the reason, QueryAborted, Unavailable.
        """
        alarm = read_alarm(kind, key, form)
        check_alarm(alarm)
        return await self.replay(alarm, self._span(start_ms, end_ms), await self._rules(key))

    async def suggest_saved(
        self,
        key: AlarmKey,
        start_ms: int,
        end_ms: int,
        windows: Sequence[tuple[int, int]] = (),
        rows: Sequence[RowRule] = (),
    ) -> Suggestions:
        """Suggestions for a saved alarm whose tags pass `rows`. Raises NotFound, and as `suggest` does."""
        found = await self.find(key, rows)
        return await self.suggest(found.kind, key, found.form, start_ms, end_ms, windows)

    async def suggest(
        self,
        kind: AlarmKind,
        key: AlarmKey,
        form: Mapping[str, Any],
        start_ms: int,
        end_ms: int,
        windows: Sequence[tuple[int, int]] = (),
    ) -> Suggestions:
        """Suggestions for the alarm in `form`; `windows` (ms) are incidents that a person marked.

        Raises InvalidInput, CannotSuggest with the reason, QueryAborted, Unavailable.
        """
        if kind is not AlarmKind.METRIC:
            raise CannotSuggest(f"cannot suggest anything for {key.name}: only alarms with a threshold are tried")
        check_alarm(read_alarm(kind, key, form))
        span = self._span(start_ms, end_ms)
        async with self._gate:
            return await in_thread(
                self._rooms, lambda parts: Suggester(parts, Replayer(parts)).suggest(key, form, span, windows)
            )

    async def find(self, key: AlarmKey, rows: Sequence[RowRule] = ()) -> Stored:
        """A saved alarm whose tags pass `rows`. Raises NotFound."""
        found = (await self._room.store.named(key.account, key.region, [key.name], rows)).get(key.name)
        if found is None:
            raise NotFound(f"cannot find alarm {key.name!r} in {key.region}: try `trimtab alarms list`")
        return found

    async def _rules(self, key: AlarmKey) -> list[MuteRule]:
        return [one.rule for one in await self._room.mute_rules.listed(key.account, key.region)]

    def _span(self, start_ms: int, end_ms: int) -> Span:
        now_ms = self._clock.now_ms()
        end_ms = min(end_ms, now_ms)
        if not 0 < end_ms - start_ms <= MOST_MS:
            raise InvalidInput(
                f"cannot replay from {start_ms} to {end_ms}: expected a past range of at most 400 days", field="start"
            )
        return Span(start_ms, end_ms, now_ms)
