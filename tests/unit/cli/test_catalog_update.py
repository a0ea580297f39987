"""`trimtab catalog update` and its kin, and what `trimtab connect aws` says without an account."""

import json
from pathlib import Path

from tests.unit.cli.conftest import Cli

HEAD = (
    '"FormatVersion","v1.0"\n"Publication Date","{day}T00:00:00Z"\n"Version","{version}"\n"OfferCode","AmazonEC2"\n'
    '"SKU","RateCode","TermType","Unit","PricePerUnit","Currency","Product Family","Instance Type","Operating System"\n'
)


def offer(path: Path, day: str, version: str, **prices: str) -> str:
    rows = (
        f'"{name}","{name}.J.6","OnDemand","Hrs","{price}","USD","Compute Instance","{name}.xlarge","Linux"\n'
        for name, price in prices.items()
    )
    path.write_text(HEAD.format(day=day, version=version) + "".join(rows))
    return str(path)


def test_price_lists_are_taken_in_and_newer_ones_end_older_prices(live: Cli, tmp_path: Path) -> None:
    first = offer(tmp_path / "1.csv", "2024-01-01", "1", m9="1.5", z9="4")
    second = offer(tmp_path / "2.csv", "2024-02-01", "2", m9="1.25")
    told = live("catalog", "update", first, "--region", "eu-west-1")
    assert "AmazonEC2 in eu-west-1 of 2024-01-01T00:00:00Z: 2 prices are new or changed" in told.err
    assert "0 prices are new or changed" in live("catalog", "update", first, "--region", "eu-west-1").err
    assert live("catalog", "update", second, "--region", "eu-west-1").code == 0
    rows = json.loads(live("catalog", "prices", "m9.xlarge", "--region", "eu-west-1", "--json").out)["prices"]
    assert [("1.5", 1706745600000), ("1.25", None)] == [(one["per_hour"], one["to_ms"]) for one in rows]
    (gone,) = json.loads(live("catalog", "prices", "z9.xlarge", "--region", "eu-west-1", "--json").out)["prices"]
    assert 1706745600000 == gone["to_ms"]
    assert "2 instance types have prices by date" in live("catalog", "lists").err
    assert "no price of m9.xlarge in us-east-1 was taken in" in live("catalog", "prices", "m9.xlarge").err
    refused = live("catalog", "update", str(tmp_path / "none.csv"))
    assert (1, True) == (refused.code, "cannot read" in refused.err)


def test_histories_and_spot_prices_are_taken_in(live: Cli, tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text("date,instance_type,usd_per_hour\n2024-01-01,m9.xlarge,2\n2024-02-01,m9.xlarge,1\n")
    assert "1 instance types, 1 changes of their prices\n" == live("catalog", "import-history", str(history)).out
    spot = tmp_path / "spot.json"
    point = {"InstanceType": "m9.xlarge", "AvailabilityZone": "us-east-1a", "SpotPrice": "0.4"}
    spot.write_text(json.dumps({"SpotPriceHistory": [{**point, "Timestamp": "2024-01-05T00:00:00Z"}]}))
    assert "1 spot prices of 1 instance types\n" == live("catalog", "import-spot", str(spot)).out
    shown = live("catalog", "prices", "m9.xlarge").out
    assert all(word in shown for word in ("on-demand", "spot us-east-1a", "0.4", "history.csv"))


def test_the_policy_is_printed_and_credentials_are_missed_by_name(live: Cli) -> None:
    policy = json.loads(live("connect", "aws", "--print-policy").out)
    assert "ec2:DescribeInstances" in policy["Statement"][0]["Action"]
    told = live("connect", "aws", "--region", "us-east-1", "--plan")
    assert (2, True) == (told.code, "the server has no AWS credentials" in told.err)
    wrong = live("connect", "aws", "--role-arn", "x", "--plan")
    assert (2, True) == (wrong.code, "cannot connect the account" in wrong.err)
    assert "No account is connected" in live("accounts", "list").err
    missing = live("accounts", "show", "111122223333")
    assert (1, True) == (missing.code, "is not connected" in missing.err)
