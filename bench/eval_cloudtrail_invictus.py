"""CloudTrail files on a directory in S3's layout: `AWSLogs/…/*.json.gz`.

Run as `python bench/eval_cloudtrail_invictus.py DIR`. All goes through the product's own functions: the folder is
imported twice, LookupEvents is asked by boto's own model for every value of every attribute, page by page, and its ids
are compared with those that pandas selects from the files. `wrong` counts records that are not held exactly once, and
values whose pages differ. Labels (user agents that begin with `stratus-red-team_`) are only compared with: `techniques`
is their number, `techniques_found` of how many a call is in an insight or a finding. The last line is JSON.
"""

import asyncio
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.files import is_records
from trimtab.audit.model import INSIGHT, MANAGEMENT, AuditEvent
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import ManualClock, SystemClock, to_ms
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms
from trimtab.doors.aws.cloudtrail.service import build
from trimtab.doors.aws.service import CallContext
from trimtab.inventory.sources import SourceLedger
from trimtab.store.state.database import State
from trimtab.store.telemetry.log import IngestLog

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from engine_owner import engine_in  # the owner of an engine that tests have

_ATTACK = "stratus-red-team_"
_PAGES = 1000  # of one value: more than any file of this kind has


def main() -> int:
    """Evaluate the directory."""
    if len(sys.argv) != 2:
        print("usage: python bench/eval_cloudtrail_invictus.py DIR", file=sys.stderr)
        return 2
    directory = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch, engine_in(Path(scratch) / "engine") as engine:
        figures = asyncio.run(_evaluate(directory, Path(scratch), engine))
    print(json.dumps(figures))
    return 0


async def _evaluate(directory: Path, scratch: Path, engine: Any) -> dict[str, float]:
    frame = _frame(directory)
    clock = ManualClock()
    clock.at_ms = int(frame["at"].max()) + 3_600_000
    state = State.open("", scratch)
    log = IngestLog(scratch / "log", engine, SystemClock())
    log.open()
    room = AuditRoom.of(engine, state, log, clock, scratch / "audit", "123456789012", "us-east-1")
    began = time.perf_counter()
    first = await room.imports.run(str(directory))
    took_s = time.perf_counter() - began
    again = await room.imports.run(str(directory))
    await room.reader.fresh(60)
    counts = await room.reader.count(EVERYTHING, AuditQuery(facets={"category": (MANAGEMENT, "Data")}))
    wrong = abs(counts.events - len(frame)) + abs(first.stored - len(frame)) + again.stored
    asked, differing = await _compare(CloudTrailRooms(room, SourceLedger(state, clock)), frame)
    figures = {"events": counts.events, "wrong": wrong + differing, "lookups": asked, "again_stored": again.stored}
    figures |= await _attacks(room)
    log.close()
    state.close()
    return {**figures, "import_events_per_s": round(first.stored / took_s)}


def _frame(directory: Path) -> pd.DataFrame:
    """The records as pandas sees them, one row an event id."""
    records: list[dict[str, Any]] = []
    for path in sorted(directory.rglob("*.json*")):
        if path.is_file() and is_records(str(path)):
            raw = path.read_bytes()
            document = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
            records += document.get("Records", []) if isinstance(document, dict) else []
    frame = pd.DataFrame({"record": records})
    take = frame["record"].map
    frame["EventId"] = take(lambda one: one["eventID"])
    frame["at"] = pd.to_datetime(take(lambda one: one["eventTime"])).map(lambda when: to_ms(when.to_pydatetime()))
    frame["region"] = take(lambda one: one["awsRegion"])
    frame["EventName"] = take(lambda one: [one["eventName"]])
    frame["EventSource"] = take(lambda one: [one["eventSource"]])
    frame["ReadOnly"] = take(lambda one: ["true" if one.get("readOnly") else "false"])
    frame["AccessKeyId"] = take(lambda one: [one["userIdentity"].get("accessKeyId")])
    frame["Username"] = take(_names)
    frame["ResourceType"] = take(lambda one: [each.get("type") for each in one.get("resources") or []])
    frame["ResourceName"] = take(lambda one: [each.get("ARN") for each in one.get("resources") or []])
    return frame.drop_duplicates("EventId").reset_index(drop=True)


