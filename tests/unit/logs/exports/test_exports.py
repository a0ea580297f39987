import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Unavailable
from trimtab.cloud.s3_files import S3Files
from trimtab.logs.exports import job
from trimtab.logs.exports.job import Exporting
from trimtab.logs.exports.places import LocalFiles, files_of
from trimtab.logs.exports.tasks import Status, Wish
from trimtab.logs.model import Group, LogBatch, LogEvent
from trimtab.logs.room import LogsRoom

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z
WISH = Wish("w", NOW, NOW + 1, "out", "some/where")


async def write(room: LogsRoom) -> Group:
    group, streams = await room.groups.ensure("1", "r", "g", ["web/1", "db"])
    batches = [
        LogBatch(group, stream, [LogEvent(NOW + at, f"{stream.name} {at}") for at in range(3)]) for stream in streams
    ]
    await room.ingest.write(batches)
    assert await room.reader.fresh(30)
    return group


def lines(folder: Path) -> dict[str, list[str]]:
    files = sorted(folder.rglob("*.gz"))
    return {str(file.relative_to(folder)): gzip.decompress(file.read_bytes()).decode().splitlines() for file in files}


def exporting(room: LogsRoom, exports: Path, may: bool = True) -> Exporting:
    return Exporting(room.exports, room.reader, exports, lambda: may)


def test_events_are_copied_in_the_layout_of_cloudwatch(
    room: LogsRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_PAGE", 2)
    monkeypatch.setattr(job, "_FILE_BYTES", 40)

    async def scenario() -> None:
        group = await write(room)
        task = await room.exports.create(group, WISH)
        with pytest.raises(LimitExceeded):
            await room.exports.create(group, WISH)
        assert 0 == await exporting(room, tmp_path, may=False).turn()
        assert 1 == await exporting(room, tmp_path).turn()
        assert 0 == await exporting(room, tmp_path).turn()
        root = tmp_path / "out" / "some" / "where"
        assert (root / "aws-logs-write-test").exists()
        at = "2025-11-25T12:00:00"
        assert {
            f"{task.id}/db/000000.gz": [f"{at}.000Z db 0", f"{at}.001Z db 1"],
            f"{task.id}/web-1/000000.gz": [f"{at}.000Z web/1 0", f"{at}.001Z web/1 1"],
        } == lines(root)
        (found,) = await room.exports.listed("1", "r", id_=task.id)
        assert (Status.COMPLETED, "Completed successfully") == (found.status, found.message)
        assert found.completed_ms == NOW

    asyncio.run(scenario())


def test_streams_may_be_chosen_and_long_ones_get_several_files(
    room: LogsRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_PAGE", 1)
    monkeypatch.setattr(job, "_FILE_BYTES", 1)

    async def scenario() -> None:
        await room.exports.create(await write(room), Wish("", 0, NOW + 9, "out", "", "d"))
        await exporting(room, tmp_path).turn()
        assert [1, 1, 1] == [len(found) for found in lines(tmp_path / "out").values()]

    asyncio.run(scenario())


def test_tasks_are_cancelled_and_fail_with_a_reason(room: LogsRoom, tmp_path: Path) -> None:
    async def scenario() -> None:
        group = await write(room)
        waiting = await room.exports.create(group, WISH)
        await room.exports.cancel("1", "r", waiting.id)
        with pytest.raises(Conflict):
            await room.exports.cancel("1", "r", waiting.id)
        with pytest.raises(NotFound):
            await room.exports.cancel("1", "r", "none")
        running = await room.exports.create(group, WISH)
        assert await room.exports.note(running, Status.RUNNING)
        await room.exports.cancel("1", "r", running.id)
        await exporting(room, tmp_path).turn()
        (tmp_path / "out").write_text("in the way")
        failing = await room.exports.create(group, WISH)
        await exporting(room, tmp_path).turn()
        found = {task.id: task for task in await room.exports.listed("1", "r")}
        assert [Status.CANCELLED, Status.CANCELLED, Status.FAILED] == [
            found[task.id].status for task in (waiting, running, failing)
        ]
        assert "cannot write" in found[failing.id].message
        assert [failing.id] == [task.id for task in await room.exports.listed("1", "r", status="FAILED")]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("destination", "prefix"),
    [("../up", ""), ("a/b", ""), ("", ""), (".", ""), ("ok", "../.."), ("ok", "a b"), ("s3://", ""), ("/etc", "")],
)
def test_files_stay_in_their_folder(destination: str, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        files_of(destination, prefix, tmp_path)


def test_places_are_folders_and_buckets(tmp_path: Path) -> None:
    assert LocalFiles(tmp_path / "b" / "x" / "y") == files_of("b", "/x//y/", tmp_path)
    assert S3Files("s3://bucket/p/x") == files_of("s3://bucket/p/", "x", tmp_path)


class Bucket:
    def __init__(self, code: str = "") -> None:
        self.code = code
        self.put: list[dict[str, Any]] = []

    def put_object(self, **asked: Any) -> None:
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, "PutObject")
        self.put.append(asked)


def test_files_go_under_the_prefix_of_a_bucket() -> None:
    bucket = Bucket()
    assert "s3://b/p/q/f.gz" == S3Files("s3://b/p/q", bucket).write("f.gz", b"x")
    assert [{"Bucket": "b", "Key": "p/q/f.gz", "Body": b"x"}] == bucket.put
    for code, error in (("AccessDenied", InvalidInput), ("SlowDown", Unavailable)):
        with pytest.raises(error):
            S3Files("s3://b", Bucket(code)).write("f", b"")
