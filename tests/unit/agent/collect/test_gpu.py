import inspect
import logging
import threading
from pathlib import Path
from typing import Any

import pynvml
import pytest

from fake_nvml import FakeGpu, FakeMig, FakeNvml, full
from trimtab.agent.collect import gpu as gpu_module
from trimtab.agent.collect.gpu import Patient
from trimtab.agent.collect.gpu_look import DISCOVER_S, GpuLook
from trimtab.agent.reading import Reading
from trimtab.base.clock import ManualClock

BOOT_MS = 1_763_000_000_000
Found = dict[tuple[str, ...], Reading]
SHARED = {"hw.id", "hw.name", "gpu.number", "gpu.uuid", "hw.type"}


class Machine:
    """A machine with a fake driver, a clock and a /proc of its own."""

    def __init__(self, directory: Path, nvml: FakeNvml | None) -> None:
        self.nvml, self.clock, self.procfs = nvml, ManualClock(), directory
        self.look = GpuLook(lambda: self.nvml, self.clock, directory, BOOT_MS)

    def read(self, after_s: float = 10) -> list[Reading]:
        self.clock.advance(after_s)
        return self.look.readings()


def by(readings: list[Reading], uuid: str | None = None) -> Found:
    """Readings by name and what sets them apart on one GPU."""
    found: Found = {}
    for one in readings:
        about = dict(one.attributes)
        if uuid is None or about.get("hw.id") == uuid:
            found[one.name, *(value for key, value in one.attributes if key not in SHARED)] = one
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, FakeNvml(full(0)))


def test_a_whole_gpu_is_read_in_opentelemetrys_names_and_units(machine: Machine) -> None:
    machine.read()
    found = by(machine.read())
    values = {key: (one.value, one.unit) for key, one in found.items()}
    assert values["hw.gpu.utilization", "general"] == (0.8, "1")
    assert values["hw.gpu.utilization", "decoder"] == (0.12, "1")
    assert values["hw.gpu.memory.controller.utilization",] == (0.4, "1")
    assert values["hw.gpu.memory.limit",] == (80 << 30, "By")
    assert values["hw.gpu.memory.usage",] == (60 << 30, "By")
    assert values["hw.gpu.memory.utilization",] == (0.75, "1")
    assert values["hw.gpu.memory.reserved",] == (600 << 20, "By")
    assert values["hw.power",] == (500.0, "W")
    assert values["hw.gpu.power.limit",] == (700.0, "W")
    assert values["hw.energy",] == (1000.0, "J")
    assert values["hw.temperature", "gpu"] == (61, "Cel")
    assert values["hw.temperature", "memory"] == (70, "Cel")
    assert values["hw.temperature.limit", "high.critical"] == (92, "Cel")
    assert values["hw.gpu.speed", "sm"] == (1_755_000_000, "Hz")
    assert values["hw.errors", "ecc.corrected"] == (3, "{error}")
    assert values["hw.errors", "pcie.replay"] == (4, "{error}")
    assert values["hw.errors", "nvlink.crc_flit"] == (2, "{error}")
    assert values["hw.gpu.nvlink.io", "transmit"] == (5 * 1024, "By")
    assert values["hw.gpu.nvlink.links",] == (18, "{link}")
    assert values["hw.gpu.throttle.time", "power_cap"] == (2.5, "s")
    assert values["hw.gpu.sm.utilization",] == (0.625, "1")
    assert values["hw.gpu.pcie.throughput", "receive"] == (200 << 20, "By/s")
    assert ("hw.fan.speed_ratio",) not in values
    assert {found["hw.energy",].start_ms, found["hw.errors", "ecc.corrected"].start_ms} == {BOOT_MS}


def test_every_reading_names_its_gpu_and_one_says_what_it_is(machine: Machine) -> None:
    readings = machine.read()
    uuid = machine.nvml.gpus[0].uuid if machine.nvml else ""
    for one in readings:
        about = dict(one.attributes)
        assert (about["hw.id"], about["gpu.uuid"], about["gpu.number"]) == (uuid, uuid, "0"), one.name
        assert about["hw.name"] == "NVIDIA H100 80GB HBM3"
    info = dict(next(one for one in readings if one.name == "hw.gpu.info").attributes)
    assert (info["hw.driver_version"], info["gpu.cuda.version"]) == ("550.54.15", "12.4")
    assert (info["gpu.pci.bus_id"], info["gpu.persistence"], info["gpu.mig"]) == ("00000000:0A:00.0", "on", "off")


def test_no_reading_comes_twice(machine: Machine) -> None:
    machine.read()
    readings = machine.read()
    assert len({(one.name, one.attributes) for one in readings}) == len(readings)


