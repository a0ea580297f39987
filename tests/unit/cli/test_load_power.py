"""Power while a load is held: from counters of energy, and nothing where there are none."""

from pathlib import Path

import pytest

from trimtab.agent.reading import Reading
from trimtab.base.clock import ManualClock
from trimtab.cli.load_power import ENERGY, POWER, Power

GPU = (("hw.id", "0"),)


def zone(sysfs: Path, name: str, joules: float) -> None:
    folder = sysfs / "class" / "powercap" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{round(joules * 1e6)}\n")
    (folder / "max_energy_range_uj").write_text("262143328850\n")


def test_a_machine_that_measures_nothing_has_no_watts(tmp_path: Path) -> None:
    clock = ManualClock(0)
    power = Power(clock, tmp_path)
    assert {} == power.watts()
    clock.at_ms += 1000
    assert {} == power.watts()


def test_counters_of_packages_and_gpus_add_up_and_parts_of_packages_count_once(tmp_path: Path) -> None:
    clock = ManualClock(0)
    power = Power(clock, tmp_path)
    zone(tmp_path, "intel-rapl:0", 262_143.0)
    zone(tmp_path, "intel-rapl:0:0", 10.0)
    power.watts([Reading(ENERGY, "J", 1000.0, GPU, 1)])
    clock.at_ms += 10_000
    zone(tmp_path, "intel-rapl:0", 399.67115)  # the counter has begun anew
    zone(tmp_path, "intel-rapl:0:0", 900.0)
    found = power.watts([Reading(ENERGY, "J", 4000.0, GPU, 1), Reading(POWER, "W", 999.0, GPU)])
    assert {"cpu_watts": 40.0, "gpu_watts": 300.0, "watts": 340.0} == pytest.approx(found)


def test_gpus_that_count_no_energy_count_with_what_they_draw(tmp_path: Path) -> None:
    clock = ManualClock(0)
    power = Power(clock, tmp_path)
    power.watts()
    clock.at_ms += 1000
    assert {"gpu_watts": 250.0, "watts": 250.0} == power.watts([Reading(POWER, "W", 250.0, GPU)])
