"""Faults from what series say: gauges that stand, counters, flags, kernel-log lines; each once, on its device."""

import asyncio

from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.fleet.health import reading, throttling
from trimtab.fleet.health.fault import Fault, FaultKind, Severity
from trimtab.fleet.health.spans import Span
from trimtab.fleet.model import State
from trimtab.fleet.money import MachineFacts
from trimtab.metrics.model import Kind

MACHINES = {"1/c/n1": MachineFacts(8, "", "", "", (), ""), "1/c/n2": MachineFacts(8, "", "", "", (), "")}
GPU = {"Hostname": "n1", "UUID": "GPU-4", "gpu": "4"}
AGENT = {"host.name": "n1", "gpu.uuid": "GPU-4", "gpu.number": "4", "hw.type": "gpu"}


def read(fleet: Fleet, hours: int = 3, only: frozenset[str] | None = None) -> list[Fault]:
    place = fleet, fleet.registry, EVERYTHING, MACHINES, START, START + hours * HOUR
    return asyncio.run(reading.read(*place, only))


def brief(faults: list[Fault]) -> list[tuple[str, int | None, float, str]]:
    return [(one.machine[-2:], one.device, (one.at_ms - START) / MINUTE, one.name) for one in faults]


def test_a_gauge_that_stands_tells_of_a_fault_where_it_changes() -> None:
    fleet = Fleet()
    values = [0.0] * 30 + [79.0] * 60 + [48.0] * 20 + [0.0] * 10
    fleet.add("DCGM_FI_DEV_XID_ERRORS", values, minutes=120, labels=GPU)
    found = read(fleet)
    assert [("n1", 4, 30, "XID 79"), ("n1", 4, 90, "XID 48")] == brief(found)
    assert START + 29 * MINUTE == found[0].since_ms  # the last sample without it
    assert (Severity.FATAL, "GPU-4") == (found[0].severity, found[0].gpu)


def test_values_that_were_put_one_by_one_stand_as_a_gauge_does() -> None:
    fleet = Fleet()
    times = [START + minute * MINUTE for minute in (0, 50, 59, 61)]
    fleet.add("DCGM_FI_DEV_XID_ERRORS", [0.0, 0.0, 48.0, 48.0], kind=Kind.EVENTS, times=times, labels=GPU)
    (one,) = read(fleet)
    assert ("XID 48", START + 59 * MINUTE, START + 54 * MINUTE) == (one.name, one.at_ms, one.since_ms)


def test_a_gauge_that_stands_from_before_is_no_new_fault() -> None:
    fleet = Fleet()
    fleet.add("DCGM_FI_DEV_XID_ERRORS", 79.0, times=[START + at * MINUTE for at in range(-120, 60)], labels=GPU)
    assert [] == read(fleet)


def test_counters_of_the_agent_and_lines_of_the_kernel_log_are_one_fault() -> None:
    fleet = Fleet()
    counts = [0.0] * 10 + [1.0] * 50
    fleet.add("hw.errors", counts, kind=Kind.COUNTER, labels={**AGENT, "error.type": "xid.79"})
    fleet.add("hw.errors", counts, kind=Kind.COUNTER, labels={**AGENT, "error.type": "xid"})
    line = {"kind": Kind.EVENTS, "namespace": "trimtab/Host", "times": [START + 9 * MINUTE + 30_000]}
    fleet.add("gpu.faults", 1.0, labels={**AGENT, "error.type": "xid.79"}, **line)  # type: ignore[arg-type]
    fleet.add("gpu.fault.xid", 79.0, labels=AGENT, **line)  # type: ignore[arg-type]
    (one,) = read(fleet)
    assert (79, 4, START + 9 * MINUTE + 30_000, {"hw.errors", "gpu.faults"}) == (
        one.code, one.device, one.at_ms, {*one.sources},
    )  # fmt: skip


