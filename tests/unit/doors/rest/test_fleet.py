"""`/rest/v1/fleet`: hours and costs by group, which add up, and what does not fit."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette

from asgi_client import AsgiClient
from browser.pretend import Sign, add_fault, build_state
from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.base.clock import ManualClock
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.fleet import operations
from trimtab.fleet.model import HOUR_MS
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.web.app import WebState


@pytest.fixture
def state() -> WebState:
    return build_state(3, ManualClock(), gpus=True)


@pytest.fixture
def client(state: WebState) -> AsgiClient:
    assert state.runs is not None
    app = Starlette()
    for one in operations(state.runs.ledger, state.reader, state.registry, state.clock):
        app.add_route(one.path, Endpoint([one]))
    return AsgiClient(Sign(app, LOCAL_OPERATOR))


def get(client: AsgiClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/rest/v1/fleet/hours{query}")
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    "by", ["team", "machine", "day", "state", "team&by=day", "gpu_type", "cluster&by=machine&by=team"]
)
def test_groups_add_up_to_the_total_whatever_they_are_by(client: AsgiClient, by: str) -> None:
    body = get(client, f"?by={by}")
    assert body["total"] == {**get(client)["total"]}
    for name in ("existing", "down", "held", "free", "unknown", "active", "inactive", "unmeasured", "idle", "unpriced"):
        assert body["total"][name] == pytest.approx(sum(one[name] for one in body["groups"])), name
    cost = sum((Decimal(one["cost"].get("USD", "0")) for one in body["groups"]), Decimal(0))
    assert Decimal(body["total"]["cost"]["USD"]) == cost
    assert body["by"] == by.split("&by=")
    assert all(set(one["keys"]) == set(body["by"]) for one in body["groups"])


def test_teams_are_those_of_the_pages_with_what_nobody_held(client: AsgiClient) -> None:
    found = {one["keys"]["team"]: one for one in get(client, "?by=team")["groups"]}
    assert {"foundation", "search", "assistant", "vision", "(held by nobody)"} == set(found)
    assert (96.0, "660.480000000000") == (found["foundation"]["held"], found["foundation"]["cost"]["USD"])
    assert 0 == found["(held by nobody)"]["held"] < found["(held by nobody)"]["free"]


def test_by_the_hour_there_are_hours_and_no_costs(client: AsgiClient) -> None:
    body = get(client, "?by=hour&start=-6h")
    assert 6 == len(body["groups"])
    assert {0} == {len(one["cost"]) for one in body["groups"]}
    assert body["total"]["existing"] == pytest.approx(sum(one["existing"] for one in body["groups"]))
    assert body["total"]["cost"]


@pytest.mark.parametrize("query", ["?by=colour", "?basis=guess", "?by=hour&start=-90d", "?start=soon"])
def test_what_is_wrong_is_said(client: AsgiClient, query: str) -> None:
    assert 400 == client.get(f"/rest/v1/fleet/hours{query}").status_code


def test_what_does_not_fit_is_told(client: AsgiClient, state: WebState) -> None:
    assert [] == client.get("/rest/v1/fleet/remarks").json()["remarks"]
    now = state.clock.now_ms()
    lost = Run(
        RunKey("123456789012", "atlas", "9"), "slurm", RunState.RUNNING, now - HOUR_MS, start_ms=now - HOUR_MS,
        gpus=1.0, nodes=1, node_names=("elsewhere",), held=(Held("elsewhere", 1.0),),
    )  # fmt: skip
    assert state.runs is not None
    asyncio.run(state.runs.room.runs.put([lost], now))
    [remark] = client.get("/rest/v1/fleet/remarks?start=-2h").json()["remarks"]
    assert "123456789012/atlas/elsewhere" == remark["machine"]
    assert "is named by runs" in remark["text"]


def test_faults_are_listed_by_machine(client: AsgiClient, state: WebState) -> None:
    add_fault(state, "gpu-3", "xid.79")
    add_fault(state, "gpu-1", "xid.31")
    body = client.get("/rest/v1/fleet/faults?start=-10m").json()
    assert {("gpu-3", 79, "yes"), ("gpu-1", 31, "no")} == {
        (one["machine"], one["code"], one["takes"]) for one in body["faults"]
    }
    (one,) = client.get("/rest/v1/fleet/faults?start=-10m&machine=gpu-3.cluster").json()["faults"]
    assert ("GPU has fallen off the bus", "drain and restart the machine") == (one["meaning"], one["action"])
    assert one["count"] > 0
    assert one["first_ms"] <= one["last_ms"] < body["end_ms"]