def _names(record: Mapping[str, Any]) -> list[str | None]:
    who = record["userIdentity"]
    issuer = ((who.get("sessionContext") or {}).get("sessionIssuer") or {}).get("userName")
    return [who.get("userName") or issuer]


async def _compare(rooms: CloudTrailRooms, frame: pd.DataFrame) -> tuple[int, int]:
    """How many values were looked up, and for how many the pages differ from what pandas selects."""
    lookup = build(rooms)[0].operations["LookupEvents"].call
    asked = differing = 0
    for region, part in frame.groupby("region"):
        context = CallContext(LOCAL_OPERATOR, "123456789012", region, Scope(regions=frozenset((region,))), "eval")
        values = {("EventId", id_): {id_} for id_ in part["EventId"].iloc[:: max(1, len(part) // 50)]}
        for key in ("EventName", "EventSource", "ReadOnly", "AccessKeyId", "Username", "ResourceType", "ResourceName"):
            exploded = part[["EventId", key]].explode(key).dropna()
            values |= {(key, value): set(ids) for value, ids in exploded.groupby(key)["EventId"]}
        for (key, value), expected in values.items():
            found = await _pages(lookup, context, key, value)
            asked += 1
            if len(found) != len(set(found)) or set(found) != expected:
                differing += 1
                print(f"{key}={value}: {len(found)} found, {len(expected)} expected", file=sys.stderr)
        everything = await _pages(lookup, context, "", "")
        newest = part.sort_values(["at", "EventId"], ascending=False)["EventId"].tolist()
        asked, differing = asked + 1, differing + (everything != newest)
    return asked, differing


async def _pages(lookup: Any, context: CallContext, key: str, value: str) -> list[str]:
    """The ids of every page of a search, in order."""
    request: dict[str, Any] = {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]} if key else {}
    found: list[str] = []
    for _ in range(_PAGES):
        answer = await lookup(request, context)
        if len(answer["Events"]) > 50:
            raise AssertionError("a page has more than 50 events")
        found += [event["EventId"] for event in answer["Events"]]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    return found


async def _attacks(room: AuditRoom) -> dict[str, float]:
    """What insights and findings say of the calls that the labels name."""
    insights = (await room.reader.page(EVERYTHING, AuditQuery(facets={"category": (INSIGHT,)}), 10_000)).events
    findings = await room.findings.of(EVERYTHING, AuditQuery())
    events = (await room.reader.page(EVERYTHING, AuditQuery(facets={"category": (MANAGEMENT,)}), 1_000_000)).events
    spans = _spans(insights)
    told = {id_ for finding in findings for id_ in finding.ids}
    found = {event.id for event in events if event.id in told or _within(event, spans)}
    labelled = [event for event in events if event.user_agent.startswith(_ATTACK)]
    return {
        "insights": len(spans),
        "findings": len(findings),
        "attack_events": len(labelled),
        "attack_events_found": sum(event.id in found for event in labelled),
        "techniques": len({event.user_agent for event in labelled}),
        "techniques_found": len({event.user_agent for event in labelled if event.id in found}),
    }


def _spans(insights: Any) -> dict[str, tuple[str, str, str, int, int]]:
    """Source, name, error, beginning and end of each insight."""
    spans: dict[str, tuple[str, str, str, int, int]] = {}
    for event in sorted(insights, key=lambda one: one.time_ms):
        shared, details = event.record["sharedEventID"], event.record["insightDetails"]
        begun = spans.get(shared, ("", "", "", event.time_ms, 0))[3]
        spans[shared] = (event.source, event.name, details.get("errorCode", ""), begun, event.time_ms)
    return spans


def _within(event: AuditEvent, spans: Mapping[str, tuple[str, str, str, int, int]]) -> bool:
    return any(
        (event.source, event.name) == (source, name)
        and error in ("", event.error_code)
        and start <= event.time_ms < end
        for source, name, error, start, end in spans.values()
    )


if __name__ == "__main__":
    sys.exit(main())
