"""Records come in once, are found by what they say, and keep every member."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from made_audit import ACCOUNT, record
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.model import Attribute, AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.base.errors import InvalidInput

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000
ROLE = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci-42",
    "sessionContext": {"sessionIssuer": {"userName": "deployer", "type": "Role"}},
}


def events(*records: dict[str, Any]) -> list[AuditEvent]:
    return [event_of(one, Origin.PUT) for one in records]


async def found(room: AuditRoom, query: AuditQuery, scope: Scope = EVERYTHING) -> list[str]:
    assert await room.reader.fresh(30)
    return [event.id for event in (await room.reader.page(scope, query, 50)).events]


async def test_a_record_is_kept_whole_and_found_by_each_attribute(room: AuditRoom) -> None:
    bucket = {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::weights"}
    first, second = record(NOW - 5000), record(NOW, "e2", userIdentity=ROLE, readOnly=True, resources=[bucket])
    await room.ingest.write_new(events(first, second))
    cases = {
        (Attribute.EVENT_ID, "e1"): ["e1"],
        (Attribute.EVENT_NAME, "UpdateEndpoint"): ["e2", "e1"],
        (Attribute.READ_ONLY, "true"): ["e2"],
        (Attribute.READ_ONLY, "false"): ["e1"],
        (Attribute.USERNAME, "alice"): ["e1"],
        (Attribute.USERNAME, "deployer"): ["e2"],
        (Attribute.USERNAME, "ci-42"): ["e2"],
        (Attribute.RESOURCE_TYPE, "AWS::S3::Bucket"): ["e2"],
        (Attribute.RESOURCE_NAME, "arn:aws:s3:::weights"): ["e2"],
        (Attribute.RESOURCE_NAME, "weights"): ["e2"],
        (Attribute.EVENT_SOURCE, "sagemaker.amazonaws.com"): ["e2", "e1"],
        (Attribute.ACCESS_KEY_ID, "AKIA1"): ["e1"],
        (Attribute.ACCESS_KEY_ID, "AKIA2"): [],
    }
    for attribute, expected in cases.items():
        assert await found(room, AuditQuery(attributes=[attribute])) == expected, attribute
    assert (await room.reader.one(EVERYTHING, "e2")).record == second


async def test_a_record_that_comes_again_changes_nothing_and_is_told_once(room: AuditRoom) -> None:
    told: list[str] = []

    async def tap(events: Any) -> None:
        told.extend(event.id for event in events)

    room.ingest.taps.append(tap)
    await room.ingest.write_new(events(record(NOW), record(NOW), record(NOW, "e2")))
    again = await room.ingest.write_new(events(record(NOW, errorCode="AccessDenied"), record(NOW, "e3")))
    assert ([event.id for event in again.events], again.known) == (["e3"], 1)
    assert told == ["e1", "e2", "e3"]
    assert await found(room, AuditQuery(errors_only=True)) == []


async def test_what_a_scope_does_not_cover_is_not_there(room: AuditRoom) -> None:
    await room.ingest.write_new(events(record(NOW), record(NOW, "e2", recipientAccountId="999999999999")))
    assert await found(room, AuditQuery(), Scope.of(ACCOUNT, "us-east-1")) == ["e1"]
    assert await found(room, AuditQuery(), Scope.of(ACCOUNT, "eu-west-1")) == []
    assert await found(room, AuditQuery(), Scope(rows=(RowRule("team", frozenset(("a",))),))) == []


async def test_events_are_found_by_what_their_request_names(room: AuditRoom) -> None:
    await room.ingest.write_new(events(record(NOW), record(NOW, "e2", requestParameters={"functionName": "x"})))
    assert await found(room, AuditQuery(about=["chat"])) == ["e1"]
    assert await found(room, AuditQuery(text="CHAT-V2")) == ["e1"]
    assert await found(room, AuditQuery(facets={"user": ["alice", "bob"]}, about=["x"])) == ["e2"]


async def test_pages_follow_each_other_without_gap_or_repeat(room: AuditRoom) -> None:
    await room.ingest.write_new(events(*(record(NOW - n % 3 * 1000, f"e{n:02}") for n in range(25))))
    assert await room.reader.fresh(30)
    seen: list[str] = []
    after = None
    while True:
        page = await room.reader.page(EVERYTHING, AuditQuery(), 10, after)
        seen += [event.id for event in page.events]
        after = page.next
        if after is None:
            break
    assert (len(seen), len(set(seen))) == (25, 25)


async def test_facets_and_timeline_count_every_event(room: AuditRoom) -> None:
    await room.ingest.write_new(
        events(record(NOW), record(NOW, "e2", errorCode="Denied"), record(NOW - 60_000, "e3", readOnly=True))
    )
    assert await room.reader.fresh(30)
    facets = await room.reader.facets(EVERYTHING, AuditQuery())
    assert [(one.value, one.events) for one in facets["user"]] == [("alice", 3)]
    steps = await room.reader.timeline(EVERYTHING, AuditQuery(), 60_000)
    assert [(s.at_ms, s.reads, s.changes, s.errors) for s in steps] == [(NOW - 60_000, 1, 0, 0), (NOW, 0, 1, 1)]


def test_what_is_no_record_says_so() -> None:
    for wrong in (1, {}, {"eventName": "a"}, record(0), record(NOW, eventTime="soon")):
        with pytest.raises(InvalidInput, match="cannot read audit record"):
            event_of(wrong, Origin.PUT)


async def test_a_folder_is_read_once_and_its_digests_are_left_out(room: AuditRoom, tmp_path: Path) -> None:
    logs = tmp_path / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1"
    digests = tmp_path / "AWSLogs" / ACCOUNT / "CloudTrail-Digest" / "us-east-1"
    for folder in (logs, digests):
        folder.mkdir(parents=True)
    (logs / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record(NOW), record(NOW, "e2")]}).encode()))
    (logs / "b.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record(NOW, "e3"), {"x": 1}]}).encode()))
    (digests / "d.json.gz").write_bytes(gzip.compress(b'{"awsAccountId": "1"}'))
    done = await room.imports.run(str(tmp_path))
    assert (done.state, done.files, done.records, done.stored) == ("done", 2, 4, 3)
    assert "it has no eventName" in done.notes[0] or "eventTime" in done.notes[0]
    again = await room.imports.run(str(tmp_path))
    assert (again.state, again.records, again.stored) == ("done", 4, 0)
    assert sorted(await found(room, AuditQuery())) == ["e1", "e2", "e3"]


async def test_an_import_of_nothing_fails_and_says_why(room: AuditRoom, tmp_path: Path) -> None:
    done = await room.imports.run(str(tmp_path))
    assert (done.state, done.problem) == ("failed", "cannot import: there are no CloudTrail records in there")
    with pytest.raises(InvalidInput, match="there is no such file"):
        await room.imports.run(str(tmp_path / "none"))
