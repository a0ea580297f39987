"""Where the input of a transform job lies."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.places import Places, chosen


def _asked(uri: str, type_: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": type_, "S3Uri": uri}}, **more}


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    (tmp_path / "bucket" / "day").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / "bucket" / "day" / name).write_text(f"{name}\n")
    return tmp_path / "bucket"


def test_a_prefix_is_every_file_under_it(bucket: Path, tmp_path: Path) -> None:
    found = Places({"records": bucket}).source(_asked("s3://records/day"), tmp_path / "own")
    assert ["a.csv", "b.csv", "c.csv"] == [one.name for one in chosen(found)]


def test_a_manifest_is_the_files_that_it_names_in_its_order(bucket: Path, tmp_path: Path) -> None:
    (bucket / "manifest.json").write_text(json.dumps([{"prefix": "s3://records/day/"}, "c.csv", "a.csv"]))
    asked = _asked("s3://records/manifest.json", "ManifestFile")
    found = Places({"records": bucket}).source(asked, tmp_path / "own")
    assert ["c.csv", "a.csv"] == [one.name for one in chosen(found)]


@pytest.mark.parametrize("body", ["{}", "[]", '[{"prefix": "s3://records/day/"}]', '[{"prefix": "s3://records/"}, 3]'])
def test_a_manifest_that_is_none_is_named(bucket: Path, tmp_path: Path, body: str) -> None:
    (bucket / "manifest.json").write_text(body)
    with pytest.raises(InvalidInput, match="manifest"):
        Places({"records": bucket}).source(_asked("s3://records/manifest.json", "ManifestFile"), tmp_path / "own")


def test_a_manifest_leads_nowhere_else(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    (bucket / "manifest.json").write_text(json.dumps([{"prefix": "s3://records/day/"}, "../../secret"]))
    found = Places({"records": bucket}).source(_asked("s3://records/manifest.json", "ManifestFile"), tmp_path / "own")
    with pytest.raises(InvalidInput, match="no such file"):
        chosen(found)


def test_gzip_is_unpacked_under_the_same_names(bucket: Path, tmp_path: Path) -> None:
    for one in (bucket / "day").iterdir():
        one.write_bytes(gzip.compress(one.read_bytes()))
    asked = _asked("s3://records/day", CompressionType="Gzip")
    found = chosen(Places({"records": bucket}).source(asked, tmp_path / "own"))
    assert ["a.csv\n", "b.csv\n", "c.csv\n"] == [one.read_text() for one in found]
    (bucket / "day" / "a.csv").write_bytes(b"plain")
    with pytest.raises(InvalidInput, match="not gzip"):
        Places({"records": bucket}).source(asked, tmp_path / "again")


@pytest.mark.parametrize("uri", ["s3://records/../x", "http://records/day", "s3://other/day", "s3://records/none"])
def test_what_is_no_place_here_is_refused(bucket: Path, tmp_path: Path, uri: str) -> None:
    with pytest.raises(InvalidInput):
        Places({"records": bucket}).source(_asked(uri), tmp_path / "own")
