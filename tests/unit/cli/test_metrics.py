"""`trimtab metrics`: put, get and list through the REST API."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api


def test_a_value_is_put(live: Cli, api: Api) -> None:
    outcome = live("metrics", "put", "shop", "orders", "3", "-d", "store=a", "--unit", "Count", "--time", "-1h")
    assert (outcome.code, outcome.out) == (0, "stored 1\n")
    ((batch, key),) = api.ingest.batches
    assert batch.values.tolist()[0][1:] == (api.clock.now_ms() - 3_600_000, 3.0, 1.0)
    assert key is not None


def test_a_file_is_put_in_requests_of_a_thousand_and_its_wrong_lines_are_named(
    live: Cli, api: Api, tmp_path: Path
) -> None:
    lines = ['{"name": "a", "value": 1}'] * 1500 + [
        "",
        '{"name": "a", "value": 1, "time": 5}',
        '{"name": "a", "values": [1, 2]}',
    ]
    (tmp_path / "file").write_text("\n".join(lines))
    outcome = live("metrics", "put", "shop", "--file", str(tmp_path / "file"))
    assert (outcome.code, outcome.out) == (1, "stored 1501, rejected 1\n")
    assert "rejected number 1502: got time 5" in outcome.err
    assert [len(batch) for batch, _ in api.ingest.batches] == [1000, 502]


def test_a_line_that_is_no_measurement_is_named(live: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"name": "a", "value": 1}\n{"nmae": "a"}\n')
    outcome = live("metrics", "put", "shop", "--file", str(tmp_path / "file"))
    assert (outcome.code, "cannot read line 2" in outcome.err) == (2, True)


@pytest.mark.parametrize("arguments", [("n",), ("n", "m"), ("n", "m", "x"), ("n", "m", "1", "-d", "x")])
def test_a_put_that_lacks_something_is_wrong_use(live: Cli, arguments: tuple[str, ...]) -> None:
    assert live("metrics", "put", *arguments).code == 2


def test_series_are_listed_and_a_cut_is_told(live: Cli) -> None:
    for name in ("a", "b", "c"):
        live("metrics", "put", "shop", name, "1", "-d", "x=[bold]y")
    outcome = live("metrics", "list", "--limit", "2")
    assert [line.split()[1] for line in outcome.out.splitlines()[2:]] == ["a", "b"]
    assert "x=[bold]y" in outcome.out
    assert "more than 2" in outcome.err
    assert len(json.loads(live("metrics", "list", "--json").out)) == 3
    assert json.loads(live("metrics", "list", "--name", "none", "--json").out) == []


def test_a_statistic_is_shown_as_summary_points_csv_and_json(live: Cli) -> None:
    live("metrics", "put", "shop", "orders", "1", "-d", "store=a,b")
    summary = live("metrics", "get", "shop", "orders", "--statistic", "Sum")
    assert "store=a,b" in summary.out
    assert "Sum of shop/orders" in summary.err
    points = live("metrics", "get", "shop", "orders", "--points", "--start", "2025-11-24T10:00:00Z")
    assert "2025-11-24T10:00:00Z" in points.out
    text = live("metrics", "get", "shop", "orders", "--csv", "--start", "2025-11-24T10:00:00Z").out
    assert text == 'time,store,value\n2025-11-24T10:00:00Z,"a,b",1.5\n2025-11-24T10:00:01Z,"a,b",\n'
    assert json.loads(live("metrics", "get", "shop", "orders", "--json").out)["lines"][0]["series"] == 1


def test_a_metric_that_is_not_there_is_told_and_a_wrong_statistic_is_wrong_use(live: Cli) -> None:
    outcome = live("metrics", "get", "shop", "none")
    assert outcome.code == 0
    assert "no series shop/none" in outcome.err
    assert live("metrics", "get", "shop", "none", "--statistic", "Median").code == 2
