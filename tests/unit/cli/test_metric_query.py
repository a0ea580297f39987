"""`trimtab metrics query`."""

import json

from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api

from trimtab.metrics.model import Identity


def add(api: Api, name: str, host: str) -> None:
    api.registry.add(Identity("123456789012", "us-east-1", "shop", name, (("host", host),)))


def test_sql_is_a_line_for_each_group(live: Cli, api: Api) -> None:
    add(api, "errors", "a")
    add(api, "errors", "b")
    outcome = live("metrics", "query", "SELECT MAX(errors) FROM shop GROUP BY host", "--period", "5m")
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines()[2:]] == ["a", "b"]
    assert "every 300 s" in outcome.err


def test_metrics_are_given_by_id_and_expressions_in_turn(live: Cli, api: Api) -> None:
    add(api, "errors", "a")
    metric = 'm=shop|errors{host="a"}@Sum'
    command = ("metrics", "query", "-m", metric, "m * 2", "e1 + 1", "--label", "twice", "--period", "60", "--json")
    found = json.loads(live(*command).out)
    assert [(line["id"], line["label"]) for line in found["lines"]] == [("e2", "twice")]
    assert [value for _, value in found["lines"][0]["points"]] == [4.0]
    csv = live("metrics", "query", "-m", metric, "m / 0", "--csv")
    assert csv.out == "time,line,value\n"
    assert "data-points have been dropped" in csv.err
    assert "4" in live("metrics", "query", "-m", metric, "m * 2 + 1", "--points", "--period", "60").out


def test_what_is_wrong_is_said(live: Cli) -> None:
    assert "Invalid syntax at character 4" in live("metrics", "query", "1 +").err
    assert "cannot read metric 'x'" in live("metrics", "query", "-m", "x", "1").err
