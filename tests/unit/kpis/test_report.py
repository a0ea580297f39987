"""Reports over a fleet of services: throughput, latency, availability, scalability, and what is not known."""

import numpy as np
import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.base.errors import InvalidInput
from trimtab.kpis.context import Options
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import GroupKpis, Level
from trimtab.metrics.model import Kind

COUNTER = {"kind": Kind.COUNTER}


def services(fleet: Fleet, **more: object) -> dict[str, GroupKpis]:
    return {group.group: group for group in fleet.report(Level.SERVICE, **more).groups}  # type: ignore[arg-type]


def counter(fleet: Fleet, name: str, per_minute: float, minutes: int = 61, **labels: str) -> None:
    """A counter that starts a minute before the range, so that every minute of it has an increase."""
    times = [START + at * MINUTE for at in range(-1, minutes - 1)]
    fleet.add(name, list(np.arange(minutes) * per_minute), times=times, kind=Kind.COUNTER, labels=labels)


def test_nothing_is_known_of_an_empty_fleet_and_each_kpi_says_so() -> None:
    (group,) = Fleet().report().groups
    assert [kpi.id for kpi in group.kpis] == list(FORMULAS)
    assert all(kpi.value is None and kpi.reason for kpi in group.kpis)
    assert Fleet().report(Level.SERVICE).groups == ()


def test_requests_and_tokens_of_vllm() -> None:
    fleet = Fleet()
    counter(fleet, "vllm:e2e_request_latency_seconds_count", 120, service="chat")
    counter(fleet, "vllm:generation_tokens_total", 6000, service="chat")
    counter(fleet, "vllm:prompt_tokens_total", 3000, service="chat")
    group = services(fleet)["chat"]
    assert group.get("requests_per_s").value == pytest.approx(2)
    assert group.get("output_tokens_per_s").value == pytest.approx(100)
    assert group.get("tokens_per_s").value == pytest.approx(150)
    assert group.get("requests_per_s").coverage == 1


def test_services_of_different_servers_add_up_and_a_gateway_does_not_count_twice() -> None:
    fleet = Fleet()
    counter(fleet, "vllm:e2e_request_latency_seconds_count", 60, service="chat")
    counter(fleet, "http_requests_total", 60, service="chat", code="200")  # the same requests, at the same server
    counter(fleet, "nv_inference_request_success", 120, service="detect")
    calls = {"namespace": "app", "kind": Kind.EVENTS, "labels": {"service": "web"}}
    fleet.add("gen_ai.client.operation.duration", 1.0, **calls)  # type: ignore[arg-type]
    for bound, per_minute in (("1", 30), ("2", 60), ("+Inf", 60)):
        counter(fleet, "vllm:e2e_request_latency_seconds_bucket", per_minute, le=bound, service="chat")
        counter(fleet, "http_request_duration_seconds_bucket", per_minute, le=bound, service="detect")
    (group,) = fleet.report().groups
    assert group.get("requests_per_s").value == pytest.approx(3)
    assert {one.source: one.series for one in group.get("requests_per_s").inputs} == {
        "vllm:e2e_request_latency_seconds_count": 1,
        "nv_inference_request_success": 1,
    }
    assert group.get("latency_p50").value == pytest.approx(1)
    assert len(group.get("latency_p50").inputs) == 2
    assert "see them one by one" in group.get("knee").reason


def test_a_counter_may_be_chosen_by_name() -> None:
    fleet = Fleet()
    counter(fleet, "orders_total", 60, app="shop")
    counter(fleet, "rows_total", 600, app="shop")
    options = Options(requests_metric="orders_total", records_metric="rows_total")
    group = services(fleet, options=options)["shop"]
    assert group.get("requests_per_s").value == pytest.approx(1)
    assert group.get("records").value == pytest.approx(36_000)


def test_latency_of_bucket_families_by_hand() -> None:
    fleet = Fleet()
    for bound, per_minute in (("0.1", 50), ("0.5", 90), ("1", 98), ("+Inf", 100)):
        for pod in ("a", "b"):
            counter(fleet, "http_request_duration_seconds_bucket", per_minute, le=bound, app="api", pod=pod)
    group = services(fleet)["api"]
    assert group.get("latency_p50").value == pytest.approx(0.1)
    assert group.get("latency_p95").value == pytest.approx(0.5 + 0.5 * 5 / 8)
    assert group.get("latency_p99").value == pytest.approx(1.0)  # in the bucket without a bound: the highest one


