import os
from pathlib import Path

from trimtab.agent.collect import processes
from trimtab.agent.collect.process_table import DiskUse, Process
from trimtab.agent.collect.processes import Used


def process(pid: int, cpu_s: float = 0.0, rss: int = 0, started: float = 1.0, status: str = "sleeping") -> Process:
    return Process(pid, started, f"p{pid}", status, cpu_s, rss)


def test_a_share_is_processor_seconds_over_elapsed_seconds() -> None:
    used = processes.shares([process(1, cpu_s=15.0)], {(1, 1.0): 10.0}, elapsed_s=10.0)
    assert [item.share for item in used] == [0.5]


def test_a_new_process_used_all_its_time_since_the_last_look() -> None:
    assert [item.share for item in processes.shares([process(1, cpu_s=2.0)], {}, 10.0)] == [0.2]


def test_a_pid_used_again_is_another_process() -> None:
    used = processes.shares([process(1, cpu_s=1.0, started=50.0)], {(1, 1.0): 500.0}, 10.0)
    assert [item.share for item in used] == [0.1]


def test_without_a_look_before_there_is_no_share_but_there_is_memory() -> None:
    used = processes.shares([process(1, cpu_s=5.0, rss=10)], None, 0.0)
    assert [item.share for item in used] == [None]
    assert [item.process.pid for item in processes.choose(used)] == [1]


def test_the_busiest_and_the_largest_are_chosen_and_no_more() -> None:
    used = [Used(process(pid, rss=pid), share=1.0 / pid) for pid in range(1, 101)]
    chosen = [item.process.pid for item in processes.choose(used, busiest=3, largest=2)]
    assert chosen == [1, 2, 3, 100, 99]


def test_idle_processes_are_not_among_the_busiest_and_zombies_nowhere() -> None:
    used = [Used(process(1, rss=0), 0.0), Used(process(2, rss=5, status="zombies"), 0.5)]
    assert processes.choose(used) == []


def test_a_process_is_named_once_in_its_life(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    os.symlink("/usr/bin/first", tmp_path / "1" / "exe")
    names = processes.Names(tmp_path)
    item = Used(process(1), 0.1)
    assert names.of([item]) == {(1, 1.0): "first"}
    (tmp_path / "1" / "exe").unlink()
    assert names.of([item]) == {(1, 1.0): "first"}
    assert names.of([]) == {}
    assert names.of([item]) == {(1, 1.0): "p1"}


def test_readings_carry_name_pid_and_the_start_of_the_process(tmp_path: Path) -> None:
    readings = processes.of_process(Used(process(7, rss=100), 0.25), "python3", DiskUse(1, 2), started_ms=9)
    assert [(r.name, r.unit, r.value, r.start_ms) for r in readings] == [
        ("process.memory.usage", "By", 100, None),
        ("process.cpu.utilization", "1", 0.25, None),
        ("process.disk.io", "By", 1, 9),
        ("process.disk.io", "By", 2, 9),
    ]
    assert all(r.attributes[:2] == (("process.executable.name", "python3"), ("process.pid", "7")) for r in readings)
    assert [dict(r.attributes)["disk.io.direction"] for r in readings[2:]] == ["read", "write"]


def test_processes_are_counted_by_status() -> None:
    table = [process(1), process(2), process(3, status="blocked")]
    found = {r.attributes: r.value for r in processes.counts(table)}
    assert found == {(("status", "sleeping"),): 2, (("status", "blocked"),): 1}


def test_a_process_is_named_once_it_was_there_for_a_minute() -> None:
    settled = processes.Settled()
    old, young = Used(process(1), 0.1), Used(process(2, started=9.0), 0.9)
    assert [old] == settled.among([old], 0.0)
    assert [old] == settled.among([old, young], 10.0)
    assert [old] == settled.among([old, young], 69.0)
    assert [old, young] == settled.among([old, young], 70.0)
    assert [] == settled.among([Used(process(2, started=99.0), 0.9)], 200.0)
