"""The typed calls on alarms and mute rules, over a `Client`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trimtab.client import alarms_wire as wire
from trimtab.client.api import Client
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH, _MUTE = "/rest/v1/alarms", "/rest/v1/mute-rules"


class Alarms(Calls):
    """Alarms of one server, in the region of its settings and the caller's own account unless others are given."""

    def __init__(self, client: Client, region: str | None = None, account: str | None = None) -> None:
        super().__init__(client, region=region, account=account)
        self._account = account

    def page(self, **filters: Any) -> wire.AlarmList:
        """One page of alarms; filters are state, kind, prefix, text, limit and after."""
        return self._call("GET", _PATH, wire.AlarmList, **filters)

    def listed(self, **filters: Any) -> Iterator[wire.Alarm]:
        """Every alarm that the filters of `page` allow, page by page."""
        after: str | None = ""
        while after is not None:
            found = self.page(**{"limit": 1000, **filters, "after": after})
            yield from found.alarms
            after = found.next

    def get(self, name: str) -> wire.Alarm:
        """One alarm. Raises NotFound."""
        return self._call("GET", path_of(_PATH, name), wire.Alarm)

    def put(self, name: str, definition: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> wire.SavedAlarm:
        """Create or replace an alarm, in the form of PutMetricAlarm and its siblings. Raises InvalidInput."""
        return self._call(
            "PUT", path_of(_PATH, name), wire.SavedAlarm, body=wire.PutAlarm(dict(definition), dict(tags or {}))
        )

    def delete(self, name: str) -> None:
        """Delete an alarm. Raises NotFound, and InvalidInput where a composite alarm needs it."""
        self._call("DELETE", path_of(_PATH, name), wire.DeletedAlarm)

    def enable(self, name: str, *, enabled: bool = True) -> wire.Alarm:
        """Let an alarm's actions run, or keep them from it."""
        return self._call("POST", path_of(_PATH, name, "enable" if enabled else "disable"), wire.Alarm)

    def set_state(self, name: str, state: wire.StateName, reason: str = "Set by hand") -> wire.Alarm:
        """Set a state until the next evaluation."""
        return self._call("POST", path_of(_PATH, name, "state"), wire.Alarm, body=wire.SetAlarmState(state, reason))

    def history(
        self, name: str, *, start: str | None = None, end: str | None = None, limit: int = 100
    ) -> wire.AlarmHistory:
        """What happened to an alarm, the newest first."""
        return self._call("GET", path_of(_PATH, name, "history"), wire.AlarmHistory, start=start, end=end, limit=limit)

    def replay(self, name: str, *, start: str = "-30d", end: str = "now", points: int = 1000) -> wire.AlarmReplay:
        """What a saved alarm would have done over a range."""
        return self._call("GET", path_of(_PATH, name, "replay"), wire.AlarmReplay, start=start, end=end, points=points)

    def replay_draft(self, draft: wire.ReplayDraft) -> wire.AlarmReplay:
        """The same of an alarm that need not be saved."""
        return self._client.call("POST", "/rest/v1/alarm-replays", wire.AlarmReplay, body=draft)

    def suggest(self, draft: wire.SuggestDraft) -> wire.AlarmSuggestions:
        """Suggestions for an alarm, saved (by name) or not (by definition)."""
        return self._client.call("POST", "/rest/v1/alarm-suggestions", wire.AlarmSuggestions, body=draft)

    def mute_rules(self) -> Sequence[wire.MuteRule]:
        """The mute rules, by name."""
        return self._call("GET", _MUTE, wire.MuteRuleList).rules

    def put_mute_rule(self, name: str, definition: Mapping[str, Any]) -> wire.MuteRule:
        """Create or replace a mute rule, in the form of PutAlarmMuteRule."""
        return self._call("PUT", path_of(_MUTE, name), wire.MuteRule, body=wire.PutMuteRule(dict(definition)))

    def delete_mute_rule(self, name: str) -> None:
        """Delete a mute rule. Raises NotFound."""
        self._call("DELETE", path_of(_MUTE, name), wire.DeletedAlarm)
