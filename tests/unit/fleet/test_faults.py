"""Faults that kernel-log lines told, listed with the catalogue's words."""

import asyncio

from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.fleet import faults
from trimtab.fleet.faults import DeviceFault
from trimtab.metrics.model import Kind

GPU = {"host.name": "n1", "gpu.uuid": "GPU-1", "gpu.number": "4", "hw.name": "H100", "gpu.pci.bus_id": "0000:9b:00.0"}


def listed(fleet: Fleet, hours: int = 1) -> list[DeviceFault]:
    return asyncio.run(faults.read(fleet, fleet.registry, EVERYTHING, START, START + hours * HOUR))


def add(fleet: Fleet, code: str, minutes: list[int], **labels: str) -> None:
    pairs = {**GPU, **{name.replace("_", "."): value for name, value in labels.items()}, "error.type": code}
    times = [START + at * MINUTE for at in minutes]
    fleet.add("gpu.faults", 1.0, kind=Kind.EVENTS, namespace="trimtab/Host", times=times, labels=pairs)


def test_a_fault_has_its_words_action_and_times() -> None:
    fleet = Fleet()
    add(fleet, "xid.79", [3, 40])
    (one,) = listed(fleet)
    assert ("n1", "GPU-1", "4", "H100", "xid", 79, 2) == (
        one.machine, one.device, one.index, one.model, one.kind, one.code, one.count,
    )  # fmt: skip
    assert ("GPU has fallen off the bus", "drain and restart the machine", "yes") == (
        one.meaning, one.action, one.takes,
    )  # fmt: skip
    assert (START + 3 * MINUTE, START + 40 * MINUTE) == (one.first_ms, one.last_ms)


def test_switches_and_unknown_codes_are_listed_the_last_first() -> None:
    fleet = Fleet()
    add(fleet, "xid.4711", [1])
    add(fleet, "sxid.10003", [2])
    add(fleet, "sxid.1", [3])
    add(fleet, "other", [4])
    found = [(one.kind, one.code, one.meaning, one.takes) for one in listed(fleet)]
    assert [("sxid", 1, "", "unknown"), ("sxid", 10003, "Host_unhandled_interrupt", "yes")] == found[:2]
    assert [("xid", 4711, "", "unknown")] == found[2:]


def test_the_agents_counter_tells_how_many_were_new() -> None:
    fleet = Fleet()
    labels = {**GPU, "error.type": "xid.31"}
    fleet.add("gpu.faults", [3.0, 3.0, 5.0, 5.0], kind=Kind.COUNTER, minutes=4, labels=labels)
    (one,) = listed(fleet)
    assert (2, START + 2 * MINUTE, START + 2 * MINUTE) == (one.count, one.first_ms, one.last_ms)


def test_what_is_not_within_the_range_is_not_listed() -> None:
    fleet = Fleet()
    add(fleet, "xid.79", [70])
    assert [] == listed(fleet)
    assert 1 == len(listed(fleet, hours=2))
    assert [] == listed(Fleet())
