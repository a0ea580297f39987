"""The series as a whole: how many, with which names, the same in every run, counters that only rise."""

import numpy as np
from tests.unit.demo.conftest import ANCHOR_MS, Sent, of

from trimtab.demo import gpus, servers
from trimtab.demo.company import ACCOUNTS, TRAINING
from trimtab.demo.simulation import Simulation
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals
from trimtab.demo.world import World

COUNTER_SUFFIXES = ("_total", "_count", "_sum", "_bucket")
SHORT = Slab(ANCHOR_MS - 60_000, ANCHOR_MS, 15)


def test_two_runs_send_the_same_bytes(made: World) -> None:
    first, second = (list(Simulation(made, Totals()).shipments(SHORT)) for _ in range(2))
    assert first == second
    assert {account.id for account in ACCOUNTS} == {shipment.account for shipment in first}


def test_there_are_as_many_series_as_a_fleet_of_this_size_has(history: Sent, recent: Sent) -> None:
    assert 10_000 < len(set(history.series) | set(recent.series)) < 15_000


def test_a_series_has_one_sample_a_time(recent: Sent) -> None:
    for key, parts in recent.series.items():
        times = np.concatenate([times for times, _ in parts])
        assert (np.diff(times) > 0).all(), key


def test_counters_rise_between_deploys(recent: Sent) -> None:
    told = {name for name, counter in (*gpus.kinds(), *servers.kinds()) if counter}
    counters = [
        key for key in recent.series if of(key, "__name__").endswith(COUNTER_SUFFIXES) or of(key, "__name__") in told
    ]
    assert len(counters) > 1000
    for key in counters:
        if not of(key, "__name__").startswith(("slurm_", "kube_", "DCGM_FI_DEV_FB")):
            values = np.concatenate([values for _, values in recent.series[key]])
            assert (np.diff(values) >= 0).all(), key


def test_a_deploy_restarts_the_counters_of_its_endpoint(history: Sent) -> None:
    for values in history.find("vllm:generation_tokens_total", service="assistant-code-32b").values():
        assert 2 == np.count_nonzero(np.diff(values) < 0)


def test_buckets_are_cumulative_and_end_at_the_count(recent: Sent) -> None:
    name = "vllm:e2e_request_latency_seconds"
    for key, count in recent.find(f"{name}_count").items():
        buckets = recent.find(f"{name}_bucket", pod=of(key, "pod"))
        ordered = [values for _, values in sorted(buckets.items(), key=lambda item: float(of(item[0], "le")))]
        assert (np.diff(np.array(ordered), axis=0) >= 0).all()
        np.testing.assert_array_equal(count, ordered[-1])


def test_the_label_of_the_host_drifts_with_the_exporter(recent: Sent) -> None:
    for key in recent.find("DCGM_FI_DEV_GPU_UTIL"):
        spelled = {"Hostname", "hostname"} & dict(key).keys()
        assert spelled == ({"Hostname"} if of(key, "account") == TRAINING.id else {"hostname"})


def test_names_drift_with_the_server(recent: Sent) -> None:
    new = {of(key, "service") for key in recent.find("vllm:kv_cache_usage_perc")}
    old = {of(key, "service") for key in recent.find("vllm:gpu_cache_usage_perc")}
    assert {"search-summarise-8b"} == old
    assert len(new) == 5
    assert not new & old


def test_numbers_are_possible(recent: Sent) -> None:
    for name, low, high in (
        ("DCGM_FI_DEV_GPU_UTIL", 0, 100),
        ("DCGM_FI_PROF_SM_ACTIVE", 0, 1),
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", 0, 1),
        ("DCGM_FI_DEV_FB_FREE", 0, 81_559),
        ("DCGM_FI_DEV_POWER_USAGE", 10, 740),
        ("DCGM_FI_DEV_GPU_TEMP", 20, 90),
        ("vllm:kv_cache_usage_perc", 0, 1),
        ("slurm_gpus_idle", 0, 120),
    ):
        values = np.concatenate(list(recent.find(name).values()))
        assert low <= values.min(), name
        assert values.max() <= high, name


def test_llm_servers_look_busy_to_the_metrics_that_deceive(recent: Sent) -> None:
    for values in recent.find("DCGM_FI_PROF_GR_ENGINE_ACTIVE", pod="assistant-code-32b-0").values():
        assert values.min() > 0.9
    for values in recent.find("DCGM_FI_PROF_SM_ACTIVE", pod="assistant-code-32b-0").values():
        assert values.max() < 0.85


def test_scheduler_totals_add_up(history: Sent) -> None:
    for partition in ("p5", "p4d"):
        total, used, idle, drained = (
            next(iter(history.find(name, partition=partition).values()))
            for name in ("slurm_gpus_total", "slurm_gpus_alloc", "slurm_gpus_idle", "slurm_nodes_drain")
        )
        np.testing.assert_array_equal(total, used + idle + 8 * drained)