def test_a_machine_without_a_driver_is_told_of_once_and_quietly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    machine = Machine(tmp_path, None)
    assert [machine.read(100) for _ in range(3)] == [[], [], []]
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_driver_that_comes_later_is_found(tmp_path: Path) -> None:
    machine = Machine(tmp_path, None)
    assert machine.read() == []
    machine.nvml = FakeNvml(full(0))
    assert machine.read(DISCOVER_S) != []


def test_what_a_gpu_cannot_do_is_left_out_and_not_asked_again(tmp_path: Path) -> None:
    old = FakeGpu("GPU-old", unsupported={"nvmlDeviceGetTotalEccErrors", "nvmlDeviceGetFieldValues"})
    old.unsupported |= {"nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetProcessUtilization", "nvmlDeviceGetMigMode"}
    machine = Machine(tmp_path, FakeNvml(old))
    assert machine.nvml is not None
    machine.read()
    machine.nvml.calls.clear()
    found = by(machine.read())
    assert ("hw.gpu.memory.usage",) in found
    assert ("hw.gpu.memory.reserved",) not in found
    assert ("hw.errors", "ecc.corrected") not in found
    assert ("hw.temperature", "memory") not in found
    assert found["hw.gpu.pcie.throughput", "transmit"].value == 1000 * 1024  # sampled, where nothing counts it
    assert not {"nvmlDeviceGetTotalEccErrors", "nvmlDeviceGetFieldValues"} & set(machine.nvml.calls)


def test_a_gpu_off_the_bus_is_failed_and_the_others_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    nvml = FakeNvml(full(0), full(1))
    machine = Machine(tmp_path, nvml)
    machine.read()
    nvml.gpus[0].lost = True
    for _ in range(8):  # past a discovery, where NVML does not list it any more
        readings = machine.read()
        lost = by(readings, nvml.gpus[0].uuid)
        assert {key: one.value for key, one in lost.items()} == {
            ("hw.status", "ok"): 0,
            ("hw.status", "degraded"): 0,
            ("hw.status", "failed"): 1,
        }
        assert by(readings, nvml.gpus[1].uuid)["hw.status", "ok"].value == 1
    assert len([one for one in caplog.records if one.levelname == "ERROR"]) == 1
    nvml.gpus[0].lost = False
    assert by(machine.read(DISCOVER_S), nvml.gpus[0].uuid)["hw.status", "ok"].value == 1


def test_a_driver_that_is_unloaded_leaves_failed_gpus_and_comes_back(machine: Machine) -> None:
    assert machine.nvml is not None
    machine.read()
    machine.nvml.driver_error = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
    assert by(machine.read())["hw.status", "failed"].value == 1
    machine.nvml.driver_error = None
    assert by(machine.read(DISCOVER_S))["hw.status", "ok"].value == 1


def test_a_gpu_that_is_added_is_found_at_the_next_look(machine: Machine) -> None:
    assert machine.nvml is not None
    machine.read()
    machine.nvml.gpus.append(full(1))
    (machine.procfs / "driver/nvidia/gpus/0000:0b:00.0").mkdir(parents=True)
    assert by(machine.read(), machine.nvml.gpus[1].uuid)
    assert machine.nvml.inits == 2


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"reasons": 4}, "ok"),  # at its power cap: as it should be under load
        ({"reasons": 64}, "degraded"),
        ({"rows": (0, 1, 1, 0)}, "degraded"),
        ({"rows": (0, 1, 0, 1)}, "failed"),
        ({"fields": {"NVML_FI_DEV_GET_GPU_RECOVERY_ACTION": 1}}, "failed"),
        ({"fields": {"NVML_FI_DEV_RETIRED_PENDING": 1}}, "degraded"),
    ],
)
def test_health_follows_throttling_and_memory_repair(tmp_path: Path, changes: dict[str, Any], state: str) -> None:
    found = by(Machine(tmp_path, FakeNvml(full(0, **changes))).read())
    assert [key[1] for key, one in found.items() if key[0] == "hw.status" and one.value] == [state]


