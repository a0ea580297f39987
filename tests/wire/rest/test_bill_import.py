"""`trimtab import` on a live server: command line → REST → engine, with the receipt; uploads, FOCUS out, and S3."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from brought import settled
from live_server import LiveServer
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.client import costs_wire as wire
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.cloud.s3 import S3Folder
from trimtab.cloud.sessions import client as cloud_client

pytestmark = pytest.mark.wire

HEADER = "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
HEADER += "ChargeCategory,ServiceName,BilledCost,EffectiveCost\n"
LINE = "{payer},USD,2031-{month}-01,2031-{month}-28,2031-{month}-03,2031-{month}-04,Usage,Compute,{cost},{cost}\n"


def bill(payer: str, *costs: str, month: str = "05") -> str:
    return HEADER + "".join(LINE.format(payer=payer, month=month, cost=cost) for cost in costs)


def trimtab(server: LiveServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "TRIMTAB_URL": server.url, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "trimtab", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_prints_the_receipt(server: LiveServer, tmp_path: Path) -> None:
    payer, path = new_id(), tmp_path / "bill.csv"
    path.write_text(bill(payer, "1.5", "2.0000000000000001") + bill(payer, "dear").split("\n", 1)[1])
    done = trimtab(server, "import", str(path), "--source", payer)
    assert done.returncode == 0, done.stderr
    assert "2 lines (focus) of 2031-05" in done.stderr
    assert "the file has" in done.stdout
    assert "beyond the 12th digit" in done.stdout
    assert "skipped 1 rows: cannot read billed_cost" in done.stderr
    again = trimtab(server, "import", str(path), "--source", payer, "--json")
    receipt = json.loads(again.stdout)["receipt"]
    assert (2, 2) == (receipt["lines"], receipt["replaced_lines"])
    assert Decimal("3.5000000000000001") == Decimal(receipt["exact"]["USD"])
    number = json.loads(again.stdout)["id"]
    assert payer in trimtab(server, "costs", "receipt", str(number)).stderr
    assert payer in trimtab(server, "costs", "imports").stdout
    assert "2 lines dropped" in trimtab(server, "costs", "drop", payer, "--yes").stderr


def test_a_bill_in_a_providers_own_columns_is_mapped(server: LiveServer, tmp_path: Path) -> None:
    payer, path, own = new_id(), tmp_path / "lines.csv", tmp_path / "my.toml"
    path.write_text(f"day,org,total\n2031-06-03,{payer},1.25\n2031-06-04,{payer},0.005\n")
    own.write_text(
        'name = "acme"\ncharge_period = "day"\n[columns]\nBilledCost = "total"\nChargePeriodStart = "day"\n'
        'BillingAccountId = "org"\n[constants]\nBillingCurrency = "USD"\n'
    )
    done = trimtab(server, "costs", "import", str(path), "--source", payer, "--mapping", str(own))
    assert done.returncode == 0, done.stderr
    assert "2 lines (acme) of 2031-06" in done.stderr
    assert "total 1.255 USD, to the last digit of the file" in done.stdout
    assert "mapped to FOCUS by acme" in done.stderr
    unmapped = trimtab(server, "import", str(path), "--source", payer)
    assert "try --mapping with a file that maps its columns to FOCUS" in unmapped.stderr
    missing = trimtab(server, "import", str(path), "--mapping", str(tmp_path / "no.toml"))
    assert f"cannot read mapping {tmp_path / 'no.toml'}" in missing.stderr
    unknown = trimtab(server, "import", str(path), "--mapping", "nobody")
    assert "cannot find mapping 'nobody': expected azure" in unknown.stderr
    assert "google-cloud" in trimtab(server, "costs", "mappings").stdout
    printed = trimtab(server, "costs", "mappings", "oci")
    assert 'BilledCost = "cost/myCost"' in printed.stdout
    trimtab(server, "costs", "drop", payer, "--yes")


def test_what_cannot_be_read_ends_the_command_with_the_reason(server: LiveServer, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("a,b\n1,2\n")
    done = trimtab(server, "import", str(path))
    assert done.returncode != 0
    assert "no reader for its columns knows a, b" in done.stderr
    gone = trimtab(server, "import", str(tmp_path / "nothing.csv"))
    assert "there is no such file or folder" in gone.stderr


def test_a_folder_is_uploaded_in_parts_and_imported(server: LiveServer, tmp_path: Path) -> None:
    payer = new_id()
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.csv").write_text(bill(payer, "1"))
    (tmp_path / "b.csv").write_text(bill(payer, "2", month="06"))
    with Client(server.url) as client:
        costs = Costs(client)
        sent: list[int] = []
        location = costs.upload(tmp_path, sent.append)
        assert sum(sent) == sum(path.stat().st_size for path in tmp_path.rglob("*.csv"))
        done = settled(costs, costs.start(wire.StartImport(location, source=payer)).id)
        assert done.receipt is not None
        assert [203105, 203106] == done.receipt.months
        assert ["b.csv", "part/a.csv"] == sorted(done.receipt.files)
        again = settled(costs, costs.start(wire.StartImport(location, source=payer)).id)
        assert "failed" == again.state  # an upload is for one import
        assert 2 == costs.drop(payer)


def test_uploads_stay_in_their_folder(server: LiveServer) -> None:
    with httpx.Client(base_url=server.url) as http:
        id_ = http.post("/rest/v1/costs/uploads").json()["id"]
        for name in ("../../x.csv", "/etc/x.csv", "a/../../x", ""):
            answer = http.put(f"/rest/v1/costs/uploads/{id_}", params={"name": name}, content=b"x")
            assert 400 == answer.status_code, name
        late = http.put(f"/rest/v1/costs/uploads/{id_}", params={"name": "a.csv", "offset": "10"}, content=b"x")
        assert "the file is shorter" in late.text
        assert 400 == http.put(f"/rest/v1/costs/uploads/{new_id()}", params={"name": "a"}, content=b"").status_code


def test_a_bill_goes_out_as_focus(server: LiveServer, tmp_path: Path) -> None:
    payer, path, out = new_id(), tmp_path / "bill.csv", tmp_path / "focus.csv"
    path.write_text(bill(payer, "1.25", "2", month="07"))
    assert 0 == trimtab(server, "import", str(path), "--source", payer).returncode
    asked = ("--start", "2031-07-01T00:00:00Z", "--end", "2031-08-01T00:00:00Z", "--output", str(out))
    assert 0 == trimtab(server, "costs", "export", *asked).returncode
    rows = out.read_text().splitlines()
    mine = [row for row in rows if payer in row]
    assert 2 == len(mine)
    trimtab(server, "costs", "drop", payer, "--yes")


@pytest.fixture
def s3_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket `bills` in a stand-in of S3 with reports/a.csv, reports/sub/b.csv and reports-old/c.csv."""
    stand_in = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    stand_in.start()
    host, port = stand_in.get_host_and_port()
    for name, value in {"ID": "testing", "SECRET": "testing"}.items():
        monkeypatch.setenv({"ID": "AWS_ACCESS_KEY_ID", "SECRET": "AWS_SECRET_ACCESS_KEY"}[name], value)
    url = f"http://{host}:{port}"
    s3 = cloud_client("s3", endpoint=url, region="us-east-1")
    s3.create_bucket(Bucket="bills")
    for name in ("reports/a.csv", "reports/sub/b.csv", "reports-old/c.csv"):
        s3.put_object(Bucket="bills", Key=name, Body=bill("p", "1").encode())
    yield url
    stand_in.stop()


