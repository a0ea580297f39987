import asyncio
import json
from collections.abc import Sequence

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.logs.filters.condition import condition
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.protection.identifiers import ARN
from trimtab.logs.protection.mask import protect, starred
from trimtab.logs.protection.policy import read_policy
from trimtab.logs.read import EventQuery
from trimtab.logs.room import LogsRoom

NOW = 1_764_072_000_000


def document(*names: str, masks: bool = True, **more: object) -> str:
    ids = [ARN + name for name in names] + list(more.get("Custom", {}))  # type: ignore[arg-type]  # a mapping
    statements: list[object] = [{"DataIdentifier": ids, "Operation": {"Audit": {"FindingsDestination": {}}}}]
    if masks:
        statements.append({"DataIdentifier": ids, "Operation": {"Deidentify": {"MaskConfig": {}}}})
    custom = [{"Name": name, "Regex": regex} for name, regex in more.get("Custom", {}).items()]  # type: ignore[attr-defined]  # a mapping
    return json.dumps(
        {
            "Name": "p",
            "Version": "2021-06-01",
            "Statement": statements,
            "Configuration": {"CustomDataIdentifier": custom},
        }
    )


async def write(room: LogsRoom, name: str, *messages: str, account: str = "1") -> None:
    group, (stream,) = await room.groups.ensure(account, "r", name, ["s"])
    await room.ingest.write([LogBatch(group, stream, [LogEvent(NOW, message) for message in messages])])
    assert await room.reader.fresh(30)


async def read(room: LogsRoom, name: str, *, unmask: bool = False, pattern: str = "") -> Sequence[str]:
    where, params = condition(pattern)
    group = await room.groups.get("1", "r", name)
    query = EventQuery(unmask=unmask, where=where, params=params)
    return [event.message for event in (await room.reader.page(EVERYTHING, [group], query)).events]


def test_what_comes_after_a_policy_is_masked_for_every_reader(room: LogsRoom) -> None:
    async def scenario() -> None:
        await write(room, "g", "before a@example.com")
        group = await room.groups.get("1", "r", "g")
        await room.policies.put(group, document("EmailAddress", "IpAddress"))
        await write(room, "g", "after a@example.com from 10.0.0.1", "nothing")
        masked = ["before a@example.com", "after ************* from ********", "nothing"]
        assert masked == await read(room, "g")
        assert ["after a@example.com from 10.0.0.1"] == (await read(room, "g", unmask=True))[1:2]
        assert ["before a@example.com"] == await read(room, "g", pattern="example")  # nobody feels their way to it
        await room.policies.delete(group)
        await write(room, "g", "later a@example.com")
        assert [*masked, "later a@example.com"] == await read(room, "g")

    asyncio.run(scenario())


def test_policies_of_an_account_hold_for_all_its_groups_with_their_own(room: LogsRoom) -> None:
    async def scenario() -> None:
        await write(room, "g", "x")
        await room.policies.put(await room.groups.get("1", "r", "g"), document("IpAddress"))
        await room.policies.put_account("1", "r", "all", document("EmailAddress"))
        await write(room, "g", "a@example.com 10.0.0.1")
        await write(room, "h", "a@example.com 10.0.0.1")
        assert ["x", "************* ********"] == await read(room, "g")
        assert ["************* 10.0.0.1"] == await read(room, "h")
        with pytest.raises(LimitExceeded):
            await room.policies.put_account("1", "r", "second", document("EmailAddress"))
        await room.policies.delete_account("1", "r", "all")
        with pytest.raises(NotFound):
            await room.policies.delete_account("1", "r", "all")

    asyncio.run(scenario())


def test_taps_see_what_is_masked_and_what_was_found(room: LogsRoom) -> None:
    seen: list[LogEvent] = []

    async def tap(batches: Sequence[LogBatch]) -> None:
        seen.extend(event for batch in batches for event in batch.events)

    async def scenario() -> None:
        await room.policies.put_account("1", "r", "all", document("EmailAddress"))
        room.ingest.taps.append(tap)
        await write(room, "g", "to a@example.com, b@example.com")

    asyncio.run(scenario())
    (event,) = seen
    assert "to *************, *************" == event.message
    assert [("EmailAddress", ((3, 16), (18, 31)))] == [(one.identifier, one.spans) for one in event.findings]


def test_audits_alone_mask_nothing_and_own_identifiers_count() -> None:
    audited = protect(LogEvent(0, "badge B-123456"), [read_policy(document(masks=False, Custom={"Badge": r"B-\d{6}"}))])
    assert ("badge B-123456", "", 1) == (audited.message, audited.original, len(audited.findings))
    masked = protect(
        LogEvent(0, "B-123456", attributes={"k": "B-654321 x"}), [read_policy(document(Custom={"Badge": r"B-\d{6}"}))]
    )
    assert ("********", "B-123456", {"k": "******** x"}) == (masked.message, masked.original, masked.attributes)


def test_spans_may_overlap() -> None:
    assert "a****fg" == starred("abcdefg", [(2, 5), (1, 3), (1, 4)])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{}", "Statement"),
        (document("Address"), "trimtab knows"),
        (document(), "DataIdentifier"),
        (document(Custom={"x": "("}), "RE2"),
        (document(Custom={"x": "a*"}), "everywhere"),
        (document("EmailAddress").replace('{"MaskConfig": {}}', "{}"), "MaskConfig"),
        (document("EmailAddress").replace('"FindingsDestination": {}', '"FindingsDestination": {"S3": {}}'), "S3"),
        (" " * 30_721, "30721"),
    ],
)
def test_wrong_policies_say_why(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_policy(text)
