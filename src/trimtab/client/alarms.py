"""The typed calls on alarms and mute rules, over a `Client`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from trimtab.client import alarms_wire as wire
from trimtab.client.api import Client

_PATH, _MUTE = "/rest/v1/alarms", "/rest/v1/mute-rules"


class Alarms:
    """Alarms of one server, in the region of its settings and the caller's own account unless others are given."""

    def __init__(self, client: Client, region: str | None = None, account: str | None = None) -> None:
        self._client = client
        self._account = account
        self._place = [(name, text) for name, text in (("region", region), ("account", account)) if text is not None]

    def page(self, **filters: Any) -> wire.AlarmList:
        """One page of alarms; filters are state, kind, prefix, text, limit and after."""
        query = [(name, str(value)) for name, value in filters.items() if value is not None]
        return self._client.call("GET", _PATH, wire.AlarmList, query=[*query, *self._place])

    def listed(self, **filters: Any) -> Iterator[wire.Alarm]:
        """Every alarm that the filters of `page` allow, page by page."""
        after: str | None = ""
        while after is not None:
            found = self.page(**{"limit": 1000, **filters, "after": after})
            yield from found.alarms
            after = found.next

    def get(self, name: str) -> wire.Alarm:
        """One alarm. Raises NotFound."""
        return self._client.call("GET", _of(name), wire.Alarm, query=self._place)

    def put(self, name: str, definition: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> wire.SavedAlarm:
        """Create or replace an alarm, in the form of PutMetricAlarm and its siblings. Raises InvalidInput."""
        body = wire.PutAlarm(dict(definition), dict(tags or {}))
        return self._client.call("PUT", _of(name), wire.SavedAlarm, body=body, query=self._place)

    def delete(self, name: str) -> None:
        """Delete an alarm. Raises NotFound, and InvalidInput where a composite alarm needs it."""
        self._client.call("DELETE", _of(name), wire.DeletedAlarm, query=self._place)

    def enable(self, name: str, *, enabled: bool = True) -> wire.Alarm:
        """Let an alarm's actions run, or keep them from it."""
        path = f"{_of(name)}/{'enable' if enabled else 'disable'}"
        return self._client.call("POST", path, wire.Alarm, query=self._place)

    def set_state(self, name: str, state: wire.StateName, reason: str = "Set by hand") -> wire.Alarm:
        """Set a state until the next evaluation."""
        body = wire.SetAlarmState(state, reason)
        return self._client.call("POST", f"{_of(name)}/state", wire.Alarm, body=body, query=self._place)

    def history(
        self, name: str, *, start: str | None = None, end: str | None = None, limit: int = 100
    ) -> wire.AlarmHistory:
        """What happened to an alarm, the newest first."""
        query = [(key, value) for key, value in (("start", start), ("end", end)) if value is not None]
        query = [*query, ("limit", str(limit)), *self._place]
        return self._client.call("GET", f"{_of(name)}/history", wire.AlarmHistory, query=query)

    def replay(self, name: str, *, start: str = "-30d", end: str = "now", points: int = 1000) -> wire.AlarmReplay:
        """What a saved alarm would have done over a range."""
        query = [("start", start), ("end", end), ("points", str(points)), *self._place]
        return self._client.call("GET", f"{_of(name)}/replay", wire.AlarmReplay, query=query)

    def replay_draft(self, draft: wire.ReplayDraft) -> wire.AlarmReplay:
        """The same of an alarm that need not be saved."""
        return self._client.call("POST", "/rest/v1/alarm-replays", wire.AlarmReplay, body=draft)

    def suggest(self, draft: wire.SuggestDraft) -> wire.AlarmSuggestions:
        """Suggestions for an alarm, saved (by name) or not (by definition)."""
        return self._client.call("POST", "/rest/v1/alarm-suggestions", wire.AlarmSuggestions, body=draft)

    def mute_rules(self) -> Sequence[wire.MuteRule]:
        """The mute rules, by name."""
        return self._client.call("GET", _MUTE, wire.MuteRuleList, query=self._place).rules

    def put_mute_rule(self, name: str, definition: Mapping[str, Any]) -> wire.MuteRule:
        """Create or replace a mute rule, in the form of PutAlarmMuteRule."""
        path, body = f"{_MUTE}/{quote(name, safe='')}", wire.PutMuteRule(dict(definition))
        return self._client.call("PUT", path, wire.MuteRule, body=body, query=self._place)

    def delete_mute_rule(self, name: str) -> None:
        """Delete a mute rule. Raises NotFound."""
        path = f"{_MUTE}/{quote(name, safe='')}"
        self._client.call("DELETE", path, wire.DeletedAlarm, query=self._place)


def _of(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"