def test_latency_of_raw_values_is_exact_and_in_seconds() -> None:
    fleet, rng = Fleet(), np.random.default_rng(5)
    values = rng.exponential(250, 3600)
    times = [START + at * 1000 for at in range(3600)]
    fleet.add("predict_ms", values, times=times, kind=Kind.EVENTS, unit="Milliseconds", namespace="api")
    group = services(fleet, options=Options(latency_metric="predict_ms"))["api"]
    for rank in (50, 95, 99):
        assert group.get(f"latency_p{rank}").value == pytest.approx(np.percentile(values, rank) / 1000)
        assert group.get(f"latency_p{rank}").reason == ""


def test_a_percentile_of_few_says_so() -> None:
    fleet = Fleet()
    fleet.add("vllm:time_to_first_token_seconds", 0.2, kind=Kind.EVENTS, labels={"service": "chat"})
    group = services(fleet)["chat"]
    assert group.get("ttft_p99").value == pytest.approx(0.2)
    assert "rests on 60 observations" in group.get("ttft_p99").reason
    assert "no series of" in group.get("latency_p99").reason


def test_availability_by_status_and_its_budget() -> None:
    fleet = Fleet()
    for code, per_minute in (("200", 990), ("404", 8), ("503", 2)):
        counter(fleet, "http_requests_total", per_minute, code=code, app="api")
    group = services(fleet, options=Options(slo=0.99))["api"]
    assert group.get("success_ratio").value == pytest.approx(0.998)
    assert group.get("error_budget_left").value == pytest.approx(0.8)
    assert group.get("burn_rate").value == pytest.approx(0.2)
    assert group.get("burn_rate_1h").value == pytest.approx(0.2)


def test_failure_counters_beside_request_counters() -> None:
    fleet = Fleet()
    counter(fleet, "nv_inference_request_success", 95, service="triton")
    counter(fleet, "nv_inference_request_failure", 5, service="triton")
    assert services(fleet)["triton"].get("success_ratio").value == pytest.approx(0.95)


def test_a_counter_without_status_says_nothing_of_success() -> None:
    fleet = Fleet()
    counter(fleet, "vllm:request_success_total", 100, service="chat")
    kpi = services(fleet)["chat"].get("success_ratio")
    assert kpi.value is None
    assert "no status" in kpi.reason


def test_uptime_is_the_mean_over_targets() -> None:
    fleet = Fleet()
    fleet.add("probe_success", [1.0] * 57 + [0.0] * 3, labels={"service": "api", "target": "a"})
    fleet.add("probe_success", 1.0, labels={"service": "api", "target": "b"}, minutes=30)
    kpi = services(fleet)["api"].get("probe_uptime")
    assert kpi.value == pytest.approx((0.95 + 1) / 2)
    assert kpi.coverage == pytest.approx(0.75)


def test_the_law_is_fitted_to_load_and_throughput() -> None:
    fleet = Fleet()
    load = np.tile([1.0, 2, 4, 8, 16, 32], 10)
    per_s = 10 * load / (1 + 0.03 * (load - 1) + 0.002 * load * (load - 1))
    times = [START + at * MINUTE for at in range(-1, 60)]
    total = np.concatenate(([0.0], np.cumsum(per_s * 60)))
    fleet.add("vllm:e2e_request_latency_seconds_count", total, times=times, kind=Kind.COUNTER, labels={"service": "x"})
    fleet.add("vllm:num_requests_running", load, labels={"service": "x"})
    group = services(fleet)["x"]
    knee = np.sqrt(0.97 / 0.002)
    assert group.get("usl_lambda").value == pytest.approx(10, rel=1e-3)
    assert group.get("usl_sigma").value == pytest.approx(0.03, rel=1e-2)
    assert group.get("knee").value == pytest.approx(knee, rel=1e-2)
    assert group.get("head_room").value == pytest.approx(knee / 32 - 1, abs=0.02)
    assert "does not say" not in group.get("knee").reason


def test_littles_law_gives_the_load_where_no_gauge_does() -> None:
    fleet = Fleet()
    load = np.tile([1.0, 2, 4, 8, 16, 32], 10)
    per_s = 10 * load / (1 + 0.03 * (load - 1) + 0.002 * load * (load - 1))
    times = [START + at * MINUTE for at in range(-1, 60)]
    for name, rate in (("count", per_s), ("sum", load)):
        total = np.concatenate(([0.0], np.cumsum(rate * 60)))
        fleet.add(f"http_request_duration_seconds_{name}", total, times=times, kind=Kind.COUNTER, labels={"app": "x"})
    assert services(fleet)["x"].get("usl_sigma").value == pytest.approx(0.03, rel=1e-2)


