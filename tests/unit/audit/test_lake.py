"""Lake queries: a SELECT over an event data store answers what SQL says; anything else is refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from made_audit import ACCOUNT, record
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.audit.lake.problem import QueryProblem
from trimtab.audit.lake.queries import QueryState
from trimtab.audit.lake.stores import PENDING, Store
from trimtab.audit.model import Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000
WHERE = (ACCOUNT, "us-east-1")
ROLE = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/1",
    "sessionContext": {"sessionIssuer": {"userName": "ci"}, "attributes": {"mfaAuthenticated": "false"}},
}
RECORDS: list[dict[str, Any]] = [
    record(NOW - 3_600_000, "e1"),
    record(NOW - 1000, "e2", readOnly=True, eventName="DescribeEndpoint", sourceIPAddress="10.0.0.2"),
    record(NOW, "e3", errorCode="AccessDenied", userIdentity=ROLE, requestParameters={"n": 3, "tags": {"a": "it's"}}),
    record(NOW, "e4", recipientAccountId="999999999999"),
    record(NOW, "e5", eventCategory="Data", resources=[{"ARN": "arn:aws:s3:::w", "type": "AWS::S3::Object"}]),
]


async def store_in(room: AuditRoom, **body: Any) -> Store:
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in RECORDS])
    return await room.stores.create(*WHERE, "lake", body, taking=True)


async def ask(room: AuditRoom, text: str, *given: str) -> list[tuple[str | None, ...]]:
    found = await room.lake.run(await room.lake.prepare(EVERYTHING, *WHERE, text, given))
    return [tuple(row) for row in found.rows]


def cases(repository: Path) -> list[tuple[str, list[tuple[str | None, ...]]]]:
    """The queries of lake.test with their rows."""
    found: list[tuple[str, list[tuple[str | None, ...]]]] = []
    for line in (repository / "tests" / "language" / "lake.test").read_text().splitlines():
        if line.startswith("  "):
            found[-1][1].append(tuple(None if cell == "-" else cell for cell in line.strip().split(" | ")))
        elif line and not line.startswith("#"):
            found.append((line, []))
    return found


async def test_a_query_answers_what_sql_says(room: AuditRoom, repository: Path) -> None:
    store = await store_in(room)
    for text, expected in cases(repository):
        filled = text.replace("{}", store.id)
        assert await ask(room, filled) == expected, text


async def test_a_star_is_every_column(room: AuditRoom) -> None:
    store = await store_in(room)
    statement = await room.lake.prepare(EVERYTHING, *WHERE, f"SELECT * FROM {store.id} WHERE eventID = 'e1'")
    found = await room.lake.run(statement)
    assert (len(found.names), len(found.rows)) == (32, 1)
    assert dict(zip(found.names, found.rows[0], strict=True))["requestParameters"] == (
        '{"endpointName":"chat","endpointConfigName":"chat-v2"}'
    )


async def test_question_marks_take_values_and_never_sql(room: AuditRoom) -> None:
    store = await store_in(room)
    text = f"SELECT eventID FROM {store.id} WHERE eventID = ?"
    assert await ask(room, text, "e1") == [("e1",)]
    assert await ask(room, text, "e1' OR 1=1 --") == []
    for given in ((), ("a", "b")):
        with pytest.raises(QueryProblem, match="query parameters"):
            await ask(room, text, *given)


async def test_a_store_holds_what_its_selectors_and_its_retention_say(room: AuditRoom) -> None:
    data = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]
    store = await store_in(room, AdvancedEventSelectors=data)
    assert await ask(room, f"SELECT eventID FROM {store.id}") == [("e5",)]
    whole = await room.stores.put(store, {"AdvancedEventSelectors": None, "OrganizationEnabled": True})
    assert len(await ask(room, f"SELECT eventID FROM {whole.id}")) == 4


WRONG = [
    "DROP TABLE audit_events",
    "INSERT INTO {} SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT * FROM system.tables",
    "SELECT * FROM url('http://x')",
    "SELECT file('/etc/passwd')",
    "SELECT nothing FROM {}",
    "SELECT eventID FROM {} SETTINGS max_threads = 1",
    "SELECT eventID FROM {} WHERE eventID",
    "SELECT record FROM {}",
    "SELECT eventID FROM {} LIMIT 'a'",
    "SELECT eventID FROM {} ORDER BY 9",
    "SELECT sleep(3) FROM {}",
    "SELECT * FROM {}, numbers(10)",
    "not sql at all",
    "",
]


async def test_anything_but_a_plain_select_is_refused(room: AuditRoom) -> None:
    store = await store_in(room)
    for text in WRONG:
        with pytest.raises((QueryProblem, NotFound)):
            await ask(room, text.replace("{}", store.id))


async def test_a_query_runs_in_the_background_and_belongs_to_its_account(room: AuditRoom) -> None:
    store = await store_in(room)
    query = await room.lake.start(EVERYTHING, *WHERE, f"SELECT count(*) FROM {store.id}")
    assert query.task is not None
    await asyncio.wait_for(query.task, 60)
    assert (query.state, query.found and query.found.rows) == (QueryState.FINISHED, [("3",)])
    assert room.lake.of(ACCOUNT, store.id) == [query]
    with pytest.raises(NotFound):
        room.lake.get("999999999999", query.id)
    with pytest.raises(Conflict):
        room.lake.cancel(ACCOUNT, query.id)


async def test_without_a_store_the_scope_alone_is_read(room: AuditRoom) -> None:
    await store_in(room)
    text = "SELECT eventID FROM audit_events WHERE eventID IN ('e1', 'e4') ORDER BY 1"
    for scope, expected in ((EVERYTHING, ["e1", "e4"]), (Scope.of(*WHERE), ["e1"])):
        statement = await room.lake.prepare(scope, *WHERE, text, whole=True)
        assert [row[0] for row in (await room.lake.run(statement)).rows] == expected
    with pytest.raises(NotFound):
        await room.lake.prepare(EVERYTHING, *WHERE, text)


async def test_a_store_that_is_deleted_waits_and_then_is_gone(room: AuditRoom, clock: ManualClock) -> None:
    store = await store_in(room)
    going = await room.stores.put(store, {}, status=PENDING)
    with pytest.raises(InvalidInput, match="restore it first"):
        await ask(room, f"SELECT 1 FROM {going.id}")
    clock.advance(8 * 86_400)
    with pytest.raises(NotFound):
        await room.stores.get(*WHERE, store.arn)
