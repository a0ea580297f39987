"""Pages over a fleet with GPUs: machines idle in somebody's name, others work, one is free and has a broken GPU."""

import csv
import io
import re

import pytest
from msgspec import field
from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from browser.pretend import add_fault, build_state
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule, Scope
from trimtab.base import patience
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.frame import DeviceHours

HOUR_MS = 3_600_000
PATHS = ["/", "/gpu-health", "/hosts", "/hosts?show=gpus", "/hosts/gpu-1", "/endpoints", "/endpoints/chat-70b", "/kpis"]


@pytest.fixture
def gpus(clock: ManualClock, open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(build_state(3, clock, gpus=True))
    return opened


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens(path: str, gpus: AsgiClient) -> None:
    answer = gpus.get(path)
    assert answer.status_code == 200
    assert re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text) is None


class Behind(DirectLedger, frozen=True):
    """A ledger that was brought up to now two hours ago; notes how long those who ask it wait."""

    waits: list[float | None] = field(default_factory=list)

    @property
    def known_until(self) -> int:
        return self.clock.now_ms() - 2 * HOUR_MS

    async def devices(self, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceHours]:
        self.waits.append(patience.left_s(self.clock))
        return await super().devices(scope, start_ms, end_ms)


def test_pages_say_until_when_gpu_time_is_known_and_wait_for_more_only_for_a_moment(
    clock: ManualClock, open_pages: Open
) -> None:
    state = build_state(3, clock, gpus=True)
    assert state.runs is not None and isinstance(state.runs.ledger, DirectLedger)
    ledger = Behind(state.runs.ledger.facts, clock, state.runs.ledger.prices)
    opened = open_pages(replace(state, runs=replace(state.runs, ledger=ledger)))
    assert "GPU time is known until 2025-11-24 14:00:00 UTC" in re.sub(r"\s+", " ", opened.get("/").text)
    clock.advance(3600)
    opened.get("/gpus.json")
    assert (0.5, None) == (ledger.waits[0], ledger.waits[-1])
    assert {0.5, None} == set(ledger.waits)
    assert "GPU time is known until" not in open_pages(state).get("/").text


def test_the_overview_begins_with_who_lets_gpus_idle(gpus: AsgiClient) -> None:
    scheduled, labelled, nobody = gpus.get("/overview.json").json()["gpus"]["idle"]
    assert (scheduled["owner"], scheduled["workload"], scheduled["nodes"]) == ("foundation", "pretrain", ["train-1"])
    assert (labelled["owner"], labelled["workload"], labelled["nodes"]) == ("vision", "moe-ablation", ["gpu-1"])
    assert (len(scheduled["gpus"]), len(labelled["gpus"])) == (8, 8)
    assert (nobody["owner"], nobody["held"], nobody["nodes"]) == ("(held by nobody)", False, ["gpu-3"])
    page = gpus.get("/").text
    assert re.search(r"<b>8 NVIDIA H100 80GB HBM3</b> held by <b>vision</b>", page)
    assert page.index("held by") < page.index("Broken GPUs")


def test_a_broken_gpu_is_named_with_its_cause_also_where_it_never_reported(gpus: AsgiClient) -> None:
    drained, fell = gpus.get("/overview.json").json()["gpus"]["broken"]
    assert (drained["node"], drained["indices"], drained["why"], drained["down_h"]) == ("gpu-9", "0–7", "drained", 192)
    why = "XID 79: GPU has fallen off the bus; drain and restart the machine"
    assert (fell["node"], fell["indices"], fell["why"]) == ("gpu-3", "2", why)
    assert "XID 79: GPU has fallen off the bus" in gpus.get("/").text


def test_every_row_of_hours_adds_up_and_the_rows_add_up_to_the_last(gpus: AsgiClient) -> None:
    body = gpus.get("/gpus.json").json()
    teams = body["teams"]
    assert set(teams) == {"vision", "assistant", "foundation", "search", "(held by nobody)"}
    rows = [{name.removesuffix("_h"): row[name] for name in row if name.endswith("_h")} for row in body["gpus"]]
    for hours in (*teams.values(), body["whole"], *rows):
        parts = hours["down"] + hours["held"] + hours["free"] + hours["unknown"]
        assert hours["existing"] == pytest.approx(parts)
        assert hours["held"] == pytest.approx(hours["active"] + hours["inactive"] + hours["unmeasured"])
        assert hours["idle"] == pytest.approx(hours["free"] + hours["inactive"])
    for name, value in body["whole"].items():
        assert value == pytest.approx(sum(hours[name] for hours in teams.values()))
        assert value == pytest.approx(sum(hours[name] for hours in rows))
    assert body["whole"]["existing"] > 16 * 24  # the two machines of the scheduler alone


def test_idle_money_is_the_ledgers_on_every_page(gpus: AsgiClient) -> None:
    tile = next(one for one in gpus.get("/overview.json").json()["tiles"] if one["label"] == "Idle $")
    rows = [row for row in gpus.get("/gpus.json").json()["gpus"] if row["currency"]]
    assert {"USD"} == {row["currency"] for row in rows}
    assert f"{sum(row['idle_cost'] for row in rows):,.0f}" == tile["value"]
    assert "net amortised" in tile["note"]
    assert "h without a price" in tile["note"]  # nothing says what the machines cost that only telemetry names