def test_xids_are_counted_by_number_and_the_last_is_kept(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    assert machine.nvml is not None
    found = by(machine.read())
    assert (found["hw.gpu.xid.last",].value, found["hw.errors", "xid"].value) == (0, 0)
    gpu = machine.nvml.gpus[0]
    machine.nvml.events += [(gpu, 31), (gpu, 31), (gpu, 79)]
    machine.read()
    found = by(machine.read())
    assert (found["hw.gpu.xid.last",].value, found["hw.errors", "xid"].value) == (79, 3)
    assert (found["hw.errors", "xid.31"].value, found["hw.errors", "xid.79"].value) == (2, 1)
    assert "XID 79 (GPU has fallen off the bus): drain and restart the machine" in caplog.text


def test_processes_have_memory_a_share_and_the_time_it_adds_up_to(machine: Machine) -> None:
    assert machine.nvml is not None
    gpu = machine.nvml.gpus[0]
    (machine.procfs / "4000").mkdir()
    (machine.procfs / "4000" / "comm").write_text("python3\n")
    (machine.procfs / "4000" / "cgroup").write_text("0::/system.slice/slurmstepd.scope/job_48213/step_0/user/task_0\n")
    machine.read()
    gpu.shares = [(4000, 1_000_000, 40), (4000, 2_000_000, 60), (4001, 2_000_000, 10)]
    machine.read(10)
    found = by(machine.read(10))  # no newer sample: it did nothing since
    assert found["process.gpu.memory.usage", "python3", "4000", "48213"].value == 50 << 30
    assert found["process.gpu.utilization", "python3", "4000", "48213"].value == 0
    assert found["process.gpu.time", "python3", "4000", "48213"].value == pytest.approx(5.0)
    assert "48213" == dict(found["process.gpu.time", "python3", "4000", "48213"].attributes)["slurm.job.id"]
    assert found["hw.gpu.process.count",].value == 1


def test_mig_devices_stand_beside_their_gpu(tmp_path: Path) -> None:
    migs = [FakeMig("MIG-a", 7), FakeMig("MIG-b", 8, used=3 << 30)]
    nvml = FakeNvml(full(0, mig=migs, mig_on=True))
    machine = Machine(tmp_path, nvml)
    machine.read()
    readings = machine.read()
    found = by(readings, "MIG-b")
    assert found["hw.gpu.memory.usage", "8", "0", "1g.10gb"].value == 3 << 30
    assert found["hw.gpu.sm.utilization", "8", "0", "1g.10gb"].value == 0.625
    about = dict(found["hw.gpu.memory.usage", "8", "0", "1g.10gb"].attributes)
    assert (about["gpu.uuid"], about["gpu.mig.instance"]) == (nvml.gpus[0].uuid, "8")
    process = next(one for one in readings if one.name == "process.gpu.memory.usage")
    assert dict(process.attributes)["hw.id"] == "MIG-a"
    assert not [one for one in readings if one.name == "process.gpu.utilization"]
    migs.append(FakeMig("MIG-c", 9))
    assert by(machine.read(DISCOVER_S), "MIG-c")
    machine.read()
    assert nvml.samples == 6  # two for each instance: those of before were given back


def test_a_driver_that_hangs_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    release, clock = threading.Event(), ManualClock()

    def hang() -> list[Reading]:
        release.wait(30)
        return [Reading("answered", "1", 1)]

    patient = Patient(hang, clock, patience_s=0.01)
    assert [one.name for one in patient.readings()] == ["trimtab.agent.gpu.silent"]
    clock.advance(30)
    assert patient.readings() == [Reading("trimtab.agent.gpu.silent", "s", 30.0)]
    release.set()
    patient._done.wait(10)
    assert [one.name for one in patient.readings()] == ["answered"]
    assert len(caplog.records) == 1


def test_what_goes_wrong_in_the_thread_is_told_to_the_collector() -> None:
    def broken() -> list[Reading]:
        raise ValueError("no such thing")

    patient = Patient(broken, ManualClock())
    for _ in range(2):
        with pytest.raises(ValueError, match="no such thing"):
            patient.readings()


def test_the_fake_has_the_functions_of_the_real_module() -> None:
    for name in (one for one in vars(FakeNvml) if one.startswith("nvml")):
        real = list(inspect.signature(getattr(pynvml, name)).parameters)
        assert list(inspect.signature(getattr(FakeNvml, name)).parameters)[1:] == real, name


def test_every_function_that_the_agent_calls_is_real_and_in_the_fake() -> None:
    used = set()
    for file in Path(gpu_module.__file__).parent.glob("gpu*.py"):
        for word in file.read_text().replace('"', " ").split():
            if word.startswith(("nvmlDevice", "nvmlSystem", "nvmlGpm", "nvmlEventSet", "nvmlInit", "nvmlShutdown")):
                used.add(word)
    used.discard("nvmlDeviceGetCurrentClocksThrottleReasons")  # for old drivers
    assert len(used) > 35
    assert [] == [name for name in used if not hasattr(pynvml, name) or name not in vars(FakeNvml)]
