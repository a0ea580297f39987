"""Prefixes of S3 copied here and back, in parts, against an emulator of S3."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from trimtab.base.errors import InvalidInput
from trimtab.cloud import s3_transfer
from trimtab.cloud.s3_folders import S3Folders
from trimtab.cloud.sessions import client

MIB = 1 << 20


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        emulator.start()
        host, port = emulator.get_host_and_port()
        found = client("s3", endpoint=f"http://{host}:{port}", region="us-east-1")
        found.create_bucket(Bucket="records")
        try:
            yield found
        finally:
            found.close()
            emulator.stop()


class Counted:
    """A client that counts calls, and fails at one where it is told to."""

    def __init__(self, s3: Any, failing: str = "", at: int = 0) -> None:
        self.s3, self.failing, self.at = s3, failing, at
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            with self._lock:
                self.calls.append(name)
                if name == self.failing and self.calls.count(name) == self.at:
                    raise OSError("the line is cut")
            return getattr(self.s3, name)(**given)

        return call if name != "get_paginator" else self.s3.get_paginator


def test_a_folder_goes_to_s3_and_comes_back(s3: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.csv").write_bytes(b"1,2\n")
    (source / "empty.csv").write_bytes(b"")
    (source / ".hidden").write_bytes(b"no")
    folders = S3Folders(s3)
    folders.store(source, "s3://records/day")
    folders.fetch("s3://records/day/", tmp_path / "copy")
    found = {one.relative_to(tmp_path / "copy").as_posix(): one.read_bytes() for one in _shown(tmp_path / "copy")}
    assert {"deep/a.csv": b"1,2\n", "empty.csv": b""} == found


def test_large_objects_travel_in_parts(s3: Any, tmp_path: Path) -> None:
    body = bytes(range(256)) * (11 * MIB // 256)
    path = tmp_path / "large.bin"
    path.write_bytes(body)
    counted = Counted(s3)
    s3_transfer.upload(counted, path, ("records", "large.bin"), part=5 * MIB)
    assert 3 == counted.calls.count("upload_part")
    etag = s3.head_object(Bucket="records", Key="large.bin")["ETag"].strip('"')
    s3_transfer.download(counted, ("records", "large.bin"), len(body), etag, tmp_path / "copy", part=4 * MIB)
    assert 3 == counted.calls.count("get_object")
    assert body == (tmp_path / "copy").read_bytes()


@pytest.mark.parametrize("failing", ["upload_part", "complete_multipart_upload"])
def test_an_upload_that_fails_leaves_no_parts(s3: Any, tmp_path: Path, failing: str) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(11 * MIB))
    at = 2 if failing == "upload_part" else 1
    with pytest.raises(OSError, match="cut"):
        s3_transfer.upload(Counted(s3, failing, at), path, ("records", "never.bin"), part=5 * MIB)
    assert [] == s3.list_multipart_uploads(Bucket="records").get("Uploads", [])
    assert [] == [one for one in s3.list_objects_v2(Bucket="records").get("Contents", []) if one["Key"] == "never.bin"]


def test_a_download_that_fails_leaves_no_file(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="records", Key="cut.bin", Body=bytes(3 * MIB))
    with pytest.raises(OSError, match="cut"):
        s3_transfer.download(
            Counted(s3, "get_object", 2), ("records", "cut.bin"), 3 * MIB, "", tmp_path / "copy", part=MIB
        )
    assert [] == list(tmp_path.iterdir())


def test_an_object_that_changed_is_copied_again_and_one_that_did_not_is_not(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="records", Key="again/a.csv", Body=b"1\n")
    counted = Counted(s3)
    folders = S3Folders(counted)
    for body in (None, b"2\n"):
        if body is not None:
            s3.put_object(Bucket="records", Key="again/a.csv", Body=body)
        folders.fetch("s3://records/again/", tmp_path)
        folders.fetch("s3://records/again/", tmp_path)
    assert (2, b"2\n") == (counted.calls.count("get_object"), (tmp_path / "a.csv").read_bytes())


def test_an_object_that_changes_while_it_is_read_is_an_error(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="records", Key="moving/a.csv", Body=b"new\n")

    class Late(Counted):
        def __getattr__(self, name: str) -> Any:
            if name == "get_object":
                s3.put_object(Bucket="records", Key="moving/a.csv", Body=b"newer\n")
            return super().__getattr__(name)

    with pytest.raises(InvalidInput, match="changed while it was read"):
        S3Folders(Late(s3)).fetch("s3://records/moving/", tmp_path)


def test_a_prefix_with_nothing_under_it_is_named(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nothing there"):
        S3Folders(s3).fetch("s3://records/nowhere/", tmp_path)


def _shown(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")]
