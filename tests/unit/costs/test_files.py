"""Which files of a folder are the bill, how they are packed, and what is said of files that are none."""

import bz2
import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.costs.bills import CUR2, FOCUS, table
from tests.unit.costs.conftest import Room

from trimtab.base.errors import InvalidInput, TrimtabError

BILL = table(FOCUS, {"BilledCost": "1.5"}, {"BilledCost": "2"})


def named(value: str | bytes) -> str:
    """The part of a test's name: what was packed holds the time of packing, and names must be the same everywhere."""
    return value if isinstance(value, str) else "bytes"


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bill.csv", BILL.encode()),
        ("bill.csv.gz", gzip.compress(BILL.encode())),
        ("bill.csv.bz2", bz2.compress(BILL.encode())),
        ("bill.tsv", BILL.replace(",", "\t").encode()),
        ("bill.zip", zipped(**{"a/bill.csv": BILL, "__MACOSX/._bill.csv": "x"})),
        ("bill [1]*{a,b}.csv", BILL.encode()),  # signs that the engine would take for a pattern
    ],
    ids=named,
)
def test_a_bill_is_read_however_it_is_packed(room: Room, name: str, content: bytes) -> None:
    receipt = room.bring(name, content)
    assert {"USD": Decimal("3.5")} == receipt.exact()
    assert name in receipt.files[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "its first line names 0 columns"),
        ("other.csv", b"a,b,c\n1,2,3\n", "no reader for its columns knows a, b, c"),
        ("image.csv", b"\x89PNG\x00\x00", "neither text nor Parquet"),
        ("bill.parquet", b"PAR1 and nothing else", "Parquet footer is broken"),
        ("bill.zip", b"PK\x03\x04 broken", "cannot read archive"),
        ("bill.csv.gz", gzip.compress(BILL.encode())[:60], "cannot"),
        ("header.csv", BILL.split("\n")[0].encode() + b"\n", "it has no lines"),
        ("bill.json", b"{broken", "it is not JSON"),
        ("notes.txt", b"hello", "found no CSV, Parquet"),
    ],
    ids=named,
)
def test_what_is_no_bill_is_refused_with_the_reason(room: Room, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=r"^cannot ") as problem:
        room.bring(name, content)
    assert message in str(problem.value)
    assert [] == room.column("SELECT month FROM cost_lines")
    assert [] == room.column(
        "SELECT name FROM system.tables WHERE name LIKE '%\\_in\\_%' AND database = currentDatabase()"
    )


def test_a_place_with_nothing_is_named(room: Room) -> None:
    with pytest.raises(InvalidInput, match=r"no such file"):
        room.take(Path("/nowhere/bill.csv"))


def test_a_broken_line_leaves_what_was_there(room: Room) -> None:
    room.bring("a/bill.csv", BILL, source="s")
    broken = BILL + '2026,"unclosed\n' * 3
    with pytest.raises(TrimtabError):
        room.bring("b/bill.csv", broken, source="s")
    assert [2] == room.column("SELECT count() FROM cost_lines")


def test_files_beside_the_bill_are_named_and_not_read(room: Room) -> None:
    folder = room.folder / "bills"
    for name, content in {"a.csv": BILL, "b/c.csv": BILL, "README.md": "#", "facts.json": '{"rows": 2}'}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    receipt = room.take(folder)
    assert (4, ("a.csv", "b/c.csv")) == (receipt.lines, receipt.files)
    assert any("1 files of other kinds" in note for note in receipt.notes)
    assert any("facts.json was not read" in note for note in receipt.notes)


def manifest(assembly: str, *keys: str) -> str:
    return json.dumps({"assemblyId": assembly, "reportKeys": list(keys)})


def test_of_a_legacy_report_the_version_of_the_manifest_counts(room: Room) -> None:
    month = room.folder / "report" / "20260801-20260901"
    bill = table(CUR2, {"line_item_unblended_cost": "1"})
    for assembly, times in {"old-version": 3, "new-version": 1}.items():
        (month / assembly).mkdir(parents=True)
        (month / assembly / "report-1.csv").write_text(bill + (bill.split("\r\n")[1] + "\r\n") * times)
        text = manifest(assembly, f"prefix/report/20260801-20260901/{assembly}/report-1.csv")
        (month / assembly / "report-Manifest.json").write_text(text)
    (month / "report-Manifest.json").write_text(
        manifest("new-version", "prefix/report/20260801-20260901/new-version/report-1.csv")
    )
    receipt = room.take(room.folder / "report")
    assert {"USD": Decimal(2)} == receipt.exact()
    assert any("(version new-version)" in note for note in receipt.notes)
    assert any("older versions" in note for note in receipt.notes)


def test_a_manifest_that_names_what_is_missing_stops_the_import(room: Room) -> None:
    folder = room.folder / "report"
    folder.mkdir()
    (folder / "part-1.csv").write_text(BILL)
    (folder / "x-Manifest.json").write_text(json.dumps({"dataFiles": ["s3://b/part-1.csv", "s3://b/part-2.csv"]}))
    with pytest.raises(InvalidInput, match=r"names s3://b/part-2.csv, which is not there"):
        room.take(folder)