def test_the_map_has_a_cell_a_gpu_and_says_by_what_it_was_measured(gpus: AsgiClient) -> None:
    page = gpus.get("/hosts").text
    assert len(re.findall(r'<rect class="heat [^"]+"[^>]*><title>|<g><title>', page)) == 44
    assert "measured by SM_ACTIVE" in page
    assert re.findall(r'<li><a href="/hosts/([^"?]+)', page)[0] == "train-2"
    assert "gpu-3 GPU 2: NVIDIA L4; (held by nobody); down: XID 79: GPU has fallen off the bus" in page


def test_gpus_sort_and_their_csv_agrees(gpus: AsgiClient) -> None:
    page = gpus.get("/hosts?show=gpus&sort=active&dir=desc").text
    shown = re.findall(r'<tr title="([^"]+)"', page)
    rows = list(csv.DictReader(io.StringIO(gpus.get("/gpus.csv?sort=active&dir=desc").text)))
    assert [row["gpu"] for row in rows] == shown
    assert rows[0]["node"] == "gpu-2"


def test_a_node_without_the_agent_shows_its_gpus(gpus: AsgiClient) -> None:
    page = gpus.get("/hosts/gpu-1").text
    assert "Only its GPUs report" in page
    assert "DCGM_FI_PROF_SM_ACTIVE" in page
    assert "group=gpu" in page


def test_a_node_shows_the_faults_of_its_kernel_log(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    state = build_state(3, clock, gpus=True)
    add_fault(state, "gpu-1", "xid.95")
    gpus = open_pages(state)
    page = gpus.get("/hosts/gpu-1").text
    assert "GPU faults" in page
    assert "XID 95" in page
    assert "takes the GPU" in page
    assert "Uncontained memory error" in page
    assert "drain the machine and reset the GPU" in page
    assert "GPU faults" not in gpus.get("/hosts/gpu-2").text
    (one,) = gpus.get("/hosts/gpu-1.json").json()["faults"]
    assert ("xid", 95, "0") == (one["kind"], one["code"], one["index"])


def test_endpoints_are_the_worst_first_and_name_their_gpus(gpus: AsgiClient) -> None:
    worst, other = gpus.get("/endpoints.json").json()["endpoints"]
    assert (worst["group"], worst["team"], worst["gpus"]) == ("chat-70b", "assistant", 8)
    assert other["group"] == "search-8b"
    assert "<b>chat-70b</b> spent more than the whole error budget" in gpus.get("/endpoints").text
    rows = list(csv.DictReader(io.StringIO(gpus.get("/endpoints.csv?sort=name").text)))
    assert [row["name"] for row in rows] == ["chat-70b", "search-8b"]


def test_what_is_unknown_says_why(gpus: AsgiClient) -> None:
    page = gpus.get("/endpoints/chat-70b").text
    assert "not enough data" in page
    assert "vllm:time_to_first_token_seconds" in page


@pytest.mark.parametrize("level", ["service", "team", "fleet"])
def test_kpis_of_every_level_have_formulas_and_inputs(level: str, gpus: AsgiClient) -> None:
    page = gpus.get(f"/kpis?level={level}").text
    assert "1 − failed ÷ completed requests" in page
    assert "http_requests_total" in page
    rows = list(csv.DictReader(io.StringIO(gpus.get(f"/kpis.csv?level={level}").text)))
    known = {(row["group"], row["kpi"]) for row in rows if row["value"]}
    expected = {"service": "chat-70b", "team": "assistant", "fleet": "fleet"}[level]
    assert (expected, "requests_per_s") in known
    assert (expected, "gpu_hours_held") in known
    assert all(row["value"] or row["reason"] for row in rows)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/hosts?show=gpus&sort=colour", "cannot sort GPUs"),
        ("/endpoints?sort=colour", "cannot sort endpoints"),
        ("/kpis?level=planet", "cannot read level"),
    ],
)
def test_a_wrong_address_says_what_was_expected(path: str, said: str, gpus: AsgiClient) -> None:
    answer = gpus.get(path)
    assert answer.status_code == 400
    assert said in answer.text


def test_a_scope_hides_other_accounts(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    other = Principal("other", "999", Role.READ, Scope(accounts=frozenset({"999"})))
    pages = open_pages(build_state(3, clock, gpus=True), other)
    assert pages.get("/gpus.json").json()["gpus"] == []
    assert pages.get("/endpoints.json").json()["endpoints"] == []
    assert pages.get("/endpoints/chat-70b").status_code == 404


def test_an_old_answer_is_shown_while_it_is_computed_anew(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    state = build_state(3, clock, gpus=True)
    pages = open_pages(state)
    first = pages.get("/gpus.json").json()
    clock.advance(60)
    assert pages.get("/gpus.json").json() == first


def test_gpu_health_shows_faults_what_they_hit_and_what_is_to_be_done(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    state = build_state(3, clock, gpus=True)
    add_fault(state, "gpu-1", "xid.95")
    gpus = open_pages(state)
    assert 'href="/gpu-health' in gpus.get("/hosts?show=gpus").text
    page = gpus.get("/gpu-health").text
    assert "GPU-hours lost to faults" in page
    assert "XID 95" in page
    assert re.search(r'<th scope="row">reset</th><td>gpu-1 GPU 0</td>', page)
    assert "nvidia-smi --gpu-reset -i 0" in page
    rows = list(csv.DictReader(io.StringIO(gpus.get("/gpu-health.csv").text)))
    assert "XID 95" in {row["fault"] for row in rows}
    assert {row["machine"].rpartition("/")[2] for row in rows if row["fault"] == "XID 95"} == {"gpu-1"}
    mine = Principal("viewer", None, Role.READ, Scope(rows=(RowRule("team", frozenset({"vision"})),)))
    assert "/gpu-health" not in open_pages(state, mine).get("/hosts?show=gpus").text