def test_memory_links_and_networks_tell_of_faults_too() -> None:
    fleet = Fleet()
    risen = [0.0] * 20 + [2.0] * 40
    fleet.add("hw.errors", risen, kind=Kind.COUNTER, labels={**AGENT, "error.type": "ecc.uncorrected"})
    fleet.add("DCGM_FI_DEV_ROW_REMAP_FAILURE", [0.0] * 30 + [1.0] * 30, labels=GPU)
    fleet.add("DCGM_FI_DEV_ROW_REMAP_PENDING", [0.0] * 40 + [1.0] * 20, labels=GPU)
    fleet.add("hw.errors", risen, kind=Kind.COUNTER, labels={**AGENT, "error.type": "nvlink.recovery"})
    labels = {"instance": "n2:9100", "device": "mlx5_0", "port": "1"}
    fleet.add("node_infiniband_link_downed_total", risen, kind=Kind.COUNTER, labels=labels)
    found = {(kind, device) for _, device, _, kind in brief(read(fleet))}
    assert {
        (FaultKind.ECC, 4), (FaultKind.ROWS_FAILED, 4), (FaultKind.ROWS_PENDING, 4), (FaultKind.NVLINK, 4),
        (FaultKind.INFINIBAND, None),
    } == found  # fmt: skip


def test_a_switch_and_a_place_on_the_bus_that_no_gpu_is_known_at_are_the_machines() -> None:
    fleet = Fleet()
    about = {"host.name": "n1", "gpu.pci.bus_id": "0000:a9:00.0", "hw.id": "0000:a9:00.0"}
    for code in ("sxid.10003", "xid.79"):
        fleet.add("gpu.faults", 1.0, kind=Kind.EVENTS, times=[START], labels={**about, "error.type": code})
    fleet.add("DCGM_FI_DEV_GPU_UTIL", 50.0, labels=GPU)
    assert {("SXID 10003", None), ("XID 79", None)} == {(name, device) for _, device, _, name in brief(read(fleet))}


def test_machines_that_the_ledger_does_not_know_or_nobody_asks_for_are_left_out() -> None:
    fleet = Fleet()
    for host in ("n1", "n2", "stranger"):
        labels = {"Hostname": host, "UUID": f"GPU-{host}", "gpu": "0"}
        fleet.add("DCGM_FI_DEV_XID_ERRORS", [0.0] * 5 + [79.0] * 5, minutes=10, labels=labels)
    assert ["n1", "n2"] == [machine for machine, *_ in brief(read(fleet))]
    assert ["n2"] == [machine for machine, *_ in brief(read(fleet, only=frozenset({"1/c/n2"})))]


def test_throttling_by_heat_slows_a_run_and_a_limit_of_power_does_not() -> None:
    fleet = Fleet()
    hot = [1.0 if minute % 4 == 0 else 0.0 for minute in range(60)]
    for reason, values in (("hw_thermal", hot), ("power_cap", [1.0] * 60), ("sync_boost", [1.0] * 60)):
        fleet.add("hw.gpu.throttled", values, labels={**AGENT, "hw.gpu.throttle.reason": reason})
    place = fleet, fleet.registry, EVERYTHING, MACHINES, START, START + HOUR
    throttles = asyncio.run(throttling.read(*place))
    span = Span("1/c/n1", 4, START, START + HOUR, State.HELD, "1/c/7")
    cool = Span("1/c/n1", 5, START, START + HOUR, State.HELD, "1/c/8")
    heat, cap = throttling.slowdowns_of(throttles, [span, cool])
    assert ("1/c/7", "heat", 1, 0.25, 0.25, 1.0, True) == (
        heat.holder, heat.reason, heat.gpus, heat.share, heat.throttled_gpu_hours, heat.measured_gpu_hours, heat.slowed,
    )  # fmt: skip
    assert ("power cap", 1.0, False) == (cap.reason, cap.share, cap.slowed)
