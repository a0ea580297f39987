"""The collector's look through the makers' tools: which are run, how often, and what is told of what they print."""

import json
import sys
from pathlib import Path

import pytest

from printed_gpus import ROCM, XML, amd
from trimtab.agent.collect.gpu_library import DriverAway
from trimtab.agent.reading import Reading
from trimtab.agent.smi.look import EVERY_S, ToolLook, run
from trimtab.base.clock import ManualClock


class Tools:
    """Tools that are there, and what was run."""

    def __init__(self, **printed: str) -> None:
        self.printed = printed
        self.ran: list[tuple[str, ...]] = []

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if any(key.startswith(name.replace("-", "_")) for key in self.printed) else None

    def run(self, words: tuple[str, ...]) -> str:
        self.ran.append(words)
        name = "_".join(words[:2]) if words[0] == "amd-smi" else words[0]
        return self.printed[name.replace("-", "_")]


def look(tools: Tools, tmp_path: Path, clock: ManualClock, nvml: object | None = None) -> ToolLook:
    return ToolLook(lambda: nvml, clock, tmp_path, run=tools.run, which=tools.which)


def named(readings: list[Reading], id_: str) -> dict[str, float]:
    return {one.name: one.value for one in readings if ("hw.id", id_) in one.attributes}


def test_nvidia_smi_is_asked_where_the_library_is_not_there(tmp_path: Path) -> None:
    clock, tools = ManualClock(), Tools(nvidia_smi=XML)
    ask = look(tools, tmp_path, clock)
    found = ask.readings()
    first, second = named(found, "GPU-1"), named(found, "GPU-2")
    assert {
        "hw.gpu.info": 1, "hw.gpu.utilization": 0.42, "hw.gpu.memory.limit": 81559 * 2**20, "hw.power": 101.5,
        "hw.gpu.memory.usage": 512 * 2**20, "hw.temperature": 39.0, "process.gpu.memory.usage": 500 * 2**20,
        "hw.gpu.memory.controller.utilization": pytest.approx(0.07),
    } == first  # fmt: skip
    assert {"hw.gpu.info", "hw.gpu.memory.limit", "hw.gpu.memory.usage"} == set(second), "unknown is not 0"
    (process,) = [one for one in found if one.name == "process.gpu.memory.usage"]
    assert {("process.executable.name", "python3"), ("process.pid", "7"), ("gpu.number", "0")} <= set(
        process.attributes
    )
    (about,) = [one.attributes for one in found if one.name == "hw.gpu.info" and ("hw.id", "GPU-1") in one.attributes]
    assert {("hw.vendor", "NVIDIA"), ("hw.driver_version", "550.54"), ("gpu.pci.bus_id", "00000000:9B:00.0")} <= set(
        about
    )
    assert [] == ask.readings(), "not at every look"
    clock.advance(EVERY_S)
    assert len(found) == len(ask.readings())
    assert [("nvidia-smi", "-q", "-x")] * 2 == tools.ran


def test_where_the_library_answers_the_tool_is_not_run(tmp_path: Path) -> None:
    tools = Tools(nvidia_smi=XML)
    assert [] == look(tools, tmp_path, ManualClock(), nvml=object()).readings()
    assert [] == tools.ran

    def missing() -> object:
        raise DriverAway("no package")

    assert ToolLook(missing, ManualClock(), tmp_path, run=tools.run, which=tools.which).readings()


def test_amd_smi_comes_before_rocm_smi(tmp_path: Path) -> None:
    static = [{"gpu": 0, "asic": {"market_name": "MI300X", "asic_serial": "0x9"}}]
    tools = Tools(amd_smi_metric=json.dumps([amd()]), amd_smi_static=json.dumps(static), rocm_smi=json.dumps(ROCM))
    found = look(tools, tmp_path, ManualClock()).readings()
    assert (0.93, 71.0) == (named(found, "0x9")["hw.gpu.utilization"], named(found, "0x9")["hw.temperature"])
    assert [("amd-smi", "metric", "--json"), ("amd-smi", "static", "--json")] == tools.ran
    rocm = look(Tools(rocm_smi=json.dumps(ROCM)), tmp_path, ManualClock()).readings()
    assert (0.65, 0.0) == (named(rocm, "0xab")["hw.gpu.utilization"], named(rocm, "1")["hw.gpu.utilization"])


def test_without_tools_nothing_is_told_and_output_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    assert [] == look(Tools(), tmp_path, ManualClock()).readings()
    with pytest.raises(ValueError, match="cannot read nvidia-smi's XML"):
        look(Tools(nvidia_smi="<broken"), tmp_path, ManualClock()).readings()


def test_commands_that_fail_are_named() -> None:
    assert "hi\n" == run((sys.executable, "-c", "print('hi')"))
    with pytest.raises(OSError, match="out of luck"):
        run((sys.executable, "-c", "import sys; sys.exit('out of luck')"))