def test_steady_load_cannot_be_fitted_and_says_why() -> None:
    fleet = Fleet()
    counter(fleet, "vllm:e2e_request_latency_seconds_count", 120, service="x")
    fleet.add("vllm:num_requests_running", 4.0, labels={"service": "x"})
    assert "got 1 distinct loads" in services(fleet)["x"].get("knee").reason


def test_failover_by_node_with_cpu_as_measure() -> None:
    fleet = Fleet()
    for at in range(3):
        counter(fleet, "http_requests_total", 600, app="api", instance=f"n{at}:8080", zone=f"z{at}")
        labels = {"host.name": f"n{at}", "cpu.mode": "idle"}
        fleet.add("system.cpu.utilization", 0.6, namespace="trimtab/Host", labels=labels)
    group = services(fleet)["api"]
    # 10/s at 40 % is 20/s at 80 %: two left hold 40 of 30
    assert group.get("failover_node").value == pytest.approx(1 / 3)
    assert "80%" in group.get("failover_node").reason
    given = services(fleet, options=Options(node_capacity=14))["api"]
    assert given.get("failover_zone").value == pytest.approx(28 / 30 - 1)


def test_services_that_run_on_one_node_have_no_failover_figure_and_a_fleet_with_them_neither() -> None:
    fleet = Fleet()
    for app, hosts in {"api": 3, "chat": 1, "judge": 1}.items():
        for at in range(hosts):
            counter(fleet, "http_requests_total", 600, app=app, instance=f"{app}{at}:8080")
    counter(fleet, "http_requests_total", 600, app="chat", instance="chat0:8081")  # another port is no other node
    options = Options(node_capacity=20)
    found = services(fleet, options=options)
    assert found["api"].get("failover_node").value == pytest.approx(1 / 3)
    assert found["chat"].get("failover_node").value is None
    assert "one node, chat0: nothing could take over" in found["chat"].get("failover_node").reason
    (whole,) = fleet.report(options=options).groups
    assert whole.get("failover_node").value is None
    assert "chat: all of it runs on one node" in whole.get("failover_node").reason
    assert "so it is with 2 of 3 services" in whole.get("failover_node").reason


def test_cpu_and_memory_of_hosts_by_any_exporter() -> None:
    fleet = Fleet()
    fleet.add("system.cpu.utilization", 0.7, namespace="trimtab/Host", labels={"host.name": "a", "cpu.mode": "idle"})
    for cpu in ("0", "1"):
        counter(fleet, "node_cpu_seconds_total", 30, mode="idle", instance="b:9100", cpu=cpu)
    fleet.add("node_memory_MemAvailable_bytes", 25.0, labels={"instance": "b:9100"})
    fleet.add("node_memory_MemTotal_bytes", 100.0, labels={"instance": "b:9100"})
    labels = {"host.name": "a", "system.memory.state": "used"}
    fleet.add("system.memory.utilization", 0.25, namespace="trimtab/Host", labels=labels)
    (group,) = fleet.report().groups
    assert group.get("cpu_utilisation").value == pytest.approx((0.3 + 0.5) / 2)
    assert group.get("memory_utilisation").value == pytest.approx((0.25 + 0.75) / 2)


def test_groups_are_by_any_label_account_or_tag() -> None:
    fleet = Fleet()
    counter(fleet, "http_requests_total", 60, app="a", squad="red")
    counter(fleet, "http_requests_total", 60, app="b")
    names = [group.group for group in fleet.report(Level.TEAM, by="squad").groups]
    assert names == ["red", "unowned"]
    assert [group.group for group in fleet.report(Level.TEAM, by="account").groups] == ["1"]


def test_a_bad_range_or_target_is_refused() -> None:
    with pytest.raises(InvalidInput, match="SLO"):
        Fleet().report(options=Options(slo=1.0))
    with pytest.raises(InvalidInput, match="400 days"):
        Fleet().report(hours=24 * 500)


def test_a_longer_range_takes_longer_steps() -> None:
    assert Fleet().report(hours=1).step_s == 60
    assert Fleet().report(hours=7).step_s == 300
    assert Fleet().report(hours=24 * 30).step_s == 21_600
    report = Fleet().report(start=START + 20_000, hours=1)
    assert (report.start_ms, report.end_ms) == (START + MINUTE, START + HOUR + MINUTE)  # an hour of minutes
