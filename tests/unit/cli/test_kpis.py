"""`trimtab kpis` through the REST API."""

import json

from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api
from tests.unit.doors.rest.test_kpis import add

from trimtab.metrics.model import Kind


def requests(api: Api, service: str) -> None:
    add(api, "http_requests_total", Kind.COUNTER, service=service, code="200")


def test_the_fleet_is_a_list_with_what_is_missing(live: Cli) -> None:
    outcome = live("kpis", "--start", "-1h")
    assert outcome.code == 0
    assert "GPU-hours held" in outcome.out
    assert "no series of GPUs" in outcome.out


def test_services_are_rows(live: Cli, api: Api) -> None:
    requests(api, "chat")
    requests(api, "search")
    outcome = live("kpis", "--by", "service", "--start", "-1h")
    assert [line.split()[0] for line in outcome.out.splitlines()[2:]] == ["chat", "search"]
    assert "Requests (1/s)" in outcome.out
    assert "by service, in steps of 60 s" in outcome.err


def test_why_shows_formulas_and_inputs(live: Cli, api: Api) -> None:
    requests(api, "chat")
    outcome = live("kpis", "--by", "service", "--area", "throughput", "--why", "--start", "-1h")
    assert "increase of the request counter" in outcome.out
    assert "http_requests_total ×1 2%" in outcome.out
    assert "success_ratio" not in outcome.out


def test_json_is_the_answer(live: Cli) -> None:
    assert json.loads(live("kpis", "--json").out)["level"] == "fleet"


def test_a_label_that_nothing_carries_is_told(live: Cli) -> None:
    outcome = live("kpis", "--by", "squad")
    assert outcome.code == 0
    assert "No series carries 'squad'" in outcome.err


def test_a_target_of_one_is_wrong_use(live: Cli) -> None:
    assert live("kpis", "--slo", "1").code == 2
