"""Inventories and rate cards in CSV, as people write them."""

from pathlib import Path

import pytest

from trimtab.base.errors import InvalidInput, SetupError
from trimtab.sources.tables.inventory import read_inventory
from trimtab.sources.tables.rates import read_rates


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8-sig")  # as spreadsheets save it
    return path


def test_columns_are_known_by_their_usual_names_and_the_rest_are_tags(tmp_path: Path) -> None:
    text = "Instance ID,Hostname,Instance Type,Team,Account ID,Region,tag:project,Rack\n"
    text += 'i-0abc,p5-01,p5.48xlarge,vision,1,us-east-1,"a, b",R7\n'
    (one,) = read_inventory(written(tmp_path, text))
    assert ("aws", "1", "us-east-1", "instance", "i-0abc") == (one.provider, one.account, one.region, one.kind, one.id)
    assert ("p5-01", "vision", "p5.48xlarge") == (one.name, one.owner, one.type)
    assert {"project": "a, b", "Rack": "R7"} == one.tags


def test_a_line_with_a_name_only_is_a_machine(tmp_path: Path) -> None:
    (one,) = read_inventory(written(tmp_path, "name,model\n\ndgx-3,DGX H100\n"))
    assert ("host", "dgx-3", "DGX H100", "") == (one.kind, one.id, one.type, one.provider)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("owner,type\nvision,p5\n", "line 2: expected an arn, an id or a name"),
        ("name\na,b\n", "line 2: got 2 cells"),
        ('name\n"a\n', "line 2"),
        ("", "it is empty"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_inventory(written(tmp_path, text))


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot read"):
        read_inventory(tmp_path / "absent.csv")


def test_a_rate_card(tmp_path: Path) -> None:
    text = "subject,price,from,until,note\ngpu:H100,$2.85,2026-01-01,2027-01-01,contract 7\n"
    text += "p5.48xlarge,40,,,\n*,12%,,,EDP\n"
    gpu, machine, all_ = read_rates(written(tmp_path, text))
    assert ("price", "gpu-hour", "2.85", "USD", "contract 7") == (
        gpu.kind,
        gpu.unit,
        gpu.amount,
        gpu.currency,
        gpu.note,
    )
    assert (1_767_225_600_000, 1_798_761_600_000) == (gpu.from_ms, gpu.to_ms)
    assert ("instance-hour", "40", None) == (machine.unit, machine.amount, machine.to_ms)
    assert ("discount", "*", "12") == (all_.kind, all_.subject, all_.amount)


@pytest.mark.parametrize(
    "text",
    ["subject,amount\ngpu:H100,cheap\n", "subject,amount,colour\ngpu:H100,1,red\n", "subject,amount\n,1\n",
     "subject,amount,from\ngpu:H100,1,soon\n", "subject,amount,per\ngpu:H100,1,GB-Mo\n"],
)  # fmt: skip
def test_a_rate_that_cannot_be_names_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="line 2"):
        read_rates(written(tmp_path, text))


@pytest.mark.parametrize(
    ("subject", "amount", "unit", "expected"),
    [
        ("gpu:H100", "2.85", "GPU-Hours", ("gpu-hour", "2.85")),
        ("gpu:H100", "2.85", "hour", ("gpu-hour", "2.85")),
        ("gpu:H100", "48", "per GPU day", ("gpu-hour", "2")),
        ("p5.48xlarge", "98.32", "Hours", ("instance-hour", "98.32")),
        ("p5.48xlarge", "12", "GPU hours", ("gpu-hour", "12")),
        ("p5.48xlarge", "73000", "node-months", ("instance-hour", "100")),
    ],
)
def test_a_price_of_any_time_is_kept_as_one_of_an_hour(
    tmp_path: Path, subject: str, amount: str, unit: str, expected: tuple[str, str]
) -> None:
    (rate,) = read_rates(written(tmp_path, f"subject,amount,unit\n{subject},{amount},{unit}\n"))
    assert expected == (rate.unit, rate.amount)
