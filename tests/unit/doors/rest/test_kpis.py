"""`GET /rest/v1/kpis`."""

import numpy as np
import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.base.tags import make_tags
from trimtab.kpis.formulas import FORMULAS
from trimtab.metrics.model import Identity, Kind


def add(api: Api, name: str, kind: Kind = Kind.GAUGE, **labels: str) -> None:
    series = api.registry.add(Identity("1", "eu", "Prometheus", name, make_tags(labels), kind=kind))
    api.registry.seen(np.array([series], np.uint64), np.array([api.clock.now_ms()], np.int64))


def test_the_fleet_has_every_kpi_with_its_formula(api: Api) -> None:
    answer = api.client.get("/rest/v1/kpis").json()
    assert (answer["level"], answer["by"], answer["step_s"]) == ("fleet", "fleet", 300)
    assert [one["id"] for one in answer["formulas"]] == list(FORMULAS)
    (group,) = answer["groups"]
    assert [one["id"] for one in group["kpis"]] == list(FORMULAS)
    assert all(one["value"] is None and one["reason"] for one in group["kpis"])


def test_services_are_groups_and_a_label_may_group_instead(api: Api) -> None:
    add(api, "http_requests_total", Kind.COUNTER, service="chat", code="200", squad="red")
    answer = api.client.get("/rest/v1/kpis", params={"level": "service", "start": "-1h"}).json()
    assert [group["group"] for group in answer["groups"]] == ["chat"]
    requests = next(one for one in answer["groups"][0]["kpis"] if one["id"] == "requests_per_s")
    assert requests["value"] == pytest.approx(1.5 / 60)  # the reader answers 1.5 in one of sixty steps
    assert requests["inputs"] == [{"source": "http_requests_total", "series": 1, "share": pytest.approx(1 / 60)}]
    red = api.client.get("/rest/v1/kpis", params={"level": "team", "group": "squad", "start": "-1h"}).json()
    assert [group["group"] for group in red["groups"]] == ["red"]


def test_a_range_of_years_is_cut_to_its_end(api: Api) -> None:
    answer = api.client.get("/rest/v1/kpis", params={"start": "0"}).json()
    days = (answer["end_ms"] - answer["start_ms"]) / 86_400_000
    assert 400 <= days < 401


@pytest.mark.parametrize(
    ("query", "field"), [({"level": "host"}, "level"), ({"slo": "1"}, "slo"), ({"start": "soon"}, "start")]
)
def test_what_is_wrong_is_named(api: Api, query: dict[str, str], field: str) -> None:
    answer = api.client.get("/rest/v1/kpis", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
