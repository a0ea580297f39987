from collections import namedtuple

import psutil
import pytest

from trimtab.agent.collect import cpu


def test_shares_add_to_one_and_follow_the_time_spent() -> None:
    before = {"user": 10.0, "system": 5.0, "idle": 100.0}
    after = {"user": 12.0, "system": 6.0, "idle": 105.0}
    shares = {reading.attributes[0][1]: reading.value for reading in cpu.utilization(before, after)}
    assert shares == {"user": 0.25, "system": 0.125, "idle": 0.625}


def test_a_step_backwards_counts_as_zero() -> None:
    shares = {
        r.attributes: r.value for r in cpu.utilization({"user": 1.0, "iowait": 5.0}, {"user": 2.0, "iowait": 4.9})
    }
    assert shares == {(("cpu.mode", "user"),): 1.0, (("cpu.mode", "iowait"),): 0.0}


def test_no_time_passed_gives_no_shares() -> None:
    assert cpu.utilization({"user": 1.0}, {"user": 1.0}) == []


def test_linux_guest_time_is_not_counted_twice_and_interrupts_are_one_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "user nice system idle iowait irq softirq steal guest guest_nice"
    times = namedtuple("times", names)(50, 1, 20, 500, 3, 2, 4, 1, 30, 1)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    read = cpu.read_times()
    assert read == {"user": 50, "nice": 1, "system": 20, "idle": 500, "iowait": 3, "interrupt": 6, "steal": 1}


def test_load_has_three_spans_and_the_number_of_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (1.0, 0.5, 0.25))
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 8)
    assert {reading.name: reading.value for reading in cpu.load()} == {
        "system.cpu.load_average.1m": 1.0,
        "system.cpu.load_average.5m": 0.5,
        "system.cpu.load_average.15m": 0.25,
        "system.cpu.logical.count": 8,
    }
