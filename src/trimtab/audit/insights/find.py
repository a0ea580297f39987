"""CloudTrail Insights: looks for unusual rates, and writes what it finds as Insight events.

Ids are made of what was found, so that looking twice finds it once.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from trimtab.audit.ingest import AuditIngest
from trimtab.audit.insights.detect import BASELINE_MS, LEAST, MINUTE_MS, QUIET_MS, Episode, episodes
from trimtab.audit.model import INSIGHT, AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.base.clock import Clock, iso
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_progress
from trimtab.store.telemetry.client import Telemetry

CALL_RATE, ERROR_RATE = "ApiCallRateInsight", "ApiErrorRateInsight"
_QUERIES = load_queries("trimtab.audit.insights")
_NAMESPACE = uuid.UUID("0b3d3c5e-2b0c-4d9e-8d8e-0a6a5c1c9f57")
_PROGRESS = "insights"
_DAY_MS = 86_400_000
_LAG_MS = 2 * MINUTE_MS  # records of others' making come a little late
_FIRST_MS = 60 * MINUTE_MS  # how far a first look goes back


class Call(Struct, frozen=True):
    """What a rate is of: a call, or with `error` its failures with that code."""

    account: str
    region: str
    source: str
    name: str
    error: str

    @property
    def type(self) -> str:
        """The type of insight."""
        return ERROR_RATE if self.error else CALL_RATE


class InsightFinder:
    """Finds episodes in a range, or in what has come since it last looked."""

    def __init__(self, telemetry: Telemetry, state: State, ingest: AuditIngest, clock: Clock) -> None:
        self._telemetry = telemetry
        self._state = state
        self._ingest = ingest
        self._clock = clock
        self._late: set[int] = set()
        ingest.taps.append(self._heard)

    async def look(self) -> int:
        """Look at the minutes since the last look; how many Insight events are new. Raises Unavailable."""
        now_ms = self._clock.now_ms()
        end_ms = (now_ms - _LAG_MS) // MINUTE_MS * MINUTE_MS
        start_ms = await self._state.read(lambda connection: _seen(connection, end_ms - _FIRST_MS))
        new = await self._look_at_late()
        if end_ms <= start_ms:
            return new
        await self._ingest.settled()
        found = await self._episodes(start_ms, end_ms)
        new += await self._write(found)
        # What has not ended is looked at again from its beginning: its end is still to be told.
        open_ms = [episode.start_ms for _, episode in found if episode.end_ms is None]
        await self._state.change(lambda connection: _note(connection, min([end_ms, *open_ms])))
        return new

    async def look_at(self, start_ms: int, end_ms: int) -> int:
        """Look at a range of the past, as after an import; how many Insight events are new. Raises Unavailable."""
        await self._ingest.settled()
        first_ms = start_ms // MINUTE_MS * MINUTE_MS
        until_ms = min(end_ms + QUIET_MS + MINUTE_MS, self._clock.now_ms())
        return await self._write(await self._episodes(first_ms, max(until_ms, end_ms)))

    async def _heard(self, events: Sequence[AuditEvent]) -> None:
        """Remember days of which records came late: the next look is at them too."""
        before_ms = self._clock.now_ms() - _FIRST_MS
        self._late |= {one.time_ms // _DAY_MS for one in events if one.time_ms < before_ms and one.category != INSIGHT}

    async def _look_at_late(self) -> int:
        days, new = sorted(self._late), 0
        self._late = set()
        while days:
            first = last = days.pop(0)
            while days and days[0] == last + 1:
                last = days.pop(0)
            new += await self.look_at(first * _DAY_MS, (last + 1) * _DAY_MS)
        return new

    async def _episodes(self, start_ms: int, end_ms: int) -> list[tuple[Call, Episode]]:
        params = {"start": start_ms, "end": end_ms, "least": LEAST}
        busy = await self._telemetry.fetch(_QUERIES["busy"], params)
        calls = {Call(*map(str, row)) for row in zip(*(column.tolist() for column in busy.values()), strict=True)}
        if not calls:
            return []
        asked = {
            "start": start_ms - BASELINE_MS,
            "end": end_ms,
            "accounts": sorted({call.account for call in calls}),
            "names": sorted({call.name for call in calls}),
        }
        minutes: dict[Call, list[tuple[int, int]]] = {}
        found = await self._telemetry.fetch(_QUERIES["minutes"], asked)
        for *key, at, count in zip(*(column.tolist() for column in found.values()), strict=True):
            call = Call(*map(str, key))
            if call in calls:
                minutes.setdefault(call, []).append((int(at), int(count)))
        return [(call, one) for call, series in minutes.items() for one in episodes(series, start_ms, end_ms)]

    async def _write(self, found: list[tuple[Call, Episode]]) -> int:
        events: list[AuditEvent] = []
        for call, episode in found:
            attributions = await self._attributions(call, episode)
            events.append(_event(call, episode, "Start", attributions))
            if episode.end_ms is not None:
                events.append(_event(call, episode, "End", attributions))
        return len((await self._ingest.write_new(events)).events) if events else 0

    async def _attributions(self, call: Call, episode: Episode) -> list[dict[str, Any]]:
        end_ms = episode.end_ms or self._clock.now_ms()
        params = {
            "start": episode.start_ms,
            "end": end_ms,
            "before": episode.start_ms - BASELINE_MS,
            "account": call.account,
            "region": call.region,
            "source": call.source,
            "name": call.name,
            "error": call.error,
        }
        found = await self._telemetry.fetch(_QUERIES["attributions"], params)
        minutes = max(1, (end_ms - episode.start_ms) // MINUTE_MS)
        told: dict[str, dict[str, Any]] = {}
        columns = (found[name].tolist() for name in ("attribute", "value", "insight", "baseline"))
        for attribute, value, insight, baseline in zip(*columns, strict=True):
            one = told.setdefault(attribute, {"attribute": attribute, "insight": [], "baseline": []})
            one["insight"].append({"value": value, "average": round(insight / minutes, 4)})
            if baseline:
                one["baseline"].append({"value": value, "average": round(baseline * MINUTE_MS / BASELINE_MS, 10)})
        return list(told.values())


def _event(call: Call, episode: Episode, state: str, attributions: list[dict[str, Any]]) -> AuditEvent:
    shared = str(uuid.uuid5(_NAMESPACE, json.dumps([*_key(call), episode.start_ms])))
    at_ms = episode.end_ms if state == "End" and episode.end_ms is not None else episode.start_ms
    statistics: dict[str, Any] = {
        "baseline": {"average": round(episode.usual, 10)},
        "insight": {"average": round(episode.average, 4)},
        "baselineDuration": BASELINE_MS // MINUTE_MS,
    }
    if state == "End" and episode.end_ms is not None:
        statistics["insightDuration"] = (episode.end_ms - episode.start_ms) // MINUTE_MS
    details: dict[str, Any] = {
        "state": state,
        "eventSource": call.source,
        "eventName": call.name,
        "insightType": call.type,
        "insightContext": {"statistics": statistics, "attributions": attributions},
    }
    if call.error:
        details["errorCode"] = call.error
    record: Mapping[str, Any] = {
        "eventVersion": "1.08",
        "eventTime": iso(at_ms),
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": call.region,
        "eventID": str(uuid.uuid5(_NAMESPACE, f"{shared}/{state}")),
        "readOnly": False,
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": call.account,
        "sharedEventID": shared,
        "insightDetails": details,
        "eventCategory": INSIGHT,
    }
    return event_of(record, Origin.INSIGHTS)


def _key(call: Call) -> tuple[str, ...]:
    return call.account, call.region, call.source, call.name, call.error


def _seen(connection: Connection, default_ms: int) -> int:
    query = select(audit_progress.c.at_ms).where(audit_progress.c.name == _PROGRESS)
    found = connection.execute(query).scalar_one_or_none()
    return default_ms if found is None else int(found)


def _note(connection: Connection, at_ms: int) -> None:
    mine = audit_progress.c.name == _PROGRESS
    if not connection.execute(audit_progress.update().where(mine).values(at_ms=at_ms)).rowcount:
        connection.execute(audit_progress.insert().values(name=_PROGRESS, at_ms=at_ms, id="", body=""))
