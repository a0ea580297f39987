"""Trails deliver what their selectors keep, once, under CloudTrail's keys."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from made_audit import ACCOUNT, record
from trimtab.audit.model import Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.audit.selectors.model import check_advanced, check_basic
from trimtab.audit.trails.model import Trail, check_name
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000
BUCKET = {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::weights/chat/v2.bin"}


def field(name: str, **operators: Sequence[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


def advanced(*fields: Mapping[str, Any], category: str = "Management") -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": [field("eventCategory", Equals=[category]), *fields]}]}


RECORDS = [
    record(NOW, "write"),
    record(NOW, "read", readOnly=True, eventName="DescribeEndpoint"),
    record(NOW, "kms", eventSource="kms.amazonaws.com", eventName="Decrypt", readOnly=True),
    record(
        NOW,
        "data",
        eventCategory="Data",
        managementEvent=False,
        eventName="GetObject",
        readOnly=True,
        resources=[BUCKET],
    ),
    record(NOW, "iam", eventSource="iam.amazonaws.com", eventName="CreateRole", awsRegion="us-west-2"),
    record(NOW, "away", awsRegion="eu-west-1"),
    record(NOW, "other", recipientAccountId="999999999999"),
]
KMS = "kms.amazonaws.com"
OTHER_DATA = {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::x"]}]}
DATA = {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::weights/"]}]}
SELECTORS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing said": ({}, {"write", "read", "kms", "iam"}),
    "every region": ({"IsMultiRegionTrail": True}, {"write", "read", "kms", "iam", "away"}),
    "no global services": ({"IncludeGlobalServiceEvents": False}, {"write", "read", "kms"}),
    "organisation": ({"IsOrganizationTrail": True}, {"write", "read", "kms", "iam", "other"}),
    "writes": ({"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, {"write", "iam"}),
    "no kms": ({"EventSelectors": [{"ExcludeManagementEventSources": [KMS]}]}, {"write", "read", "iam"}),
    "data alone": ({"EventSelectors": [{"IncludeManagementEvents": False, **DATA}]}, {"data"}),
    "other data": (
        {"EventSelectors": [{"IncludeManagementEvents": False, **OTHER_DATA}]},
        set(),
    ),
    "equals": (advanced(field("eventName", Equals=["UpdateEndpoint", "x"])), {"write"}),
    "not equals": (advanced(field("eventSource", NotEquals=["kms.amazonaws.com"])), {"write", "read", "iam"}),
    "starts": (advanced(field("eventName", StartsWith=["De"])), {"read", "kms"}),
    "not starts": (advanced(field("eventName", NotStartsWith=["De", "Cr"])), {"write"}),
    "ends": (advanced(field("eventName", EndsWith=["Endpoint"])), {"write", "read"}),
    "not ends": (advanced(field("eventName", NotEndsWith=["Endpoint"])), {"kms", "iam"}),
    "starts or equals": (advanced(field("eventName", StartsWith=["Desc"], Equals=["CreateRole"])), {"read", "iam"}),
    "starts but not": (advanced(field("eventName", StartsWith=["De"], NotEquals=["Decrypt"])), {"read"}),
    "read-only": (advanced(field("readOnly", Equals=["true"])), {"read", "kms"}),
    "arn": (advanced(field("resources.ARN", StartsWith=["arn:aws:s3:::weights/"]), category="Data"), {"data"}),
    "not arn": (advanced(field("resources.ARN", NotStartsWith=["arn:aws:s3:::weights/"]), category="Data"), set()),
    "caller": (
        advanced(field("userIdentity.arn", EndsWith=["user/alice"]), field("readOnly", Equals=["false"])),
        {"write", "iam"},
    ),
}  # fmt: skip


async def trail_of(room: AuditRoom, body: Mapping[str, Any]) -> Trail:
    made = await room.trails.create(ACCOUNT, "us-east-1", "main", {"S3BucketName": "audit-bucket", **body})
    await room.trails.start(made)
    return made


def delivered(room: AuditRoom, tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "audit" / "buckets").rglob("*.json.gz"))


def ids(files: Sequence[Path]) -> list[str]:
    return [one["eventID"] for path in files for one in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


async def test_a_trail_keeps_what_its_selectors_say(room: AuditRoom, clock: ManualClock) -> None:
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in RECORDS])
    assert await room.reader.fresh(30)
    for case, (body, expected) in SELECTORS.items():
        made = Trail("arn", ACCOUNT, "us-east-1", "main", {"S3BucketName": "b", **body}, True, NOW)
        found = await room.delivery.next_of(made, (0, ""), clock.now_ms() + 1)
        assert {event.id for event in found} == expected, case


async def test_a_trail_with_selectors_delivers_what_they_keep(
    room: AuditRoom, clock: ManualClock, tmp_path: Path
) -> None:
    await trail_of(room, SELECTORS["writes"][0])
    clock.advance(5)
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in RECORDS])
    assert await room.reader.fresh(30)
    clock.advance(120)
    await room.delivery.deliver()
    assert set(ids(delivered(room, tmp_path))) == {"write", "iam"}


async def test_files_lie_under_cloudtrails_keys_and_come_once(
    room: AuditRoom, clock: ManualClock, tmp_path: Path
) -> None:
    made = await trail_of(room, {"S3KeyPrefix": "org/prod"})
    for number in range(3):
        await room.ingest.write_new([event_of(record(NOW, f"e{number}-{n}"), Origin.PUT) for n in range(4)])
        clock.advance(60)
    assert await room.reader.fresh(30)
    clock.advance(60)
    assert await room.delivery.deliver() == 3
    assert await room.delivery.deliver() == 0
    files = delivered(room, tmp_path)
    root = tmp_path / "audit" / "buckets" / "audit-bucket" / "org/prod/AWSLogs" / ACCOUNT / "CloudTrail/us-east-1"
    assert files[0].parent == root / "2025/11/25"
    assert files[0].name.startswith(f"{ACCOUNT}_CloudTrail_us-east-1_20251125T1200Z_")
    assert sorted(ids(files)) == sorted(f"e{number}-{n}" for number in range(3) for n in range(4))
    # A delivery that died before it noted how far it was writes the same files again.
    await room.trails.advance(made, (NOW, ""), delivered=False)
    assert await room.delivery.deliver() == 3
    assert delivered(room, tmp_path) == files
    # What trimtab delivered can be read in again, and changes nothing.
    assert (await room.imports.run(str(tmp_path / "audit" / "buckets"))).stored == 0


async def test_a_trail_that_is_stopped_delivers_nothing(room: AuditRoom, clock: ManualClock, tmp_path: Path) -> None:
    made = await trail_of(room, {})
    await room.trails.stop(await room.trails.get(made.arn))
    await room.ingest.write_new([event_of(record(NOW), Origin.PUT)])
    assert await room.reader.fresh(30)
    clock.advance(120)
    assert await room.delivery.deliver() == 0
    # It begins again with what comes from then on.
    await room.trails.start(await room.trails.get(made.arn))
    clock.advance(120)
    assert await room.delivery.deliver() == 0


async def test_trails_are_named_once_and_forgotten_whole(room: AuditRoom) -> None:
    made = await trail_of(room, {})
    with pytest.raises(Conflict):
        await room.trails.create(ACCOUNT, "us-east-1", "main", {})
    await room.tags.add(made.arn, {"team": "a"})
    await room.trails.delete(made)
    with pytest.raises(NotFound):
        await room.trails.get(made.arn)
    assert await room.tags.of(made.arn) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ab", "too short. Minimum allowed length: 3 characters. Specified name length: 2"),
        ("a..b", "twice in a row"),
        ("1.2.3.4", "no address of a machine"),
        ("-abc", "must starts with a letter or number"),
        ("a b c", "can only contain uppercase letters"),
        ("abc-", "must ends with a letter or number"),
        ("x" * 129, "too long. Maximum allowed length: 128 characters. Specified name length: 129"),
    ],
)
def test_names_that_cloudtrail_refuses_are_refused(name: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        check_name(name)


def test_selectors_that_cloudtrail_refuses_are_refused() -> None:
    for wrong in (
        [{"FieldSelectors": [field("eventName", Equals=["a"])]}],
        [{"FieldSelectors": [field("eventCategory", Equals=["Management"]), field("colour", Equals=["red"])]}],
        [{"FieldSelectors": [field("eventCategory", NotEquals=["Data"])]}],
        [{"FieldSelectors": [field("eventCategory", Equals=["Management"]), field("eventName")]}],
    ):
        with pytest.raises(InvalidInput):
            check_advanced(wrong)
    for basic in ([], [{"ExcludeManagementEventSources": ["s3.amazonaws.com"]}], [{"DataResources": [{"Type": "x"}]}]):
        with pytest.raises(InvalidInput):
            check_basic(basic)


async def test_a_trail_that_asked_for_it_delivers_the_digests_too(
    room: AuditRoom, clock: ManualClock, tmp_path: Path
) -> None:
    made = await trail_of(room, {"EnableLogFileValidation": True})
    await room.ingest.write_new([event_of(record(NOW), Origin.PUT)])
    clock.advance(2 * 3600)
    assert await room.chain.close_hours() >= 1
    await room.delivery.deliver()
    (first, *_) = [path for path in delivered(room, tmp_path) if "CloudTrail-Digest" in str(path)]
    document = json.loads(gzip.decompress(first.read_bytes()))
    assert document["digestHashValue"] == (await room.chain.all())[0].hash
    assert (await room.trails.get(made.arn)).digest_number >= 1