def test_a_prefix_of_s3_is_a_folder(s3_url: str, tmp_path: Path) -> None:
    s3 = cloud_client("s3", endpoint=s3_url, region="us-east-1")
    folder = S3Folder("s3://bills/reports", tmp_path, s3=s3)
    assert ["reports/a.csv", "reports/sub/b.csv"] == [item.name for item in folder.items()]
    assert bill("p", "1") == folder.fetch("reports/sub/b.csv").read_text()
    (only,) = S3Folder("s3://bills/reports/a.csv", tmp_path, s3=s3).items()
    assert "a.csv" == only.name
    with pytest.raises(InvalidInput, match="no such bucket"):
        S3Folder("s3://nobody", tmp_path, s3=s3).items()
    with pytest.raises(InvalidInput, match="expected s3://bucket/prefix"):
        S3Folder("http://bills", tmp_path)


def test_a_server_imports_from_s3(s3_url: str, tmp_path: Path) -> None:
    keys = {"AWS_ENDPOINT_URL_S3": s3_url, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    server = LiveServer(tmp_path / "data", **keys).start()
    try:
        done = trimtab(server, "import", "s3://bills/reports", "--json")
        assert done.returncode == 0, done.stderr
        assert 2 == json.loads(done.stdout)["receipt"]["lines"]
    finally:
        server.stop()
