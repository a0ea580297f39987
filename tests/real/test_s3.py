"""Prefixes are read and files written in a real S3 (SeaweedFS's, Ceph's), by the calls that all rooms share."""

import os
from pathlib import Path

import pytest

from real.s3_gateway import Gateway
from trimtab.base.errors import InvalidInput
from trimtab.cloud.s3 import S3Folder
from trimtab.cloud.s3_files import S3Files
from trimtab.cloud.s3_folders import S3Folders
from trimtab.cloud.s3_writing import put_object

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


def test_large_objects_go_in_parts_and_come_back(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    content = os.urandom(1 << 20) * 40  # three parts of 16 MiB
    (folder / "weights.bin").write_bytes(content)
    (folder / "config.json").write_text("{}")
    folders = S3Folders(s3=gateway.client())
    folders.store(folder, "s3://models/a b/v1")
    back = folders.fetch("s3://models/a b/v1/", tmp_path / "back")
    assert content == (back / "weights.bin").read_bytes()
    assert not gateway.client().list_multipart_uploads(Bucket="models").get("Uploads")


def test_a_prefix_is_a_folder_and_files_are_written_below_one(gateway: Gateway, tmp_path: Path) -> None:
    s3 = gateway.client()
    for name in ("reports/a.csv", "reports/sub/ä b.csv", "reports-old/c.csv"):
        put_object("models", name, name.encode(), s3=s3)
    folder = S3Folder("s3://models/reports", tmp_path, s3=s3)
    assert ["reports/a.csv", "reports/sub/ä b.csv"] == [one.name for one in folder.items()]
    assert "reports/sub/ä b.csv" == folder.fetch("reports/sub/ä b.csv").read_text()
    assert "s3://models/logs/x/0.gz" == S3Files("s3://models/logs/", s3=s3).write("x/0.gz", b"first")
    S3Files("s3://models/logs", s3=s3).write("x/0.gz", b"again")
    assert {"logs/x/0.gz": b"again"} == {
        key: body for key, body in gateway.objects("models").items() if key.startswith("logs/")
    }


def test_what_s3_refuses_is_said(gateway: Gateway, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such bucket"):
        S3Folders(s3=gateway.client()).fetch("s3://nobody-has-this/x", tmp_path)
    with pytest.raises(InvalidInput, match="SignatureDoesNotMatch"):
        put_object("bills", "x", b"", s3=gateway.client("another"))
    with pytest.raises(InvalidInput, match="SignatureDoesNotMatch"):
        S3Folders(s3=gateway.client("another")).fetch("s3://bills/focus", tmp_path)
